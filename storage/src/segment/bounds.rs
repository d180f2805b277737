//! Bounds of blocks of rows, for pruning.
//!
//! They come from Parquet's page index. A page is a block unless its values are so long that a block needs several pages;
//! a block's bounds are then those of all pages that share a row with it.
//!
//! **Invariant:** no value of a block lies outside its bounds. What cannot be promised is not given.

use arrow::array::{Array, ArrayRef, UInt32Array, UInt64Array, make_comparator};
use arrow::compute::{SortOptions, take};
use arrow::datatypes::DataType;
use parquet::arrow::arrow_reader::ArrowReaderMetadata;
use parquet::arrow::arrow_reader::statistics::StatisticsConverter;

use super::{BLOCK_ROWS, to_logical};
use crate::Result;

/// Bounds of a column, one entry per [`BLOCK_ROWS`] rows, in its logical type.
#[derive(Debug, Clone)]
pub struct BlockBounds {
    /// Smallest value or less; NULL if every row of the block is NULL.
    pub mins: ArrayRef,
    /// Largest value or more; NULL if every row of the block is NULL.
    pub maxs: ArrayRef,
    /// NULLs in the block; NULL if unknown.
    pub null_counts: UInt64Array,
}

/// Bounds of column `column` of a file with `rows` rows whose pages begin at `first_rows`; `None` if they are not known.
///
/// # Errors
/// Arrow's, when the page index has another type.
pub fn block_bounds(
    metadata: &ArrowReaderMetadata,
    column: usize,
    logical: &DataType,
    first_rows: &[u32],
    rows: usize,
) -> Result<Option<BlockBounds>> {
    let parquet = metadata.metadata();
    let (Some(column_index), Some(offset_index)) = (parquet.column_index(), parquet.offset_index()) else {
        return Ok(None);
    };
    let field = metadata.schema().field(column).clone();
    let field = match field.data_type() {
        DataType::Dictionary(_, value) => field.clone().with_data_type(value.as_ref().clone()),
        _ => field,
    };
    let converter = StatisticsConverter::from_column_index(column, &field, metadata.parquet_schema())?;
    let mins = converter.data_page_mins(column_index, offset_index, [&0])?;
    let maxs = converter.data_page_maxes(column_index, offset_index, [&0])?;
    let nulls = converter.data_page_null_counts(column_index, offset_index, [&0])?;
    let pages = first_rows.len();
    if mins.len() != pages || maxs.len() != pages || nulls.len() != pages {
        return Ok(None);
    }
    let page_rows = |page: usize| first_rows.get(page + 1).map_or(rows, |next| *next as usize) - first_rows[page] as usize;
    let unknown = |page: usize| {
        let all_null = nulls.is_valid(page) && nulls.value(page) == page_rows(page) as u64;
        !all_null && (mins.is_null(page) || maxs.is_null(page))
    };
    if (0..pages).any(unknown) {
        return Ok(None);
    }
    let (mins, maxs) = (to_logical(&mins, logical)?, to_logical(&maxs, logical)?);
    let aligned = first_rows.iter().enumerate().all(|(page, first)| *first as usize == page * BLOCK_ROWS);
    if aligned {
        return Ok(Some(BlockBounds { mins, maxs, null_counts: nulls }));
    }
    let smallest = make_comparator(&mins, &mins, SortOptions { descending: false, nulls_first: false })?;
    let largest = make_comparator(&maxs, &maxs, SortOptions { descending: false, nulls_first: true })?;
    let (mut min_page, mut max_page) = (Vec::new(), Vec::new());
    let mut null_counts = Vec::new();
    for start in (0..rows).step_by(BLOCK_ROWS) {
        let end = (start + BLOCK_ROWS).min(rows);
        let first = first_rows.partition_point(|row| *row as usize <= start).saturating_sub(1);
        let last = first_rows.partition_point(|row| (*row as usize) < end).max(first + 1);
        min_page.push((first..last).min_by(|a, b| smallest(*a, *b)).unwrap_or(first) as u32);
        max_page.push((first..last).max_by(|a, b| largest(*a, *b)).unwrap_or(first) as u32);
        let whole = first_rows[first] as usize == start && first_rows.get(last).map_or(rows, |row| *row as usize) == end;
        null_counts.push(whole.then(|| (first..last).map(|page| nulls.value(page)).sum()));
    }
    Ok(Some(BlockBounds {
        mins: take(&mins, &UInt32Array::from(min_page), None)?,
        maxs: take(&maxs, &UInt32Array::from(max_page), None)?,
        null_counts: null_counts.into_iter().collect(),
    }))
}
