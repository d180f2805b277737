//! `sys.tasks`: background work, newest first.

use async_trait::async_trait;

use super::table::{Kind, Surroundings, SystemColumn, SystemTable, Value, column};
use crate::Result;

/// Tasks that are shown, at most. The catalog keeps fewer finished ones.
const TASKS_MAX: usize = 10_000;

#[derive(Debug)]
pub(super) struct TasksTable;

#[async_trait]
impl SystemTable for TasksTable {
    fn name(&self) -> &'static str {
        "tasks"
    }

    fn comment(&self) -> &'static str {
        "One row a piece of background work."
    }

    fn columns(&self) -> &'static [SystemColumn] {
        const COLUMNS: &[SystemColumn] = &[
            column("id", Kind::Bigint, "Identity."),
            column("kind", Kind::Text, "merge, optimize, retention ..."),
            column("target", Kind::Text, "What it works on."),
            column("state", Kind::Text, "queued, running, done, failed or cancelled."),
            column("progress", Kind::Double, "0 to 1."),
            column("detail", Kind::Text, "What it does, in words."),
            column("error", Kind::Text, "Why it failed."),
            column("created_at", Kind::Time, "When it was asked for."),
            column("started_at", Kind::Time, "When it began."),
            column("finished_at", Kind::Time, "When it ended."),
        ];
        COLUMNS
    }

    async fn rows(&self, around: &Surroundings) -> Result<Vec<Vec<Value>>> {
        let tasks = around.engine.catalog().tasks(TASKS_MAX).await?;
        let rows = tasks.into_iter().map(|task| {
            vec![
                Value::Bigint(task.id),
                Value::Text(task.kind),
                Value::Text(task.target),
                Value::text(task.state.name()),
                Value::Double(task.progress),
                Value::Text(task.detail),
                task.error.into(),
                Value::Time(task.created_at_us),
                task.started_at_us.map_or(Value::Null, Value::Time),
                task.finished_at_us.map_or(Value::Null, Value::Time),
            ]
        });
        Ok(rows.collect())
    }
}
