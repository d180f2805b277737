//! A few rows of several columns.
//!
//! ```text
//! rows × columns ─┬─ chunk in the read cache ──▶ picked from it
//!                 └─ else ─▶ pages that hold them, of all columns in one request, decoded by one task
//! ```
//!
//! A request and a task are handed to other threads, which costs more than decoding a row; so there is one of each however
//! many columns are wanted.

use std::ops::Range;

use arrow::array::{Array, ArrayRef, UInt32Array, new_empty_array};
use arrow::compute::{interleave, take};

use super::SegmentReader;
use super::decoding::Decoding;
use crate::Result;
use crate::cache::CachedColumn;
use crate::segment::CHUNK_ROWS;
use crate::segment::file::blocking;

/// The rows of one column, as far as the cache has them.
struct Picked {
    stored: usize,
    /// Values of the rows of each cached chunk; the values of all other rows come last.
    pieces: Vec<ArrayRef>,
    /// Piece and position in it, one a row.
    places: Vec<(usize, usize)>,
    /// Rows that no cached chunk has.
    uncached: Vec<u32>,
}

impl SegmentReader {
    /// Rows of columns of the file in their physical types.
    ///
    /// # Errors
    /// [`StorageError::CorruptSegment`], [`StorageError::MissingSegment`], or the store's.
    pub(super) async fn stored_rows(&self, stored: &[usize], rows: &[u32]) -> Result<Vec<ArrayRef>> {
        let mut columns = stored.iter().map(|stored| self.picked(*stored, rows)).collect::<Result<Vec<_>>>()?;
        let mut decodings: Vec<Decoding> = Vec::new();
        for column in columns.iter().filter(|column| !column.uncached.is_empty()) {
            decodings.push(self.decoding(column.stored, runs(&column.uncached), column.uncached.len()).await?);
        }
        if !decodings.is_empty() {
            let ranges: Vec<Range<u64>> = decodings.iter().flat_map(Decoding::ranges).collect();
            let fetched = self.files.get_ranges(&self.meta.location, &ranges).await;
            let mut fetched = fetched.map_err(|error| self.unreadable(error))?.into_iter();
            let decoded = blocking(move || {
                let decode = |decoding: Decoding| {
                    let own = fetched.by_ref().take(decoding.ranges().len()).collect();
                    decoding.run(own)
                };
                decodings.into_iter().map(decode).collect::<Result<Vec<_>>>()
            });
            let missing = columns.iter_mut().filter(|column| !column.uncached.is_empty());
            for (column, mut decoded) in missing.zip(decoded.await?) {
                if decoded.len() != 1 || decoded[0].len() != column.uncached.len() {
                    return Err(self.corrupt(format!("rows of column {} are missing", column.stored)));
                }
                column.pieces.append(&mut decoded);
            }
        }
        columns.into_iter().map(|column| self.assembled(column)).collect()
    }

    fn picked(&self, stored: usize, rows: &[u32]) -> Result<Picked> {
        let (mut pieces, mut places) = (Vec::new(), Vec::with_capacity(rows.len()));
        let (mut uncached, mut uncached_at): (Vec<u32>, Vec<Range<usize>>) = (Vec::new(), Vec::new());
        for group in rows.chunk_by(|a, b| *a as usize / CHUNK_ROWS == *b as usize / CHUNK_ROWS) {
            let chunk = group[0] as usize / CHUNK_ROWS;
            let start = (chunk * CHUNK_ROWS) as u32;
            let key = self.key(CachedColumn::Stored(stored as u32), chunk);
            match if self.cache.contains(&key) { self.cache.get(&key) } else { None } {
                Some(array) => {
                    let values = take(&array, &UInt32Array::from_iter_values(group.iter().map(|row| row - start)), None)?;
                    places.extend((0..group.len()).map(|at| (pieces.len(), at)));
                    pieces.push(values);
                }
                None => {
                    uncached_at.push(places.len()..places.len() + group.len());
                    places.extend((uncached.len()..uncached.len() + group.len()).map(|at| (usize::MAX, at)));
                    uncached.extend(group);
                }
            }
        }
        for at in uncached_at.into_iter().flatten() {
            places[at].0 = pieces.len();
        }
        Ok(Picked { stored, pieces, places, uncached })
    }

    fn assembled(&self, column: Picked) -> Result<ArrayRef> {
        match column.pieces.as_slice() {
            [] => Ok(new_empty_array(&self.physical_type(column.stored))),
            [piece] => Ok(piece.clone()),
            pieces => Ok(interleave(&pieces.iter().map(AsRef::as_ref).collect::<Vec<_>>(), &column.places)?),
        }
    }
}

/// Ascending rows as runs.
fn runs(rows: &[u32]) -> Vec<Range<u32>> {
    rows.chunk_by(|a, b| a + 1 == *b).map(|run| run[0]..run[run.len() - 1] + 1).collect()
}
