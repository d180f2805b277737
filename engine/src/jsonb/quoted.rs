//! Strings of JSON: from their escaped form to text, and from text to the form PostgreSQL prints.

use super::lexer::{hex4, special};

/// Appends the text of a string whose escapes the lexer has checked.
pub fn unescape(raw: &str, out: &mut String) {
    let mut rest = raw;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        out.push_str(&rest[..at]);
        let bytes = rest.as_bytes();
        let (character, length) = match bytes.get(at + 1) {
            Some(b'n') => ('\n', 2),
            Some(b't') => ('\t', 2),
            Some(b'r') => ('\r', 2),
            Some(b'b') => ('\u{8}', 2),
            Some(b'f') => ('\u{c}', 2),
            Some(b'u') => code_point(bytes, at),
            Some(&other) => (char::from(other), 2),
            None => ('\\', 1),
        };
        out.push(character);
        rest = &rest[(at + length).min(rest.len())..];
    }
    out.push_str(rest);
}

/// The character of `\uXXXX` or of a surrogate pair, and the length of its escape.
fn code_point(bytes: &[u8], at: usize) -> (char, usize) {
    let first = hex4(bytes, at + 2).unwrap_or(0xfffd);
    if let 0xd800..=0xdbff = first {
        let second = hex4(bytes, at + 8).unwrap_or(0xdc00);
        let code = 0x10000 + ((first - 0xd800) << 10) + (second.wrapping_sub(0xdc00) & 0x3ff);
        return (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 12);
    }
    (char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER), 6)
}

/// Appends `text` in quotes, with the escapes PostgreSQL prints and no others.
pub fn quote(text: &str, out: &mut String) {
    out.push('"');
    let mut rest = text;
    loop {
        let at = special(rest.as_bytes(), 0);
        out.push_str(&rest[..at]);
        let Some(&byte) = rest.as_bytes().get(at) else { break };
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\t' => out.push_str("\\t"),
            b'\r' => out.push_str("\\r"),
            8 => out.push_str("\\b"),
            12 => out.push_str("\\f"),
            _ => {
                const HEX: &[u8; 16] = b"0123456789abcdef";
                out.push_str("\\u00");
                out.push(char::from(HEX[usize::from(byte >> 4)]));
                out.push(char::from(HEX[usize::from(byte & 15)]));
            }
        }
        rest = &rest[at + 1..];
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(raw: &str, text: &str, printed: &str) {
        let (mut decoded, mut encoded) = (String::new(), String::new());
        unescape(raw, &mut decoded);
        assert_eq!(decoded, text);
        quote(text, &mut encoded);
        assert_eq!(encoded, printed);
    }

    #[test]
    fn escapes() {
        check(r"a\u00e4\/b", "aä/b", "\"aä/b\"");
        check(r"\ud83d\ude00", "😀", "\"😀\"");
        check(r#"\b\f\n\r\t\"\\"#, "\u{8}\u{c}\n\r\t\"\\", r#""\b\f\n\r\t\"\\""#);
        check(r"\u001F\u007f", "\u{1f}\u{7f}", "\"\\u001f\u{7f}\"");
    }

    proptest! {
        #[test]
        fn quoting_survives_unquoting(text in any::<String>()) {
            let text = text.replace('\0', "");
            let mut printed = String::new();
            quote(&text, &mut printed);
            let quoted = super::super::lexer::string(printed.as_bytes(), 0).unwrap();
            let mut back = String::new();
            unescape(&printed[quoted.start..quoted.end], &mut back);
            prop_assert_eq!(&back, &text);
            prop_assert_eq!(serde_json::from_str::<String>(&printed).unwrap(), text);
        }
    }
}
