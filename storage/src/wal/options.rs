//! Tunables of the log.

use std::hash::{BuildHasher, Hasher, RandomState};

/// Tunables of the log, with bounds on everything that could grow.
#[derive(Debug, Clone)]
pub struct WalOptions {
    /// Size of a log file, preallocated, once there has been much to write. A single larger group gets a larger file.
    pub file_bytes: u64,
    /// Size of the first file after a start, and of the one that an idle log is left with. Each file after it is twice
    /// as large as the one before, up to `file_bytes`.
    pub file_bytes_min: u64,
    /// A group collects transactions up to this many bytes; a single larger transaction is a group of its own.
    pub group_bytes_max: usize,
    /// Bytes that may wait in the queue; [`Wal::admit`](super::Wal::admit) waits beyond.
    pub queue_bytes_max: usize,
    /// Free space on disk that a new log file must leave, else new writes are refused.
    pub free_bytes_min: u64,
    /// Seed of the files' salts, which keep records from passing for groups. Must not be guessable by clients.
    pub salt_seed: u64,
}

impl Default for WalOptions {
    fn default() -> Self {
        Self {
            file_bytes: 64 << 20,
            file_bytes_min: 1 << 20,
            group_bytes_max: 4 << 20,
            queue_bytes_max: 16 << 20,
            free_bytes_min: 256 << 20,
            // The standard library's per-process hash keys are the machine's randomness; tests set their own.
            salt_seed: RandomState::new().build_hasher().finish(),
        }
    }
}
