//! `real` and `double precision`: the shortest text that reads back to the same number, laid out as PostgreSQL does.

use std::fmt::Write;

use bytes::{BufMut, BytesMut};
use strata_engine::Result;

use super::{invalid_text, out_of_range};

/// Decimal exponent from which `real` is written as `1e+06`.
const REAL_EXPONENT_MIN: i32 = 6;
/// Decimal exponent from which `double precision` is written as `1e+15`.
const DOUBLE_EXPONENT_MIN: i32 = 15;

/// Appends the text form of a `double precision`.
pub fn write_double(value: f64, out: &mut BytesMut) {
    if !write_special(value, out) {
        let mut digits = Digits::default();
        if write!(digits, "{value:e}").is_ok() {
            lay_out(digits.text(), DOUBLE_EXPONENT_MIN, out);
        }
    }
}

/// Appends the text form of a `real`.
pub fn write_real(value: f32, out: &mut BytesMut) {
    if !write_special(f64::from(value), out) {
        let mut digits = Digits::default();
        if write!(digits, "{value:e}").is_ok() {
            lay_out(digits.text(), REAL_EXPONENT_MIN, out);
        }
    }
}

/// Room for the longest shortest form: 17 digits, point, signs, exponent.
#[derive(Default)]
struct Digits {
    bytes: [u8; 32],
    len: usize,
}

impl Digits {
    fn text(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.len]).unwrap_or_default()
    }
}

impl Write for Digits {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let end = self.len + text.len();
        self.bytes.get_mut(self.len..end).ok_or(std::fmt::Error)?.copy_from_slice(text.as_bytes());
        self.len = end;
        Ok(())
    }
}

fn write_special(value: f64, out: &mut BytesMut) -> bool {
    if value.is_nan() {
        out.put_slice(b"NaN");
    } else if value.is_infinite() {
        out.put_slice(if value > 0.0 { b"Infinity" } else { b"-Infinity" });
    } else {
        return false;
    }
    true
}

/// Turns `-1.25e-7` into PostgreSQL's layout: plain digits for exponents from -4 up to `exponent_min`, else `e` with a
/// sign and at least two digits.
fn lay_out(scientific: &str, exponent_min: i32, out: &mut BytesMut) {
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    out.put_slice(sign.as_bytes());
    if exponent < -4 || exponent >= exponent_min {
        out.put_slice(mantissa.as_bytes());
        out.put_slice(if exponent < 0 { b"e-" } else { b"e+" });
        if exponent.abs() < 10 {
            out.put_u8(b'0');
        }
        super::integer::write_text(i64::from(exponent.abs()), out);
    } else if exponent < 0 {
        out.put_slice(b"0.");
        out.put_bytes(b'0', usize::try_from(-exponent - 1).unwrap_or_default());
        out.put_slice(whole.as_bytes());
        out.put_slice(fraction.as_bytes());
    } else {
        let shift = usize::try_from(exponent).unwrap_or_default();
        out.put_slice(whole.as_bytes());
        if fraction.len() <= shift {
            out.put_slice(fraction.as_bytes());
            out.put_bytes(b'0', shift - fraction.len());
        } else {
            out.put_slice(&fraction.as_bytes()[..shift]);
            out.put_u8(b'.');
            out.put_slice(&fraction.as_bytes()[shift..]);
        }
    }
}

/// Reads a `double precision`.
///
/// # Errors
/// No number; too large or too small to be told from infinity or zero.
pub fn parse_double(text: &str) -> Result<f64> {
    if let Some(value) = hexadecimal(text) {
        return Ok(value);
    }
    let value: f64 = parse_number(text, "double precision")?;
    check_range(text, "double precision", value.is_infinite(), value == 0.0)?;
    Ok(value)
}

/// Reads a `real`.
///
/// # Errors
/// As [`parse_double`].
pub fn parse_real(text: &str) -> Result<f32> {
    if let Some(value) = hexadecimal(text) {
        #[allow(clippy::cast_possible_truncation, reason = "what is lost is what the type is for")]
        let real = value as f32;
        check_range(text, "real", real.is_infinite(), real == 0.0 && value != 0.0)?;
        return Ok(real);
    }
    let value: f32 = parse_number(text, "real")?;
    check_range(text, "real", value.is_infinite(), value == 0.0)?;
    Ok(value)
}

