//! The write-ahead log: group commit, `fdatasync` before the ack.
//!
//! CONTRACT SKELETON: signatures are agreed between crates, bodies follow.

use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::RecordBatch;
use bytes::Bytes;

use crate::Result;
use crate::ids::{Offset, TopicId};
use crate::range_set::RangeSet;

/// Where a frame starts: file number, then byte. Positions of later frames are greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WalPosition {
    /// Number of the log file, counted up for ever.
    pub file: u64,
    /// Byte in it.
    pub byte: u64,
}

/// Records of one topic that are written together.
#[derive(Debug, Clone)]
pub struct Frame {
    /// The topic.
    pub topic: TopicId,
    /// Offset of the first record.
    pub base_offset: Offset,
    /// Records in it. 0 when only a producer's range is to be remembered.
    pub rows: u64,
    /// Time of receipt, one for the whole frame.
    pub ingested_at_us: i64,
    /// Sequence numbers that this frame settles, rejected lines included.
    pub producer: Option<(Arc<str>, RangeSet)>,
    /// The records: columns of `TopicSchema::stored()` found by field id. `None` when `rows` is 0.
    pub batch: Option<RecordBatch>,
    /// `batch` as Arrow IPC, made by [`encode_body`] before the log is entered, so that encoding runs in parallel.
    pub body: Bytes,
}

/// Called on the log's own thread for each group, in log order, after `fdatasync` and before the acks.
pub trait GroupSink: Send + Sync {
    /// Gives the frame its `base_offset`, just before it is written. Called in log order, so offsets are dense in it.
    fn number(&self, frame: &mut Frame);
    /// Makes the frames visible to queries. Must not block on the log.
    fn group_durable(&self, frames: Vec<(WalPosition, Frame)>);
    /// The frames were numbered (or only submitted) and did not get into the log: the disk is full, or the log is
    /// poisoned. No later frame was numbered yet, so their offsets are free again.
    fn group_refused(&self, frames: &[Frame]);
}

/// Tunables of the log.
#[derive(Debug, Clone)]
pub struct WalOptions {
    /// Size of a log file, preallocated.
    pub file_bytes: u64,
    /// A group is written when it has this many bytes ...
    pub group_bytes_max: usize,
    /// Bytes that may wait in the queue; [`Wal::admit`] waits beyond.
    pub queue_bytes_max: usize,
    /// Free space on disk below which new writes are refused.
    pub free_bytes_min: u64,
}

/// The `sys.wal` row of a file.
#[derive(Debug, Clone)]
pub struct WalFileInfo {
    /// Path relative to the data folder.
    pub file: PathBuf,
    /// File number, the first part of a [`WalPosition`].
    pub number: u64,
    /// Epoch of the server start that wrote it.
    pub epoch: u64,
    /// Bytes used (not preallocated).
    pub bytes: u64,
    /// First group in it.
    pub first_group: Option<u64>,
    /// Last group in it.
    pub last_group: Option<u64>,
}

/// What recovery saw.
#[derive(Debug, Clone, Default)]
pub struct RecoverySummary {
    /// Frames handed to the caller.
    pub frames: u64,
    /// Rows in them.
    pub rows: u64,
    /// Bytes of the torn last group that were cut, 0 after a clean stop.
    pub torn_bytes: u64,
}

/// Arrow IPC stream with lz4 buffers, dictionaries included.
///
/// # Errors
/// Arrow's, which would be a defect.
pub fn encode_body(_batch: &RecordBatch) -> Result<Bytes> {
    Err(crate::StorageError::Internal("skeleton".into()))
}

/// The log. SKELETON: replaced by the real one.
#[derive(Debug)]
pub struct Wal {}

/// Room in the queue.
#[derive(Debug)]
pub struct Admission {}

/// Resolves when the transaction is durable and visible.
pub type Ticket = futures::future::BoxFuture<'static, Result<()>>;

#[allow(missing_docs)]
impl Wal {
    pub async fn admit(&self, _bytes: usize) -> Result<Admission> {
        Err(crate::StorageError::Internal("skeleton".into()))
    }
    pub fn submit(&self, _transaction: Vec<Frame>, _admission: Admission) -> Result<Ticket> {
        Err(crate::StorageError::Internal("skeleton".into()))
    }
    pub fn trim(&self, _oldest_needed: Option<WalPosition>) {}
    pub fn files(&self) -> Vec<WalFileInfo> {
        Vec::new()
    }
    pub fn bytes(&self) -> u64 {
        0
    }
    pub fn poisoned(&self) -> Option<String> {
        None
    }
    pub fn close(&self) {}
}
