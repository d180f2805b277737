//! Indexes: files beside a segment that tell, without reading the column, which of its rows may match.
//!
//! ```text
//! building:  SealJob, MergeJob ─ pieces of the column in segment order ─▶ IndexBuilder ─▶ sections ─▶ file
//! asking:    Question ─▶ Index::probe ─▶ Answer: rows that may match, and whether these are exactly the rows that do
//! ```
//!
//! One folder a method, behind [`IndexMethod`]; [`METHODS`] lists them. A file's name says of which segment, column, method
//! and options it is, and a segment never changes, so an index is never stale and no catalog needs to know of it. The
//! layout of the file is drawn in `docs/formats/index.md`.
//!
//! **Invariant:** an index only prunes. Missing, unfinished or damaged, it changes the time of a query and nothing else.

mod answer;
mod bits;
mod bloom;
mod file;
mod fingerprints;
mod inverted;
mod question;
mod registry;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::ids::ColumnId;

pub use answer::{Answer, Rows};
pub use bloom::Bloom;
pub use file::{IndexFile, IndexParts};
pub use inverted::Inverted;
pub use question::{Literal, Question};
pub use registry::{IndexCounts, IndexRegistry, IndexState};

pub(crate) use file::{IndexName, assemble};

/// Every method that has files, by name.
pub const METHODS: &[&dyn IndexMethod] = &[&Bloom, &Inverted];

/// Options of `WITH (...)`.
pub type IndexOptions = BTreeMap<String, String>;

/// What is indexed, and how.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct IndexSpec {
    /// The column.
    pub column: ColumnId,
    /// Name of a method.
    pub method: String,
    /// Its options.
    pub options: IndexOptions,
}

impl IndexSpec {
    /// Its method; `None` for one that has no files, or is not known to this version.
    pub fn method(&self) -> Option<&'static dyn IndexMethod> {
        method(&self.method)
    }
}

/// The method of this name.
pub fn method(name: &str) -> Option<&'static dyn IndexMethod> {
    METHODS.iter().find(|method| method.name() == name).copied()
}

/// A way of indexing.
pub trait IndexMethod: Send + Sync + Debug {
    /// As in `USING ...`.
    fn name(&self) -> &'static str;

    /// The options that it knows, each with the values it takes.
    fn options(&self) -> &'static [(&'static str, &'static [&'static str])];

    /// Whether columns of this type can have one.
    fn takes(&self, data_type: &DataType) -> bool;

    /// Begins an index over `rows` rows.
    fn builder(&self, options: &IndexOptions, rows: usize) -> Box<dyn IndexBuilder>;

    /// Makes sense of a file.
    ///
    /// # Errors
    /// [`crate::StorageError::BrokenIndex`] if the file holds something else.
    fn open(&self, options: &IndexOptions, file: Arc<IndexFile>) -> Result<Arc<dyn Index>>;
}

/// An index while its segment is made.
pub trait IndexBuilder: Send + Debug {
    /// Adds rows in segment order, in the physical type of [`crate::segment::SegmentReader::chunk`]. Every piece but the
    /// last has [`crate::segment::CHUNK_ROWS`] rows.
    fn add(&mut self, piece: &ArrayRef);

    /// Bytes of memory that it holds.
    fn bytes(&self) -> usize;

    /// The file's content.
    fn finish(self: Box<Self>) -> Result<IndexParts>;
}

/// An index that is open.
#[async_trait]
pub trait Index: Send + Sync + Debug {
    /// The rows that may be the answer to a question.
    ///
    /// # Errors
    /// [`crate::StorageError::BrokenIndex`] or the store's; the caller goes on without the index.
    async fn probe(&self, question: &Question) -> Result<Answer>;

    /// Begins to read what a question needs that is soon to be asked. Does not wait, and may do nothing.
    fn will_probe(&self, _question: &Question) {}

    /// Reads what most questions need.
    ///
    /// # Errors
    /// As for [`Index::probe`].
    async fn warm_up(&self) -> Result<()> {
        Ok(())
    }

    /// How many rows are the answer to a question, if the index knows without looking at rows.
    ///
    /// # Errors
    /// As for [`Index::probe`].
    async fn count(&self, _question: &Question) -> Result<Option<u64>> {
        Ok(None)
    }

    /// The family of each row of a chunk, for [`Rows::Families`].
    ///
    /// # Errors
    /// As for [`Index::probe`].
    async fn families(&self, chunk: usize) -> Result<ArrayRef>;
}
