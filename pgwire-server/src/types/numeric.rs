//! `numeric`: an unscaled integer and a scale in Arrow, groups of four decimal digits on the wire.
//!
//! ```text
//! binary: count u16 | weight i16 | sign u16 | display scale u16 | count * (0..9999) u16
//! ```
//! The weight is the power of 10,000 of the first group.

use arrow::datatypes::i256;
use bytes::{Buf, BufMut, BytesMut};
use strata_engine::error::DataFault;
use strata_engine::{EngineError, Result};

use super::{invalid_binary, invalid_text};
use crate::dialect::numeric_type;

const SIGN_NEGATIVE: u16 = 0x4000;
const SIGN_NAN: u16 = 0xC000;

/// Appends the text of the unscaled decimal `digits` (with an optional `-`) with the point `scale` places from the right.
pub fn write_text(digits: &str, scale: i8, out: &mut BytesMut) {
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |rest| ("-", rest));
    out.put_slice(sign.as_bytes());
    let Ok(places) = usize::try_from(scale) else {
        out.put_slice(digits.as_bytes());
        if digits != "0" {
            out.put_bytes(b'0', usize::from(scale.unsigned_abs()));
        }
        return;
    };
    if places == 0 {
        out.put_slice(digits.as_bytes());
    } else if digits.len() > places {
        let (whole, fraction) = digits.split_at(digits.len() - places);
        out.put_slice(whole.as_bytes());
        out.put_u8(b'.');
        out.put_slice(fraction.as_bytes());
    } else {
        out.put_slice(b"0.");
        out.put_bytes(b'0', places - digits.len());
        out.put_slice(digits.as_bytes());
    }
}

/// Appends the text of an unscaled decimal with as many digits behind the point as its type shows.
pub fn write_shown(value: i128, precision: u8, scale: i8, out: &mut BytesMut) {
    let digits = value.to_string();
    if precision != 38 || scale < 0 {
        return write_text(&digits, scale, out);
    }
    let shown = i8::try_from(numeric_type::shown_digits(&digits, scale)).unwrap_or(scale);
    if shown == scale {
        return write_text(&digits, scale, out);
    }
    let one = 10_i128.pow(u32::from((scale - shown).unsigned_abs()));
    let rounded = value / one + (value % one) / (one / 2).max(1);
    write_text(&rounded.to_string(), shown, out);
}

/// Appends the binary form of a number in plain decimal text (`-12.50`, no exponent).
pub fn write_binary(text: &str, out: &mut BytesMut) {
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let whole = whole.trim_start_matches('0');
    let mut groups: Vec<u16> = Vec::with_capacity(whole.len() / 4 + fraction.len() / 4 + 2);
    let group = |digits: &[u8]| digits.iter().fold(0u16, |value, digit| value * 10 + u16::from(digit - b'0'));
    let first = whole.len() % 4;
    if first > 0 {
        groups.push(group(&whole.as_bytes()[..first]));
    }
    groups.extend(whole.as_bytes()[first..].chunks(4).map(group));
    let mut weight = i16::try_from(groups.len()).unwrap_or(i16::MAX) - 1;
    for chunk in fraction.as_bytes().chunks(4) {
        let missing = u32::try_from(4 - chunk.len()).unwrap_or_default();
        groups.push(group(chunk) * 10u16.pow(missing));
    }
    let leading = groups.iter().take_while(|group| **group == 0).count();
    groups.drain(..leading);
    weight -= i16::try_from(leading).unwrap_or_default();
    while groups.last() == Some(&0) {
        groups.pop();
    }
    if groups.is_empty() {
        weight = 0;
    }
    out.put_u16(u16::try_from(groups.len()).unwrap_or(u16::MAX));
    out.put_i16(weight);
    out.put_u16(if negative && !groups.is_empty() { SIGN_NEGATIVE } else { 0 });
    out.put_u16(u16::try_from(fraction.len()).unwrap_or(u16::MAX));
    for group in groups {
        out.put_u16(group);
    }
}

