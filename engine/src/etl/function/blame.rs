//! `etl.blame(role)`: which layer set each field of a role and its rules as they are now.

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::catalog::TableProvider;
use datafusion::common::ScalarValue;
use strata_catalog::etl::blame;

use super::{Definition, View, layer_error, name};
use crate::Result;
use crate::system::table::{Kind, SystemColumn, Value, column, rows_table};

pub(super) const BLAME: Definition =
    Definition { name: "blame", example: "etl.blame('role')", arguments: &[DataType::Utf8], evaluate: table };

const COLUMNS: &[SystemColumn] = &[
    column("relation", Kind::Text, "roles or rules."),
    column("key", Kind::Text, "What the object is called: role, or role/rule."),
    column("path", Kind::Text, "The field."),
    column("value", Kind::Jsonb, "What it is. Secrets are masked."),
    column("layer", Kind::Bigint, "The layer that set it."),
];

fn table(View { stack, .. }: &View, arguments: &[ScalarValue]) -> Result<Arc<dyn TableProvider>> {
    let blame = blame::of_role(&stack.fold(), name(&arguments[0])?).map_err(layer_error)?;
    let rows = blame.into_iter().map(|row| {
        vec![
            Value::text(row.relation.name()),
            Value::Text(row.key),
            Value::Text(row.path.to_string()),
            Value::Text(row.value.to_string()),
            Value::Bigint(row.layer.0),
        ]
    });
    Ok(Arc::new(rows_table(COLUMNS, &rows.collect::<Vec<_>>())?))
}
