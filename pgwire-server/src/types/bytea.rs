//! `bytea`: `\x` and hexadecimal digits in text, the bytes themselves in binary.

use bytes::{BufMut, BytesMut};
use strata_engine::error::DataFault;
use strata_engine::{EngineError, Result};

use super::invalid_text;

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Appends the hex form.
pub fn write_text(value: &[u8], out: &mut BytesMut) {
    out.reserve(2 + value.len() * 2);
    out.put_slice(b"\\x");
    for byte in value {
        out.put_u8(HEX[usize::from(byte >> 4)]);
        out.put_u8(HEX[usize::from(byte & 15)]);
    }
}

/// Reads the hex form, in which spaces between bytes are allowed, or the older escape form (`\\`, `\ooo`).
///
/// # Errors
/// A digit that is none, half a byte, an escape that is none.
pub fn parse(text: &str) -> Result<Vec<u8>> {
    match text.strip_prefix("\\x") {
        Some(digits) => parse_hex(digits).ok_or_else(|| EngineError::Data {
            reason: DataFault::InvalidArgument,
            message: "invalid hexadecimal data: a digit that is none, or half a byte".to_owned(),
            hint: None,
        }),
        None => parse_escaped(text.as_bytes()).ok_or_else(|| invalid_text("bytea", text)),
    }
}

fn parse_hex(digits: &str) -> Option<Vec<u8>> {
    let mut value = Vec::with_capacity(digits.len() / 2);
    let mut bytes = digits.bytes();
    while let Some(byte) = bytes.next() {
        if byte.is_ascii_whitespace() {
            continue;
        }
        let high = char::from(byte).to_digit(16)?;
        let low = char::from(bytes.next()?).to_digit(16)?;
        value.push(u8::try_from(high * 16 + low).ok()?);
    }
    Some(value)
}

fn parse_escaped(mut text: &[u8]) -> Option<Vec<u8>> {
    let mut value = Vec::with_capacity(text.len());
    loop {
        match text {
            [] => return Some(value),
            [b'\\', b'\\', rest @ ..] => {
                value.push(b'\\');
                text = rest;
            }
            [b'\\', a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', rest @ ..] => {
                value.push(((a - b'0') << 6) | ((b - b'0') << 3) | (c - b'0'));
                text = rest;
            }
            [b'\\', ..] => return None,
            [byte, rest @ ..] => {
                value.push(*byte);
                text = rest;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hex_and_escape() {
        assert_eq!(parse("\\xDEad be EF").unwrap(), [0xde, 0xad, 0xbe, 0xef]);
        assert_eq!(parse("a\\\\b\\001").unwrap(), b"a\\b\x01");
        for text in ["\\xf", "\\xgg", "\\9", "\\400", "\\"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn text_comes_back(value: Vec<u8>) {
            let mut out = BytesMut::new();
            write_text(&value, &mut out);
            prop_assert_eq!(parse(std::str::from_utf8(&out).unwrap()).unwrap(), value);
        }
    }
}
