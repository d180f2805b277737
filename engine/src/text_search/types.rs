//! The types `tsquery`, `tsvector` and `regconfig`: text to Arrow, told apart by the field's metadata.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::sql::sqlparser::ast::DataType as SqlType;
use strata_storage::schema::{JSONB, SQL_TYPE};
use strata_storage::words::Tokenizer;

use super::configuration;

/// Value of [`SQL_TYPE`] for a query about words, as [`strata_storage::words::WordQuery`] shows it.
pub(super) const TSQUERY: &str = "tsquery";
/// Value of [`SQL_TYPE`] for the words of a text, as [`super::vector::WordVector`] shows them.
pub(super) const TSVECTOR: &str = "tsvector";
/// Field metadata key of the tokenizer that a statement named for a query.
const TOKENIZER: &str = "strata.tokenizer";

/// What a value is to full text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Text, or NULL, or a parameter whose type nobody said.
    Text,
    Query,
    Vector,
    Jsonb,
    Other,
}

impl Kind {
    pub(super) fn of(field: &Field) -> Self {
        match field.metadata().get(SQL_TYPE).map(String::as_str) {
            Some(TSQUERY) => Self::Query,
            Some(TSVECTOR) => Self::Vector,
            Some(JSONB) => Self::Jsonb,
            _ if is_text(field.data_type()) || field.data_type().is_null() => Self::Text,
            _ => Self::Other,
        }
    }
}

pub(super) fn is_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, value) => is_text(value),
        _ => false,
    }
}

/// A field of type `tsquery` or `tsvector`, with the tokenizer that was named for it.
pub(super) fn field(name: &str, sql_type: &str, tokenizer: Option<Tokenizer>) -> Field {
    let mut metadata = HashMap::from([(SQL_TYPE.to_owned(), sql_type.to_owned())]);
    metadata.extend(tokenizer.map(|tokenizer| (TOKENIZER.to_owned(), tokenizer.name().to_owned())));
    Field::new(name, DataType::Utf8View, true).with_metadata(metadata)
}

/// The tokenizer that was named for a query.
pub(super) fn tokenizer_of(field: &Field) -> Option<Tokenizer> {
    configuration::tokenizer(field.metadata().get(TOKENIZER)?).ok()
}

/// The type of a cast to one of these types.
pub(crate) fn cast_field(sql_type: &SqlType) -> Option<FieldRef> {
    match sql_type {
        SqlType::TsQuery => Some(Arc::new(field("", TSQUERY, None))),
        SqlType::TsVector => Some(Arc::new(field("", TSVECTOR, None))),
        SqlType::Custom(name, _) => {
            let name = name.to_string().to_ascii_lowercase();
            match name.strip_prefix("pg_catalog.").unwrap_or(&name) {
                TSQUERY => Some(Arc::new(field("", TSQUERY, None))),
                TSVECTOR => Some(Arc::new(field("", TSVECTOR, None))),
                // The functions check the name.
                "regconfig" => Some(Arc::new(Field::new("", DataType::Utf8View, true))),
                _ => None,
            }
        }
        _ => None,
    }
}
