//! Some blocks of a column: what a scan reads where bounds and indexes leave little of a chunk that is not decoded yet.
//!
//! **Invariant:** a block in the read cache holds the same values as its part of the chunk.

use std::ops::Range;

use arrow::array::{Array, ArrayRef};

use super::{ColumnRef, SegmentReader, Source};
use crate::Result;
use crate::cache::CachedColumn;
use crate::segment::{BLOCK_ROWS, CHUNK_ROWS};

/// Blocks of more decoded bytes than this are not kept.
const KEPT_BYTES_MAX: u64 = 4 << 20;

/// Columns of more decoded bytes a row than this are wide.
const NARROW_BYTES_MAX: u64 = 12;

/// The block of a row.
pub(super) fn block_of(row: u32) -> u32 {
    row / BLOCK_ROWS as u32
}

/// The first row of a block.
pub(super) fn first_row_of(block: u32) -> u32 {
    block * BLOCK_ROWS as u32
}

impl SegmentReader {
    /// Blocks of a column, each in the physical type of [`SegmentReader::chunk`]. Those in the read cache are used, the
    /// others decoded and put there.
    ///
    /// # Errors
    /// [`StorageError::CorruptSegment`](crate::StorageError::CorruptSegment),
    /// [`StorageError::MissingSegment`](crate::StorageError::MissingSegment), or the store's.
    ///
    /// # Panics
    /// If there is no such block or the numbers do not ascend.
    pub async fn blocks(&self, column: &ColumnRef, blocks: &[u32]) -> Result<Vec<ArrayRef>> {
        assert!(blocks.is_sorted_by(|a, b| a < b), "blocks must ascend");
        assert!(blocks.last().is_none_or(|block| u64::from(first_row_of(*block)) < self.meta.rows), "no such block");
        let stored = self.columns_of(column);
        if stored.is_empty() {
            return blocks.iter().map(|block| self.null_chunk(column, self.block_rows(*block).len())).collect();
        }
        let parts = self.stored_blocks(&stored, blocks).await?;
        match self.source(column) {
            Source::Attrs(recipe, _) => (0..blocks.len())
                .map(|at| recipe.apply(&parts.iter().map(|blocks| blocks[at].clone()).collect::<Vec<_>>()))
                .collect(),
            _ => Ok(parts.into_iter().next().unwrap_or_default()),
        }
    }

    /// Blocks of columns of the file; one list a column.
    async fn stored_blocks(&self, stored: &[usize], blocks: &[u32]) -> Result<Vec<Vec<ArrayRef>>> {
        let known = |stored: usize, block: u32| {
            let (array, first_row) = self.covering(stored, block)?;
            let rows = self.block_rows(block);
            Some(array.slice((rows.start - first_row) as usize, rows.len()))
        };
        let mut columns: Vec<Vec<Option<ArrayRef>>> =
            stored.iter().map(|stored| blocks.iter().map(|block| known(*stored, *block)).collect()).collect();
        let mut decodings = Vec::new();
        for (stored, column) in stored.iter().zip(&columns).filter(|(_, column)| column.contains(&None)) {
            let missing = blocks.iter().zip(column).filter(|(_, array)| array.is_none());
            let rows = missing.map(|(block, _)| self.block_rows(*block)).collect();
            decodings.push(self.decoding(*stored, rows, BLOCK_ROWS).await?);
        }
        let incomplete = stored.iter().zip(&mut columns).filter(|(_, column)| column.contains(&None));
        for ((stored, column), decoded) in incomplete.zip(self.decode_all(decodings).await?) {
            let mut decoded = decoded.into_iter();
            for (block, array) in blocks.iter().zip(column.iter_mut()).filter(|(_, array)| array.is_none()) {
                let found = decoded.next().filter(|found| found.len() == self.block_rows(*block).len());
                let found = found.ok_or_else(|| self.corrupt(format!("block {block} of column {stored} is missing")))?;
                if self.keeps_blocks(*stored) {
                    self.keep_block(*stored, *block, &found);
                }
                *array = Some(found);
            }
        }
        Ok(columns.into_iter().map(|column| column.into_iter().flatten().collect()).collect())
    }

    /// Rows of a block.
    pub(super) fn block_rows(&self, block: u32) -> Range<u32> {
        first_row_of(block)..first_row_of(block + 1).min(self.rows() as u32)
    }

    /// Whether decoding a chunk of the column costs much more than asking for it, so that single blocks are worth reading.
    pub fn is_wide(&self, column: &ColumnRef) -> bool {
        self.decoded_bytes(column) as u64 > NARROW_BYTES_MAX * self.meta.rows
    }

    /// Whether blocks of a column are small enough to be kept.
    pub(super) fn keeps_blocks(&self, stored: usize) -> bool {
        let bytes = self.layout.columns[stored].decoded_bytes;
        bytes / self.meta.rows.max(1) * BLOCK_ROWS as u64 <= KEPT_BYTES_MAX
    }

    /// An array in the read cache that holds a block, and the row of the segment with which it begins.
    pub(super) fn covering(&self, stored: usize, block: u32) -> Option<(ArrayRef, u32)> {
        let chunk = first_row_of(block) as usize / CHUNK_ROWS;
        let of_chunk = (self.key(CachedColumn::Stored(stored as u32), chunk), (chunk * CHUNK_ROWS) as u32);
        let of_block = (self.key(CachedColumn::Block(stored as u32), block as usize), first_row_of(block));
        let cached = [of_chunk, of_block].into_iter().find(|(key, _)| self.cache.contains(key));
        cached.and_then(|(key, first_row)| Some((self.cache.get(&key)?, first_row)))
    }

    pub(super) fn keep_block(&self, stored: usize, block: u32, array: &ArrayRef) {
        self.cache.insert(self.key(CachedColumn::Block(stored as u32), block as usize), array.clone());
    }
}
