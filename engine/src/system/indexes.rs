//! `sys.indexes`: indexes that were asked for, and how far they are built.

use async_trait::async_trait;

use super::table::{Kind, Surroundings, SystemColumn, SystemTable, Value, column};
use crate::Result;

#[derive(Debug)]
pub(super) struct IndexesTable;

#[async_trait]
impl SystemTable for IndexesTable {
    fn name(&self) -> &'static str {
        "indexes"
    }

    fn comment(&self) -> &'static str {
        "One row an index that CREATE INDEX defined. Bounds of every column are always there and not listed."
    }

    fn columns(&self) -> &'static [SystemColumn] {
        const COLUMNS: &[SystemColumn] = &[
            column("topic", Kind::Text, "Schema and name of the topic."),
            column("column", Kind::Text, "Column."),
            column("method", Kind::Text, "inverted, bloom or sparse."),
            column("options", Kind::Text, "Options of WITH (...)."),
            column("segments_built", Kind::Bigint, "Segments that have it."),
            column("segments_total", Kind::Bigint, "Segments of the topic."),
            column("bytes", Kind::Bigint, "Bytes on disk."),
            column("probes", Kind::Bigint, "Times that a query asked it."),
            column("pruned", Kind::Bigint, "Segments that it ruled out."),
            column("problem", Kind::Text, "Why it does not work, if it does not."),
        ];
        COLUMNS
    }

    async fn rows(&self, around: &Surroundings) -> Result<Vec<Vec<Value>>> {
        let mut rows = Vec::new();
        for topic in around.engine.topics().list() {
            let snapshot = topic.snapshot();
            for index in &snapshot.topic.indexes {
                let column = snapshot.topic.columns.columns().find(|column| column.id == index.column);
                let options: Vec<String> = index.options.iter().map(|(name, value)| format!("{name}={value}")).collect();
                // Bounds, which the method sparse asks for, are part of every segment.
                let built = if index.method == "sparse" { snapshot.segments.len() } else { 0 };
                let problem =
                    (built < snapshot.segments.len()).then(|| format!("indexes of method {} are not built yet", index.method));
                rows.push(vec![
                    Value::text(format!("{}.{}", snapshot.topic.schema, snapshot.topic.name)),
                    column.map(|column| column.name).into(),
                    Value::text(&index.method),
                    Value::Text(options.join(", ")),
                    Value::count(built),
                    Value::count(snapshot.segments.len()),
                    Value::Bigint(0),
                    Value::Bigint(0),
                    Value::Bigint(0),
                    problem.into(),
                ]);
            }
        }
        Ok(rows)
    }
}
