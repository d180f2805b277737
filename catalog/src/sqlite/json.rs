//! Nested values in text columns.

use rusqlite::types::ValueRef;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{CatalogError, Result};

/// Writes a value of the model.
pub(super) fn to_text(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| CatalogError::Corrupt { reason: format!("a value is no JSON: {error}") })
}

/// Reads a value of the model; names the row if that is not possible.
pub(super) fn from_text<T: DeserializeOwned>(table: &str, key: impl std::fmt::Display, text: ValueRef<'_>) -> Result<T> {
    let corrupt =
        |error: &dyn std::fmt::Display| CatalogError::Corrupt { reason: format!("row {key} of table {table}: {error}") };
    let text = text.as_bytes().map_err(|error| corrupt(&error))?;
    serde_json::from_slice(text).map_err(|error| corrupt(&error))
}
