//! `etl.tasks`: rollouts and other work of the control plane, newest first.

use async_trait::async_trait;

use crate::Result;
use crate::system::table::{Kind, Surroundings, SystemColumn, SystemTable, Value, column};

/// Tasks that are shown, at most.
const TASKS_MAX: usize = 10_000;

#[derive(Debug)]
pub(super) struct TasksTable;

#[async_trait]
impl SystemTable for TasksTable {
    fn name(&self) -> &'static str {
        "tasks"
    }

    fn comment(&self) -> &'static str {
        "One row a rollout or other work of the control plane."
    }

    fn columns(&self) -> &'static [SystemColumn] {
        const COLUMNS: &[SystemColumn] = &[
            column("id", Kind::Bigint, "Identity; counts up."),
            column("kind", Kind::Text, "rollout, repair ..."),
            column("layer", Kind::Bigint, "The layer that it applies."),
            column("role", Kind::Text, "The role that it works on; all that the layer touches if it is NULL."),
            column("state", Kind::Text, "queued, running, done, failed or cancelled."),
            column("progress", Kind::Double, "0 to 1."),
            column("steps", Kind::Jsonb, "Its steps and how each went."),
            column("error", Kind::Text, "Why it failed."),
            column("created_at", Kind::Time, "When it was asked for."),
            column("started_at", Kind::Time, "When it began."),
            column("finished_at", Kind::Time, "When it ended."),
        ];
        COLUMNS
    }

    async fn rows(&self, around: &Surroundings) -> Result<Vec<Vec<Value>>> {
        let tasks = around.engine.catalog().etl_tasks(TASKS_MAX).await?;
        let rows = tasks.into_iter().map(|task| {
            vec![
                Value::Bigint(task.id),
                Value::Text(task.kind),
                task.layer.map(|layer| layer.0).into(),
                task.role.into(),
                Value::text(task.state.name()),
                Value::Double(task.progress),
                Value::Text(task.steps.to_string()),
                task.error.into(),
                Value::Time(task.created_at_us),
                task.started_at_us.map_or(Value::Null, Value::Time),
                task.finished_at_us.map_or(Value::Null, Value::Time),
            ]
        });
        Ok(rows.collect())
    }
}
