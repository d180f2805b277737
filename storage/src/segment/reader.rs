//! Reading one open segment: its bounds, whole chunks of a column, or a few rows.
//!
//! ```text
//! ColumnRef ─ recipe ─▶ columns of the file ─ cache or pages ─▶ arrays ─ recipe ─▶ array
//! ```
//!
//! **Invariant:** what is given is what was sealed, or an error; a page is decoded only after its checksum was compared.

mod blocks;
mod decoding;
mod dictionary;
mod open;
mod probe;
mod rows;

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use arrow::array::{ArrayRef, StringArray, new_null_array};
use arrow::datatypes::DataType;
use futures::future::try_join_all;
use parquet::arrow::arrow_reader::ArrowReaderMetadata;

use super::attrs::{AttrsParts, Recipe};
use super::bounds::{BlockBounds, block_bounds};
use super::file::{SegmentFiles, blocking};
use super::layout::{Content, Form, Layout};
use super::meta::SegmentMeta;
use super::pages::PageMap;
use super::text::{NULL_CODE, codes_array};
use super::{CHUNK_ROWS, to_logical};
use crate::cache::{CachedColumn, ChunkKey, ReadCache};
use crate::ids::ColumnId;
use crate::index::IndexRegistry;
use crate::memory::Reservation;
use crate::schema::{Column, timestamptz};
use crate::{Result, StorageError};
use dictionary::Dictionaries;

pub use open::{open, read_meta};
pub use probe::Probed;

/// Bytes of a compressed dictionary from which on a column is decoded whole, if the dictionary is most of it.
const LARGE_DICTIONARY_BYTES: u64 = 64 << 10;

/// Bytes of a column that a local disk is told to read while a chunk before them is decoded.
const AHEAD_BYTES: u64 = 1 << 20;

/// A column to read.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ColumnRef {
    /// A declared column, `attrs`, `_offset` or `_ingested_at`.
    Column(ColumnId),
    /// A field of `attrs` as text: `attrs #>> path`.
    Field(Vec<String>),
}

/// An open segment: footer and page index are in memory, rows are read when asked for.
///
/// A column that the segment does not have is NULL in every row; as its type is not known here, it is read as an array of
/// type `Null`, which [`to_logical`] turns into the type wanted.
#[derive(Debug)]
pub struct SegmentReader {
    meta: Arc<SegmentMeta>,
    layout: Layout,
    /// Arrow types here are the physical ones of [`SegmentReader::chunk`], but for times in milliseconds.
    arrow: ArrowReaderMetadata,
    pages: Vec<Arc<PageMap>>,
    /// Of each column, once they were asked for.
    bounds: Vec<OnceLock<Option<BlockBounds>>>,
    attrs: AttrsParts,
    dictionaries: Dictionaries,
    files: Arc<SegmentFiles>,
    cache: ReadCache,
    indexes: Arc<IndexRegistry>,
    /// Of footer and page index.
    memory: Reservation,
}

/// What a column reference means in this segment.
enum Source {
    Null,
    Stored(usize),
    Attrs(Recipe, CachedColumn),
}

impl SegmentReader {
    /// The segment's facts.
    pub fn meta(&self) -> &Arc<SegmentMeta> {
        &self.meta
    }

    /// Rows.
    pub fn rows(&self) -> usize {
        self.meta.rows as usize
    }

    /// The columns of the file in their order, for those who read it as Parquet: name there, what it holds, and how.
    pub fn file_columns(&self) -> impl Iterator<Item = (&str, &Content, Form)> {
        let names = self.arrow.schema().fields().iter().map(|field| field.name().as_str());
        names.zip(&self.layout.columns).map(|(name, column)| (name, &column.content, column.form))
    }

    /// Bytes of footer and page index in memory.
    pub(super) fn footer_bytes(&self) -> usize {
        self.memory.bytes()
    }

