//! What was fetched of a file, as Parquet's readers want a file: with holes that they must not look into.

use std::io::{Cursor, Read};
use std::sync::Arc;

use bytes::Bytes;
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};

/// A file of which only some pieces are known.
#[derive(Debug)]
pub struct HoledFile {
    /// Position and bytes, ascending.
    pub pieces: Vec<(u64, Bytes)>,
}

impl HoledFile {
    /// The bytes from `start` to the end of their piece.
    pub fn from(&self, start: u64) -> Option<Bytes> {
        let after = self.pieces.partition_point(|(at, _)| *at <= start);
        let (at, bytes) = self.pieces.get(after.checked_sub(1)?)?;
        let skip = usize::try_from(start - at).ok()?;
        (skip <= bytes.len()).then(|| bytes.slice(skip..))
    }

    /// `length` bytes from `start` on.
    pub fn piece(&self, start: u64, length: usize) -> Option<Bytes> {
        self.from(start).filter(|bytes| bytes.len() >= length).map(|bytes| bytes.slice(..length))
    }
}

/// [`HoledFile`] as Parquet's reader wants it.
#[derive(Debug, Clone)]
pub struct Holes(pub Arc<HoledFile>);

impl Length for Holes {
    fn len(&self) -> u64 {
        // Longer than any file, because only what was fetched can be read.
        u64::MAX
    }
}

impl ChunkReader for Holes {
    type T = Box<dyn Read + Send>;

    fn get_read(&self, start: u64) -> parquet::errors::Result<Self::T> {
        let bytes = self.0.from(start).ok_or_else(|| hole(start))?;
        Ok(Box::new(Cursor::new(bytes)))
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<Bytes> {
        self.0.piece(start, length).ok_or_else(|| hole(start))
    }
}

fn hole(start: u64) -> ParquetError {
    ParquetError::General(format!("byte {start} was not fetched"))
}
