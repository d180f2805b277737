//! From the batches of a buffer to the bytes of a segment.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Int64Array, new_null_array};
use arrow::datatypes::DataType;

use super::build::{Build, Built, Facts};
use super::job::SealJob;
use super::meta::SegmentState;
use super::native::NativeColumn;
use super::text::{TextColumn, TextPart};
use super::write::ColumnData;
use crate::ids::ColumnId;
use crate::memory::Memory;
use crate::schema::{Column, column_by_id};
use crate::{Result, StorageError};

/// Sorts and encodes the records of `job`. Computes for seconds.
///
/// # Errors
/// [`StorageError::Internal`] if the offsets are not dense; Arrow's and Parquet's if a column's type is not what the
/// schema says.
pub fn seal(job: SealJob, memory: &Memory) -> Result<Built> {
    let (first_offset, rows) = dense(&job)?;
    let ingested = || job.batches.iter().filter(|batch| batch.records.rows() > 0).map(|batch| batch.records.bounds_us());
    let ingested_bounds_us =
        (ingested().map(|bounds| bounds.0).min().unwrap_or(0), ingested().map(|bounds| bounds.1).max().unwrap_or(0));
    let facts = Facts {
        topic: job.topic,
        schema: job.schema.clone(),
        state: SegmentState::Sealed,
        first_offset,
        rows,
        ingested_bounds_us,
        created_at_us: job.created_at_us,
        writer: job.writer.clone(),
        producers: job.producers.clone(),
        topic_definition: job.topic_definition.clone(),
    };
    let mut build = Build::new(facts, job.indexes.clone(), memory);
    let mut sorted = Vec::new();
    for id in &job.schema.sort_by {
        if let Some(column) = job.schema.columns().find(|column| column.id == *id) {
            sorted.push((*id, column_data(&column, parts(&job, &column))?));
        }
    }
    build.sort(sorted.iter().map(|(_, data)| data.ranks()).collect::<Result<Vec<_>>>()?);
    for column in job.schema.columns() {
        let ready = sorted.iter().position(|(id, _)| *id == column.id).map(|at| sorted.swap_remove(at).1);
        let data = match ready {
            Some(data) => data,
            None if column.id == ColumnId::ATTRS => {
                build.add_attrs(parts(&job, &column))?;
                continue;
            }
            None => column_data(&column, parts(&job, &column))?,
        };
        build.add(&column, data)?;
    }
    build.finish()
}

/// First offset and rows.
fn dense(job: &SealJob) -> Result<(i64, usize)> {
    let first = job.batches.first().map(|batch| batch.base_offset);
    let first = first.ok_or_else(|| StorageError::Internal("a segment needs at least one batch".to_owned()))?;
    let mut next = first;
    for batch in &job.batches {
        if batch.base_offset != next {
            return Err(StorageError::Internal(format!("offset {next} is missing before {}", batch.base_offset)));
        }
        next += batch.records.rows() as i64;
    }
    if next == first {
        return Err(StorageError::Internal("a segment needs at least one row".to_owned()));
    }
    Ok((first, (next - first) as usize))
}

/// The arrays of one column in offset order.
fn parts(job: &SealJob, column: &Column) -> Vec<ArrayRef> {
    let part = |batch: &super::SealBatch| -> ArrayRef {
        let rows = batch.records.rows();
        match column.id {
            ColumnId::OFFSET => Arc::new(Int64Array::from_iter_values(batch.base_offset..batch.base_offset + rows as i64)),
            ColumnId::INGESTED_AT => Arc::new(batch.records.times()),
            id => match column_by_id(batch.records.batch(), id) {
                Some((_, array)) => array,
                None => new_null_array(&column.data_type, rows),
            },
        }
    };
    job.batches.iter().map(part).collect()
}

/// One column's rows in the form they will have.
///
/// # Errors
/// Arrow's, if an array has another type.
pub fn column_data(column: &Column, parts: Vec<ArrayRef>) -> Result<ColumnData> {
    Ok(match column.data_type {
        DataType::Utf8View | DataType::Utf8 | DataType::LargeUtf8 => {
            let parts = parts.iter().filter(|part| !part.is_empty()).map(TextPart::of).collect::<Result<Vec<_>>>()?;
            ColumnData::Text(TextColumn::of(parts))
        }
        _ => ColumnData::Native(NativeColumn::of(&parts, &column.data_type)?),
    })
}
