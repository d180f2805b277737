//! `time`: microseconds since midnight, up to and with 24:00.

use bytes::{BufMut, BytesMut};
use strata_engine::Result;

use super::civil::DAY_US;
use super::date::write_padded;
use super::datetime_text::{self, Fault};
use super::{datetime_out_of_range, invalid_binary, invalid_datetime};

/// Appends `HH:MM:SS` with as many digits behind the point as there are.
pub fn write_text(time_us: i64, out: &mut BytesMut) {
    let seconds = time_us / 1_000_000;
    write_padded(seconds / 3600, 2, out);
    out.put_u8(b':');
    write_padded(seconds / 60 % 60, 2, out);
    out.put_u8(b':');
    write_padded(seconds % 60, 2, out);
    write_fraction(time_us % 1_000_000, out);
}

/// Appends the point and the digits of a fraction of a second, without trailing zeros.
pub(super) fn write_fraction(mut fraction_us: i64, out: &mut BytesMut) {
    if fraction_us == 0 {
        return;
    }
    let mut width = 6;
    while fraction_us % 10 == 0 {
        fraction_us /= 10;
        width -= 1;
    }
    out.put_u8(b'.');
    write_padded(fraction_us, width, out);
}

/// Reads a time; a date before it is left out.
///
/// # Errors
/// No time, no such hour.
pub fn parse(text: &str) -> Result<i64> {
    let trimmed = text.trim();
    if trimmed.eq_ignore_ascii_case("allballs") {
        return Ok(0);
    }
    // Six digits alone are a time here and a date elsewhere.
    let compact = trimmed.len() == 6 && trimmed.bytes().all(|byte| byte.is_ascii_digit());
    let clock = compact.then(|| format!("{}:{}:{}", &trimmed[..2], &trimmed[2..4], &trimmed[4..]));
    let parsed = datetime_text::parse(clock.as_deref().unwrap_or(text)).map_err(|fault| match fault {
        Fault::Syntax => invalid_datetime("time", text),
        Fault::Range => datetime_out_of_range(text),
    })?;
    parsed.time_us.ok_or_else(|| invalid_datetime("time", text))
}

/// Reads the binary form.
///
/// # Errors
/// A length other than 8, or not within a day.
pub fn from_binary(bytes: &[u8]) -> Result<i64> {
    let time_us = i64::from_be_bytes(bytes.try_into().map_err(|_| invalid_binary("time"))?);
    if (0..=DAY_US).contains(&time_us) { Ok(time_us) } else { Err(datetime_out_of_range(&time_us.to_string())) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn both_forms_come_back(time_us in 0..=DAY_US) {
            let mut out = BytesMut::new();
            write_text(time_us, &mut out);
            prop_assert_eq!(parse(std::str::from_utf8(&out).unwrap()).unwrap(), time_us);
            prop_assert_eq!(from_binary(&time_us.to_be_bytes()).unwrap(), time_us);
        }
    }

    #[test]
    fn forms() {
        let mut out = BytesMut::new();
        write_text(45_296_700_000, &mut out);
        assert_eq!(&out[..], b"12:34:56.7");
        assert!(parse("25:00").is_err());
        assert!(parse("2024-01-01").is_err());
        assert!(from_binary(&(-1i64).to_be_bytes()).is_err());
    }
}
