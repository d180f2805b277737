//! `date`: days since 1970 in Arrow, since 2000 in the binary form.

use bytes::{BufMut, BytesMut};
use strata_engine::Result;

use super::civil::{self, POSTGRES_EPOCH_DAYS};
use super::datetime_text::{self, Fault, Special};
use super::{datetime_out_of_range, invalid_binary, invalid_datetime};

/// Stands for `infinity`.
pub const INFINITY: i32 = i32::MAX;
/// Stands for `-infinity`.
pub const MINUS_INFINITY: i32 = i32::MIN;

/// First day of the type: 4714-11-24 BC.
pub const DAYS_MIN: i64 = -2_440_588;
/// Last day of the type: 5874897-12-31.
pub const DAYS_MAX: i64 = 2_145_042_541;

/// Appends the ISO form, with ` BC` behind years before 1.
pub fn write_text(days: i32, out: &mut BytesMut) {
    match days {
        INFINITY => out.put_slice(b"infinity"),
        MINUS_INFINITY => out.put_slice(b"-infinity"),
        _ => {
            let before_christ = write_civil(i64::from(days), out);
            if before_christ {
                out.put_slice(b" BC");
            }
        }
    }
}

/// Appends `YYYY-MM-DD`; whether the year is before 1, which the caller must say at the end.
pub(super) fn write_civil(days: i64, out: &mut BytesMut) -> bool {
    let (year, month, day) = civil::date(days);
    let before_christ = year <= 0;
    let year = if before_christ { 1 - year } else { year };
    write_padded(year, 4, out);
    out.put_u8(b'-');
    write_padded(i64::from(month), 2, out);
    out.put_u8(b'-');
    write_padded(i64::from(day), 2, out);
    before_christ
}

/// Appends a number that is not negative with leading zeros.
pub(super) fn write_padded(value: i64, width: usize, out: &mut BytesMut) {
    let mut digits = itoa::Buffer::new();
    let digits = digits.format(value);
    out.put_bytes(b'0', width.saturating_sub(digits.len()));
    out.put_slice(digits.as_bytes());
}

/// Reads a date; a time behind it is left out.
///
/// # Errors
/// No date, no such day, out of range.
pub fn parse(text: &str) -> Result<i32> {
    let parsed = datetime_text::parse(text).map_err(|fault| match fault {
        Fault::Syntax if !datetime_text::is_lone_number(text) => invalid_datetime("date", text),
        Fault::Syntax | Fault::Range => datetime_out_of_range(text),
    })?;
    match (parsed.special, parsed.date) {
        (Some(Special::Infinity), _) => Ok(INFINITY),
        (Some(Special::MinusInfinity), _) => Ok(MINUS_INFINITY),
        (Some(Special::Epoch), _) => Ok(0),
        (None, Some((year, month, day))) => {
            let days = civil::days(year, month, day);
            if !(DAYS_MIN..=DAYS_MAX).contains(&days) {
                return Err(datetime_out_of_range(text));
            }
            i32::try_from(days).map_err(|_| datetime_out_of_range(text))
        }
        (None, None) => Err(invalid_datetime("date", text)),
    }
}

/// The binary form: days since 2000.
pub fn to_binary(days: i32) -> [u8; 4] {
    match days {
        INFINITY | MINUS_INFINITY => days,
        _ => days.saturating_sub(POSTGRES_EPOCH_DAYS),
    }
    .to_be_bytes()
}

/// Reads the binary form.
///
/// # Errors
/// A length other than 4.
pub fn from_binary(bytes: &[u8]) -> Result<i32> {
    let days = i32::from_be_bytes(bytes.try_into().map_err(|_| invalid_binary("date"))?);
    Ok(match days {
        INFINITY | MINUS_INFINITY => days,
        _ => days.saturating_add(POSTGRES_EPOCH_DAYS),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn show(days: i32) -> String {
        let mut out = BytesMut::new();
        write_text(days, &mut out);
        String::from_utf8(out.to_vec()).unwrap()
    }

    #[test]
    fn forms() {
        assert_eq!(show(0), "1970-01-01");
        assert_eq!(show(-719_163), "0001-12-31 BC");
        assert_eq!(show(INFINITY), "infinity");
        assert_eq!(parse("4714-11-24 BC").unwrap(), -2_440_588);
        assert!(parse("4714-11-23 BC").unwrap_err().to_string().contains("out of range"));
        assert_eq!(parse("2024-02-30").unwrap_err().to_string(), "date/time field value out of range: \"2024-02-30\"");
        assert_eq!(parse("today?").unwrap_err().to_string(), "invalid input syntax for type date: \"today?\"");
    }

    proptest! {
        #[test]
        fn both_forms_come_back(days in -2_440_588i32..100_000_000) {
            prop_assert_eq!(parse(&show(days)).unwrap(), days);
            prop_assert_eq!(from_binary(&to_binary(days)).unwrap(), days);
        }
    }
}
