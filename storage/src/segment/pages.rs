//! Pages of one column: where they lie, their checksums, and decoding the ones that hold wanted rows.
//!
//! Only the pages that hold wanted rows are fetched. They are laid out as a file with holes, over which Parquet's own
//! reader runs with a row selection; it never looks into a hole.
//!
//! **Invariant:** a page reaches the decoder only after its checksum was compared.

use std::io::{Cursor, Read};
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef};
use bytes::Bytes;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ParquetRecordBatchReaderBuilder, RowSelection, RowSelectionPolicy, RowSelector,
};
use parquet::column::page::{Page as DecodedPage, PageReader};
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::serialized_reader::SerializedPageReader;

use super::layout::ColumnLayout;

/// The pages of one column.
#[derive(Debug)]
pub struct PageMap {
    /// The dictionary page, if there is one.
    dictionary: Option<Page>,
    /// Data pages in row order.
    pages: Vec<Page>,
    /// First row of each data page.
    first_rows: Vec<u32>,
}

#[derive(Debug, Clone)]
struct Page {
    range: Range<u64>,
    crc: u32,
}

impl PageMap {
    /// Of column `column` of a file whose metadata was verified.
    ///
    /// # Errors
    /// A reason in words, when metadata and layout do not fit together.
    pub fn of(metadata: &ParquetMetaData, column: usize, layout: &ColumnLayout) -> Result<Self, String> {
        let chunk = metadata.row_groups().first().and_then(|group| group.columns().get(column)).ok_or("a column is missing")?;
        let index = metadata.offset_index().and_then(|groups| groups.first()?.get(column)).ok_or("a page index is missing")?;
        let mut crcs = layout.checksums.as_bytes().chunks(8).map(|digits| {
            let digits = std::str::from_utf8(digits).map_err(|_| "a checksum is unreadable")?;
            u32::from_str_radix(digits, 16).map_err(|_| "a checksum is unreadable")
        });
        let mut page = |start: i64, end: i64| {
            let crc = crcs.next().ok_or("a checksum is missing")??;
            match (u64::try_from(start), u64::try_from(end)) {
                (Ok(start), Ok(end)) if start <= end => Ok(Page { range: start..end, crc }),
                _ => Err("a page has no place in the file"),
            }
        };
        let dictionary = chunk.dictionary_page_offset().map(|start| page(start, chunk.data_page_offset())).transpose()?;
        let (mut pages, mut first_rows) = (Vec::new(), Vec::new());
        for location in index.page_locations() {
            pages.push(page(location.offset, location.offset + i64::from(location.compressed_page_size))?);
            first_rows.push(u32::try_from(location.first_row_index).map_err(|_| "a page starts before the first row")?);
        }
        Ok(Self { dictionary, pages, first_rows })
    }

    /// First row of each page.
    pub fn first_rows(&self) -> &[u32] {
        &self.first_rows
    }

    /// Compressed bytes of the dictionary page.
    pub fn dictionary_bytes(&self) -> u64 {
        self.dictionary.as_ref().map_or(0, |page| page.range.end - page.range.start)
    }

    /// Compressed bytes of all data pages.
    pub fn data_bytes(&self) -> u64 {
        self.pages.iter().map(|page| page.range.end - page.range.start).sum()
    }

    /// At most `bytes` bytes of data pages behind the one that holds row `row - 1`.
    pub fn behind(&self, row: u32, bytes: u64) -> Range<u64> {
        let rest = &self.pages[self.first_rows.partition_point(|first| *first < row)..];
        match (rest.first(), rest.last()) {
            (Some(first), Some(last)) => first.range.start..last.range.end.min(first.range.start + bytes),
            _ => 0..0,
        }
    }

    /// The pages that hold any of `rows`, ascending ranges of row numbers, and the dictionary.
    fn wanted(&self, rows: &[Range<u32>]) -> Vec<Page> {
        let mut wanted: Vec<Page> = self.dictionary.iter().cloned().collect();
        let mut next = 0;
        for range in rows.iter().filter(|range| !range.is_empty()) {
            let first = self.first_rows.partition_point(|row| *row <= range.start).saturating_sub(1).max(next);
            let end = self.first_rows.partition_point(|row| *row < range.end);
            wanted.extend(self.pages[first.min(end)..end].iter().cloned());
            next = next.max(end);
        }
        wanted
    }

    /// Plans the reading of the dictionary page, if there is one.
    pub fn plan_dictionary(&self) -> Option<PagePlan> {
        self.dictionary.clone().map(|page| PagePlan { pages: vec![page], rows: Vec::new() })
    }

    /// Plans the reading of `rows`, ascending ranges of row numbers.
    pub fn plan(&self, rows: Vec<Range<u32>>) -> PagePlan {
        PagePlan { pages: self.wanted(&rows), rows }
    }
}

/// Which bytes must be fetched for some rows of a column.
#[derive(Debug)]
pub struct PagePlan {
    pages: Vec<Page>,
    rows: Vec<Range<u32>>,
}

impl PagePlan {
    /// Rows to decode.
    pub fn rows(&self) -> usize {
        self.rows.iter().map(ExactSizeIterator::len).sum()
    }

    /// The ranges to fetch, neighbours joined: pages of a column lie end to end.
    pub fn ranges(&self) -> Vec<Range<u64>> {
        let mut ranges: Vec<Range<u64>> = Vec::new();
        for page in &self.pages {
            match ranges.last_mut() {
                Some(last) if last.end == page.range.start => last.end = page.range.end,
                _ => ranges.push(page.range.clone()),
            }
        }
        ranges
    }

