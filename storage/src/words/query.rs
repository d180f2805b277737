//! A question about the words of a text, with the operators of PostgreSQL's `tsquery`.

use std::fmt::{self, Display, Formatter, Write};

use super::{Matcher, Tokenizer};

/// Words a query may have.
pub const QUERY_WORDS_MAX: usize = 1024;
/// Operators within one another. A phrase of n words is n - 1 deep.
pub const QUERY_DEPTH_MAX: usize = 256;
/// Bytes of a word of a query.
pub const WORD_BYTES_MAX: usize = 2046;
/// The largest distance between the words of a phrase, as in PostgreSQL.
pub const DISTANCE_MAX: u32 = 16_384;

/// A question about the words of a text.
///
/// Whoever builds one uses [`Self::all`], [`Self::any`], [`Self::not`] and [`Self::phrase`], which leave out what is empty and
/// lay lists within lists flat, so that every query has one form.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum WordQuery {
    /// The text has this word, or with `prefix` one that begins so.
    Word {
        /// In the form in which the tokenizer compares words.
        word: String,
        /// Whether more may follow.
        prefix: bool,
    },
    /// The text matches all of these; at least two, none of them `And` or [`Self::Empty`].
    And(Vec<WordQuery>),
    /// The text matches one of these; at least two, none of them `Or` or [`Self::Empty`].
    Or(Vec<WordQuery>),
    /// The text does not match this; within a phrase: matches do not stand here.
    Not(Box<WordQuery>),
    /// `right` begins `distance` positions behind the end of `left`; with 0 they end at the same one.
    Phrase {
        /// What comes first.
        left: Box<WordQuery>,
        /// What follows.
        right: Box<WordQuery>,
        /// Positions from one to the other, at most [`DISTANCE_MAX`].
        distance: u32,
    },
    /// No words at all, as of an empty text: matches nothing.
    Empty,
}

/// A query past one of the bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("text search query has too many {what}: at most {max} are possible")]
pub struct QueryTooLarge {
    /// What there is too much of.
    pub what: &'static str,
    /// The bound.
    pub max: usize,
}

impl WordQuery {
    /// This word.
    pub fn word(word: impl Into<String>) -> Self {
        Self::Word { word: word.into(), prefix: false }
    }

    /// A word that begins so.
    pub fn prefix(word: impl Into<String>) -> Self {
        Self::Word { word: word.into(), prefix: true }
    }

