//! `websearch_to_tsquery`: what people type into a search box. There are no errors but those of size.
//!
//! ```text
//! disk full "lease renewal failed" -debug or timeout
//! ```
//! Words are all wanted; `"..."` is a phrase; `-` before a word or a phrase excludes it; `or` between two means either. All other
//! punctuation means nothing, and a quote that is not closed is none.

use strata_storage::words::{Tokenizer, WordQuery};

use super::operand::{phrase, too_large};
use crate::Result;

/// Reads `text`.
///
/// # Errors
/// A query past its bounds.
pub(super) fn parse(tokenizer: Tokenizer, text: &str) -> Result<WordQuery> {
    let mut either = Vec::new();
    let mut all = Vec::new();
    let mut excluded = false;
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        if letter == '-' && !excluded {
            rest = &rest[1..];
            excluded = rest.starts_with(|next: char| !next.is_whitespace());
            continue;
        }
        if letter.is_whitespace() {
            rest = rest.trim_start();
            continue;
        }
        if !all.is_empty() && !excluded && is_or(rest) {
            either.push(WordQuery::all(all.drain(..)));
            rest = &rest[2..];
            continue;
        }
        let quoted = rest.strip_prefix('"').and_then(|rest| rest.split_once('"'));
        let (operand, after) = match quoted {
            Some(quoted) => quoted,
            None => {
                let word = rest.strip_prefix('"').unwrap_or(rest);
                word.split_at(word.find(|next: char| next.is_whitespace() || next == '"').unwrap_or(word.len()))
            }
        };
        rest = after;
        let operand = phrase(tokenizer, operand, false)?;
        if operand != WordQuery::Empty {
            all.push(if excluded { WordQuery::not(operand) } else { operand });
        }
        excluded = false;
    }
    either.push(WordQuery::all(all));
    let query = WordQuery::any(either);
    query.check().map_err(too_large)?;
    Ok(query)
}

/// Whether `or` stands here as an operator: a whole word with something behind it.
fn is_or(rest: &str) -> bool {
    let Some((word, after)) = rest.split_at_checked(2) else { return false };
    word.eq_ignore_ascii_case("or")
        && !after.starts_with(|next: char| next.is_alphanumeric() || matches!(next, '-' | '_'))
        && !after.trim_start().is_empty()
}
