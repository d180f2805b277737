//! Sealed segments: Parquet files that describe themselves.
//!
//! ```text
//! SealJob (batches of a buffer) ─┐                                   ┌─ chunk(): decoded arrays, cached
//!                                ├─ sort ─ encode ─ write ─ segment ─┤
//! MergeJob (older segments) ─────┘                                   └─ rows_of(): a few rows, pages only
//! ```
//!
//! The layout of the file is drawn in `docs/formats/segment.md`. Any Parquet reader can read it as it lies; what Strata
//! adds (checksums, which physical form a column has) lies in the footer's key-value pairs.
//!
//! **Invariant:** a segment never changes once its name is visible, and no bit of it is believed before its checksum was
//! compared.

mod attrs;
mod bounds;
mod build;
mod building;
mod file;
mod footer;
mod job;
mod layout;
mod logical;
mod merge;
mod meta;
mod native;
mod order;
mod pages;
mod reader;
mod sample;
mod seal;
mod store;
#[cfg(test)]
mod tests;
mod text;
mod write;

pub use bounds::BlockBounds;
pub use file::id_in as id_of_location;
pub(crate) use file::{INDEX_SUFFIX, SUFFIX as SEGMENT_SUFFIX, SegmentFiles};
pub use job::{MergeJob, SealBatch, SealJob};
pub use layout::{Content, FieldKind, Form};
pub(crate) use logical::hex_value;
pub use logical::to_logical;
pub use meta::{Bound, ColumnSummary, FIELDS_MAX, FieldSummary, SegmentMeta, SegmentState};
pub use reader::{ColumnRef, Probed, SegmentReader};
pub use store::{SegmentOptions, SegmentStore};

/// Rows of a Parquet page, and of one entry of [`BlockBounds`].
pub const BLOCK_ROWS: usize = 8192;

/// Rows of one decoded array in the read cache. A multiple of [`BLOCK_ROWS`].
pub const CHUNK_ROWS: usize = 65_536;
