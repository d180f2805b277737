//! `etl.attempts`: what instances made of layers, the failures too, oldest first.

use async_trait::async_trait;

use crate::Result;
use crate::system::table::{Kind, Surroundings, SystemColumn, SystemTable, Value, column};

#[derive(Debug)]
pub(super) struct AttemptsTable;

#[async_trait]
impl SystemTable for AttemptsTable {
    fn name(&self) -> &'static str {
        "attempts"
    }

    fn comment(&self) -> &'static str {
        "One row a try of a layer on an instance."
    }

    fn columns(&self) -> &'static [SystemColumn] {
        const COLUMNS: &[SystemColumn] = &[
            column("layer", Kind::Bigint, "The layer."),
            column("role", Kind::Text, "The role, as it was called then."),
            column("instance", Kind::Text, "The instance."),
            column("hash", Kind::Text, "Hash of the files that it was to get."),
            column("started_at", Kind::Time, "When it began."),
            column("finished_at", Kind::Time, "When it ended."),
            column("outcome", Kind::Text, "running, applied, failed, silent or restored."),
            column("detail", Kind::Text, "What the instance said."),
        ];
        COLUMNS
    }

    async fn rows(&self, around: &Surroundings) -> Result<Vec<Vec<Value>>> {
        let attempts = around.engine.catalog().attempts(None).await?;
        let rows = attempts.into_iter().map(|found| {
            vec![
                Value::Bigint(found.attempt.layer.0),
                Value::Text(found.attempt.role),
                Value::Text(found.attempt.instance),
                Value::Text(found.attempt.hash),
                Value::Time(found.attempt.started_at_us),
                found.finished_at_us.map_or(Value::Null, Value::Time),
                Value::text(found.outcome.name()),
                Value::Text(found.detail),
            ]
        });
        Ok(rows.collect())
    }
}
