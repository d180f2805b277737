//! Sealed segments: Parquet files that describe themselves.
//!
//! CONTRACT SKELETON: types are agreed between crates, behaviour follows.

use serde::{Deserialize, Serialize};

use crate::ids::{ColumnId, Offset, SegmentId, TopicId};
use crate::range_set::RangeSet;
use crate::schema::TopicSchema;

/// How a segment came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SegmentState {
    /// From a buffer.
    Sealed,
    /// From other segments.
    Merged,
}

/// Everything about a sealed segment but its rows. Kept in the segment's own footer (as JSON, key `strata.segment`,
/// without `id`, `bytes` and `location`, which follow from the file) and in the catalog.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SegmentMeta {
    /// Identity: hash of the file.
    pub id: SegmentId,
    /// The topic.
    pub topic: TopicId,
    /// How it came to be.
    pub state: SegmentState,
    /// Path in the object store: `segments/<topic>/<first offset, 20 digits>-<id>.parquet`.
    pub location: String,
    /// Bytes of the file.
    pub bytes: u64,
    /// Rows, which is `last_offset - first_offset + 1`.
    pub rows: u64,
    /// First offset in it.
    pub first_offset: Offset,
    /// Last offset in it.
    pub last_offset: Offset,
    /// Bounds of the time column in microseconds; `None` if it is NULL in every row.
    pub ts_bounds_us: Option<(i64, i64)>,
    /// Bounds of `_ingested_at` in microseconds.
    pub ingested_bounds_us: (i64, i64),
    /// When it was sealed, microseconds.
    pub created_at_us: i64,
    /// Who wrote it: node id and epoch.
    pub writer: String,
    /// Schema when it was sealed.
    pub schema: TopicSchema,
    /// Per column facts, one entry a stored column.
    pub columns: Vec<ColumnSummary>,
    /// Fields of `attrs`, most frequent first, at most `FIELDS_MAX`.
    pub fields: Vec<FieldSummary>,
    /// Sequence numbers of producers whose records lie here.
    pub producers: Vec<(String, RangeSet)>,
    /// The topic's definition for `strata rebuild-catalog`; opaque here.
    pub topic_definition: String,
}

/// Facts about one column of a segment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnSummary {
    /// The column.
    pub id: ColumnId,
    /// NULLs in it.
    pub nulls: u64,
    /// Compressed bytes of it in the file.
    pub bytes: u64,
    /// Smallest and largest value; texts are cut to 64 bytes, the maximum then rounded up. `None` if unknown.
    pub bounds: Option<(Bound, Bound)>,
}

/// A bound that can be compared and written as JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// Integers, booleans (0, 1), dates, times and timestamps in the column's logical unit.
    Int(i64),
    /// Floating point; never NaN.
    Float(f64),
    /// Text.
    Text(String),
}

/// One path of `attrs` in a segment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FieldSummary {
    /// Keys from the outside in.
    pub path: Vec<String>,
    /// JSON types seen: `string`, `number`, `boolean`, `null`, `object`, `array`.
    pub types: Vec<String>,
    /// Rows that have it.
    pub rows: u64,
    /// Whether it is a column of the segment's own.
    pub stored_as_column: bool,
}
