//! `@@` over many texts at once.
//!
//! In text of ASCII the longest word that every match has is looked for in any case; what stands around a hit tells whether it
//! is a word, and what a single word cannot decide, [`Matcher`] does on the rows with a hit.

use std::sync::OnceLock;

use arrow::array::StringArray;
use strata_storage::index::Question;
use strata_storage::words::{Matcher, Tokenizer, WordQuery};

use super::super::selection::Selection;
use super::needle::Needle;
use super::sweep::{Hit, Judgement, finish, one_by_one, sweep};

/// With fewer rows every one is looked at instead.
const SWEPT_ROWS_MIN: usize = 32;

/// A condition on the words of a text. Never TRUE for NULL.
#[derive(Debug)]
pub(crate) struct WordSearch {
    tokenizer: Tokenizer,
    query: WordQuery,
    matcher: Matcher,
    negated: bool,
    /// Made when it is first needed: most questions are answered by an index.
    needle: OnceLock<Option<Needle>>,
    /// What a hit must be, if that decides.
    alone: Option<Alone>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Alone {
    Word,
    Prefix,
}

impl WordSearch {
    /// `column @@ query`, or with `negated` the opposite.
    pub(crate) fn new(tokenizer: Tokenizer, query: WordQuery, negated: bool) -> Self {
        let alone = match &query {
            WordQuery::Word { word, prefix }
                if tokenizer == Tokenizer::Simple && word.bytes().all(|byte| byte.is_ascii_alphanumeric()) =>
            {
                Some(if *prefix { Alone::Prefix } else { Alone::Word })
            }
            _ => None,
        };
        Self { tokenizer, matcher: Matcher::new(&query), query, negated, needle: OnceLock::new(), alone }
    }

    /// What an index can be asked.
    pub(crate) fn question(&self) -> Option<Question> {
        let query = match self.negated {
            false => self.query.clone(),
            // The opposite of nothing is everything, which no index needs to be asked about.
            true if self.query == WordQuery::Empty => return None,
            true => WordQuery::not(self.query.clone()),
        };
        Some(Question::Words { tokenizer: self.tokenizer, query })
    }

    /// The rows of `among` that match.
    pub(crate) fn select(&self, texts: &StringArray, among: &Selection) -> Selection {
        let mut matcher = self.matcher.clone();
        let mut decide = |text: &str| matcher.matches(self.tokenizer, text);
        let swept = (among.count() >= SWEPT_ROWS_MIN)
            .then(|| self.needle.get_or_init(|| required(&self.query).and_then(Needle::any_case)));
        let hits = match swept {
            Some(Some(needle)) => {
                // The needle is a word of ASCII, but for its case, only in text of ASCII.
                let mut again = self.matcher.clone();
                let judge = |hit: &Hit<'_>| match self.alone {
                    Some(alone) if hit.text.is_ascii() => alone.judge(hit),
                    _ if again.matches(self.tokenizer, hit.text) => Judgement::Match,
                    _ => Judgement::NoMatch,
                };
                sweep(needle, texts, among, judge, &mut decide)
            }
            _ => one_by_one(texts, among, decide),
        };
        finish(hits, self.negated, texts, among)
    }
}

impl Alone {
    fn judge(self, hit: &Hit<'_>) -> Judgement {
        let bytes = hit.text.as_bytes();
        let is_outside = |byte: Option<&u8>| byte.is_none_or(|byte| !byte.is_ascii_alphanumeric());
        let begins = is_outside(hit.at.start.checked_sub(1).and_then(|before| bytes.get(before)));
        let ends = self == Self::Prefix || is_outside(bytes.get(hit.at.end));
        if begins && ends { Judgement::Match } else { Judgement::Next }
    }
}

/// The longest word that every match has.
fn required(query: &WordQuery) -> Option<&str> {
    match query {
        WordQuery::Word { word, .. } => Some(word),
        WordQuery::And(parts) => parts.iter().filter_map(required).max_by_key(|word| word.len()),
        WordQuery::Phrase { left, right, .. } => {
            [left, right].into_iter().filter_map(|part| required(part)).max_by_key(|word| word.len())
        }
        WordQuery::Or(_) | WordQuery::Not(_) | WordQuery::Empty => None,
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::Array;
    use proptest::prelude::*;

    use super::*;

    fn query() -> impl Strategy<Value = WordQuery> {
        let word = ("[ak1]{1,2}", any::<bool>()).prop_map(|(word, prefix)| WordQuery::Word { word, prefix });
        word.prop_recursive(2, 6, 3, |part| {
            prop_oneof![
                proptest::collection::vec(part.clone(), 2..3).prop_map(WordQuery::all),
                proptest::collection::vec(part.clone(), 2..3).prop_map(WordQuery::any),
                part.clone().prop_map(WordQuery::not),
                (part.clone(), part, 1_u32..3).prop_map(|(left, right, distance)| WordQuery::phrase(left, right, distance)),
            ]
        })
    }

    proptest! {
        #[test]
        fn finds_what_the_matcher_finds(
            texts in proptest::collection::vec(proptest::option::weighted(0.9, "[aAkK1 _.]{0,8}"), 32..90),
            foreign in proptest::option::of("[aK\u{212a}云 1]{0,6}"),
            query in query(),
            negated in any::<bool>(),
        ) {
            let texts = StringArray::from(texts.into_iter().chain([foreign]).collect::<Vec<_>>());
            let all = Selection::all(texts.len());
            for tokenizer in [Tokenizer::Simple, Tokenizer::Whitespace] {
                let found = WordSearch::new(tokenizer, query.clone(), negated).select(&texts, &all);
                let wanted = texts.iter().map(|text| text.is_some_and(|text| query.matches(tokenizer, text) != negated));
                prop_assert_eq!(found.mask(), wanted.collect());
            }
        }
    }
}
