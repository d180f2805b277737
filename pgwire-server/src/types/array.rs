//! Arrays: `{1,NULL,"a \"b\""}` in text; a header and length-prefixed elements in binary.
//!
//! ```text
//! binary: dimensions i32 | has nulls i32 | element oid u32 | (length i32, lower bound i32)* | (bytes i32, value)*
//! ```
//! One dimension for each level of nesting, which must be even.

use bytes::{Buf, BufMut, BytesMut};
use strata_engine::error::DataFault;
use strata_engine::{EngineError, Result};

use super::invalid_binary;

/// Nesting that is read, at most; PostgreSQL's own bound.
const DIMENSIONS_MAX: usize = 6;

/// Appends one element's text, quoted if it must be.
pub fn write_element(text: &[u8], out: &mut BytesMut) {
    let quoted = text.is_empty()
        || text.eq_ignore_ascii_case(b"null")
        || text
            .iter()
            .any(|byte| matches!(byte, b'{' | b'}' | b'"' | b'\\' | b',') || byte.is_ascii_whitespace() || *byte == 0x0b);
    if !quoted {
        return out.put_slice(text);
    }
    out.put_u8(b'"');
    for byte in text {
        if matches!(byte, b'"' | b'\\') {
            out.put_u8(b'\\');
        }
        out.put_u8(*byte);
    }
    out.put_u8(b'"');
}

/// An element of a text array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Element {
    /// `NULL`.
    Null,
    /// A value, without quotes and escapes.
    Value(String),
    /// A nested array.
    Array(Vec<Element>),
}

/// Reads `{...}`.
///
/// # Errors
/// Anything that is no array, with PostgreSQL's words.
pub fn parse(text: &str) -> Result<Vec<Element>> {
    let malformed = || EngineError::Data {
        reason: DataFault::InvalidText,
        message: format!("malformed array literal: \"{text}\""),
        hint: None,
    };
    let mut reader = Reader { rest: text.trim_matches(is_space) };
    let elements = reader.array(1).ok_or_else(malformed)?;
    if reader.rest.is_empty() { Ok(elements) } else { Err(malformed()) }
}

/// What is skipped around elements: ASCII only, since anything else belongs to a value.
fn is_space(character: char) -> bool {
    character.is_ascii_whitespace() || character == '\u{b}'
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn array(&mut self, depth: usize) -> Option<Vec<Element>> {
        if depth > DIMENSIONS_MAX {
            return None;
        }
        self.rest = self.rest.strip_prefix('{')?.trim_start_matches(is_space);
        let mut elements = Vec::new();
        if let Some(rest) = self.rest.strip_prefix('}') {
            self.rest = rest;
            return Some(elements);
        }
        loop {
            self.rest = self.rest.trim_start_matches(is_space);
            elements.push(match self.rest.as_bytes().first()? {
                b'{' => Element::Array(self.array(depth + 1)?),
                b'"' => self.quoted()?,
                _ => self.plain()?,
            });
            self.rest = self.rest.trim_start_matches(is_space);
            let separator = self.rest.as_bytes().first()?;
            self.rest = &self.rest[1..];
            match separator {
                b',' => {}
                b'}' => return Some(elements),
                _ => return None,
            }
        }
    }

    fn quoted(&mut self) -> Option<Element> {
        let mut value = String::new();
        let mut characters = self.rest[1..].char_indices();
        while let Some((at, character)) = characters.next() {
            match character {
                '"' => {
                    self.rest = &self.rest[at + 2..];
                    return Some(Element::Value(value));
                }
                '\\' => value.push(characters.next()?.1),
                _ => value.push(character),
            }
        }
        None
    }

    fn plain(&mut self) -> Option<Element> {
        let mut value = String::new();
        let mut escaped = false;
        let mut characters = self.rest.char_indices();
        let end = loop {
            let (at, character) = characters.next()?;
            match character {
                ',' | '}' => break at,
                '{' | '"' => return None,
                '\\' => {
                    escaped = true;
                    value.push(characters.next()?.1);
                }
                _ => value.push(character),
            }
        };
        self.rest = &self.rest[end..];
        let trimmed = value.trim_end_matches(is_space);
        if trimmed.is_empty() {
            None
        } else if !escaped && trimmed.eq_ignore_ascii_case("null") {
            Some(Element::Null)
        } else {
            Some(Element::Value(trimmed.to_owned()))
        }
    }
}

/// The binary form taken apart.
#[derive(Debug, PartialEq, Eq)]
pub struct Binary<'a> {
    /// Lengths, outermost first; empty for an empty array.
    pub dimensions: Vec<usize>,
    /// All values in row-major order.
    pub values: Vec<Option<&'a [u8]>>,
}

/// Takes the binary form apart.
///
/// # Errors
/// Truncated or impossible bytes.
pub fn read_binary(mut bytes: &[u8]) -> Result<Binary<'_>> {
    let bad = || invalid_binary("array");
    if bytes.len() < 12 {
        return Err(bad());
    }
    let count = usize::try_from(bytes.get_i32()).map_err(|_| bad())?;
    bytes.advance(8);
    if count > DIMENSIONS_MAX || bytes.len() < count * 8 {
        return Err(bad());
    }
    let mut dimensions = Vec::with_capacity(count);
    let mut total = usize::from(count > 0);
    for _ in 0..count {
        let length = usize::try_from(bytes.get_i32()).map_err(|_| bad())?;
        bytes.advance(4);
        total = total.checked_mul(length).ok_or_else(bad)?;
        dimensions.push(length);
    }
    if bytes.len() / 4 < total {
        return Err(bad());
    }
    let mut values = Vec::with_capacity(total);
    for _ in 0..total {
        if bytes.len() < 4 {
            return Err(bad());
        }
        match bytes.get_i32() {
            -1 => values.push(None),
            length => {
                let length = usize::try_from(length).map_err(|_| bad())?;
                values.push(Some(bytes.get(..length).ok_or_else(bad)?));
                bytes.advance(length);
            }
        }
    }
    if bytes.is_empty() { Ok(Binary { dimensions, values }) } else { Err(bad()) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value(text: &str) -> Element {
        Element::Value(text.to_owned())
    }

    #[test]
    fn text_forms() {
        assert_eq!(parse("{}").unwrap(), vec![]);
        assert_eq!(parse(" { 1 , null, \"null\" ,a b} ").unwrap(), vec![value("1"), Element::Null, value("null"), value("a b")]);
        assert_eq!(parse("{\"a\\\"b\",\\N}").unwrap(), vec![value("a\"b"), value("N")]);
        assert_eq!(parse("{{1},{2}}").unwrap(), vec![Element::Array(vec![value("1")]), Element::Array(vec![value("2")])]);
        for text in ["", "1,2", "{1", "{1,}", "{,1}", "{1}}", "{\"a}", "{a\"b\"}", "{{{{{{{1}}}}}}}"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn elements_come_back(values: Vec<Option<String>>) {
            let mut out = BytesMut::new();
            out.put_u8(b'{');
            for (at, element) in values.iter().enumerate() {
                if at > 0 {
                    out.put_u8(b',');
                }
                match element {
                    None => out.put_slice(b"NULL"),
                    Some(text) => write_element(text.as_bytes(), &mut out),
                }
            }
            out.put_u8(b'}');
            let expected: Vec<Element> = values.into_iter().map(|element| element.map_or(Element::Null, Element::Value)).collect();
            prop_assert_eq!(parse(std::str::from_utf8(&out).unwrap()).unwrap(), expected);
        }

        #[test]
        fn binary_never_panics(bytes: Vec<u8>) {
            let _ = read_binary(&bytes);
        }
    }
}
