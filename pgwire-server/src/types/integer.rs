//! `smallint`, `integer`, `bigint`, `oid`: decimal text, big-endian binary.

use bytes::{BufMut, BytesMut};
use strata_engine::Result;

use super::{invalid_binary, invalid_text, out_of_range};

/// Appends the decimal digits of `value`.
pub fn write_text(value: i64, out: &mut BytesMut) {
    let mut digits = itoa::Buffer::new();
    out.put_slice(digits.format(value).as_bytes());
}

/// Appends the decimal digits of `value`.
pub fn write_unsigned_text(value: u64, out: &mut BytesMut) {
    let mut digits = itoa::Buffer::new();
    out.put_slice(digits.format(value).as_bytes());
}

/// Reads decimal text with an optional sign and surrounding spaces into a type of the given bounds.
///
/// # Errors
/// No number, or out of bounds; `type_name` goes into the message.
pub fn parse(text: &str, min: i64, max: i64, type_name: &str) -> Result<i64> {
    let trimmed = text.trim_matches(|c: char| c.is_ascii_whitespace());
    let bytes = trimmed.as_bytes();
    let (negative, digits) = match bytes {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, bytes),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(invalid_text(type_name, text));
    }
    let mut value: i64 = 0;
    for digit in digits {
        let digit = i64::from(digit - b'0');
        let next = value.checked_mul(10).and_then(|v| if negative { v.checked_sub(digit) } else { v.checked_add(digit) });
        value = next.ok_or_else(|| out_of_range(type_name, text))?;
    }
    if (min..=max).contains(&value) { Ok(value) } else { Err(out_of_range(type_name, text)) }
}

/// Reads a big-endian integer of 1, 2, 4 or 8 bytes.
///
/// # Errors
/// A length other than `width`.
pub fn from_binary(bytes: &[u8], width: usize, type_name: &str) -> Result<i64> {
    if bytes.len() != width {
        return Err(invalid_binary(type_name));
    }
    let negative = bytes.first().is_some_and(|byte| byte & 0x80 != 0);
    Ok(bytes.iter().fold(if negative { -1 } else { 0 }, |value, byte| (value << 8) | i64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bounds_and_garbage() {
        let int4 = |text| parse(text, i64::from(i32::MIN), i64::from(i32::MAX), "integer");
        assert_eq!(int4(" -2147483648 ").unwrap(), -2_147_483_648);
        assert_eq!(int4("+7").unwrap(), 7);
        assert_eq!(int4("2147483648").unwrap_err().to_string(), "value \"2147483648\" is out of range for type integer");
        assert_eq!(int4("1e3").unwrap_err().to_string(), "invalid input syntax for type integer: \"1e3\"");
        for text in ["", " ", "-", "+-1", "0x10", "１"] {
            assert!(int4(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn both_forms_come_back(value: i64) {
            let mut out = BytesMut::new();
            write_text(value, &mut out);
            prop_assert_eq!(parse(std::str::from_utf8(&out).unwrap(), i64::MIN, i64::MAX, "bigint").unwrap(), value);
            prop_assert_eq!(from_binary(&value.to_be_bytes(), 8, "bigint").unwrap(), value);
        }
    }
}
