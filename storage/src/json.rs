//! Scanning canonical jsonb text: `{"a": 1, "b": [1, 2]}`, as PostgreSQL prints it.
//!
//! Nothing is built: a value is a slice of the text. Text that is no JSON is never an error here, it only has no members;
//! whoever wrote it must have checked it.

use std::borrow::Cow;

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// `"..."`
    String,
    /// `-1.5e3`
    Number,
    /// `true`, `false`
    Boolean,
    /// `null`
    Null,
    /// `{...}`
    Object,
    /// `[...]`
    Array,
}

impl Kind {
    /// All kinds, in the order of their declaration.
    pub const ALL: [Self; 6] = [Self::String, Self::Number, Self::Boolean, Self::Null, Self::Object, Self::Array];

    /// The kind of a value by its first byte.
    pub fn of(value: &str) -> Option<Self> {
        Some(match value.as_bytes().first()? {
            b'"' => Self::String,
            b'-' | b'0'..=b'9' => Self::Number,
            b't' | b'f' => Self::Boolean,
            b'n' => Self::Null,
            b'{' => Self::Object,
            b'[' => Self::Array,
            _ => return None,
        })
    }

    /// The word that `jsonb_typeof` uses.
    pub fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Null => "null",
            Self::Object => "object",
            Self::Array => "array",
        }
    }
}

/// The members of an object: key between its quotes with escapes as they stand, and value.
#[derive(Debug, Clone)]
pub struct Members<'a> {
    text: &'a str,
    at: usize,
    /// What stands between this and the next member in canonical text.
    separator: &'static str,
    canonical: bool,
}

impl Members<'_> {
    /// Whether the members ended where the object does, with nothing but canonical separators between them; known once
    /// all were taken.
    pub fn is_canonical(&self) -> bool {
        self.canonical && self.text.get(self.at..) == Some("}")
    }
}

/// The members of `value`; none if it is no object.
pub fn members(value: &str) -> Members<'_> {
    Members { text: value, at: if value.starts_with('{') { 1 } else { value.len() }, separator: "", canonical: true }
}

impl<'a> Iterator for Members<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let bytes = self.text.as_bytes();
        let start = skip_separators(bytes, self.at);
        if bytes.get(start) != Some(&b'"') {
            return None;
        }
        self.canonical &= bytes[self.at..start] == *self.separator.as_bytes();
        self.separator = ", ";
        self.at = start;
        let key_end = string_end(bytes, self.at)?;
        let key = self.text.get(self.at + 1..key_end - 1)?;
        let value_start = skip_separators(bytes, key_end);
        self.canonical &= bytes[key_end..value_start] == *b": ";
        let value_end = value_end(bytes, value_start)?;
        self.at = value_end;
        Some((key, self.text.get(value_start..value_end)?))
    }
}

/// The elements of `value`; none if it is no array.
pub fn elements(value: &str) -> impl Iterator<Item = &str> {
    let mut at = if value.starts_with('[') { 1 } else { value.len() };
    std::iter::from_fn(move || {
        let bytes = value.as_bytes();
        let start = skip_separators(bytes, at);
        if bytes.get(start).is_none_or(|byte| *byte == b']') {
            return None;
        }
        at = value_end(bytes, start)?;
        value.get(start..at)
    })
}

fn skip_separators(bytes: &[u8], mut at: usize) -> usize {
    while matches!(bytes.get(at), Some(b' ' | b',' | b':')) {
        at += 1;
    }
    at
}

/// Behind the closing quote of the string that opens at `at`.
fn string_end(bytes: &[u8], at: usize) -> Option<usize> {
    let mut at = at + 1;
    loop {
        at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes[at] == b'"' {
            return Some(at + 1);
        }
        at += 2;
    }
}

/// Behind the value that begins at `at`.
fn value_end(bytes: &[u8], at: usize) -> Option<usize> {
    match bytes.get(at)? {
        b'"' => string_end(bytes, at),
        b'{' | b'[' => {
            let (mut at, mut depth) = (at, 0_usize);
            loop {
                match bytes.get(at)? {
                    b'"' => {
                        at = string_end(bytes, at)?;
                        continue;
                    }
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' => depth -= 1,
                    _ => {}
                }
                at += 1;
                if depth == 0 {
                    return Some(at);
                }
            }
        }
        _ => {
            let end = bytes[at..].iter().position(|byte| matches!(byte, b',' | b'}' | b']' | b' '));
            let end = end.map_or(bytes.len(), |end| at + end);
            (end > at).then_some(end)
        }
    }
}

/// The text of a JSON string without its quotes.
pub fn unescape(escaped: &str) -> Cow<'_, str> {
    if memchr::memchr(b'\\', escaped.as_bytes()).is_none() {
        return Cow::Borrowed(escaped);
    }
    let mut text = String::with_capacity(escaped.len());
    let mut rest = escaped;
    while let Some(at) = rest.find('\\') {
        text.push_str(&rest[..at]);
        let mut chars = rest[at + 1..].chars();
        match chars.next() {
            Some('b') => text.push('\u{8}'),
            Some('f') => text.push('\u{c}'),
            Some('n') => text.push('\n'),
            Some('r') => text.push('\r'),
            Some('t') => text.push('\t'),
            Some('u') => {
                let mut unit = || {
                    let digits = chars.as_str().get(..4)?;
                    chars = chars.as_str()[4..].chars();
                    u16::from_str_radix(digits, 16).ok()
                };
                let first = unit();
                let pair = match first {
                    Some(0xD800..=0xDBFF) if chars.as_str().starts_with("\\u") => {
                        chars = chars.as_str()[2..].chars();
                        let digits = chars.as_str().get(..4).and_then(|digits| u16::from_str_radix(digits, 16).ok());
                        chars = chars.as_str().get(4..).unwrap_or("").chars();
                        digits
                    }
                    _ => None,
                };
                let units: Vec<u16> = first.into_iter().chain(pair).collect();
                text.extend(char::decode_utf16(units).map(|char| char.unwrap_or(char::REPLACEMENT_CHARACTER)));
            }
            Some(other) => text.push(other),
            None => {}
        }
        rest = chars.as_str();
    }
    text.push_str(rest);
    Cow::Owned(text)
}

