//! Bytes: the write-ahead log, memory buffers, sealed segments, their indexes and caches.
//!
//! Storage knows topics only as numbers. It never sees a topic's name, a role, a user or SQL; what it must keep for
//! others (a topic's definition in a segment's footer) it keeps as opaque text.
//!
//! **Invariant:** nothing is acknowledged before `fdatasync` returned for it, and a sealed segment never changes.

pub mod cache;
pub mod clock;
pub mod disk;
pub mod error;
pub mod folder_lock;
pub mod ids;
pub mod index;
pub mod json;
pub mod memory;
pub mod range_set;
pub mod received;
pub mod schema;
pub mod segment;
pub mod wal;
pub mod words;

pub use error::{ErrorKind, StorageError};
pub use ids::{ColumnId, Offset, SegmentId, TopicId};
pub use range_set::RangeSet;
pub use received::Received;

/// What every fallible function of this crate returns.
pub type Result<T, E = StorageError> = std::result::Result<T, E>;
