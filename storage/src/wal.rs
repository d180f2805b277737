//! The write-ahead log: what makes an acknowledged record durable.
//!
//! ```text
//! clients ─ encode_body ─▶ admit ─▶ submit ─▶ queue ─▶ log thread: write group, fdatasync ─▶ sink ─▶ tickets
//!                          (waits)  (orders)                 ▲
//!                                       preparer thread: next file, allocated and synced ahead; removal of old ones
//! ```
//!
//! While a group is being synced the next one collects in the queue, so a group is as large as the disk is slow. One
//! unsynced group is in flight at a time; that is what lets recovery tell a torn tail from corruption. The format is
//! drawn in `docs/formats/wal.md`.
//!
//! **Invariant:** a ticket resolves to `Ok` only after `fdatasync` returned for its transaction and the sink has it; the
//! order of [`Wal::submit`] calls is the order of the log; what [`Wal::submit`] accepted has its place on disk reserved.

mod admission;
mod body;
mod body_decoder;
mod file;
mod frame;
mod group;
mod log;
mod options;
mod preparer;
mod recovery;
mod space;
mod state;
mod window;
mod writer;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::RecordBatch;
use bytes::Bytes;

use crate::ids::{Offset, TopicId};
use crate::range_set::RangeSet;

pub use admission::{Admission, Ticket};
pub use body::encode_body;
pub use body_decoder::BodyDecoder;
pub use file::FOLDER;
pub use log::Wal;
pub use options::WalOptions;

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
    /// Empty when `rows` is 0, and in frames that come out of the log.
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

/// The `sys.wal` row of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
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
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecoverySummary {
    /// Frames handed to the caller.
    pub frames: u64,
    /// Rows in them.
    pub rows: u64,
    /// Bytes of the torn last group that were cut, 0 after a clean stop.
    pub torn_bytes: u64,
    /// Highest epoch of any file, 0 if there is none. [`Wal::start`] wants a higher one.
    pub epoch: u64,
}
