//! `sys.topics`: what topics hold.

use async_trait::async_trait;

use super::table::{Kind, Surroundings, SystemColumn, SystemTable, Value, column};
use crate::Result;
use crate::topics::TopicSnapshot;

#[derive(Debug)]
pub(super) struct TopicsTable;

#[async_trait]
impl SystemTable for TopicsTable {
    fn name(&self) -> &'static str {
        "topics"
    }

    fn comment(&self) -> &'static str {
        "One row a topic: what it holds now."
    }

    fn columns(&self) -> &'static [SystemColumn] {
        const COLUMNS: &[SystemColumn] = &[
            column("topic", Kind::Text, "Schema and name."),
            column("rows", Kind::Bigint, "Records, buffered ones included."),
            column("bytes", Kind::Bigint, "Bytes of its segments on disk, and of its buffer in memory."),
            column("segments", Kind::Bigint, "Sealed segments."),
            column("first_offset", Kind::Bigint, "Offset of the oldest record."),
            column("next_offset", Kind::Bigint, "Offset of the next record to come."),
            column("min_ts", Kind::Time, "Earliest time in the sealed segments."),
            column("max_ts", Kind::Time, "Latest time in the sealed segments."),
            column("retention", Kind::Text, "Age after which records are removed."),
            column("retention_bytes", Kind::Bigint, "Size beyond which the oldest segments are removed."),
            column("sort_by", Kind::Text, "Columns by which the rows of a segment are sorted."),
            column("created_at", Kind::Time, "When it was created."),
        ];
        COLUMNS
    }

    async fn rows(&self, around: &Surroundings) -> Result<Vec<Vec<Value>>> {
        Ok(around.engine.topics().list().iter().map(|topic| row(&topic.snapshot())).collect())
    }
}

fn row(snapshot: &TopicSnapshot) -> Vec<Value> {
    let topic = &snapshot.topic;
    let segments = &snapshot.segments;
    let sealed: u64 = segments.iter().map(|segment| segment.bytes).sum();
    let buffered: u64 = snapshot.buffer.iter().map(|batch| batch.bytes as u64).sum();
    let bounds = || segments.iter().filter_map(|segment| segment.ts_bounds_us);
    let name_of = |id: &strata_storage::ColumnId| {
        topic.columns.declared.iter().find(|column| column.id == *id).map(|column| column.name.clone())
    };
    let sort_by: Vec<String> = topic.columns.sort_by.iter().filter_map(name_of).collect();
    vec![
        Value::text(format!("{}.{}", topic.schema, topic.name)),
        Value::count(snapshot.rows()),
        Value::count(sealed + buffered),
        Value::count(segments.len()),
        Value::Bigint(snapshot.first_offset()),
        Value::Bigint(snapshot.next_offset),
        bounds().map(|(min, _)| Value::Time(min)).min_by_key(time).unwrap_or(Value::Null),
        bounds().map(|(_, max)| Value::Time(max)).max_by_key(time).unwrap_or(Value::Null),
        topic.options.retention_us.map(duration_text).into(),
        topic.options.retention_bytes.map_or(Value::Null, Value::count),
        Value::Text(sort_by.join(", ")),
        Value::Time(topic.created_at_us),
    ]
}

fn time(value: &Value) -> i64 {
    match value {
        Value::Time(us) => *us,
        _ => 0,
    }
}

/// Microseconds as PostgreSQL writes an interval.
pub(super) fn duration_text(us: i64) -> String {
    let (days, rest) = (us / 86_400_000_000, us % 86_400_000_000);
    let seconds = rest / 1_000_000;
    let clock = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (days, seconds) {
        (0, _) => clock,
        (1, 0) => "1 day".to_owned(),
        (_, 0) => format!("{days} days"),
        (1, _) => format!("1 day {clock}"),
        _ => format!("{days} days {clock}"),
    }
}
