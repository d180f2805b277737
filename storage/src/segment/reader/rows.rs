//! A few rows of several columns.
//!
//! ```text
//! rows × columns ─┬─ chunk or block in the read cache ──▶ picked from it
//!                 └─ else ─▶ blocks that hold them, of all columns in one request, decoded by one task ─▶ read cache
//! ```
//!
//! A page must be decompressed for one row of it as for all, so whole blocks are decoded and kept: who asks for the newest
//! rows asks again. Of columns with long texts only the rows themselves are decoded, and not kept.

use std::ops::Range;

use arrow::array::{Array, ArrayRef, UInt32Array, new_empty_array};
use arrow::compute::{interleave, take};

use super::SegmentReader;
use super::blocks::block_of;
use crate::Result;
use crate::segment::BLOCK_ROWS;

/// The rows of one column, as far as the cache has them.
struct Picked {
    stored: usize,
    /// Arrays that hold the values.
    pieces: Vec<ArrayRef>,
    /// Piece and position in it, one a row.
    places: Vec<(usize, usize)>,
    /// What is to be decoded.
    missing: Vec<Missing>,
}

/// Rows that become one piece.
struct Missing {
    /// Rows of the segment.
    rows: Range<u32>,
    /// Those of the wanted rows that are among them, as positions.
    at: Range<usize>,
}

impl SegmentReader {
    /// Rows of columns of the file in their physical types.
    ///
    /// # Errors
    /// [`StorageError::CorruptSegment`](crate::StorageError::CorruptSegment),
    /// [`StorageError::MissingSegment`](crate::StorageError::MissingSegment), or the store's.
    pub(super) async fn stored_rows(&self, stored: &[usize], rows: &[u32]) -> Result<Vec<ArrayRef>> {
        let mut columns: Vec<Picked> = stored.iter().map(|stored| self.picked(*stored, rows)).collect();
        let mut decodings = Vec::new();
        for column in columns.iter().filter(|column| !column.missing.is_empty()) {
            let ranges: Vec<Range<u32>> = column.missing.iter().map(|missing| missing.rows.clone()).collect();
            let batch = if self.keeps_blocks(column.stored) { BLOCK_ROWS } else { rows.len() };
            decodings.push(self.decoding(column.stored, ranges, batch).await?);
        }
        let missing = columns.iter_mut().filter(|column| !column.missing.is_empty());
        for (column, decoded) in missing.zip(self.decode_all(decodings).await?) {
            self.fill(column, &decoded, rows)?;
        }
        columns.into_iter().map(|column| self.assembled(column)).collect()
    }

    fn picked(&self, stored: usize, rows: &[u32]) -> Picked {
        let keeps_blocks = self.keeps_blocks(stored);
        let mut picked = Picked { stored, pieces: Vec::new(), places: Vec::with_capacity(rows.len()), missing: Vec::new() };
        for group in rows.chunk_by(|a, b| block_of(*a) == block_of(*b)) {
            let block = block_of(group[0]);
            let start = picked.places.len();
            if let Some((array, first_row)) = self.covering(stored, block) {
                let piece = picked.pieces.len();
                picked.places.extend(group.iter().map(|row| (piece, (row - first_row) as usize)));
                picked.pieces.push(array);
                continue;
            }
            picked.places.resize(start + group.len(), (usize::MAX, 0));
            if keeps_blocks {
                picked.missing.push(Missing { rows: self.block_rows(block), at: start..start + group.len() });
                continue;
            }
            let mut at = start;
            for run in group.chunk_by(|a, b| a + 1 == *b) {
                picked.missing.push(Missing { rows: run[0]..run[run.len() - 1] + 1, at: at..at + run.len() });
                at += run.len();
            }
        }
        picked
    }

    /// Puts what was decoded in its places, and blocks into the cache.
    fn fill(&self, column: &mut Picked, decoded: &[ArrayRef], rows: &[u32]) -> Result<()> {
        let keeps_blocks = self.keeps_blocks(column.stored);
        let (mut array, mut start) = (0, 0);
        for Missing { rows: of_piece, at } in std::mem::take(&mut column.missing) {
            let piece = decoded.get(array).filter(|array| start + of_piece.len() <= array.len());
            let piece = piece.ok_or_else(|| self.corrupt(format!("rows of column {} are missing", column.stored)))?;
            let piece = piece.slice(start, of_piece.len());
            start += of_piece.len();
            if start == decoded[array].len() {
                (array, start) = (array + 1, 0);
            }
            for place in at {
                column.places[place] = (column.pieces.len(), (rows[place] - of_piece.start) as usize);
            }
            if keeps_blocks {
                self.keep_block(column.stored, block_of(of_piece.start), &piece);
            }
            column.pieces.push(piece);
        }
        Ok(())
    }

    fn assembled(&self, column: Picked) -> Result<ArrayRef> {
        match column.pieces.as_slice() {
            [] => Ok(new_empty_array(&self.physical_type(column.stored))),
            [piece] => {
                let places = column.places.iter().map(|(_, at)| *at as u32);
                Ok(take(piece, &UInt32Array::from_iter_values(places), None)?)
            }
            pieces => Ok(interleave(&pieces.iter().map(AsRef::as_ref).collect::<Vec<_>>(), &column.places)?),
        }
    }
}
