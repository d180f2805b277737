//! Rows of one column of the file between the request for their pages and the arrays.

use std::ops::Range;

use arrow::array::{Array, ArrayRef};
use arrow::datatypes::DataType;
use bytes::Bytes;
use parquet::arrow::arrow_reader::ArrowReaderMetadata;

use super::SegmentReader;
use crate::ids::SegmentId;
use crate::segment::BLOCK_ROWS;
use crate::segment::file::blocking;
use crate::segment::layout::Form;
use crate::segment::pages::{Codes, Decoder, PagePlan, Texts, numbers};
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
    /// `None`: it is left to Parquet's reader.
    decoder: Option<Box<dyn Decoder>>,
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
        let column = &self.layout.columns[stored];
        let plan = self.pages[stored].plan(rows, column.form != Form::Codes);
        let batch = batch.min(plan.rows());
        let bytes_of = |rows: usize| (u128::from(column.decoded_bytes) * rows as u128 / u128::from(self.meta.rows.max(1))) as u64;
        let physical = self.physical_type(stored);
        let decoder: Option<Box<dyn Decoder>> = match column.form {
            Form::Codes => Some(Box::new(Codes::new(self.dictionary(stored).await?, batch))),
            Form::Text => Some(Box::new(Texts::new(batch, bytes_of(batch) as usize))),
            Form::Native => numbers(self.arrow.schema().field(stored).data_type(), &physical, batch),
            Form::Hex => None,
        };
        let (segment, bytes) = (self.meta.id, bytes_of(plan.rows()));
        Ok(Decoding { segment, stored, plan, arrow: self.arrow.clone(), decoder, physical, batch, bytes })
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
        if let Some(mut decoder) = self.decoder {
            let column = self.arrow.metadata().row_groups().first().and_then(|group| group.columns().get(self.stored));
            let column = column.ok_or_else(|| corrupt("a column is missing".to_owned()))?;
            return self.plan.decode(fetched, column, decoder.as_mut(), self.batch).map_err(corrupt);
        }
        let arrays = self.plan.decode_any(fetched, &self.arrow, self.stored, self.batch).map_err(corrupt)?;
        let finish = |mut array: ArrayRef| {
            // Parquet's reader leaves up to half of its buffers unused, and the cache would keep that.
            array.shrink_to_fit();
            to_logical(&array, &self.physical)
        };
        arrays.into_iter().map(finish).collect()
    }
}
