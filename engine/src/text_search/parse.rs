//! The text form of a `tsquery`, whose words are taken as they stand.

use strata_storage::words::WordQuery;

use super::grammar;
use super::operand::check_length;
use crate::Result;
use crate::error::{DataFault, EngineError};

/// Reads what [`WordQuery`] shows, or a user wrote as `'...'::tsquery`.
///
/// # Errors
/// Text that is no query, weights, a query past its bounds.
pub fn parse_canonical(text: &str) -> Result<WordQuery> {
    grammar::parse(text, &mut |word, prefix| {
        check_length(word)?;
        if word.is_empty() {
            return Err(EngineError::Data {
                reason: DataFault::InvalidTextQuery,
                message: format!("syntax error in tsquery: \"{text}\""),
                hint: Some("There is an empty word.".into()),
            });
        }
        Ok(WordQuery::Word { word: word.to_owned(), prefix })
    })
}