    /// All of `parts` that are not empty.
    pub fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        let flat = |part| if let Self::And(parts) = part { parts } else { vec![part] };
        Self::list(parts.into_iter().flat_map(flat), Self::And)
    }

    /// Any of `parts` that are not empty.
    pub fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        let flat = |part| if let Self::Or(parts) = part { parts } else { vec![part] };
        Self::list(parts.into_iter().flat_map(flat), Self::Or)
    }

    fn list(parts: impl Iterator<Item = Self>, of: fn(Vec<Self>) -> Self) -> Self {
        let mut parts: Vec<_> = parts.filter(|part| *part != Self::Empty).collect();
        match parts.len() {
            0 => Self::Empty,
            1 => parts.remove(0),
            _ => of(parts),
        }
    }

    /// The opposite of `part`; nothing if it is empty.
    #[allow(clippy::should_implement_trait, reason = "named for the operator it is, beside `all` and `any`")]
    pub fn not(part: Self) -> Self {
        if part == Self::Empty { part } else { Self::Not(Box::new(part)) }
    }

    /// `left`, and `distance` positions behind it `right`; the other one if one of them is empty.
    pub fn phrase(left: Self, right: Self, distance: u32) -> Self {
        match (left, right) {
            (Self::Empty, one) | (one, Self::Empty) => one,
            (left, right) => Self::Phrase { left: Box::new(left), right: Box::new(right), distance },
        }
    }

    /// Whether the query is within its bounds.
    ///
    /// # Errors
    /// [`QueryTooLarge`] past [`QUERY_WORDS_MAX`] or [`QUERY_DEPTH_MAX`]; the caller sees to it that it can recurse that deep.
    pub fn check(&self) -> Result<(), QueryTooLarge> {
        match (self.words(), self.depth()) {
            (words, _) if words > QUERY_WORDS_MAX => Err(QueryTooLarge { what: "words", max: QUERY_WORDS_MAX }),
            (_, depth) if depth > QUERY_DEPTH_MAX => {
                Err(QueryTooLarge { what: "operators within one another", max: QUERY_DEPTH_MAX })
            }
            _ => Ok(()),
        }
    }

    /// Words it has, each as often as it stands there.
    pub fn words(&self) -> usize {
        let mut words = 0;
        self.each_word(&mut |_, _| words += 1);
        words
    }

    /// Gives each word, and whether it is a prefix.
    pub fn each_word<'a>(&'a self, found: &mut dyn FnMut(&'a str, bool)) {
        match self {
            Self::Word { word, prefix } => found(word, *prefix),
            Self::And(parts) | Self::Or(parts) => parts.iter().for_each(|part| part.each_word(found)),
            Self::Not(part) => part.each_word(found),
            Self::Phrase { left, right, .. } => {
                left.each_word(found);
                right.each_word(found);
            }
            Self::Empty => {}
        }
    }

    /// Operators within one another.
    pub fn depth(&self) -> usize {
        match self {
            Self::Word { .. } | Self::Empty => 0,
            Self::And(parts) | Self::Or(parts) => 1 + parts.iter().map(Self::depth).max().unwrap_or(0),
            Self::Not(part) => 1 + part.depth(),
            Self::Phrase { left, right, .. } => 1 + left.depth().max(right.depth()),
        }
    }

    /// Whether `text` matches. For many texts keep a [`Matcher`].
    pub fn matches(&self, tokenizer: Tokenizer, text: &str) -> bool {
        Matcher::new(self).matches(tokenizer, text)
    }

    /// How strongly the outermost operator binds.
    fn binding(&self) -> u8 {
        match self {
            Self::Or(_) => 1,
            Self::And(_) => 2,
            Self::Phrase { .. } => 3,
            Self::Not(_) => 4,
            Self::Word { .. } | Self::Empty => 5,
        }
    }

    /// Writes it in parentheses unless it binds at least as strongly as `binding`.
    fn write(&self, f: &mut Formatter<'_>, binding: u8) -> fmt::Result {
        if self.binding() < binding { write!(f, "( {self} )") } else { self.fmt(f) }
    }
}

/// PostgreSQL's form: `'error' & ( 'disk' | 'net' ) & !'test' & 'conn':*`.
impl Display for WordQuery {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let list = |f: &mut Formatter<'_>, parts: &[Self], operator| {
            parts.iter().enumerate().try_for_each(|(at, part)| {
                f.write_str(if at == 0 { "" } else { operator })?;
                part.write(f, self.binding())
            })
        };
        match self {
            Self::Word { word, prefix } => {
                f.write_char('\'')?;
                for letter in word.chars() {
                    if matches!(letter, '\'' | '\\') {
                        f.write_char(letter)?;
                    }
                    f.write_char(letter)?;
                }
                f.write_str(if *prefix { "':*" } else { "'" })
            }
            Self::And(parts) => list(f, parts, " & "),
            Self::Or(parts) => list(f, parts, " | "),
            Self::Not(part) => {
                f.write_char('!')?;
                part.write(f, self.binding())
            }
            Self::Phrase { left, right, distance } => {
                left.write(f, self.binding())?;
                if *distance == 1 {
                    f.write_str(" <-> ")?
                } else {
                    write!(f, " <{distance}> ")?
                }
                // Phrases are read from the left, so one on the right needs its parentheses.
                right.write(f, self.binding() + 1)
            }
            Self::Empty => Ok(()),
        }
    }
}
