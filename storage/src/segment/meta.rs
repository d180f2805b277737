//! What is known about a segment without reading its rows.
//!
//! The same facts lie in the segment's own footer and in the catalog, so that the catalog can be rebuilt from the files.
//!
//! **Invariant:** a fact here never says less than the rows do: bounds are wide enough, counts are exact.

use serde::{Deserialize, Serialize};

use crate::ids::{ColumnId, Offset, SegmentId, TopicId};
use crate::range_set::RangeSet;
use crate::schema::TopicSchema;
use crate::{Result, StorageError};

/// Fields of `attrs` that are listed in [`SegmentMeta::fields`] at most.
pub const FIELDS_MAX: usize = 10_000;

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

impl SegmentMeta {
    /// The value of the footer key: everything but what follows from the file.
    ///
    /// # Errors
    /// [`StorageError::Internal`] if it cannot be written as JSON.
    pub(super) fn to_footer(&self) -> Result<String> {
        let failed = |error: serde_json::Error| StorageError::Internal(format!("footer cannot be written: {error}"));
        let mut value = serde_json::to_value(self).map_err(failed)?;
        if let Some(object) = value.as_object_mut() {
            object.retain(|key, _| !matches!(key.as_str(), "id" | "location" | "bytes"));
        }
        serde_json::to_string(&value).map_err(failed)
    }

    /// Back from [`SegmentMeta::to_footer`].
    ///
    /// # Errors
    /// A reason in words, when the text is something else.
    pub(super) fn from_footer(text: &str, id: SegmentId, bytes: u64, location: &str) -> Result<Self, String> {
        let mut value: serde_json::Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let object = value.as_object_mut().ok_or("the footer's facts are no object")?;
        object.insert("id".to_owned(), id.to_string().into());
        object.insert("bytes".to_owned(), bytes.into());
        object.insert("location".to_owned(), location.into());
        serde_json::from_value(value).map_err(|error| error.to_string())
    }
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
    /// Floating point; never NaN. Text in JSON, which knows no infinity and whose numbers may be read back as a neighbour.
    Float(#[serde(with = "float_text")] f64),
    /// Text.
    Text(String),
}

/// A number as the shortest text that reads back as the same.
mod float_text {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(value: &f64, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(value)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(from)?;
        text.parse().map_err(|_| D::Error::custom(format!("\"{text}\" is no number")))
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_survive_json() {
        let floats = [f64::INFINITY, f64::NEG_INFINITY, f64::MIN_POSITIVE, 0.1 + 0.2, -0.0, 9.869_418_603_491_563e-300];
        for bound in floats.map(Bound::Float).into_iter().chain([Bound::Int(i64::MIN), Bound::Text("云".to_owned())]) {
            let text = serde_json::to_string(&bound).unwrap();
            assert_eq!(serde_json::from_str::<Bound>(&text).unwrap(), bound, "{text}");
            let value = serde_json::to_value(&bound).unwrap();
            assert_eq!(serde_json::from_value::<Bound>(value).unwrap(), bound, "{text}");
        }
    }
}
