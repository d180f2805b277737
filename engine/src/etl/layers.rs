//! `etl.layers`: who changed the configuration, and how far it has come.

use async_trait::async_trait;

use crate::Result;
use crate::system::table::{Kind, Surroundings, SystemColumn, SystemTable, Value, column};

#[derive(Debug)]
pub(super) struct LayersTable;

#[async_trait]
impl SystemTable for LayersTable {
    fn name(&self) -> &'static str {
        "layers"
    }

    fn comment(&self) -> &'static str {
        "One row a layer: what one transaction changed."
    }

    fn columns(&self) -> &'static [SystemColumn] {
        const COLUMNS: &[SystemColumn] = &[
            column("id", Kind::Bigint, "Identity; counts up."),
            column("created_at", Kind::Time, "When it was made."),
            column("author", Kind::Text, "Who made it."),
            column("comment", Kind::Text, "Why: etl.comment at that time."),
            column("state", Kind::Text, "draft, queued, applying, active, failed or dropped."),
            column("origin", Kind::Text, "sql, import, drop, restore or rollback."),
            column("dropped_by", Kind::Bigint, "The layer that dropped it."),
        ];
        COLUMNS
    }

    async fn rows(&self, around: &Surroundings) -> Result<Vec<Vec<Value>>> {
        let stack = around.engine.configuration().stack();
        let standing = stack.standing();
        let rows = stack.layers().map(|layer| {
            let (state, dropped_by) = stack.state_in(layer, &standing);
            vec![
                Value::Bigint(layer.id.0),
                Value::Time(layer.created_at_us),
                Value::text(layer.author.clone()),
                layer.comment.clone().into(),
                Value::text(state.name()),
                Value::text(layer.origin.name()),
                dropped_by.map(|layer| layer.0).into(),
            ]
        });
        Ok(rows.collect())
    }
}