/// Appends `text` as PostgreSQL escapes it in JSON, without quotes.
pub fn escape(text: &str, into: &mut String) {
    for char in text.chars() {
        match char {
            '"' => into.push_str("\\\""),
            '\\' => into.push_str("\\\\"),
            '\u{8}' => into.push_str("\\b"),
            '\u{c}' => into.push_str("\\f"),
            '\n' => into.push_str("\\n"),
            '\r' => into.push_str("\\r"),
            '\t' => into.push_str("\\t"),
            control if control < ' ' => into.push_str(&format!("\\u{:04x}", control as u32)),
            other => into.push(other),
        }
    }
}

/// Whether [`escape`] would change `text`.
pub fn needs_escape(text: &str) -> bool {
    text.bytes().any(|byte| byte < b' ' || byte == b'"' || byte == b'\\')
}

/// A path whose keys are escaped once, to be looked up in many values.
#[derive(Debug, Clone)]
pub struct Path(Vec<Step>);

#[derive(Debug, Clone)]
struct Step {
    /// The key as it stands in canonical text.
    key: String,
    /// The index it means in an array; negative counts from the end.
    index: Option<i64>,
}

impl Path {
    /// The path with these keys from the outside in.
    pub fn of(keys: &[impl AsRef<str>]) -> Self {
        let step = |key: &str| {
            let mut escaped = String::new();
            escape(key, &mut escaped);
            Step { key: escaped, index: key.trim_start().parse().ok() }
        };
        Self(keys.iter().map(|key| step(key.as_ref())).collect())
    }

    /// What `value #> path` gives.
    pub fn find<'a>(&self, value: &'a str) -> Option<&'a str> {
        self.0.iter().try_fold(value, |value, step| match value.as_bytes().first()? {
            b'{' => members(value).find(|(key, _)| *key == step.key).map(|(_, member)| member),
            b'[' => {
                let index = step.index?;
                let place = match usize::try_from(index) {
                    Ok(place) => place,
                    Err(_) => elements(value).count().checked_sub(usize::try_from(index.unsigned_abs()).ok()?)?,
                };
                elements(value).nth(place)
            }
            _ => None,
        })
    }

    /// What `value #>> path` gives: strings without quotes and escapes, nothing for null, anything else as it stands.
    pub fn find_text<'a>(&self, value: &'a str) -> Option<Cow<'a, str>> {
        text_of(self.find(value)?)
    }
}

/// A value as text, as `->>` gives it.
pub fn text_of(value: &str) -> Option<Cow<'_, str>> {
    match Kind::of(value)? {
        Kind::Null => None,
        Kind::String => Some(unescape(value.get(1..value.len() - 1)?)),
        _ => Some(Cow::Borrowed(value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_slices_of_the_text() {
        let text = r#"{"a": 1, "b\"}": {"c": "}"}, "": [1, "]"], "d": null}"#;
        let mut found = members(text);
        let list: Vec<_> = found.by_ref().collect();
        assert_eq!(list, [("a", "1"), ("b\\\"}", r#"{"c": "}"}"#), ("", r#"[1, "]"]"#), ("d", "null")]);
        assert!(found.is_canonical());
        for other in [r#"{"a":1}"#, r#"{ "a": 1}"#, r#"{"a": 1, }"#, r#"{"a": 1"#, r#"{"a" 1}"#, r#"{"a": 1}}"#, "{", "[]"] {
            let mut found = members(other);
            found.by_ref().for_each(drop);
            assert!(!found.is_canonical(), "{other}");
        }
    }

    #[test]
    fn a_path_follows_keys_and_indexes() {
        let text = r#"{"a": [10, {"b": "x\ny"}], "0": true, "n": null}"#;
        let find = |path: &[&str]| Path::of(path).find_text(text).map(Cow::into_owned);
        assert_eq!(find(&["a", "0"]).as_deref(), Some("10"));
        assert_eq!(find(&["a", "-1", "b"]).as_deref(), Some("x\ny"));
        assert_eq!(find(&["a", "2"]), None);
        assert_eq!(find(&["a", "-3"]), None);
        assert_eq!(find(&["0"]).as_deref(), Some("true"));
        assert_eq!(find(&["n"]), None);
        assert_eq!(find(&["a"]).as_deref(), Some(r#"[10, {"b": "x\ny"}]"#));
        assert_eq!(find(&[]).as_deref(), Some(text));
    }

    #[test]
    fn escapes_come_back() {
        for text in ["", "a\"b\\c", "\u{8}\u{c}\n\r\t\u{1}\u{1f}", "云梦😀"] {
            let mut escaped = String::new();
            escape(text, &mut escaped);
            assert_eq!(unescape(&escaped), text);
        }
        assert_eq!(unescape(r"\u4e91\ud83d\ude00\/"), "云😀/");
        assert_eq!(unescape(r"\ud83d x \u12"), "\u{fffd} x 12");
    }
}