    /// Bounds of each block of [`super::BLOCK_ROWS`] rows in the column's logical type; `None` if they are not known.
    pub fn block_bounds(&self, column: &ColumnRef) -> Option<BlockBounds> {
        let Source::Stored(stored) = self.source(column) else { return None };
        if self.layout.columns[stored].has_nan || matches!(self.layout.columns[stored].form, Form::Hex) {
            return None;
        }
        // A field's scalars are compared as text here; callers who compare them as numbers must not use these bounds.
        let bounds = self.bounds[stored].get_or_init(|| {
            block_bounds(&self.arrow, stored, &self.logical_type(column), self.pages[stored].first_rows(), self.rows())
                .unwrap_or_default()
        });
        bounds.clone()
    }

    /// Whether the column is known to be NULL in every row.
    pub fn is_all_null(&self, column: &ColumnRef) -> bool {
        match self.source(column) {
            Source::Null => true,
            Source::Stored(stored) => self.layout.columns[stored].nulls == self.meta.rows,
            Source::Attrs(_, CachedColumn::Attrs) => {
                let summary = self.meta.columns.iter().find(|summary| summary.id == ColumnId::ATTRS);
                summary.is_some_and(|summary| summary.nulls == self.meta.rows)
            }
            Source::Attrs(..) => false,
        }
    }

    /// Rows `chunk * CHUNK_ROWS ..` of a column, at most [`CHUNK_ROWS`], in its physical type: for text
    /// `Dictionary(UInt16, Utf8)` with one sorted dictionary for all chunks, `Utf8`, or `FixedSizeBinary` for lower-case
    /// hexadecimal text; else the logical type. From the read cache, or decoded and put there.
    ///
    /// # Errors
    /// [`StorageError::CorruptSegment`], [`StorageError::MissingSegment`], or the store's.
    ///
    /// # Panics
    /// If there is no such chunk.
    pub async fn chunk(&self, column: &ColumnRef, chunk: usize) -> Result<ArrayRef> {
        let rows = self.chunk_rows(chunk);
        if self.is_all_null(column) {
            return self.null_chunk(column, rows.len());
        }
        match self.source(column) {
            Source::Null => self.null_chunk(column, rows.len()),
            Source::Stored(stored) => self.stored_chunk(stored, chunk).await,
            Source::Attrs(recipe, cached) => {
                let key = self.key(cached, chunk);
                if let Some(array) = self.cache.get(&key) {
                    return Ok(array);
                }
                let load = || async {
                    let parts = recipe.columns.iter().map(|stored| self.stored_chunk(*stored, chunk));
                    let array = recipe.apply(&try_join_all(parts).await?)?;
                    self.cache.insert(key.clone(), array.clone());
                    Ok(vec![array])
                };
                Ok(self.cache.flights().join(&key, load).await?.remove(0))
            }
        }
    }

    /// All chunks of a column as [`SegmentReader::chunk`] gives them, past the read cache.
    pub(super) async fn uncached_chunks(&self, column: &ColumnRef) -> Result<Vec<ArrayRef>> {
        let chunks = self.rows().div_ceil(CHUNK_ROWS);
        match self.source(column) {
            Source::Null => (0..chunks).map(|chunk| self.null_chunk(column, self.chunk_rows(chunk).len())).collect(),
            Source::Stored(stored) => {
                let all = std::iter::once(0..self.meta.rows as u32).collect::<Vec<_>>();
                self.decode(stored, all, CHUNK_ROWS).await
            }
            Source::Attrs(recipe, _) => {
                let mut arrays = Vec::with_capacity(chunks);
                for chunk in 0..chunks {
                    let rows = self.chunk_rows(chunk);
                    let part = async |stored: usize| {
                        let mut part = self.decode(stored, vec![rows.clone()], CHUNK_ROWS).await?;
                        Ok::<_, StorageError>(part.remove(0))
                    };
                    let parts = try_join_all(recipe.columns.iter().map(|stored| part(*stored))).await?;
                    arrays.push(recipe.apply(&parts)?);
                }
                Ok(arrays)
            }
        }
    }

