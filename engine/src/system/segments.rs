//! `sys.segments`: sealed segments, and the buffer of each topic that has one.

use async_trait::async_trait;
use strata_catalog::Index;
use strata_storage::index::IndexState;
use strata_storage::segment::{SegmentMeta, SegmentState};

use super::table::{Kind, Surroundings, SystemColumn, SystemTable, Value, column};
use crate::Result;
use crate::topics::{BufferedBatch, TopicSnapshot};

#[derive(Debug)]
pub(super) struct SegmentsTable;

#[async_trait]
impl SystemTable for SegmentsTable {
    fn name(&self) -> &'static str {
        "segments"
    }

    fn comment(&self) -> &'static str {
        "One row a sealed segment, and one for each buffer that holds records."
    }

    fn columns(&self) -> &'static [SystemColumn] {
        const COLUMNS: &[SystemColumn] = &[
            column("topic", Kind::Text, "Schema and name."),
            column("id", Kind::Text, "Hash of the file; NULL for a buffer."),
            column("state", Kind::Text, "buffer, sealed or merged."),
            column("rows", Kind::Bigint, "Records."),
            column("bytes", Kind::Bigint, "Bytes of the file, or of memory for a buffer."),
            column("min_ts", Kind::Time, "Earliest time; NULL for a buffer."),
            column("max_ts", Kind::Time, "Latest time; NULL for a buffer."),
            column("first_offset", Kind::Bigint, "Offset of its first record."),
            column("last_offset", Kind::Bigint, "Offset of its last record."),
            column("location", Kind::Text, "Path in the store; NULL for a buffer."),
            column("indexes", Kind::Texts, "Indexes that were built for it, beside the bounds that every segment has."),
            column("created_at", Kind::Time, "When it was sealed; for a buffer, when its oldest record was received."),
        ];
        COLUMNS
    }

    async fn rows(&self, around: &Surroundings) -> Result<Vec<Vec<Value>>> {
        let topics = around.engine.topics().list();
        Ok(topics.iter().flat_map(|topic| rows_of(&topic.snapshot(), around)).collect())
    }
}

fn rows_of(snapshot: &TopicSnapshot, around: &Surroundings) -> Vec<Vec<Value>> {
    let topic = format!("{}.{}", snapshot.topic.schema, snapshot.topic.name);
    let mut rows: Vec<Vec<Value>> =
        snapshot.segments.iter().map(|segment| sealed(&topic, segment, indexes_of(snapshot, segment, around))).collect();
    if let (Some(first), Some(last)) = (snapshot.buffer.first(), snapshot.buffer.last()) {
        rows.push(buffered(topic, &snapshot.buffer, first, last));
    }
    rows
}

/// Names of the indexes that were built for a segment.
fn indexes_of(snapshot: &TopicSnapshot, segment: &SegmentMeta, around: &Surroundings) -> Vec<String> {
    let built = around.engine.segments().indexes().of_segment(segment.id);
    let is_built = |index: &&Index| {
        built.iter().any(|(name, state)| {
            let spec = &name.spec;
            matches!(state, IndexState::Built(_))
                && (spec.column, &spec.method, &spec.options) == (index.column, &index.method, &index.options)
        })
    };
    snapshot.topic.indexes.iter().filter(is_built).map(|index| index.name.clone()).collect()
}

fn sealed(topic: &str, segment: &SegmentMeta, indexes: Vec<String>) -> Vec<Value> {
    let state = match segment.state {
        SegmentState::Sealed => "sealed",
        SegmentState::Merged => "merged",
    };
    vec![
        Value::text(topic),
        Value::text(segment.id.to_string()),
        Value::text(state),
        Value::count(segment.rows),
        Value::count(segment.bytes),
        segment.ts_bounds_us.map_or(Value::Null, |(min, _)| Value::Time(min)),
        segment.ts_bounds_us.map_or(Value::Null, |(_, max)| Value::Time(max)),
        Value::Bigint(segment.first_offset),
        Value::Bigint(segment.last_offset),
        Value::text(segment.location.clone()),
        Value::Texts(indexes),
        Value::Time(segment.created_at_us),
    ]
}

fn buffered(topic: String, batches: &[std::sync::Arc<BufferedBatch>], first: &BufferedBatch, last: &BufferedBatch) -> Vec<Value> {
    vec![
        Value::Text(topic),
        Value::Null,
        Value::text("buffer"),
        Value::Bigint(last.end_offset() - first.base_offset),
        Value::count(batches.iter().map(|batch| batch.bytes).sum::<usize>()),
        Value::Null,
        Value::Null,
        Value::Bigint(first.base_offset),
        Value::Bigint(last.end_offset() - 1),
        Value::Null,
        Value::Texts(Vec::new()),
        Value::Time(first.records.first_us()),
    ]
}
