//! Plain text as a query: its words, all of them or as a phrase.

use strata_storage::words::{QUERY_DEPTH_MAX, QUERY_WORDS_MAX, QueryTooLarge, Tokenizer, WORD_BYTES_MAX, WordQuery};

use crate::Result;
use crate::error::{EngineError, Refusal};

/// A word of a query and its position in the text it comes from.
type Placed = (String, u32);

/// All words of `text`.
///
/// # Errors
/// A query past its bounds.
pub(super) fn all(tokenizer: Tokenizer, text: &str) -> Result<WordQuery> {
    Ok(WordQuery::all(words(tokenizer, text, QUERY_WORDS_MAX)?.into_iter().map(|(word, _)| WordQuery::word(word))))
}

/// The words of `text` one after the other; with `prefix` each may go on.
///
/// # Errors
/// A query past its bounds.
pub(super) fn phrase(tokenizer: Tokenizer, text: &str, prefix: bool) -> Result<WordQuery> {
    let mut before = 0;
    let mut query = WordQuery::Empty;
    for (word, position) in words(tokenizer, text, QUERY_DEPTH_MAX + 1)? {
        query = WordQuery::phrase(query, WordQuery::Word { word, prefix }, position - before);
        before = position;
    }
    Ok(query)
}

/// At most `words_max` words. Of those at one position the longest is enough: where it is found, so are its parts.
fn words(tokenizer: Tokenizer, text: &str, words_max: usize) -> Result<Vec<Placed>> {
    let mut words: Vec<Placed> = Vec::new();
    let mut count = 0_usize;
    tokenizer.split(text, |word, _, position| match words.last_mut() {
        Some((longest, before)) if *before == position => {
            if word.len() > longest.len() {
                word.clone_into(longest);
            }
        }
        _ => {
            count += 1;
            if count <= words_max {
                words.push((word.to_owned(), position));
            }
        }
    });
    if count > words_max {
        return Err(too_large(QueryTooLarge { what: "words", max: words_max }));
    }
    words.iter().try_for_each(|(word, _)| check_length(word))?;
    Ok(words)
}

/// A word that is longer than a query may have.
pub(super) fn check_length(word: &str) -> Result<()> {
    if word.len() <= WORD_BYTES_MAX {
        return Ok(());
    }
    Err(EngineError::Refused {
        reason: Refusal::LimitExceeded,
        message: format!("word is too long in tsquery ({} bytes, max {WORD_BYTES_MAX} bytes)", word.len()),
        hint: None,
    })
}

pub(super) fn too_large(error: QueryTooLarge) -> EngineError {
    EngineError::Refused {
        reason: Refusal::LimitExceeded,
        message: error.to_string(),
        hint: Some("Ask for fewer words at once.".into()),
    }
}
