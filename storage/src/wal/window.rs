//! Reads a log file in large pieces and hands out small ones.

use std::sync::Arc;

use crate::Result;
use crate::disk::DiskFile;

/// Bytes read at once, unless a single request is larger.
const PIECE_BYTES: usize = 8 << 20;

/// A file and the piece of it that is in memory.
#[derive(Debug)]
pub struct Window {
    file: Arc<dyn DiskFile>,
    len: u64,
    at: u64,
    bytes: Vec<u8>,
}

impl Window {
    /// A window on `file`, which must not change its length while it is read.
    pub fn on(file: Arc<dyn DiskFile>) -> Result<Self> {
        Ok(Self { len: file.len()?, file, at: 0, bytes: Vec::new() })
    }

    /// Length of the file in bytes.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Up to `wanted` bytes at `at`; fewer only at the end of the file.
    pub fn get(&mut self, at: u64, wanted: u64) -> Result<&[u8]> {
        let wanted = usize::try_from(self.len.saturating_sub(at).min(wanted)).unwrap_or(usize::MAX);
        let inside = at >= self.at && at + wanted as u64 <= self.at + self.bytes.len() as u64;
        if !inside {
            let piece = PIECE_BYTES.max(wanted).min((self.len.saturating_sub(at)) as usize);
            if self.bytes.capacity() > 4 * PIECE_BYTES {
                self.bytes = Vec::new();
            }
            self.bytes.resize(piece, 0);
            let read = self.file.read_at(at, &mut self.bytes)?;
            self.bytes.truncate(read);
            self.at = at;
        }
        let start = (at - self.at) as usize;
        Ok(&self.bytes[start..self.bytes.len().min(start + wanted)])
    }

    /// CRC-32C of `len` bytes at `at`, which must be in the file.
    pub fn checksum(&mut self, mut at: u64, len: u64) -> Result<u32> {
        let (end, mut checksum) = (at + len, 0);
        while at < end {
            let piece = self.get(at, (end - at).min(PIECE_BYTES as u64))?;
            if piece.is_empty() {
                break;
            }
            checksum = crc32c::crc32c_append(checksum, piece);
            at += piece.len() as u64;
        }
        Ok(checksum)
    }
}