/// Turns the binary form into plain decimal text.
///
/// # Errors
/// Truncated or impossible bytes; NaN and infinities, which Strata's numeric does not have.
pub fn binary_to_text(mut bytes: &[u8]) -> Result<String> {
    if bytes.len() < 8 {
        return Err(invalid_binary("numeric"));
    }
    let count = usize::from(bytes.get_u16());
    let weight = i32::from(bytes.get_i16());
    let sign = bytes.get_u16();
    let scale = usize::from(bytes.get_u16());
    if bytes.len() != count * 2 || scale > 0x3FFF {
        return Err(invalid_binary("numeric"));
    }
    if sign >= SIGN_NAN {
        return Err(overflow("NaN and infinity are not supported for type numeric"));
    }
    let mut groups = Vec::with_capacity(count);
    for _ in 0..count {
        let group = bytes.get_u16();
        if group > 9999 {
            return Err(invalid_binary("numeric"));
        }
        groups.push(group);
    }
    let at = |power: i32| {
        let index = usize::try_from(weight - power).ok();
        index.and_then(|index| groups.get(index)).copied().unwrap_or_default()
    };
    let mut text = String::new();
    if sign == SIGN_NEGATIVE {
        text.push('-');
    }
    let whole: String = (0..=weight.max(0)).rev().map(|power| format!("{:04}", at(power))).collect();
    let whole = whole.trim_start_matches('0');
    text.push_str(if whole.is_empty() { "0" } else { whole });
    if scale > 0 {
        let groups = i32::try_from(scale.div_ceil(4)).unwrap_or_default();
        let fraction: String = (1..=groups).map(|power| format!("{:04}", at(-power))).collect();
        text.push('.');
        text.push_str(&fraction[..scale]);
    }
    Ok(text)
}

/// Reads decimal text into an unscaled integer of `precision` digits with `scale` places, rounding half away from zero.
///
/// # Errors
/// No number, or too many digits before the point.
pub fn parse(text: &str, precision: u8, scale: i8) -> Result<i256> {
    let number = Plain::read(text)?;
    let shift = i64::from(scale) - number.places;
    let kept = i64::try_from(number.digits.len()).unwrap_or(i64::MAX).saturating_add(shift);
    let limit = i64::from(precision);
    let digits = number.digits.trim_start_matches('0');
    if digits.is_empty() {
        return Ok(i256::ZERO);
    }
    if i64::try_from(digits.len()).unwrap_or(i64::MAX).saturating_add(shift) > limit {
        return Err(field_overflow(precision, scale));
    }
    let mut unscaled = if shift >= 0 {
        let zeros = usize::try_from(shift).unwrap_or_default();
        i256::from_string(&format!("{digits}{}", "0".repeat(zeros)))
    } else if kept < 0 {
        Some(i256::ZERO)
    } else {
        let (head, tail) = number.digits.split_at(usize::try_from(kept).unwrap_or_default());
        let head = if head.is_empty() { Some(i256::ZERO) } else { i256::from_string(head) };
        let round_up = tail.as_bytes().first().is_some_and(|digit| *digit >= b'5');
        head.map(|head| if round_up { head.wrapping_add(i256::ONE) } else { head })
    }
    .ok_or_else(|| field_overflow(precision, scale))?;
    if unscaled.to_string().len() > usize::from(precision) {
        return Err(field_overflow(precision, scale));
    }
    if number.negative {
        unscaled = unscaled.wrapping_neg();
    }
    Ok(unscaled)
}

/// The smallest (precision, scale) that holds the number in `text` exactly; `None` if `text` is no number.
pub fn width(text: &str) -> Option<(usize, usize)> {
    let number = Plain::read(text).ok()?;
    let places = usize::try_from(number.places.max(0)).ok()?;
    let digits = number.digits.trim_start_matches('0').len();
    let trailing = usize::try_from((-number.places).max(0)).ok()?;
    Some(((digits + trailing).max(places).max(1), places))
}

/// A decimal number taken apart: all digits, and how many of them stand behind the point (negative: zeros to add).
struct Plain {
    negative: bool,
    digits: String,
    places: i64,
}

/// Exponents beyond this are refused before anything is allocated for them.
const EXPONENT_MAX: i64 = 20_000;

