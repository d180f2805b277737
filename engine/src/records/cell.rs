//! A value of a record as it stands in the line, before anybody knows which type it will get.

use std::borrow::Cow;

use crate::jsonb::quoted::unescape;

/// One value. It borrows from the line and was checked to be JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cell<'a> {
    /// The record has no such field.
    Missing,
    Null,
    True,
    False,
    /// A number, as it was sent.
    Number(&'a str),
    /// A string without its quotes.
    Text {
        raw: &'a str,
        escaped: bool,
    },
    /// An object or an array.
    Nested(&'a str),
}

impl<'a> Cell<'a> {
    /// Whether there is nothing to store in a declared column.
    pub(super) fn is_absent(self) -> bool {
        matches!(self, Self::Missing | Self::Null)
    }

    /// The text of a string, number or boolean, which is what PostgreSQL would hand to a type's input function.
    pub(super) fn scalar_text(self) -> Option<Cow<'a, str>> {
        Some(Cow::Borrowed(match self {
            Self::True => "true",
            Self::False => "false",
            Self::Number(text) | Self::Text { raw: text, escaped: false } => text,
            Self::Text { raw, escaped: true } => {
                let mut text = String::with_capacity(raw.len());
                unescape(raw, &mut text);
                return Some(Cow::Owned(text));
            }
            Self::Missing | Self::Null | Self::Nested(_) => return None,
        }))
    }
}