/// `0x1.8p3`: hexadecimal digits times a power of two. `None` for other texts, and for more digits than a float has.
fn hexadecimal(text: &str) -> Option<f64> {
    let text = text.trim_matches(|c: char| c.is_ascii_whitespace());
    let (sign, text) = text.strip_prefix('-').map_or((1.0, text), |rest| (-1.0, rest));
    let text = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))?;
    let (mantissa, exponent) = text.split_once(['p', 'P']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits =
        u64::from_str_radix(&format!("{whole}{fraction}"), 16).ok().filter(|digits| *digits < 1 << f64::MANTISSA_DIGITS)?;
    let exponent = exponent.parse::<i32>().ok()?.checked_sub(i32::try_from(fraction.len()).ok()?.checked_mul(4)?)?;
    #[allow(clippy::cast_precision_loss, reason = "as many bits as a float has")]
    Some(sign * digits as f64 * 2_f64.powi(exponent)).filter(|value| value.is_finite())
}

/// Rust's syntax for floats, with its words for infinity and NaN, is PostgreSQL's.
fn parse_number<T: std::str::FromStr>(text: &str, type_name: &str) -> Result<T> {
    text.trim_matches(|c: char| c.is_ascii_whitespace()).parse().map_err(|_| invalid_text(type_name, text))
}

/// An infinity or a zero that the text does not spell is an overflow or an underflow.
fn check_range(text: &str, type_name: &str, infinite: bool, zero: bool) -> Result<()> {
    let spelled_infinity = text.bytes().any(|byte| matches!(byte, b'i' | b'I'));
    let mantissa_digits = text.split(['e', 'E']).next().unwrap_or_default();
    let has_nonzero_digit = mantissa_digits.bytes().any(|byte| matches!(byte, b'1'..=b'9'));
    if (infinite && !spelled_infinity) || (zero && has_nonzero_digit) {
        return Err(out_of_range(type_name, text));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn double(value: f64) -> String {
        let mut out = BytesMut::new();
        write_double(value, &mut out);
        String::from_utf8(out.to_vec()).unwrap()
    }

    fn real(value: f32) -> String {
        let mut out = BytesMut::new();
        write_real(value, &mut out);
        String::from_utf8(out.to_vec()).unwrap()
    }

    #[test]
    fn looks_as_in_postgresql() {
        for (value, expected) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (0.1, "0.1"),
            (-1.5, "-1.5"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (123_456.789, "123456.789"),
            (1e14, "100000000000000"),
            (1e15, "1e+15"),
            (1.234_567_890_123_456_8e17, "1.2345678901234568e+17"),
            (1.797_693_134_862_315_7e308, "1.7976931348623157e+308"),
            (5e-324, "5e-324"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "Infinity"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(double(value), expected);
        }
        assert_eq!(real(0.1), "0.1");
        assert_eq!(real(100_000.0), "100000");
        assert_eq!(real(1e6), "1e+06");
        assert_eq!(real(3.402_823_5e38), "3.4028235e+38");
    }

    #[test]
    fn range_and_garbage() {
        assert_eq!(parse_double(" 1e3 ").unwrap(), 1000.0);
        assert!(parse_double("nan").unwrap().is_nan());
        assert_eq!(parse_double("-Infinity").unwrap(), f64::NEG_INFINITY);
        assert!(parse_double("1e400").unwrap_err().to_string().contains("out of range"));
        assert!(parse_double("1e-400").unwrap_err().to_string().contains("out of range"));
        assert_eq!(parse_double("0e-400").unwrap(), 0.0);
        assert!(parse_real("1e39").is_err());
        assert_eq!(parse_double("0x1.8p3").unwrap(), 12.0);
        assert_eq!(parse_double("-0xFF").unwrap(), -255.0);
        assert!(parse_real("0x1p200").is_err());
        for text in ["", "abc", "1.2.3", "0x", "0xg", "0x1p", "0x123456789012345678"] {
            assert!(parse_double(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn double_comes_back(bits: u64) {
            let value = f64::from_bits(bits);
            let back = parse_double(&double(value)).unwrap();
            prop_assert!(back.to_bits() == bits || (value.is_nan() && back.is_nan()));
        }

        #[test]
        fn real_comes_back(bits: u32) {
            let value = f32::from_bits(bits);
            let back = parse_real(&real(value)).unwrap();
            prop_assert!(back.to_bits() == bits || (value.is_nan() && back.is_nan()));
        }
    }
}
