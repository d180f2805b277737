//! `tsquery`: the binary form; the text form is how values travel inside.
//!
//! ```text
//! items i32 | item*
//! item = 1 u8 | weight 0 u8 | prefix u8 | word, 0-terminated
//!      | 2 u8 | operator u8 (1 !, 2 &, 3 |, 4 <->) | distance i16 of <-> | right side | left side, if there are two
//! ```
//! Written only: a parameter is text, and `$1::tsquery` reads it.

use bytes::{BufMut, BytesMut};
use strata_engine::Result;
use strata_engine::text_search::parse_canonical;
use strata_storage::words::WordQuery;

const WORD: u8 = 1;
const OPERATOR: u8 = 2;
const NOT: u8 = 1;
const AND: u8 = 2;
const OR: u8 = 3;
const PHRASE: u8 = 4;

/// Appends the binary form of a query in its text form.
///
/// # Errors
/// Text that is no query.
pub fn write_binary(text: &str, out: &mut BytesMut) -> Result<()> {
    let query = parse_canonical(text)?;
    let start = out.len();
    out.put_i32(0);
    let items = write(&query, out);
    out[start..start + 4].copy_from_slice(&items.to_be_bytes());
    Ok(())
}

/// Answers how many items it took.
fn write(query: &WordQuery, out: &mut BytesMut) -> i32 {
    match query {
        WordQuery::Word { word, prefix } => {
            out.put_slice(&[WORD, 0, u8::from(*prefix)]);
            out.put_slice(word.as_bytes());
            out.put_u8(0);
            1
        }
        WordQuery::And(parts) => write_list(AND, parts, out),
        WordQuery::Or(parts) => write_list(OR, parts, out),
        WordQuery::Not(part) => {
            out.put_slice(&[OPERATOR, NOT]);
            1 + write(part, out)
        }
        WordQuery::Phrase { left, right, distance } => {
            out.put_slice(&[OPERATOR, PHRASE]);
            out.put_u16(u16::try_from(*distance).unwrap_or(u16::MAX));
            1 + write(right, out) + write(left, out)
        }
        WordQuery::Empty => 0,
    }
}

/// A list is operators with two sides each, the first of them the innermost.
fn write_list(operator: u8, parts: &[WordQuery], out: &mut BytesMut) -> i32 {
    let mut items = 0;
    for (at, part) in parts.iter().enumerate().rev() {
        if at > 0 {
            out.put_slice(&[OPERATOR, operator]);
            items += 1;
        }
        items += write(part, out);
    }
    items
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
        check("'a'", b"\0\0\0\x01\x01\0\0a\0");
        check("'a':* & !'b'", b"\0\0\0\x04\x02\x02\x02\x01\x01\0\0b\0\x01\0\x01a\0");
        check("'a' <2> 'b'", b"\0\0\0\x03\x02\x04\0\x02\x01\0\0b\0\x01\0\0a\0");
        check("'a' | 'b' | 'c'", b"\0\0\0\x05\x02\x03\x01\0\0c\0\x02\x03\x01\0\0b\0\x01\0\0a\0");
    }
}
