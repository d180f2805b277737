//! Orders to make a segment.

use std::sync::Arc;

use super::meta::SegmentMeta;
use crate::ids::{Offset, TopicId};
use crate::index::IndexSpec;
use crate::range_set::RangeSet;
use crate::received::Received;
use crate::schema::TopicSchema;

/// Records of a buffer that become a segment.
#[derive(Debug, Clone)]
pub struct SealJob {
    /// Their topic.
    pub topic: TopicId,
    /// The topic's schema now. Columns that it does not have are left out, columns that a batch does not have are NULL.
    pub schema: TopicSchema,
    /// The records: dense in offsets, in their order, at least one row.
    pub batches: Vec<SealBatch>,
    /// Node id and epoch.
    pub writer: String,
    /// Sequence numbers of producers that these records settle.
    pub producers: Vec<(String, RangeSet)>,
    /// The topic's definition, kept for rebuilding the catalog.
    pub topic_definition: String,
    /// Indexes to build beside it.
    pub indexes: Vec<IndexSpec>,
    /// Now, microseconds.
    pub created_at_us: i64,
}

/// Records of a buffer without a gap.
#[derive(Debug, Clone)]
pub struct SealBatch {
    /// Offset of the first row; the others follow without gaps.
    pub base_offset: Offset,
    /// The rows with their times of receipt. Columns are named by the field id in their metadata and may have any physical
    /// type of their logical type.
    pub records: Received,
}

/// Segments that become one.
#[derive(Debug, Clone)]
pub struct MergeJob {
    /// Neighbours in offset order, at least one.
    pub segments: Vec<Arc<SegmentMeta>>,
    /// The topic's schema now. Dropped columns vanish, new ones are NULL.
    pub schema: TopicSchema,
    /// The topic's definition, kept for rebuilding the catalog.
    pub topic_definition: String,
    /// Indexes to build beside it.
    pub indexes: Vec<IndexSpec>,
    /// Node id and epoch.
    pub writer: String,
    /// Now, microseconds.
    pub created_at_us: i64,
}
