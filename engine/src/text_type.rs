//! Types whose values are kept as text, each as the one text that PostgreSQL prints: `uuid`, `inet`, `cidr`.
//!
//! Equal values are equal texts, so scans, indexes and joins need not know of them. **Invariant:** whatever enters a column of such a
//! type, or is compared with one, went through [`TextType::canonical`]. Their order is that of texts, which for addresses is not
//! PostgreSQL's.

mod inet;
mod uuid;

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, StringViewBuilder};
use arrow::datatypes::Field;
use strata_storage::schema::SQL_TYPE;

use crate::Result;
use crate::error::{DataFault, EngineError};

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextType {
    /// 128 bits in hexadecimal digits.
    Uuid,
    /// An address, perhaps with the bits of its network.
    Inet,
    /// A network.
    Cidr,
}

impl TextType {
    /// The type of that name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Uuid, Self::Inet, Self::Cidr].into_iter().find(|known| known.name() == name)
    }

    /// The type of a field.
    pub fn of(field: &Field) -> Option<Self> {
        Self::named(field.metadata().get(SQL_TYPE)?)
    }

    /// PostgreSQL's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Uuid => "uuid",
            Self::Inet => "inet",
            Self::Cidr => "cidr",
        }
    }

    /// The text of a value that is written in any way that PostgreSQL reads; `None` for what is no value.
    pub fn canonical(self, text: &str) -> Option<String> {
        match self {
            Self::Uuid => uuid::canonical(text.trim()),
            Self::Inet => inet::address(text.trim()),
            Self::Cidr => inet::network(text.trim()),
        }
    }

    /// [`Self::canonical`] of what must be a value.
    ///
    /// # Errors
    /// Invalid text representation.
    pub fn parse(self, text: &str) -> Result<String> {
        self.canonical(text).ok_or_else(|| EngineError::Data {
            reason: DataFault::InvalidText,
            message: format!("invalid input syntax for type {}: \"{text}\"", self.name()),
            hint: None,
        })
    }

    /// All values of a `Utf8View` column in their canonical form.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub(crate) fn column(self, texts: &ArrayRef) -> Result<ArrayRef> {
        let mut canonical = StringViewBuilder::with_capacity(texts.len());
        for text in texts.as_string_view() {
            canonical.append_option(text.map(|text| self.parse(text)).transpose()?);
        }
        Ok(Arc::new(canonical.finish()))
    }
}
