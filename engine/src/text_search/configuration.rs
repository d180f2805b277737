//! Text search configurations: what PostgreSQL's functions take as an optional first argument names a tokenizer here.

use strata_storage::words::Tokenizer;

use crate::Result;
use crate::error::{EngineError, ObjectClass};

/// The tokenizer of a configuration.
///
/// # Errors
/// A name that no tokenizer has, such as PostgreSQL's `english`.
pub(super) fn tokenizer(name: &str) -> Result<Tokenizer> {
    let bare = name.strip_prefix("pg_catalog.").unwrap_or(name);
    Tokenizer::of_name(bare).ok_or_else(|| EngineError::Undefined {
        what: ObjectClass::TextSearchConfiguration,
        name: name.to_owned(),
        hint: Some(format!("There are {}; words are not stemmed.", Tokenizer::ALL.map(Tokenizer::name).join(", "))),
    })
}
