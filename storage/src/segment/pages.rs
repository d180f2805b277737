//! Pages of one column: where they lie, their checksums, and decoding the ones that hold wanted rows.
//!
//! ```text
//! rows ─▶ pages that hold them ─▶ fetched ─▶ checksums ─▶ a file with holes ─┬─ Decoder: texts, codes, numbers ─┬─▶ arrays
//!                                                                            └─ Parquet's reader: all others ───┘
//! ```
//!
//! A decoder writes values where they stay, into memory that was taken once; Parquet's reader fills buffers that grow, cuts
//! them and leaves conversion to others, which takes about twice as long on pages that nobody has read yet.
//!
//! **Invariant:** a page reaches the decoder only after its checksum was compared.

mod codes;
mod delta;
mod generic;
mod holes;
mod hybrid;
mod numbers;
mod page;
#[cfg(test)]
mod tests;
mod text;

use std::fmt::Debug;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef};
use bytes::Bytes;
use parquet::arrow::arrow_reader::ArrowReaderMetadata;
use parquet::column::page::{Page as ParquetPage, PageReader};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};
use parquet::file::page_index::offset_index::PageLocation;
use parquet::file::serialized_reader::SerializedPageReader;

use self::holes::{HoledFile, Holes};
use self::page::Page;
use super::layout::ColumnLayout;

pub use self::codes::{Codes, Dictionary};
pub use self::numbers::decoder as numbers;
pub use self::text::Texts;

/// Makes arrays of the pages of one column.
pub trait Decoder: Debug + Send {
    /// Takes the values of the dictionary page, plain, before any other page.
    ///
    /// # Errors
    /// A reason in words, as all of them.
    fn dictionary(&mut self, values: &Bytes) -> Result<(), String>;

    /// Goes to the next page.
    ///
    /// # Errors
    /// It is not written as this column is.
    fn begin(&mut self, page: Page) -> Result<(), String>;

    /// Adds rows of the page to the array; they ascend from call to call.
    ///
    /// # Errors
    /// The page has not that many.
    fn append(&mut self, rows: Range<usize>) -> Result<(), String>;

    /// The array of what was added since the last one.
    ///
    /// # Errors
    /// The values are none of the type.
    fn finish(&mut self) -> Result<ArrayRef, String>;
}

/// The pages of one column.
#[derive(Debug)]
pub struct PageMap {
    /// The dictionary page, if there is one.
    dictionary: Option<Place>,
    /// Data pages in row order.
    pages: Vec<Place>,
    /// First row of each data page.
    first_rows: Vec<u32>,
}