    /// Checks the fetched ranges and decodes the rows of column `column` into arrays of `batch` rows.
    ///
    /// # Errors
    /// A reason in words, when the bytes are not what was written.
    pub fn decode(
        self,
        fetched: Vec<Bytes>,
        reader: &ArrowReaderMetadata,
        column: usize,
        batch: usize,
    ) -> Result<Vec<ArrayRef>, String> {
        let file = self.verify(fetched)?;
        let arrays = decode(file, &self.rows, reader, column, batch).map_err(|error| error.to_string())?;
        let wanted = self.rows();
        let found: usize = arrays.iter().map(|array| array.len()).sum();
        if found == wanted { Ok(arrays) } else { Err(format!("{found} rows were decoded and not {wanted}")) }
    }

    /// Checks the fetched ranges and decodes the values of the dictionary page, in its order.
    ///
    /// # Errors
    /// A reason in words, when the bytes are not what was written.
    pub fn decode_dictionary(
        self,
        fetched: Vec<Bytes>,
        metadata: &ParquetMetaData,
        column: usize,
    ) -> Result<Vec<String>, String> {
        let file = Arc::new(Holes(Arc::new(self.verify(fetched)?)));
        let group = metadata.row_groups().first().ok_or("there is no row group")?;
        let (rows, chunk) = (group.num_rows() as usize, group.columns().get(column).ok_or("a column is missing")?);
        let mut pages = SerializedPageReader::new(file, chunk, rows, None).map_err(|error| error.to_string())?;
        let page = pages.get_next_page().map_err(|error| error.to_string())?;
        let Some(DecodedPage::DictionaryPage { buf, num_values, .. }) = page else {
            return Err("a column of codes does not begin with its dictionary".to_owned());
        };
        let mut values = Vec::new();
        let mut rest: &[u8] = &buf;
        while let Some((length, behind)) = rest.split_first_chunk::<4>() {
            let length = u32::from_le_bytes(*length) as usize;
            let (value, behind) = behind.split_at_checked(length).ok_or("a value of a dictionary is cut off")?;
            values.push(std::str::from_utf8(value).map_err(|error| error.to_string())?.to_owned());
            rest = behind;
        }
        if values.len() == num_values as usize { Ok(values) } else { Err("a dictionary has another length".to_owned()) }
    }

    /// The fetched ranges as a file, once every page's checksum was compared.
    fn verify(&self, fetched: Vec<Bytes>) -> Result<HoledFile, String> {
        let ranges = self.ranges();
        let short = ranges.iter().zip(&fetched).any(|(range, bytes)| range.end - range.start != bytes.len() as u64);
        if short || ranges.len() != fetched.len() {
            return Err("the file is shorter than its footer says".to_owned());
        }
        let file = HoledFile { pieces: ranges.iter().map(|range| range.start).zip(fetched).collect() };
        for page in &self.pages {
            let bytes = file.piece(page.range.start, (page.range.end - page.range.start) as usize);
            let bytes = bytes.ok_or("a page was not fetched")?;
            if crc32c::crc32c(&bytes) != page.crc {
                return Err(format!("the checksum of the page at byte {} does not match", page.range.start));
            }
        }
        Ok(file)
    }
}

fn decode(
    file: HoledFile,
    rows: &[Range<u32>],
    reader: &ArrowReaderMetadata,
    column: usize,
    batch: usize,
) -> parquet::errors::Result<Vec<ArrayRef>> {
    let mut selectors = Vec::with_capacity(rows.len() * 2);
    let mut at = 0;
    for range in rows {
        if range.start > at {
            selectors.push(RowSelector::skip((range.start - at) as usize));
        }
        selectors.push(RowSelector::select(range.len()));
        at = range.end;
    }
    let mask = ProjectionMask::roots(reader.parquet_schema(), [column]);
    let batches = ParquetRecordBatchReaderBuilder::new_with_metadata(Holes(Arc::new(file)), reader.clone())
        .with_projection(mask)
        .with_batch_size(batch.max(1))
        .with_row_selection(RowSelection::from(selectors))
        // The other policy, a mask over everything in between, would look into the holes.
        .with_row_selection_policy(RowSelectionPolicy::Selectors)
        .build()?;
    Ok(batches.map(|batch| batch.map(|batch| batch.column(0).clone())).collect::<Result<_, _>>()?)
}

/// A file of which only some pieces are known.
#[derive(Debug)]
struct HoledFile {
    /// Position and bytes, ascending.
    pieces: Vec<(u64, Bytes)>,
}

impl HoledFile {
    /// The bytes from `start` to the end of their piece.
    fn from(&self, start: u64) -> Option<Bytes> {
        let after = self.pieces.partition_point(|(at, _)| *at <= start);
        let (at, bytes) = self.pieces.get(after.checked_sub(1)?)?;
        let skip = usize::try_from(start - at).ok()?;
        (skip <= bytes.len()).then(|| bytes.slice(skip..))
    }

    fn piece(&self, start: u64, length: usize) -> Option<Bytes> {
        self.from(start).filter(|bytes| bytes.len() >= length).map(|bytes| bytes.slice(..length))
    }
}

/// [`HoledFile`] as Parquet's reader wants it.
#[derive(Debug, Clone)]
struct Holes(Arc<HoledFile>);

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