impl Plain {
    fn read(text: &str) -> Result<Self> {
        let bad = || invalid_text("numeric", text);
        let trimmed = text.trim_matches(|c: char| c.is_ascii_whitespace());
        if matches!(trimmed.to_ascii_lowercase().trim_start_matches(['-', '+']), "nan" | "inf" | "infinity") {
            return Err(overflow("NaN and infinity are not supported for type numeric"));
        }
        let (negative, rest) = match trimmed.as_bytes().first() {
            Some(b'-') => (true, &trimmed[1..]),
            Some(b'+') => (false, &trimmed[1..]),
            _ => (false, trimmed),
        };
        let (mantissa, exponent) = match rest.find(['e', 'E']) {
            Some(at) => (&rest[..at], rest[at + 1..].parse::<i64>().map_err(|_| bad())?),
            None => (rest, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.len() + fraction.len() == 0 || !is_number(whole) || !is_number(fraction) {
            return Err(bad());
        }
        if exponent.abs() > EXPONENT_MAX {
            return Err(overflow("value overflows numeric format"));
        }
        let places = i64::try_from(fraction.len()).unwrap_or(i64::MAX) - exponent;
        Ok(Self { negative, digits: format!("{whole}{fraction}"), places })
    }
}

fn overflow(message: &str) -> EngineError {
    EngineError::Data { reason: DataFault::NumericOutOfRange, message: message.to_owned(), hint: None }
}

fn field_overflow(precision: u8, scale: i8) -> EngineError {
    EngineError::Data {
        reason: DataFault::NumericOutOfRange,
        message: "numeric field overflow".to_owned(),
        hint: Some(format!("The column holds {precision} digits, {scale} of them behind the point.")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn show(text: &str, precision: u8, scale: i8) -> String {
        let mut out = BytesMut::new();
        write_text(&parse(text, precision, scale).unwrap().to_string(), scale, &mut out);
        String::from_utf8(out.to_vec()).unwrap()
    }

    #[test]
    fn rounding_and_scale() {
        assert_eq!(show("1.005", 10, 2), "1.01");
        assert_eq!(show("-1.005", 10, 2), "-1.01");
        assert_eq!(show("0.004", 10, 2), "0.00");
        assert_eq!(show(".5", 10, 0), "1");
        assert_eq!(show("1e3", 10, 2), "1000.00");
        assert_eq!(show("1.5e-3", 10, 4), "0.0015");
        assert_eq!(show("0000000000000000000000000000000000000000000001", 3, 1), "1.0");
        assert!(parse("99.995", 4, 2).is_err());
        assert!(parse("1e20000", 38, 0).is_err());
        assert!(parse("NaN", 38, 0).is_err());
        for text in ["", ".", "1.2.3", "e5", "1e", "--1", "0x1"] {
            assert!(parse(text, 38, 2).is_err(), "{text}");
        }
    }

    #[test]
    fn binary_of_known_values() {
        let binary = |text: &str| {
            let mut out = BytesMut::new();
            write_binary(text, &mut out);
            out.to_vec()
        };
        assert_eq!(binary("0.00"), [0, 0, 0, 0, 0, 0, 0, 2]);
        assert_eq!(binary("12345.6789"), [0, 3, 0, 1, 0, 0, 0, 4, 0, 1, 0x09, 0x29, 0x1A, 0x85]);
        assert_eq!(binary("-0.0001"), [0, 1, 0xFF, 0xFF, 0x40, 0, 0, 4, 0, 1]);
        assert_eq!(binary("10000"), [0, 1, 0, 1, 0, 0, 0, 0, 0, 1]);
        assert!(binary_to_text(&[0, 1, 0, 0]).is_err());
        assert!(binary_to_text(&[0, 1, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]).is_err());
        assert!(binary_to_text(&[0, 0, 0, 0, 0xC0, 0, 0, 0]).is_err());
    }

    proptest! {
        #[test]
        fn both_forms_come_back(value in -(10i128.pow(37))..10i128.pow(37), scale in 0i8..30) {
            let mut text = BytesMut::new();
            write_text(&value.to_string(), scale, &mut text);
            let text = String::from_utf8(text.to_vec()).unwrap();
            prop_assert_eq!(parse(&text, 38, scale).unwrap(), i256::from_i128(value));
            let mut binary = BytesMut::new();
            write_binary(&text, &mut binary);
            prop_assert_eq!(parse(&binary_to_text(&binary).unwrap(), 38, scale).unwrap(), i256::from_i128(value));
        }
    }
}
