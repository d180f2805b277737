//! `timestamp` and `timestamptz`: microseconds since 1970 in Arrow, since 2000 in the binary form.
//!
//! The largest and the smallest number stand for the two infinities.

use bytes::{BufMut, BytesMut};
use strata_engine::Result;

use super::civil::{self, DAY_US, POSTGRES_EPOCH_US};
use super::date::{write_civil, write_padded};
use super::datetime_text::{self, Fault, Special};
use super::zone::Zone;
use super::{datetime_out_of_range, invalid_binary, invalid_datetime};

/// Stands for `infinity`.
pub const INFINITY: i64 = i64::MAX;
/// Stands for `-infinity`.
pub const MINUS_INFINITY: i64 = i64::MIN;

/// Appends the ISO form. With a zone: the time there, followed by its offset.
pub fn write_text(utc_us: i64, zone: Option<Zone>, out: &mut BytesMut) {
    match utc_us {
        INFINITY => return out.put_slice(b"infinity"),
        MINUS_INFINITY => return out.put_slice(b"-infinity"),
        _ => {}
    }
    let offset = zone.map(|zone| zone.offset_at(utc_us));
    // Wide enough that an offset cannot push a time over the edge.
    let local = i128::from(utc_us) + i128::from(offset.unwrap_or_default()) * 1_000_000;
    let days = i64::try_from(local.div_euclid(i128::from(DAY_US))).unwrap_or_default();
    let time_us = i64::try_from(local.rem_euclid(i128::from(DAY_US))).unwrap_or_default();
    let before_christ = write_civil(days, out);
    out.put_u8(b' ');
    super::time::write_text(time_us, out);
    if let Some(offset) = offset {
        write_offset(offset, out);
    }
    if before_christ {
        out.put_slice(b" BC");
    }
}

/// Appends `+02`, `-03:30`, `+00:53:28`.
fn write_offset(offset: i32, out: &mut BytesMut) {
    out.put_u8(if offset < 0 { b'-' } else { b'+' });
    let seconds = i64::from(offset.unsigned_abs());
    write_padded(seconds / 3600, 2, out);
    if seconds % 3600 != 0 {
        out.put_u8(b':');
        write_padded(seconds / 60 % 60, 2, out);
    }
    if seconds % 60 != 0 {
        out.put_u8(b':');
        write_padded(seconds % 60, 2, out);
    }
}

/// Reads a timestamp. With `zone` (`timestamptz`): a zone in the text counts, else `zone`. Without: a zone is ignored.
///
/// # Errors
/// No timestamp, no such day or hour, out of range.
pub fn parse(text: &str, zone: Option<Zone>) -> Result<i64> {
    let type_name = if zone.is_some() { "timestamp with time zone" } else { "timestamp" };
    let parsed = datetime_text::parse(text).map_err(|fault| match fault {
        Fault::Syntax if !datetime_text::is_lone_number(text) => invalid_datetime(type_name, text),
        Fault::Syntax | Fault::Range => datetime_out_of_range(text),
    })?;
    match parsed.special {
        Some(Special::Infinity) => return Ok(INFINITY),
        Some(Special::MinusInfinity) => return Ok(MINUS_INFINITY),
        Some(Special::Epoch) => return Ok(0),
        None => {}
    }
    let (year, month, day) = parsed.date.ok_or_else(|| invalid_datetime(type_name, text))?;
    let local_us =
        i128::from(civil::days(year, month, day)) * i128::from(DAY_US) + i128::from(parsed.time_us.unwrap_or_default());
    let local_us = i64::try_from(local_us).map_err(|_| datetime_out_of_range(text))?;
    let utc_us = match zone {
        None => Some(local_us),
        Some(zone) => parsed.zone.unwrap_or(zone).to_utc(local_us),
    };
    match utc_us {
        Some(utc_us) if utc_us != INFINITY && utc_us != MINUS_INFINITY => Ok(utc_us),
        _ => Err(datetime_out_of_range(text)),
    }
}

/// The binary form: microseconds since 2000.
pub fn to_binary(utc_us: i64) -> [u8; 8] {
    match utc_us {
        INFINITY | MINUS_INFINITY => utc_us,
        _ => utc_us.saturating_sub(POSTGRES_EPOCH_US),
    }
    .to_be_bytes()
}

/// Reads the binary form.
///
/// # Errors
/// A length other than 8, or a time that Strata cannot hold.
pub fn from_binary(bytes: &[u8]) -> Result<i64> {
    let since_2000 = i64::from_be_bytes(bytes.try_into().map_err(|_| invalid_binary("timestamp"))?);
    match since_2000 {
        INFINITY | MINUS_INFINITY => Ok(since_2000),
        _ => since_2000.checked_add(POSTGRES_EPOCH_US).ok_or_else(|| datetime_out_of_range(&since_2000.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn show(utc_us: i64, zone: Option<Zone>) -> String {
        let mut out = BytesMut::new();
        write_text(utc_us, zone, &mut out);
        String::from_utf8(out.to_vec()).unwrap()
    }

    #[test]
    fn in_the_session_zone() {
        let berlin = Zone::parse("Europe/Berlin");
        let kolkata = Zone::parse("Asia/Kolkata");
        assert_eq!(show(0, berlin), "1970-01-01 01:00:00+01");
        assert_eq!(show(0, kolkata), "1970-01-01 05:30:00+05:30");
        assert_eq!(show(-1, None), "1969-12-31 23:59:59.999999");
        assert_eq!(show(-62_135_596_800_000_001, Some(Zone::default())), "0001-12-31 23:59:59.999999+00 BC");
        assert_eq!(show(INFINITY, berlin), "infinity");
        assert_eq!(show(i64::MAX - 1, kolkata), "294247-01-10 09:30:54.775806+05:30");
        assert_eq!(parse("2024-07-01 12:00", berlin).unwrap(), parse("2024-07-01 10:00Z", berlin).unwrap());
        assert_eq!(parse("2024-07-01 12:00+05", None).unwrap(), parse("2024-07-01 12:00", None).unwrap());
        assert!(parse("12:00", None).is_err());
        assert!(parse("294999-01-01", None).unwrap_err().to_string().contains("out of range"));
    }

    proptest! {
        #[test]
        fn both_forms_come_back(utc_us in -200_000_000_000_000_000i64..9_000_000_000_000_000_000) {
            for zone in [None, Some(Zone::default()), Some(Zone::Fixed(-12_600))] {
                prop_assert_eq!(parse(&show(utc_us, zone), zone).unwrap(), utc_us);
            }
            prop_assert_eq!(from_binary(&to_binary(utc_us)).unwrap(), utc_us);
        }

        #[test]
        fn a_named_zone_comes_back(utc_us in -10_000_000_000_000_000i64..10_000_000_000_000_000) {
            for name in ["Europe/Berlin", "America/St_Johns", "Pacific/Apia"] {
                let zone = Zone::parse(name);
                prop_assert_eq!(parse(&show(utc_us, zone), zone).unwrap(), utc_us);
            }
        }
    }
}
