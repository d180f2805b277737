//! `tsvector`: the binary form; the text form is how values travel inside.
//!
//! ```text
//! words i32 | (word, 0-terminated | positions u16 | (weight 2 bits, position 14 bits)*)*
//! ```
//! PostgreSQL's positions end at 16,383 and a word has 255 of them at most; what lies beyond is cut in this form only.
//! Written only: a parameter is text, and `$1::tsvector` reads it.

use bytes::{BufMut, BytesMut};
use strata_engine::Result;
use strata_engine::text_search::WordVector;

use super::out_of_range;

/// The largest position.
const POSITION_MAX: u16 = 16_383;
/// Positions of a word.
const POSITIONS_MAX: usize = 255;

/// Appends the binary form of a vector in its text form.
///
/// # Errors
/// Text that is no vector.
pub fn write_binary(text: &str, out: &mut BytesMut) -> Result<()> {
    let vector = WordVector::parse(text)?;
    out.put_i32(i32::try_from(vector.0.len()).map_err(|_| out_of_range("tsvector", text))?);
    for (word, positions) in &vector.0 {
        out.put_slice(word.as_bytes());
        out.put_u8(0);
        let kept = positions.len().min(POSITIONS_MAX);
        out.put_u16(u16::try_from(kept).unwrap_or(u16::MAX));
        for position in &positions[..kept] {
            out.put_u16(u16::try_from(*position).unwrap_or(POSITION_MAX).min(POSITION_MAX));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_postgresql_sends_it() {
        let check = |text: &str, expected: &[u8]| {
            let mut out = BytesMut::new();
            write_binary(text, &mut out).unwrap();
            assert_eq!(out, expected, "{text}");
        };
        check("", b"\0\0\0\0");
        check("'a':1,20000 'b'", b"\0\0\0\x02a\0\0\x02\0\x01\x3f\xffb\0\0\0");
    }
}
