//! Decoding with Parquet's own Arrow reader: columns of every type, for which there is no decoder here.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::ArrayRef;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ParquetRecordBatchReaderBuilder, RowSelection, RowSelectionPolicy, RowSelector,
};

use super::holes::{HoledFile, Holes};

/// Decodes `rows` of column `column` into arrays of `batch` rows.
///
/// # Errors
/// Parquet's.
pub fn decode(
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
