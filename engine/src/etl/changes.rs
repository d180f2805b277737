//! `etl.changes`: what each layer did, field by field, as it was when the layer was made.

use async_trait::async_trait;
use strata_catalog::etl::{Change, change};

use crate::Result;
use crate::system::table::{Kind, Surroundings, SystemColumn, SystemTable, Value, column};

/// Columns of everything that tells changes.
pub(super) const COLUMNS: &[SystemColumn] = &[
    column("layer", Kind::Bigint, "The layer."),
    column("relation", Kind::Text, "roles or rules."),
    column("key", Kind::Text, "What the object was called: role, or role/rule."),
    column("op", Kind::Text, "create, set, unset or delete."),
    column("path", Kind::Text, "The field; empty for a whole object."),
    column("old", Kind::Jsonb, "What it was. Secrets are masked."),
    column("new", Kind::Jsonb, "What it became. Secrets are masked."),
];

/// A change as a row of [`COLUMNS`].
pub(super) fn row(change: Change) -> Vec<Value> {
    vec![
        Value::Bigint(change.layer.0),
        Value::text(change.relation.name()),
        Value::Text(change.key),
        Value::text(change.operation.name()),
        Value::Text(change.path.to_string()),
        change.old.map(|value| value.to_string()).into(),
        change.new.map(|value| value.to_string()).into(),
    ]
}

#[derive(Debug)]
pub(super) struct ChangesTable;

#[async_trait]
impl SystemTable for ChangesTable {
    fn name(&self) -> &'static str {
        "changes"
    }

    fn comment(&self) -> &'static str {
        "One row a field that a layer changed."
    }

    fn columns(&self) -> &'static [SystemColumn] {
        COLUMNS
    }

    async fn rows(&self, around: &Surroundings) -> Result<Vec<Vec<Value>>> {
        Ok(change::all(&around.engine.configuration().stack()).into_iter().map(row).collect())
    }
}
