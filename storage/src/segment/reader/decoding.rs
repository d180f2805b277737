//! Rows of one column of the file between the request for their pages and the arrays.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef};
use arrow::datatypes::DataType;
use bytes::Bytes;
use parquet::arrow::arrow_reader::ArrowReaderMetadata;

use super::SegmentReader;
use super::dictionary::Dictionary;
use crate::ids::SegmentId;
use crate::segment::BLOCK_ROWS;
use crate::segment::file::blocking;
use crate::segment::layout::Form;
use crate::segment::pages::PagePlan;
use crate::segment::to_logical;
use crate::{Result, StorageError};

/// Rows of all columns together that are decoded at once, by whoever asks for them, whatever they hold.
const ROWS_AT_ONCE: usize = 4 * BLOCK_ROWS;
/// The same for more rows: bytes of all columns together when they are decoded.
const BYTES_AT_ONCE: u64 = 1 << 20;

/// Everything that decoding needs but the bytes. It runs on a thread that may block.
pub(super) struct Decoding {
    segment: SegmentId,
    stored: usize,
    plan: PagePlan,
    arrow: ArrowReaderMetadata,
    dictionary: Option<Arc<Dictionary>>,
    physical: DataType,
    batch: usize,
    /// What the arrays take in memory, about.
    bytes: u64,
}

impl SegmentReader {
    /// Plans the decoding of rows of a column of the file into arrays of `batch` rows.
    ///
    /// # Errors
    /// Those of reading the column's dictionary.
    pub(super) async fn decoding(&self, stored: usize, rows: Vec<Range<u32>>, batch: usize) -> Result<Decoding> {
        let dictionary = match self.layout.columns[stored].form {
            Form::Codes => Some(self.dictionary(stored).await?),
            _ => None,
        };
        let plan = self.pages[stored].plan(rows);
        Ok(Decoding {
            segment: self.meta.id,
            stored,
            bytes: self.layout.columns[stored].decoded_bytes / self.meta.rows.max(1) * plan.rows() as u64,
            plan,
            arrow: self.arrow.clone(),
            dictionary,
            physical: self.physical_type(stored),
            batch,
        })
    }
}

impl SegmentReader {
    /// Decodes rows of several columns: one request and at most one task however many they are, because handing over to
    /// another thread costs more than decoding some blocks.
    ///
    /// # Errors
    /// [`StorageError::CorruptSegment`], [`StorageError::MissingSegment`], or the store's.
    pub(super) async fn decode_all(&self, decodings: Vec<Decoding>) -> Result<Vec<Vec<ArrayRef>>> {
        let ranges: Vec<Range<u64>> = decodings.iter().flat_map(Decoding::ranges).collect();
        if ranges.is_empty() {
            return Ok(vec![Vec::new(); decodings.len()]);
        }
        let fetched = self.files.get_ranges(&self.meta.location, &ranges).await;
        let mut fetched = fetched.map_err(|error| self.unreadable(error))?.into_iter();
        let decode = move |decoding: Decoding| {
            let own = fetched.by_ref().take(decoding.ranges().len()).collect();
            decoding.run(own)
        };
        let rows: usize = decodings.iter().map(|decoding| decoding.plan.rows()).sum();
        let bytes: u64 = decodings.iter().map(|decoding| decoding.bytes).sum();
        let all = move || decodings.into_iter().map(decode).collect();
        if rows <= ROWS_AT_ONCE || bytes <= BYTES_AT_ONCE { all() } else { blocking(all).await }
    }
}

impl Decoding {
    /// The ranges of the file to fetch.
    fn ranges(&self) -> Vec<Range<u64>> {
        self.plan.ranges()
    }

    /// Decodes the bytes of [`Self::ranges`].
    ///
    /// # Errors
    /// [`StorageError::CorruptSegment`] when they are not what was written.
    fn run(self, fetched: Vec<Bytes>) -> Result<Vec<ArrayRef>> {
        let id = self.segment;
        let corrupt = |reason| StorageError::CorruptSegment { id, reason };
        let arrays = self.plan.decode(fetched, &self.arrow, self.stored, self.batch).map_err(corrupt)?;
        let finish = |mut array: ArrayRef| match &self.dictionary {
            Some(dictionary) => dictionary.recode(&array).map_err(corrupt),
            None => {
                // The decoder leaves up to half of its buffers unused, and the cache would keep that.
                array.shrink_to_fit();
                to_logical(&array, &self.physical)
            }
        };
        arrays.into_iter().map(finish).collect()
    }
}