    /// A few rows of some columns in their logical types. What the read cache has is used; of the rest only the blocks that
    /// hold the rows are read.
    ///
    /// # Errors
    /// [`StorageError::CorruptSegment`], [`StorageError::MissingSegment`], or the store's.
    ///
    /// # Panics
    /// If a row is not in the segment or `rows` does not ascend.
    pub async fn rows_of(&self, columns: &[ColumnRef], rows: &[u32]) -> Result<Vec<ArrayRef>> {
        assert!(rows.is_sorted_by(|a, b| a < b), "rows must ascend");
        assert!(rows.last().is_none_or(|row| u64::from(*row) < self.meta.rows), "rows must be in the segment");
        let mut stored: Vec<usize> = columns.iter().flat_map(|column| self.columns_of(column)).collect();
        stored.sort_unstable();
        stored.dedup();
        let arrays = self.stored_rows(&stored, rows).await?;
        let array_of = |wanted: usize| arrays[stored.partition_point(|stored| *stored < wanted)].clone();
        let column = |column: &ColumnRef| {
            let logical = self.logical_type(column);
            let physical = match self.source(column) {
                Source::Stored(stored) if !self.is_all_null(column) => array_of(stored),
                Source::Attrs(recipe, _) if !self.is_all_null(column) => {
                    recipe.apply(&recipe.columns.iter().map(|stored| array_of(*stored)).collect::<Vec<_>>())?
                }
                _ => return Ok(new_null_array(&logical, rows.len())),
            };
            to_logical(&physical, &logical)
        };
        columns.iter().map(column).collect()
    }

    /// Columns of the file whose values make those of `column`.
    fn columns_of(&self, column: &ColumnRef) -> Vec<usize> {
        match self.source(column) {
            _ if self.is_all_null(column) => Vec::new(),
            Source::Null => Vec::new(),
            Source::Stored(stored) => vec![stored],
            Source::Attrs(recipe, _) => recipe.columns,
        }
    }

    /// Whether [`SegmentReader::chunk`] would find the chunk in the read cache.
    pub fn is_cached(&self, column: &ColumnRef, chunk: usize) -> bool {
        if self.is_all_null(column) {
            return true;
        }
        let cached = match self.source(column) {
            Source::Null => return true,
            Source::Stored(stored) => CachedColumn::Stored(stored as u32),
            Source::Attrs(_, cached) => cached,
        };
        self.cache.contains(&self.key(cached, chunk))
    }

    /// Bytes of all chunks of the column decoded, about.
    pub fn decoded_bytes(&self, column: &ColumnRef) -> usize {
        let of = |stored: usize| self.layout.columns[stored].decoded_bytes as usize;
        match self.source(column) {
            Source::Null => 0,
            Source::Stored(stored) => of(stored),
            Source::Attrs(recipe, _) => recipe.columns.iter().map(|stored| of(*stored)).sum(),
        }
    }

    fn source(&self, column: &ColumnRef) -> Source {
        let recipe = match column {
            ColumnRef::Column(ColumnId::ATTRS) => self.attrs.whole().map(|recipe| (recipe, CachedColumn::Attrs)),
            ColumnRef::Field(path) => self.attrs.field(path).map(|recipe| (recipe, CachedColumn::Field(path.as_slice().into()))),
            ColumnRef::Column(id) => {
                let content = Content::Column(*id);
                let stored = self.layout.columns.iter().position(|column| column.content == content);
                return stored.map_or(Source::Null, Source::Stored);
            }
        };
        match recipe {
            None => Source::Null,
            Some((recipe, _)) if recipe.is_stored() => Source::Stored(recipe.columns[0]),
            Some((recipe, cached)) => Source::Attrs(recipe, cached),
        }
    }

    fn logical_type(&self, column: &ColumnRef) -> DataType {
        match column {
            ColumnRef::Field(_) | ColumnRef::Column(ColumnId::ATTRS) => DataType::Utf8View,
            ColumnRef::Column(id) => self.declared_type(*id),
        }
    }

