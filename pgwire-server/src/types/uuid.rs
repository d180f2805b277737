//! `uuid`: 16 bytes; text in groups of 8-4-4-4-12 hexadecimal digits.

use bytes::{BufMut, BytesMut};
use strata_engine::Result;

use super::invalid_text;

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Appends the canonical text.
pub fn write_text(value: &[u8; 16], out: &mut BytesMut) {
    for (at, byte) in value.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            out.put_u8(b'-');
        }
        out.put_u8(HEX[usize::from(byte >> 4)]);
        out.put_u8(HEX[usize::from(byte & 15)]);
    }
}

/// Reads 32 hexadecimal digits of any case; a hyphen may follow each group of four; braces may surround it.
///
/// # Errors
/// Anything else.
pub fn parse(text: &str) -> Result<[u8; 16]> {
    read(text.trim()).ok_or_else(|| invalid_text("uuid", text))
}

fn read(text: &str) -> Option<[u8; 16]> {
    let text = match text.strip_prefix('{') {
        Some(inner) => inner.strip_suffix('}')?,
        None => text,
    };
    let mut value = [0u8; 16];
    let mut digits = 0usize;
    let mut after_hyphen = false;
    for character in text.chars() {
        if character == '-' {
            if digits == 0 || !digits.is_multiple_of(4) || digits >= 32 || after_hyphen {
                return None;
            }
            after_hyphen = true;
            continue;
        }
        after_hyphen = false;
        let digit = u8::try_from(character.to_digit(16)?).ok()?;
        let byte = value.get_mut(digits / 2)?;
        *byte = (*byte << 4) | digit;
        digits += 1;
    }
    (digits == 32).then_some(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn forms() {
        let expected = parse("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11").unwrap();
        for text in
            ["A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "{a0eebc99-9c0b4ef8-bb6d6bb9-bd380a11}", "a0eebc999c0b4ef8bb6d6bb9bd380a11"]
        {
            assert_eq!(parse(text).unwrap(), expected, "{text}");
        }
        for text in [
            "",
            "a0eebc99",
            "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
            "a0eebc99--9c0b4ef8bb6d6bb9bd380a11",
            "g0eebc999c0b4ef8bb6d6bb9bd380a11",
            "a0eebc999c0b4ef8bb6d6bb9bd380a1100",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn text_comes_back(value: [u8; 16]) {
            let mut out = BytesMut::new();
            write_text(&value, &mut out);
            prop_assert_eq!(parse(std::str::from_utf8(&out).unwrap()).unwrap(), value);
        }
    }
}
