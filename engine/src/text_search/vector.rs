//! The words of a text with their positions: the value of a `tsvector`, and the text PostgreSQL shows for it.
//!
//! ```text
//! to_tsvector('a fat cat, a rat')   ->   'a':1,4 'cat':3 'fat':2 'rat':5
//! ```
//! A word may come without positions where a user wrote the vector; then it is in no phrase. There are no weights.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};

use strata_storage::words::{Matcher, Tokenizer};

use super::grammar::weights;
use crate::Result;
use crate::error::{DataFault, EngineError};

/// Words in the order of their bytes; positions rise.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WordVector(
    /// Positions of each word.
    pub BTreeMap<String, Vec<u32>>,
);

impl WordVector {
    /// The words of `text`.
    pub fn of(tokenizer: Tokenizer, text: &str) -> Self {
        let mut words: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        tokenizer.split(text, |word, _, position| match words.get_mut(word) {
            Some(positions) => positions.push(position),
            None => {
                words.insert(word.to_owned(), vec![position]);
            }
        });
        words.values_mut().for_each(Vec::dedup);
        Self(words)
    }

    /// Whether the query of `matcher` holds for it.
    pub fn matches(&self, matcher: &mut Matcher) -> bool {
        matcher.matches_words(|see| {
            for (word, positions) in &self.0 {
                see(word, 0);
                positions.iter().for_each(|position| see(word, *position));
            }
        })
    }

    /// Reads what [`Display`] writes, or a user wrote as `'...'::tsvector`.
    ///
    /// # Errors
    /// A quote without its end, a colon without positions, weights.
    pub fn parse(text: &str) -> Result<Self> {
        let fault = || EngineError::Data {
            reason: DataFault::InvalidTextQuery,
            message: format!("syntax error in tsvector: \"{text}\""),
            hint: Some("A tsvector is written as 'word':1,4 'other':2; to_tsvector makes one of a text.".into()),
        };
        let mut words: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            let (word, after) = word(rest).ok_or_else(fault)?;
            let positions = words.entry(word).or_default();
            rest = after;
            if let Some(after) = rest.strip_prefix(':') {
                let (list, after) = after.split_at(after.find(char::is_whitespace).unwrap_or(after.len()));
                if list.contains(|mark| matches!(mark, 'a'..='d' | 'A'..='D')) {
                    return Err(weights());
                }
                for position in list.split(',') {
                    positions.push(position.parse().ok().filter(|position| *position > 0).ok_or_else(fault)?);
                }
                positions.sort_unstable();
                positions.dedup();
                rest = after;
            } else if !rest.is_empty() && !rest.starts_with(char::is_whitespace) {
                return Err(fault());
            }
            rest = rest.trim_start();
        }
        Ok(Self(words))
    }
}

/// The word that stands here, quoted or bare, and what follows it; `None` if it is empty or its quote does not end.
fn word(text: &str) -> Option<(String, &str)> {
    let mut word = String::new();
    let quoted = text.starts_with('\'');
    let mut rest = text[usize::from(quoted)..].chars();
    loop {
        let before = rest.as_str();
        match rest.next() {
            Some('\\') => word.push(rest.next()?),
            Some('\'') if quoted => {
                if !rest.as_str().starts_with('\'') {
                    return (!word.is_empty()).then_some((word, rest.as_str()));
                }
                word.extend(rest.next());
            }
            None if quoted => return None,
            Some(letter) if quoted || !(letter == ':' || letter.is_whitespace()) => word.push(letter),
            _ => return (!word.is_empty()).then_some((word, before)),
        }
    }
}

impl Display for WordVector {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (at, (word, positions)) in self.0.iter().enumerate() {
            f.write_str(if at == 0 { "'" } else { " '" })?;
            f.write_str(&word.replace('\\', "\\\\").replace('\'', "''"))?;
            f.write_str("'")?;
            for (at, position) in positions.iter().enumerate() {
                write!(f, "{}{position}", if at == 0 { ':' } else { ',' })?;
            }
        }
        Ok(())
    }
}