    fn declared_type(&self, id: ColumnId) -> DataType {
        match id {
            ColumnId::OFFSET => Column::offset().data_type,
            ColumnId::INGESTED_AT => timestamptz(),
            id => {
                let declared = self.meta.schema.declared.iter().find(|column| column.id == id);
                declared.map_or(DataType::Null, |column| column.data_type.clone())
            }
        }
    }

    /// A chunk of NULLs in a physical type of the column.
    fn null_chunk(&self, column: &ColumnRef, rows: usize) -> Result<ArrayRef> {
        match self.logical_type(column) {
            DataType::Utf8View => codes_array(vec![NULL_CODE; rows], &StringArray::new_null(0)),
            other => Ok(new_null_array(&other, rows)),
        }
    }

    fn key(&self, column: CachedColumn, chunk: usize) -> ChunkKey {
        ChunkKey { segment: self.meta.id, column, chunk: chunk as u32 }
    }

    fn chunk_rows(&self, chunk: usize) -> Range<u32> {
        let start = chunk * CHUNK_ROWS;
        assert!(start < self.rows(), "a segment of {} rows has no chunk {chunk}", self.rows());
        start as u32..(start + CHUNK_ROWS).min(self.rows()) as u32
    }

    async fn stored_chunk(&self, stored: usize, chunk: usize) -> Result<ArrayRef> {
        let rows = self.chunk_rows(chunk);
        let cached = |chunk| self.key(CachedColumn::Stored(stored as u32), chunk);
        if let Some(array) = self.cache.get(&cached(chunk)) {
            return Ok(array);
        }
        let pages = &self.pages[stored];
        let whole = pages.dictionary_bytes() > LARGE_DICTIONARY_BYTES && pages.dictionary_bytes() * 2 > pages.data_bytes();
        let (first, rows) = if whole { (0, 0..self.meta.rows as u32) } else { (chunk, rows) };
        let flight = cached(first);
        let load = || async {
            // Who decodes a chunk mostly wants the next one too.
            let ahead = pages.behind(rows.end, AHEAD_BYTES);
            if !ahead.is_empty() {
                self.files.will_need(&self.meta.location, &[ahead]);
            }
            let arrays = self.decode(stored, vec![rows], CHUNK_ROWS).await?;
            for (at, array) in arrays.iter().enumerate() {
                self.cache.insert(cached(first + at), array.clone());
            }
            Ok(arrays)
        };
        let mut arrays = self.cache.flights().join(&flight, load).await?;
        if chunk - first >= arrays.len() {
            return Err(self.corrupt(format!("chunk {chunk} of column {stored} is missing")));
        }
        Ok(arrays.swap_remove(chunk - first))
    }

    /// Reads and decodes rows of a column of the file in arrays of `batch` rows.
    async fn decode(&self, stored: usize, rows: Vec<Range<u32>>, batch: usize) -> Result<Vec<ArrayRef>> {
        let decoding = self.decoding(stored, rows, batch).await?;
        Ok(self.decode_all(vec![decoding]).await?.remove(0))
    }

    /// The type of [`SegmentReader::chunk`].
    fn physical_type(&self, stored: usize) -> DataType {
        let column = &self.layout.columns[stored];
        match (&column.form, &column.content) {
            (Form::Native, Content::Column(id)) => self.declared_type(*id),
            _ => self.arrow.schema().field(stored).data_type().clone(),
        }
    }

    fn corrupt(&self, reason: String) -> StorageError {
        StorageError::CorruptSegment { id: self.meta.id, reason }
    }

    /// A range that the store cannot read any more means a file cut short; other failures stay what they are.
    fn unreadable(&self, error: StorageError) -> StorageError {
        match error {
            StorageError::Store(object_store::Error::Generic { source, .. }) => {
                self.corrupt(format!("a range of the file cannot be read: {source}"))
            }
            error => error,
        }
    }
}
