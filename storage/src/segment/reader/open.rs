//! Opening a segment: reading its tail, checking it, and making sense of it.

use std::sync::{Arc, OnceLock};

use arrow::datatypes::{DataType, Field, Schema};
use bytes::Bytes;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::file::metadata::ParquetMetaData;

use super::super::BLOCK_ROWS;
use super::super::attrs::AttrsParts;
use super::super::file::SegmentFiles;
use super::super::footer::{Tail, read_tail};
use super::super::layout::{Form, LAYOUT_KEY, Layout, SEGMENT_KEY, VERSION};
use super::super::meta::SegmentMeta;
use super::super::pages::PageMap;
use super::SegmentReader;
use super::dictionary::Dictionaries;
use crate::cache::ReadCache;
use crate::ids::SegmentId;
use crate::index::IndexRegistry;
use crate::memory::{Consumer, Memory};
use crate::{Result, StorageError};

/// Bytes of the tail that are read at first.
const TAIL_BYTES: u64 = 64 << 10;
/// Reads of the tail, at most: the first, one to where the footer starts, one to where the page index starts.
const TAIL_READS_MAX: usize = 3;

/// Bytes that the bounds of a block take up in memory, about: two views or numbers, their share of text, and a count.
const BOUNDS_BYTES: usize = 64;

/// Opens the segment `meta`.
///
/// # Errors
/// [`StorageError::CorruptSegment`], [`StorageError::MissingSegment`], or the store's.
pub async fn open(
    files: &Arc<SegmentFiles>,
    cache: &ReadCache,
    memory: &Memory,
    indexes: &Arc<IndexRegistry>,
    meta: &Arc<SegmentMeta>,
) -> Result<SegmentReader> {
    let corrupt = |reason: String| StorageError::CorruptSegment { id: meta.id, reason };
    let metadata = tail(files, &meta.location, meta.bytes, meta.id).await?;
    let layout = layout(&metadata).map_err(corrupt)?;
    let rows = metadata.file_metadata().num_rows();
    if metadata.num_row_groups() != 1 || u64::try_from(rows) != Ok(meta.rows) {
        return Err(corrupt(format!("it has {rows} rows and not {}", meta.rows)));
    }
    let columns = metadata.file_metadata().schema_descr().num_columns();
    if columns != layout.columns.len() {
        return Err(corrupt(format!("it has {columns} columns and not {}", layout.columns.len())));
    }
    let pages = layout.columns.iter().enumerate().map(|(at, column)| PageMap::of(&metadata, at, column).map(Arc::new));
    let pages = pages.collect::<Result<Vec<_>, _>>().map_err(corrupt)?;
    let arrow = arrow_metadata(metadata, &layout).map_err(|error| corrupt(error.to_string()))?;
    let mut reserved = memory.reservation(Consumer::ReadCache);
    let blocks = (meta.rows as usize).div_ceil(BLOCK_ROWS);
    reserved.grow(arrow.metadata().memory_size() + columns * blocks * BOUNDS_BYTES);
    Ok(SegmentReader {
        attrs: AttrsParts::of(&layout, &meta.fields),
        bounds: (0..columns).map(|_| OnceLock::new()).collect(),
        dictionaries: Dictionaries::new(columns),
        meta: meta.clone(),
        layout,
        arrow,
        pages,
        files: files.clone(),
        cache: cache.clone(),
        indexes: indexes.clone(),
        memory: reserved,
    })
}

/// Reads the segment's facts from its own footer.
///
/// # Errors
/// As for [`open`].
pub async fn read_meta(files: &SegmentFiles, location: &str, bytes: u64, id: SegmentId) -> Result<SegmentMeta> {
    let metadata = tail(files, location, bytes, id).await?;
    let corrupt = |reason: String| StorageError::CorruptSegment { id, reason };
    let text = value(&metadata, SEGMENT_KEY).map_err(corrupt)?;
    SegmentMeta::from_footer(text, id, bytes, location).map_err(corrupt)
}

async fn tail(files: &SegmentFiles, location: &str, bytes: u64, id: SegmentId) -> Result<Arc<ParquetMetaData>> {
    let corrupt = |reason: String| StorageError::CorruptSegment { id, reason };
    let found = files.size(location).await?;
    if found != bytes {
        return Err(corrupt(format!("the file has {found} bytes and not {bytes}")));
    }
    let mut start = bytes.saturating_sub(TAIL_BYTES);
    for _ in 0..TAIL_READS_MAX {
        let end: Bytes = files.get_ranges(location, std::slice::from_ref(&(start..bytes))).await?.remove(0);
        if end.len() as u64 != bytes - start {
            return Err(corrupt("the file is shorter than its size says".to_owned()));
        }
        match read_tail(&end, bytes).map_err(corrupt)? {
            Tail::Sealed(metadata) => return Ok(Arc::new(*metadata)),
            Tail::Need(from) => start = from,
        }
    }
    Err(corrupt("the footer points in circles".to_owned()))
}

fn value<'a>(metadata: &'a ParquetMetaData, key: &str) -> Result<&'a str, String> {
    let pairs = metadata.file_metadata().key_value_metadata().map_or(&[][..], Vec::as_slice);
    let pair = pairs.iter().find(|pair| pair.key == key).and_then(|pair| pair.value.as_deref());
    pair.ok_or_else(|| format!("the footer has no {key}"))
}

fn layout(metadata: &ParquetMetaData) -> Result<Layout, String> {
    let layout: Layout = serde_json::from_str(value(metadata, LAYOUT_KEY)?).map_err(|error| error.to_string())?;
    if layout.version > VERSION {
        return Err(format!("its layout has version {}, newer than {VERSION}", layout.version));
    }
    Ok(layout)
}

/// Parquet's own Arrow types, with those columns as dictionaries that are read as codes.
fn arrow_metadata(metadata: Arc<ParquetMetaData>, layout: &Layout) -> parquet::errors::Result<ArrowReaderMetadata> {
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let inferred = ArrowReaderMetadata::try_new(metadata.clone(), options)?;
    let fields = inferred.schema().fields().iter().zip(&layout.columns).map(|(field, column)| match column.form {
        Form::Codes => {
            let codes = DataType::Dictionary(Box::new(DataType::UInt16), Box::new(DataType::Utf8));
            Arc::new(Field::clone(field).with_data_type(codes))
        }
        _ => field.clone(),
    });
    let schema = Schema::new(fields.collect::<Vec<_>>());
    ArrowReaderMetadata::try_new(metadata, ArrowReaderOptions::new().with_schema(Arc::new(schema)))
}
