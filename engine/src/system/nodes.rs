//! `sys.nodes`: the processes of this Strata. Today there is one.

use async_trait::async_trait;

use super::table::{Kind, Surroundings, SystemColumn, SystemTable, Value, column};
use crate::Result;

#[derive(Debug)]
pub(super) struct NodesTable;

#[async_trait]
impl SystemTable for NodesTable {
    fn name(&self) -> &'static str {
        "nodes"
    }

    fn comment(&self) -> &'static str {
        "One row a process of this Strata."
    }

    fn columns(&self) -> &'static [SystemColumn] {
        const COLUMNS: &[SystemColumn] = &[
            column("id", Kind::Text, "Identity."),
            column("role", Kind::Text, "What it does."),
            column("address", Kind::Text, "Where it listens; NULL if it does not know."),
            column("version", Kind::Text, "Version of its program."),
            column("started_at", Kind::Time, "When it began."),
            column("health", Kind::Text, "healthy, or what is wrong."),
        ];
        COLUMNS
    }

    async fn rows(&self, around: &Surroundings) -> Result<Vec<Vec<Value>>> {
        let engine = &around.engine;
        let health = engine.wal().poisoned().unwrap_or_else(|| "healthy".to_owned());
        Ok(vec![vec![
            Value::text("local"),
            Value::text("server"),
            Value::Null,
            Value::text(env!("CARGO_PKG_VERSION")),
            Value::Time(engine.sessions().since_us()),
            Value::Text(health),
        ]])
    }
}
