//! Topics in memory: definition, segments, buffer; and the snapshot that a query reads.
//!
//! ```text
//!   log thread ──durable──▶ buffer ──seal──▶ segments          both inside one lock per topic,
//!                             │                  │             so a snapshot never sees a record
//!                             └──── snapshot ────┘             twice or not at all
//! ```
//!
//! **Invariant:** from `first_offset` to `next_offset` every offset lies in exactly one segment or buffered batch.

mod buffer;
mod definition;
mod producers;
mod registry;
mod retired;
mod state;

use std::sync::Arc;

use strata_catalog::Topic;
use strata_storage::segment::SegmentMeta;
use strata_storage::wal::WalPosition;
use strata_storage::{Offset, Received};

pub(crate) use producers::Overlap as SequenceOverlap;
pub use producers::SettledProducer;
pub use registry::Topics;
pub use state::TopicState;
pub(crate) use state::{SealClaim, Turn};

/// A batch that is durable in the log and not yet sealed.
#[derive(Debug, Clone)]
pub struct BufferedBatch {
    /// Offset of its first record.
    pub base_offset: Offset,
    /// The records with their times of receipt. Columns by id, physical types loose: see `strata_storage::schema`.
    pub records: Received,
    /// Its frame in the log, the oldest if it was put together from several.
    pub position: WalPosition,
    /// Bytes of memory it holds.
    pub bytes: usize,
}

impl BufferedBatch {
    /// Records from `base_offset` on, whose oldest frame is at `position`.
    pub fn new(base_offset: Offset, records: Received, position: WalPosition) -> Self {
        let bytes = records.bytes();
        Self { base_offset, records, position, bytes }
    }

    /// Offset after its last record.
    pub fn end_offset(&self) -> Offset {
        self.base_offset + self.rows()
    }

    /// Records in it.
    #[allow(clippy::cast_possible_wrap, reason = "a batch in memory has fewer than 2^63 rows")]
    pub fn rows(&self) -> Offset {
        self.records.rows() as Offset
    }
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

impl TopicSnapshot {
    /// Records in it.
    pub fn rows(&self) -> u64 {
        let sealed: u64 = self.segments.iter().map(|segment| segment.rows).sum();
        sealed + self.buffer.iter().map(|batch| batch.records.rows() as u64).sum::<u64>()
    }

    /// Offset of its oldest record, or of the next one to come if there is none.
    pub fn first_offset(&self) -> Offset {
        let sealed = self.segments.first().map(|segment| segment.first_offset);
        sealed.or_else(|| self.buffer.first().map(|batch| batch.base_offset)).unwrap_or(self.next_offset)
    }
}
