//! From neighbouring segments to one.
//!
//! Columns are read, gathered in the new order and encoded one at a time, so that the largest column decides how much
//! memory is needed, not the segment. What is read for a merge does not pass through the read cache.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, new_null_array};
use arrow::datatypes::DataType;

use super::build::{Build, Built, Facts};
use super::file::blocking;
use super::job::MergeJob;
use super::meta::SegmentState;
use super::reader::{ColumnRef, SegmentReader};
use super::seal::column_data;
use super::write::ColumnData;
use crate::ids::ColumnId;
use crate::memory::{Consumer, Memory};
use crate::range_set::RangeSet;
use crate::schema::Column;
use crate::{Result, StorageError};

/// Merges the segments of `job`, which `readers` are open on.
///
/// # Errors
/// [`StorageError::Internal`] if they are no neighbours; those of reading; Parquet's.
pub async fn merge(job: MergeJob, readers: Vec<Arc<SegmentReader>>, memory: &Memory) -> Result<Built> {
    let facts = facts(&job)?;
    let mut build = Build::new(facts, job.indexes.clone(), memory);
    let mut sorted: Vec<(ColumnId, ColumnData)> = Vec::new();
    let columns: Vec<Column> = job.schema.columns().collect();
    // The offset last: where segments were sorted by other columns, row numbers do not follow it.
    for id in job.schema.sort_by.iter().chain([&ColumnId::OFFSET]) {
        if let Some(column) = columns.iter().find(|column| column.id == *id && sorted.iter().all(|(sorted, _)| sorted != id)) {
            let (column, parts) = (column.clone(), parts(&readers, column).await?);
            sorted.push((*id, blocking(move || column_data(&column, parts)).await?));
        }
    }
    (build, sorted) = blocking(move || {
        build.sort(sorted.iter().map(|(_, data)| data.ranks()).collect::<Result<Vec<_>>>()?);
        Ok((build, sorted))
    })
    .await?;
    for column in columns {
        let ready = sorted.iter().position(|(id, _)| *id == column.id).map(|at| sorted.swap_remove(at).1);
        let parts = if ready.is_some() { Vec::new() } else { parts(&readers, &column).await? };
        let mut held = memory.reservation(Consumer::Seal);
        held.grow(parts.iter().map(|part| part.get_buffer_memory_size()).sum());
        build = blocking(move || {
            match ready {
                Some(data) => build.add(&column, data)?,
                None if column.id == ColumnId::ATTRS => build.add_attrs(parts)?,
                None => build.add(&column, column_data(&column, parts)?)?,
            }
            Ok(build)
        })
        .await?;
    }
    blocking(move || build.finish()).await
}

/// All rows of a column, segment after segment.
async fn parts(readers: &[Arc<SegmentReader>], column: &Column) -> Result<Vec<ArrayRef>> {
    let mut parts = Vec::new();
    for reader in readers {
        for part in reader.uncached_chunks(&ColumnRef::Column(column.id)).await? {
            let untyped = *part.data_type() == DataType::Null;
            parts.push(if untyped { new_null_array(&column.data_type, part.len()) } else { part });
        }
    }
    Ok(parts)
}

fn facts(job: &MergeJob) -> Result<Facts> {
    let (Some(first), Some(last)) = (job.segments.first(), job.segments.last()) else {
        return Err(StorageError::Internal("a merge needs at least one segment".to_owned()));
    };
    let neighbours =
        job.segments.windows(2).all(|pair| pair[0].last_offset + 1 == pair[1].first_offset && pair[0].topic == pair[1].topic);
    if !neighbours {
        return Err(StorageError::Internal("only neighbours in offset order can be merged".to_owned()));
    }
    let ingested = job.segments.iter().map(|segment| segment.ingested_bounds_us);
    let first_ingested = ingested.clone().map(|bounds| bounds.0).min().unwrap_or(0);
    let last_ingested = ingested.map(|bounds| bounds.1).max().unwrap_or(0);
    let mut producers: BTreeMap<&String, RangeSet> = BTreeMap::new();
    for (producer, ranges) in job.segments.iter().flat_map(|segment| &segment.producers) {
        let all = producers.entry(producer).or_default();
        ranges.iter().for_each(|(first, last)| all.insert(first, last));
    }
    Ok(Facts {
        topic: first.topic,
        schema: job.schema.clone(),
        state: SegmentState::Merged,
        first_offset: first.first_offset,
        rows: (last.last_offset - first.first_offset + 1) as usize,
        ingested_bounds_us: (first_ingested, last_ingested),
        created_at_us: job.created_at_us,
        writer: job.writer.clone(),
        producers: producers.into_iter().map(|(producer, ranges)| (producer.clone(), ranges)).collect(),
        topic_definition: job.topic_definition.clone(),
    })
}
