//! Numbers from text, with the rules of PostgreSQL's input functions.
//!
//! Quick ways for what logs hold (short integers, a few decimals), the standard library for the rest. The quick ways give
//! the same bits.

/// An integer: optional sign, digits, spaces around it.
pub(super) fn integer(text: &str) -> Option<i64> {
    let text = text.trim_matches([' ', '\t', '\n', '\r', '\u{b}', '\u{c}']);
    short_integer(text.as_bytes()).or_else(|| text.parse().ok())
}

/// An integer out of a JSON number: `200`, but also `200.0` and `2e2`, because they are whole.
pub(super) fn whole_number(text: &str) -> Option<i64> {
    if let Some(value) = short_integer(text.as_bytes()) {
        return Some(value);
    }
    if let Ok(value) = text.parse() {
        return Some(value);
    }
    let value: f64 = text.parse().ok()?;
    // Up to 2^53 a float says exactly which integer was meant.
    (value.fract() == 0.0 && value.abs() <= 9_007_199_254_740_992.0).then_some(value as i64)
}

/// Up to 18 digits, perhaps negative, and nothing else.
#[inline]
fn short_integer(bytes: &[u8]) -> Option<i64> {
    let (digits, negative) = match bytes.split_first() {
        Some((b'-', rest)) => (rest, true),
        _ => (bytes, false),
    };
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    let mut value = 0i64;
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + i64::from(digit);
    }
    Some(if negative { -value } else { value })
}

/// A float: what JSON calls a number, and `NaN`, `Infinity`, `inf` with a sign and any capitals. Too large for a float
/// is no float; too small is zero only if it was written so.
pub(super) fn float(text: &str) -> Option<f64> {
    if let Some(value) = short_decimal(text.as_bytes()) {
        return Some(value);
    }
    let text = text.trim_matches([' ', '\t', '\n', '\r', '\u{b}', '\u{c}']);
    let value: f64 = text.parse().ok()?;
    let spelled = text.bytes().any(|byte| matches!(byte, b'n' | b'N'));
    let vanished = value == 0.0 && text.bytes().take_while(|b| !matches!(b, b'e' | b'E')).any(|b| matches!(b, b'1'..=b'9'));
    ((value.is_finite() || spelled) && !vanished).then_some(value)
}

/// Digits with at most one point: exact, because both the digits and the power of ten fit a float.
#[inline]
fn short_decimal(bytes: &[u8]) -> Option<f64> {
    const POWERS: [f64; 16] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];
    let (digits, negative) = match bytes.split_first() {
        Some((b'-', rest)) => (rest, true),
        _ => (bytes, false),
    };
    if digits.is_empty() || digits.len() > 16 || !digits[0].is_ascii_digit() {
        return None;
    }
    let mut mantissa = 0u64;
    let mut point = None;
    for (i, byte) in digits.iter().enumerate() {
        let digit = byte.wrapping_sub(b'0');
        if digit <= 9 {
            mantissa = mantissa * 10 + u64::from(digit);
        } else if *byte == b'.' && point.is_none() {
            point = Some(i);
        } else {
            return None;
        }
    }
    if mantissa >= 1 << 53 {
        return None;
    }
    let decimals = point.map_or(0, |i| digits.len() - i - 1);
    let value = mantissa as f64 / POWERS[decimals];
    Some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn integers() {
        assert_eq!(integer(" 42\t"), Some(42));
        assert_eq!(integer("+42"), Some(42));
        assert_eq!(integer("-9223372036854775808"), Some(i64::MIN));
        for bad in ["", "-", "9223372036854775808", "1.0", "1e2", "0x10", "4 2"] {
            assert_eq!(integer(bad), None, "{bad}");
        }
        assert_eq!(whole_number("200.0"), Some(200));
        assert_eq!(whole_number("2e2"), Some(200));
        assert_eq!(whole_number("200.5"), None);
        assert_eq!(whole_number("1e400"), None);
        assert_eq!(whole_number("1e17"), None);
    }

    #[test]
    fn floats() {
        assert_eq!(float("12.954"), Some(12.954));
        assert_eq!(float("-0"), Some(-0.0));
        assert!(float("NaN").is_some_and(f64::is_nan));
        assert_eq!(float("-Infinity"), Some(f64::NEG_INFINITY));
        assert_eq!(float("inf"), Some(f64::INFINITY));
        for bad in ["1e400", "1e-400", "", "abc", ".", "1.2.3"] {
            assert_eq!(float(bad), None, "{bad}");
        }
        assert_eq!(float("0e-400"), Some(0.0));
    }

    proptest! {
        #[test]
        fn quick_decimals_have_the_right_bits(text in "-?[0-9]{1,12}(\\.[0-9]{0,6})?") {
            prop_assert_eq!(float(&text).unwrap().to_bits(), text.parse::<f64>().unwrap().to_bits());
        }
    }
}
