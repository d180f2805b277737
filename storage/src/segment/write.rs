//! Encoding columns to Parquet, one after the other, and putting the file together.
//!
//! A column is gathered in segment order and encoded in pieces of [`CHUNK_ROWS`] rows, so that beside the column's own
//! rows only its compressed pages stay in memory.
//!
//! **Invariant:** every byte of the file behind the leading magic is under exactly one checksum: a page's, or the tail's.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Field, Schema};
use bytes::Bytes;
use parquet::arrow::ArrowSchemaConverter;
use parquet::arrow::arrow_writer::{ArrowColumnChunk, ArrowRowGroupWriterFactory, compute_leaves};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use parquet::file::writer::SerializedFileWriter;

use super::footer;
use super::layout::{ColumnLayout, Content, Form, LAYOUT_KEY, Layout, SEGMENT_KEY, VERSION};
use super::native::NativeColumn;
use super::order::Ranks;
use super::text::TextColumn;
use super::{BLOCK_ROWS, CHUNK_ROWS};
use crate::Result;

/// Uncompressed bytes of a page, at most, plus one value.
const PAGE_BYTES_MAX: usize = 4 << 20;
/// Rows of a page of long texts: a few rows are read by decompressing their whole pages.
const LONG_TEXT_PAGE_ROWS: usize = 2048;
/// Bytes of a Parquet dictionary, at most: past it the rest of the column is written without.
const DICTIONARY_BYTES_MAX: usize = 32 << 20;
/// Bytes to which bounds in the page index are cut.
const BOUND_BYTES_MAX: usize = 64;
/// Average bytes of a text above which bounds of its pages are not worth their comparison.
const BOUNDED_TEXT_BYTES_MAX: usize = 64;

/// The rows of one column in offset order, in the form they will have.
#[derive(Debug)]
pub enum ColumnData {
    /// No text.
    Native(NativeColumn),
    /// Text.
    Text(TextColumn),
}

impl ColumnData {
    fn gather(&self, rows: &[u32]) -> Result<ArrayRef> {
        match self {
            Self::Native(column) => column.gather(rows),
            Self::Text(column) => column.gather(rows),
        }
    }

    fn form(&self) -> Form {
        match self {
            Self::Native(_) => Form::Native,
            Self::Text(TextColumn::Codes { .. }) => Form::Codes,
            Self::Text(TextColumn::Hex { .. }) => Form::Hex,
            Self::Text(TextColumn::Text { .. }) => Form::Text,
        }
    }

    fn file_type(&self) -> DataType {
        match self {
            Self::Native(column) => column.file_type(),
            Self::Text(TextColumn::Codes { .. }) => DataType::Dictionary(Box::new(DataType::UInt16), Box::new(DataType::Utf8)),
            Self::Text(TextColumn::Hex { width, .. }) => DataType::FixedSizeBinary(*width as i32),
            Self::Text(TextColumn::Text { .. }) => DataType::Utf8,
        }
    }

    fn properties(&self, first: &ArrayRef) -> WriterProperties {
        let long = matches!(self, Self::Text(TextColumn::Text { .. }))
            && first.as_string::<i32>().value_data().len() > first.len() * BOUNDED_TEXT_BYTES_MAX;
        let page_rows = if long { LONG_TEXT_PAGE_ROWS } else { BLOCK_ROWS };
        let properties = WriterProperties::builder()
            .set_writer_version(WriterVersion::PARQUET_2_0)
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_write_batch_size(page_rows)
            .set_data_page_row_count_limit(page_rows)
            .set_data_page_size_limit(PAGE_BYTES_MAX)
            .set_dictionary_page_size_limit(DICTIONARY_BYTES_MAX)
            .set_max_row_group_row_count(None)
            .set_column_index_truncate_length(Some(BOUND_BYTES_MAX))
            .set_statistics_truncate_length(Some(BOUND_BYTES_MAX));
        let (dictionary, encoding, statistics) = match self {
            Self::Native(column) if column.is_ordered() => (column.dictionary, column.encoding, EnabledStatistics::Page),
            Self::Native(column) => (column.dictionary, column.encoding, EnabledStatistics::None),
            Self::Text(TextColumn::Codes { .. }) => (true, Encoding::PLAIN, EnabledStatistics::Page),
            Self::Text(TextColumn::Hex { .. }) => (self.repeats(), Encoding::PLAIN, EnabledStatistics::None),
            Self::Text(TextColumn::Text { .. }) if long => (false, Encoding::PLAIN, EnabledStatistics::None),
            Self::Text(TextColumn::Text { .. }) => (false, Encoding::PLAIN, EnabledStatistics::Page),
        };
        properties.set_dictionary_enabled(dictionary).set_encoding(encoding).set_statistics_enabled(statistics).build()
    }

