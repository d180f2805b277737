//! Topics in memory: definition, segments, buffer; and the snapshot that a query reads.

use std::sync::Arc;

use arrow::array::RecordBatch;
use strata_catalog::Topic;
use strata_storage::segment::SegmentMeta;
use strata_storage::{Offset, wal::WalPosition};

/// A batch that is durable in the log and not yet sealed.
#[derive(Debug)]
pub struct BufferedBatch {
    /// Offset of its first record.
    pub base_offset: Offset,
    /// Time of receipt of all its records.
    pub ingested_at_us: i64,
    /// The records. Columns by id, physical types loose: see `strata_storage::schema`.
    pub batch: RecordBatch,
    /// Its frame in the log.
    pub position: WalPosition,
    /// Bytes of memory it holds.
    pub bytes: usize,
}

/// One topic as one query sees it: sealed segments in offset order, then buffered batches in offset order. Dense from
/// `first_offset` to `next_offset`.
#[derive(Debug, Clone)]
pub struct TopicSnapshot {
    /// The definition.
    pub topic: Arc<Topic>,
    /// Sealed segments in offset order.
    pub segments: Arc<Vec<Arc<SegmentMeta>>>,
    /// Durable records that are not sealed yet, in offset order.
    pub buffer: Vec<Arc<BufferedBatch>>,
    /// Offset of the next record to come.
    pub next_offset: Offset,
}
