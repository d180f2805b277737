//! Words of a text: how text is cut into them, and questions about them.
//!
//! What a tokenizer finds is the one meaning of `@@`; an index is built from the same words and only makes the answer quicker.
//! Nothing here knows stems, stop words or weights.
//!
//! **Invariant:** the words of a text depend on the text and the tokenizer alone.

mod cjk;
mod letters;
mod matching;
mod ngram;
mod query;
mod runs;
mod simple;
mod whitespace;

use std::ops::Range;

use serde::{Deserialize, Serialize};

pub use matching::Matcher;
pub use query::{DISTANCE_MAX, QUERY_DEPTH_MAX, QUERY_WORDS_MAX, QueryTooLarge, WORD_BYTES_MAX, WordQuery};

/// How text is cut into words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tokenizer {
    /// Lower-cased runs of letters and digits; Chinese, Japanese and Korean text in overlapping pairs of characters.
    #[default]
    Simple,
    /// What stands between white space, as it is written.
    Whitespace,
    /// As [`Self::Simple`], but Chinese in words of a dictionary.
    Cjk,
    /// Lower-cased overlapping pieces of three characters, of whatever kind these are.
    Ngram,
}

impl Tokenizer {
    /// All of them, in the order of their declaration.
    pub const ALL: [Self; 4] = [Self::Simple, Self::Whitespace, Self::Cjk, Self::Ngram];

    /// The tokenizer that users call `name`, in exactly this spelling.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tokenizer| tokenizer.name() == name)
    }

    /// What users call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Simple => "simple",
            Self::Whitespace => "whitespace",
            Self::Cjk => "cjk",
            Self::Ngram => "ngram",
        }
    }

    /// Calls `found` for every word of `text`, in order: the word in the form in which words are compared, the bytes of `text`
    /// where it stood, and its position. Positions begin at 1 and never fall; each is either that of the word before or the
    /// next. They repeat only with [`Self::Cjk`], where a word of the dictionary that contains shorter ones is found at the
    /// position of these. A word is never empty.
    pub fn split(self, text: &str, found: impl FnMut(&str, Range<usize>, u32)) {
        match self {
            Self::Simple => simple::split(text, found),
            Self::Whitespace => whitespace::split(text, found),
            Self::Cjk => cjk::split(text, found),
            Self::Ngram => ngram::split(text, found),
        }
    }
}

#[cfg(test)]
mod tests;