#[derive(Debug, Clone)]
struct Place {
    range: Range<u64>,
    crc: u32,
    /// None in a dictionary page.
    rows: Range<u32>,
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
                (Ok(start), Ok(end)) if start <= end => Ok(Place { range: start..end, crc, rows: 0..0 }),
                _ => Err("a page has no place in the file"),
            }
        };
        let dictionary = chunk.dictionary_page_offset().map(|start| page(start, chunk.data_page_offset())).transpose()?;
        let (mut pages, mut first_rows) = (Vec::new(), Vec::new());
        for location in index.page_locations() {
            pages.push(page(location.offset, location.offset + i64::from(location.compressed_page_size))?);
            first_rows.push(u32::try_from(location.first_row_index).map_err(|_| "a page starts before the first row")?);
        }
        let end = u32::try_from(chunk.num_values()).map_err(|_| "a column has too many rows")?;
        for ((page, first), next) in pages.iter_mut().zip(&first_rows).zip(first_rows.iter().skip(1).chain([&end])) {
            page.rows = *first..*next;
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

    /// The data pages that hold any of `rows`, ascending ranges of row numbers.
    fn wanted(&self, rows: &[Range<u32>]) -> Vec<Place> {
        let mut wanted = Vec::new();
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

    /// Plans the reading of `rows`, ascending ranges of row numbers, and of the dictionary page, if there is one and it is
    /// not known already.
    pub fn plan(&self, rows: Vec<Range<u32>>, with_dictionary: bool) -> PagePlan {
        let dictionary = self.dictionary.iter().filter(|_| with_dictionary).cloned();
        PagePlan { pages: dictionary.chain(self.wanted(&rows)).collect(), rows }
    }
}

/// Which bytes must be fetched for some rows of a column.
#[derive(Debug)]
pub struct PagePlan {
    pages: Vec<Place>,
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

    /// Checks the fetched ranges and decodes the rows into arrays of `batch` rows. `chunk` is the column's metadata.
    ///
    /// # Errors
    /// A reason in words, when the bytes are not what was written.
    pub fn decode(
        self,
        fetched: Vec<Bytes>,
        chunk: &ColumnChunkMetaData,
        decoder: &mut dyn Decoder,
        batch: usize,
    ) -> Result<Vec<ArrayRef>, String> {
        let file = Arc::new(Holes(Arc::new(self.verify(fetched)?)));
        let mut pages = self.pages_of(file, chunk).map_err(|error| error.to_string())?;
        let (mut arrays, mut filled) = (Vec::new(), 0);
        for place in &self.pages {
            let page = pages.get_next_page().map_err(|error| error.to_string())?.ok_or("a page is missing")?;
            if let ParquetPage::DictionaryPage { buf, .. } = &page {
                decoder.dictionary(buf)?;
                continue;
            }
            let page = Page::of(page)?;
            if page.rows != place.rows.len() {
                return Err(format!("a page has {} rows and not {}", page.rows, place.rows.len()));
            }
            decoder.begin(page)?;
            let first = self.rows.partition_point(|range| range.end <= place.rows.start);
            for range in self.rows[first..].iter().take_while(|range| range.start < place.rows.end) {
                let mut next = range.start.max(place.rows.start) - place.rows.start;
                let end = range.end.min(place.rows.end) - place.rows.start;
                while next < end {
                    let until = end.min(next + (batch - filled) as u32);
                    decoder.append(next as usize..until as usize)?;
                    filled += (until - next) as usize;
                    next = until;
                    if filled == batch {
                        arrays.push(decoder.finish()?);
                        filled = 0;
                    }
                }
            }
        }
        if filled > 0 {
            arrays.push(decoder.finish()?);
        }
        self.complete(arrays)
    }

    /// Parquet's reader of the pages of the plan.
    fn pages_of(&self, file: Arc<Holes>, chunk: &ColumnChunkMetaData) -> Result<SerializedPageReader<Holes>, ParquetError> {
        let location = |page: &Place| PageLocation {
            offset: page.range.start as i64,
            compressed_page_size: (page.range.end - page.range.start) as i32,
            first_row_index: i64::from(page.rows.start),
        };
        let locations: Vec<PageLocation> = self.pages.iter().map(location).collect();
        // A column that begins with the first of these pages: else the reader takes what lies before it for a dictionary.
        let chunk = ColumnChunkMetaData::builder(chunk.column_descr_ptr())
            .set_compression(chunk.compression())
            .set_data_page_offset(locations.first().map_or(0, |location| location.offset))
            .build()?;
        SerializedPageReader::new(file, &chunk, self.rows(), Some(locations))
    }

    /// The arrays, if they hold all the rows.
    fn complete(&self, arrays: Vec<ArrayRef>) -> Result<Vec<ArrayRef>, String> {
        let (found, wanted) = (arrays.iter().map(|array| array.len()).sum::<usize>(), self.rows());
        if found == wanted { Ok(arrays) } else { Err(format!("{found} rows were decoded and not {wanted}")) }
    }

    /// The same with Parquet's reader, for column `column` of any type.
    ///
    /// # Errors
    /// As [`PagePlan::decode`].
    pub fn decode_any(
        self,
        fetched: Vec<Bytes>,
        reader: &ArrowReaderMetadata,
        column: usize,
        batch: usize,
    ) -> Result<Vec<ArrayRef>, String> {
        let file = self.verify(fetched)?;
        self.complete(generic::decode(file, &self.rows, reader, column, batch).map_err(|error| error.to_string())?)
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
        let Some(ParquetPage::DictionaryPage { buf, num_values, .. }) = page else {
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