    /// Whether hexadecimal values repeat often enough for a dictionary.
    fn repeats(&self) -> bool {
        match self {
            Self::Text(column @ TextColumn::Hex { .. }) => column.dictionary_pays(),
            _ => false,
        }
    }

    /// Bytes held beside the arrays that it was made of.
    pub fn own_bytes(&self) -> usize {
        match self {
            Self::Native(column) => column.array().get_buffer_memory_size(),
            Self::Text(column) => column.own_bytes(),
        }
    }

    /// Whether a row is NULL.
    pub fn has_nulls(&self) -> bool {
        match self {
            Self::Native(column) => column.array().null_count() > 0,
            Self::Text(column) => column.has_nulls(),
        }
    }

    /// The order of the rows, for a column to sort by.
    ///
    /// # Errors
    /// Arrow's, for a type that has no order.
    pub fn ranks(&self) -> Result<Ranks> {
        match self {
            Self::Native(column) => Ranks::of_array(column.array()),
            Self::Text(column) => column.ranks(),
        }
    }

    fn has_nan(&self) -> bool {
        matches!(self, Self::Native(column) if column.has_nan)
    }
}

/// A column that is encoded and waits for its place in the file.
#[derive(Debug)]
pub struct EncodedColumn {
    field: Field,
    chunk: ArrowColumnChunk,
    layout: ColumnLayout,
    /// Compressed bytes.
    pub bytes: u64,
}

impl EncodedColumn {
    /// NULLs in it.
    pub fn nulls(&self) -> u64 {
        self.layout.nulls
    }

    /// Smallest and largest text, cut to [`BOUND_BYTES_MAX`] bytes, if they are known.
    pub fn text_bounds(&self) -> Option<(String, String)> {
        let statistics = self.chunk.close().metadata.statistics()?;
        let text = |bytes: &[u8]| std::str::from_utf8(bytes).ok().map(str::to_owned);
        Some((text(statistics.min_bytes_opt()?)?, text(statistics.max_bytes_opt()?)?))
    }
}

/// Encodes one column in the order `permutation`. `field` gives name and id; type and
/// nullability are chosen here. `look` sees every piece of [`CHUNK_ROWS`] rows as it is encoded.
///
/// # Errors
/// Parquet's, for a type that has no encoding; those of `look`.
pub fn encode(
    content: Content,
    field: Field,
    data: &ColumnData,
    permutation: &[u32],
    mut look: impl FnMut(&ArrayRef) -> Result<()>,
) -> Result<EncodedColumn> {
    let mut pieces = permutation.chunks(CHUNK_ROWS).map(|rows| data.gather(rows)).peekable();
    let first = match pieces.peek() {
        Some(Ok(first)) => first.clone(),
        _ => data.gather(&[])?,
    };
    let field = field.with_data_type(data.file_type()).with_nullable(data.has_nulls());
    let schema = Arc::new(Schema::new(vec![field.clone()]));
    let parquet_schema = ArrowSchemaConverter::new().convert(&schema)?;
    let properties = Arc::new(data.properties(&first));
    let target = SerializedFileWriter::new(std::io::sink(), parquet_schema.root_schema_ptr(), properties)?;
    let mut writers = ArrowRowGroupWriterFactory::new(&target, schema).create_column_writers(0)?;
    let mut writer = writers.remove(0);
    let (mut nulls, mut decoded_bytes) = (0, 0);
    for piece in pieces {
        let piece = piece?;
        look(&piece)?;
        nulls += piece.null_count() as u64;
        decoded_bytes += match data {
            ColumnData::Text(TextColumn::Codes { .. }) => size_of::<u16>() * piece.len(),
            ColumnData::Text(TextColumn::Text { .. }) => {
                piece.as_string::<i32>().value_data().len() + size_of::<i32>() * piece.len()
            }
            _ => piece.get_buffer_memory_size(),
        } as u64;
        for leaf in compute_leaves(&field, &piece)? {
            writer.write(&leaf)?;
        }
    }
    let chunk = writer.close()?;
    let bytes = chunk.close().bytes_written;
    let layout =
        ColumnLayout { content, form: data.form(), nulls, decoded_bytes, has_nan: data.has_nan(), checksums: String::new() };
    Ok(EncodedColumn { field, chunk, layout, bytes })
}

