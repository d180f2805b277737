//! `sys.indexes`: indexes that were asked for, and how far they are built.

use std::sync::atomic::Ordering;

use async_trait::async_trait;
use strata_storage::index::{IndexSpec, IndexState};

use super::table::{Kind, Surroundings, SystemColumn, SystemTable, Value, column};
use crate::Result;
use crate::topics::TopicSnapshot;

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
                let spec = IndexSpec { column: index.column, method: index.method.clone(), options: index.options.clone() };
                let found = Found::of(around, &snapshot, &spec);
                rows.push(vec![
                    Value::text(format!("{}.{}", snapshot.topic.schema, snapshot.topic.name)),
                    column.map(|column| column.name).into(),
                    Value::text(&index.method),
                    Value::Text(options.join(", ")),
                    Value::count(found.built),
                    Value::count(snapshot.segments.len()),
                    Value::count(found.bytes),
                    Value::count(found.probes),
                    Value::count(found.pruned),
                    found.problem.into(),
                ]);
            }
        }
        Ok(rows)
    }
}

/// How an index stands.
#[derive(Debug, Default)]
struct Found {
    built: usize,
    bytes: u64,
    probes: u64,
    pruned: u64,
    problem: Option<String>,
}

impl Found {
    fn of(around: &Surroundings, snapshot: &TopicSnapshot, spec: &IndexSpec) -> Self {
        if spec.method().is_none() {
            // Bounds, which the method sparse asks for, are part of every segment.
            return Self { built: snapshot.segments.len(), ..Self::default() };
        }
        let registry = around.engine.segments().indexes();
        let counts = registry.counts(snapshot.topic.id, spec);
        let (probes, pruned) = (counts.probes.load(Ordering::Relaxed), counts.pruned.load(Ordering::Relaxed));
        let mut found = Self { probes, pruned, ..Self::default() };
        let mut missing = 0;
        for segment in snapshot.segments.iter() {
            match registry.state(segment.id, spec) {
                Some(IndexState::Built(bytes)) => {
                    found.built += 1;
                    found.bytes += bytes;
                }
                Some(IndexState::Broken(reason) | IndexState::Refused(reason)) => found.problem = Some(reason),
                None => missing += 1,
            }
        }
        let trouble = counts.trouble.lock().clone();
        if found.problem.is_none() && missing > 0 {
            let paused = around.engine.lifecycle().indexing.is_paused(snapshot.topic.id, spec);
            let why = if paused { "building was stopped; CALL sys.optimize resumes it" } else { "it is being built" };
            found.problem = Some(format!("{missing} segments do not have it yet: {why}"));
        } else if found.problem.is_none() {
            found.problem = trouble.map(|reason| format!("built anew, after: {reason}"));
        }
        found
    }
}
