//! Everything that an opened engine holds, read in the obvious way: segments as the Parquet files that they are, then
//! the buffers.

use std::collections::BTreeMap;
use std::fs::File;
use std::sync::Arc;

use anyhow::Context;
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use strata_engine::Engine;
use strata_engine::topics::TopicSnapshot;

/// Records of a topic: offset and message, in offset order.
pub type Records = Vec<(i64, String)>;

/// All topics by name.
pub fn read(engine: &Arc<Engine>) -> anyhow::Result<BTreeMap<String, Records>> {
    let topics = engine.topics().list();
    let named = topics.iter().map(|topic| {
        let definition = topic.definition();
        let name = format!("{}.{}", definition.schema, definition.name);
        let records = records(engine, &topic.snapshot()).with_context(|| name.clone())?;
        Ok((name, records))
    });
    named.collect()
}

fn records(engine: &Engine, snapshot: &TopicSnapshot) -> anyhow::Result<Records> {
    let mut records = Records::new();
    for segment in snapshot.segments.iter() {
        let file = File::open(engine.config().data_dir.join(&segment.location)).with_context(|| segment.location.clone())?;
        let mut in_segment = Records::new();
        for batch in ParquetRecordBatchReaderBuilder::try_new(file)?.build()? {
            let batch = batch?;
            let offsets = column(&batch, "_offset", &DataType::Int64)?;
            let messages = messages(&batch)?;
            in_segment.extend(offsets.as_primitive::<Int64Type>().values().iter().copied().zip(messages));
        }
        // A segment is sorted by its sort key.
        in_segment.sort();
        anyhow::ensure!(in_segment.len() as u64 == segment.rows, "{} has another number of rows than it says", segment.location);
        records.extend(in_segment);
    }
    for buffered in &snapshot.buffer {
        records.extend((buffered.base_offset..).zip(messages(buffered.records.batch())?));
    }
    anyhow::ensure!(
        records.last().is_none_or(|(last, _)| last + 1 == snapshot.next_offset),
        "the next offset is {}",
        snapshot.next_offset
    );
    Ok(records)
}

fn messages(batch: &RecordBatch) -> anyhow::Result<Vec<String>> {
    let messages = column(batch, "message", &DataType::Utf8)?;
    Ok(messages.as_string::<i32>().iter().map(|message| message.unwrap_or("NULL").to_owned()).collect())
}

fn column(batch: &RecordBatch, name: &str, as_type: &DataType) -> anyhow::Result<Arc<dyn Array>> {
    Ok(cast(batch.column_by_name(name).with_context(|| format!("column {name}"))?, as_type)?)
}