/// Puts the file together. `segment` is the value of the footer key [`SEGMENT_KEY`].
///
/// # Errors
/// Parquet's.
pub fn assemble(columns: Vec<EncodedColumn>, fields_complete: bool, segment: String) -> Result<Bytes> {
    let schema = Schema::new(columns.iter().map(|column| column.field.clone()).collect::<Vec<_>>());
    let parquet_schema = ArrowSchemaConverter::new().convert(&schema)?;
    let properties = WriterProperties::builder()
        .set_writer_version(WriterVersion::PARQUET_2_0)
        .set_created_by(concat!("strata version ", env!("CARGO_PKG_VERSION")).to_owned())
        .build();
    let capacity: u64 = columns.iter().map(|column| column.bytes).sum();
    let out = Vec::with_capacity(capacity as usize + (64 << 10));
    let mut file = SerializedFileWriter::new(out, parquet_schema.root_schema_ptr(), Arc::new(properties))?;
    let mut row_group = file.next_row_group()?;
    let mut layouts = Vec::with_capacity(columns.len());
    let mut page_bytes = Vec::with_capacity(columns.len());
    for column in columns {
        let pages = column.chunk.close().offset_index.as_ref().map_or(&[][..], |index| &index.page_locations);
        page_bytes.push(pages.iter().map(|page| page.compressed_page_size as usize).collect::<Vec<_>>());
        column.chunk.append_to_row_group(&mut row_group)?;
        layouts.push(column.layout);
    }
    let placed = row_group.close()?;
    file.flush().map_err(parquet::errors::ParquetError::from)?;
    for ((layout, placed), page_bytes) in layouts.iter_mut().zip(placed.columns()).zip(page_bytes) {
        let written = file.inner();
        let mut at = placed.data_page_offset() as usize;
        if let Some(dictionary) = placed.dictionary_page_offset() {
            push_checksum(&mut layout.checksums, &written[dictionary as usize..at]);
        }
        for bytes in page_bytes {
            push_checksum(&mut layout.checksums, &written[at..at + bytes]);
            at += bytes;
        }
    }
    let layout = Layout { version: VERSION, columns: layouts, fields_complete };
    let tail_start = file.inner().len();
    file.append_key_value_metadata(KeyValue::new(SEGMENT_KEY.to_owned(), segment));
    file.append_key_value_metadata(KeyValue::new(LAYOUT_KEY.to_owned(), json(&layout)?));
    file.append_key_value_metadata(footer::open_seal(tail_start as u64));
    let mut bytes = file.into_inner()?;
    footer::close_seal(&mut bytes)?;
    Ok(bytes.into())
}

/// JSON of a footer value.
pub fn json(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| crate::StorageError::Internal(format!("footer cannot be written: {error}")))
}

fn push_checksum(checksums: &mut String, bytes: &[u8]) {
    super::logical::hex_digits(&crc32c::crc32c(bytes).to_be_bytes(), checksums);
}
