//! Words, numbers and quoted strings: which text can be written in which way.
//!
//! Logstash leaves escapes alone unless it is told otherwise, so the text between the quotes is the value. A quote inside
//! it must follow a backslash, and that backslash stays part of the value. Hence a string can neither end in a backslash
//! nor hold both kinds of quotes bare, and there is no way to write one that does.
//!
//! **Invariant:** a [`Text`] can be written between its quotes and is read back as the same text.

use std::fmt;

/// The two kinds of quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Quote {
    /// `"`
    Double,
    /// `'`
    Single,
}

impl Quote {
    /// The sign itself.
    #[must_use]
    pub fn sign(self) -> char {
        match self {
            Quote::Double => '"',
            Quote::Single => '\'',
        }
    }

    fn other(self) -> Quote {
        match self {
            Quote::Double => Quote::Single,
            Quote::Single => Quote::Double,
        }
    }
}

/// A string that fits between its quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    quote: Quote,
    text: String,
}

/// Why a string cannot be written at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unquotable {
    /// The last backslash would take the closing quote away.
    #[error("a string cannot end in a backslash")]
    EndsInBackslash,
    /// Neither kind of quotes can go around it.
    #[error("a string cannot hold both kinds of quotes without backslashes before one of them")]
    BothQuotes,
}

impl Unquotable {
    /// What can be done about it.
    #[must_use]
    pub fn hint(self) -> &'static str {
        match self {
            Unquotable::EndsInBackslash => "Leave the last backslash away, or put something behind it, such as \"/\" or \"*\".",
            Unquotable::BothQuotes => {
                "Write a backslash before every quote of one kind; Logstash keeps the backslash in the value unless config.support_escapes is on."
            }
        }
    }
}

impl Text {
    /// Puts `text` between quotes of the preferred kind, or of the other one if only those fit.
    ///
    /// # Errors
    /// [`Unquotable`] when neither kind fits.
    pub fn new(text: &str, preferred: Quote) -> Result<Text, Unquotable> {
        if text.ends_with('\\') {
            return Err(Unquotable::EndsInBackslash);
        }
        [preferred, preferred.other()]
            .into_iter()
            .find(|quote| fits(text, quote.sign()))
            .map(|quote| Text { quote, text: text.to_owned() })
            .ok_or(Unquotable::BothQuotes)
    }

    /// Which quotes it stands in.
    #[must_use]
    pub fn quote(&self) -> Quote {
        self.quote
    }

    /// Without quotes.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = self.quote.sign();
        write!(f, "{sign}{}{sign}", self.text)
    }
}

/// Every quote of that kind follows a backslash.
fn fits(text: &str, sign: char) -> bool {
    let mut before = None;
    for now in text.chars() {
        if now == sign && before != Some('\\') {
            return false;
        }
        before = Some(now);
    }
    true
}

/// Length in bytes of the string, quotes included, that `text` begins with; `Err` with the length of all of it if the
/// closing quote is missing, `None` if no string begins here.
pub(super) fn quoted_length(text: &str) -> Option<Result<usize, usize>> {
    let sign = *text.as_bytes().first()?;
    if sign != b'"' && sign != b'\'' {
        return None;
    }
    let bytes = text.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        if bytes[at] == b'\\' && bytes.get(at + 1) == Some(&sign) {
            at += 2;
        } else if bytes[at] == sign {
            return Some(Ok(at + 1));
        } else {
            at += 1;
        }
    }
    Some(Err(bytes.len()))
}

/// A letter or `_`, then at least one letter, digit or `_`.
#[must_use]
pub fn is_bareword(text: &str) -> bool {
    text.len() >= 2
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !text.as_bytes()[0].is_ascii_digit()
}

/// Letters, digits, `_` and `-`: the name of a plugin or a setting.
#[must_use]
pub fn is_plain_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

/// An optional `-`, digits, and perhaps a point with or without digits behind it.
#[must_use]
pub fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    !whole.is_empty() && whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_takes_the_quotes_that_fit() {
        for (text, expected) in [
            ("plain", r#""plain""#),
            (r#"say "hi""#, r#"'say "hi"'"#),
            ("it's", r#""it's""#),
            (r#"a \"b\" c"#, r#""a \"b\" c""#),
            (r#"it's \"b\""#, r#""it's \"b\"""#),
            (r#"it\'s "b""#, r#"'it\'s "b"'"#),
            (r"C:\logs", r#""C:\logs""#),
            (r#"\\" "#, r#""\\" ""#),
        ] {
            assert_eq!(Text::new(text, Quote::Double).unwrap().to_string(), expected);
        }
    }

    #[test]
    fn a_string_that_no_quotes_fit_is_refused() {
        for (text, expected) in [
            (r"C:\logs\", Unquotable::EndsInBackslash),
            (r"\\", Unquotable::EndsInBackslash),
            (r#"it's "b""#, Unquotable::BothQuotes),
        ] {
            assert_eq!(Text::new(text, Quote::Double), Err(expected), "{text}");
            assert_eq!(Text::new(text, Quote::Single), Err(expected), "{text}");
        }
    }

    #[test]
    fn words_names_and_numbers() {
        for (text, bareword, name, number) in [
            ("ab", true, true, false),
            ("a", false, true, false),
            ("_1", true, true, false),
            ("1a", false, true, false),
            ("a-b", false, true, false),
            ("12", false, true, true),
            ("-1", false, true, true),
            ("1.", false, false, true),
            ("1.5", false, false, true),
            (".5", false, false, false),
            ("1.2.3", false, false, false),
            ("", false, false, false),
            ("é", false, false, false),
        ] {
            assert_eq!((is_bareword(text), is_plain_name(text), is_number(text)), (bareword, name, number), "{text}");
        }
    }
}
