//! What can go wrong below SQL.

use std::io;
use std::path::PathBuf;

use crate::ids::SegmentId;

/// What the caller can do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The disk or the configured space is full. Writing fails, reading goes on; free space and try again.
    Full,
    /// Memory is used up and nothing could be freed in time. Try again later or with less.
    OutOfMemory,
    /// Bytes on disk are not what was written. Report it; never guess.
    Corrupt,
    /// The log cannot promise durability any more. Restart from disk.
    Poisoned,
    /// Another process uses the folder.
    Locked,
    /// What was asked for is not there.
    NotFound,
    /// The operating system or the object store said no.
    Io,
    /// A defect of Strata.
    Internal,
}

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The disk has no room.
    #[error("no space left for {what}")]
    Full {
        /// What was being written.
        what: String,
    },
    /// The memory budget is used up.
    #[error("memory limit of {limit} bytes reached while {what} asked for {wanted} bytes")]
    OutOfMemory {
        /// Who asked.
        what: &'static str,
        /// Bytes asked for.
        wanted: usize,
        /// The budget in bytes.
        limit: usize,
    },
    /// A file of the log holds something that was never written.
    #[error("write-ahead log {file} is corrupt at byte {at}: {reason}")]
    CorruptLog {
        /// The file.
        file: PathBuf,
        /// Byte offset of the bad frame.
        at: u64,
        /// What does not fit.
        reason: String,
    },
    /// A segment holds something that was never written.
    #[error("segment {id} is corrupt: {reason}")]
    CorruptSegment {
        /// The segment.
        id: SegmentId,
        /// What does not fit.
        reason: String,
    },
    /// An index file holds something that was never written. Queries do without it.
    #[error("index file {location} is broken: {reason}")]
    BrokenIndex {
        /// Its path in the store.
        location: String,
        /// What does not fit.
        reason: String,
    },
    /// Files among the segments that are no segments any more.
    #[error("{} segment files cannot be read: {}", files.len(), names(files))]
    BrokenSegments {
        /// Path in the store and reason of each.
        files: Vec<(String, String)>,
    },
    /// A segment that the catalog lists is not in the store.
    #[error("segment file {location} is missing")]
    MissingSegment {
        /// Its path in the store.
        location: String,
    },
    /// An earlier write or sync failed, so nothing more may be acknowledged.
    #[error("the write-ahead log stopped after a failed write: {reason}")]
    Poisoned {
        /// The first failure.
        reason: String,
    },
    /// A second server, or a tool, on a folder in use.
    #[error("data folder {path} is in use by another process")]
    Locked {
        /// The folder.
        path: PathBuf,
    },
    /// The operating system said no.
    #[error("{what}: {source}")]
    Io {
        /// What was being done, and to which file.
        what: String,
        /// Why it failed.
        source: io::Error,
    },
    /// The object store said no.
    #[error("object store: {0}")]
    Store(#[from] object_store::Error),
    /// Arrow said no.
    #[error("arrow: {0}")]
    Arrow(#[from] arrow::error::ArrowError),
    /// Parquet said no.
    #[error("parquet: {0}")]
    Parquet(#[from] parquet::errors::ParquetError),
    /// A defect of Strata.
    #[error("internal error: {0}")]
    Internal(String),
}

fn names(files: &[(String, String)]) -> String {
    files.iter().map(|(location, reason)| format!("{location} ({reason})")).collect::<Vec<_>>().join(", ")
}

impl StorageError {
    /// Names the failed action. A full disk becomes [`StorageError::Full`].
    pub fn io(what: impl Into<String>, source: io::Error) -> Self {
        let what = what.into();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { what },
            _ => Self::Io { what, source },
        }
    }

    /// What the caller can do.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Full { .. } => ErrorKind::Full,
            Self::OutOfMemory { .. } => ErrorKind::OutOfMemory,
            Self::CorruptLog { .. } | Self::CorruptSegment { .. } | Self::BrokenSegments { .. } | Self::BrokenIndex { .. } => {
                ErrorKind::Corrupt
            }
            Self::MissingSegment { .. } => ErrorKind::NotFound,
            Self::Poisoned { .. } => ErrorKind::Poisoned,
            Self::Locked { .. } => ErrorKind::Locked,
            Self::Io { .. } | Self::Store(_) => ErrorKind::Io,
            Self::Arrow(_) | Self::Parquet(_) | Self::Internal(_) => ErrorKind::Internal,
        }
    }
}
