//! `etl.plan_drop(layer)` and `etl.plan_rollback(layer)`: what it would do, before it is done.

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::catalog::TableProvider;
use datafusion::common::ScalarValue;
use strata_catalog::etl::{Orphans, Plan};

use super::{Definition, View, layer, layer_error};
use crate::Result;
use crate::system::table::{Kind, SystemColumn, Value, column, rows_table};

pub(super) const PLAN_DROP: Definition =
    Definition { name: "plan_drop", example: "etl.plan_drop(3)", arguments: &[DataType::Int64], evaluate: plan_drop };

pub(super) const PLAN_ROLLBACK: Definition =
    Definition { name: "plan_rollback", example: "etl.plan_rollback(3)", arguments: &[DataType::Int64], evaluate: plan_rollback };

const COLUMNS: &[SystemColumn] = &[
    column("relation", Kind::Text, "roles or rules."),
    column("key", Kind::Text, "What the object is called: role, or role/rule."),
    column("path", Kind::Text, "The field; empty for a whole object."),
    column("before", Kind::Jsonb, "What it is now. Secrets are masked."),
    column("after", Kind::Jsonb, "What it will be. Secrets are masked."),
    column("by_layer", Kind::Bigint, "The layer that set what comes back, or what goes."),
    column("kind", Kind::Text, "restored, removed, orphan or broken."),
];

fn plan_drop(View { stack, .. }: &View, arguments: &[ScalarValue]) -> Result<Arc<dyn TableProvider>> {
    table(Plan::drop(stack, layer(&arguments[0])?, Orphans::Refuse).map_err(layer_error)?)
}

fn plan_rollback(View { stack, .. }: &View, arguments: &[ScalarValue]) -> Result<Arc<dyn TableProvider>> {
    table(Plan::rollback(stack, layer(&arguments[0])?).map_err(layer_error)?)
}

fn table(plan: Plan) -> Result<Arc<dyn TableProvider>> {
    let rows = plan.rows.into_iter().map(|row| {
        vec![
            Value::text(row.relation.name()),
            Value::Text(row.key),
            Value::Text(row.path.to_string()),
            row.before.map(|value| value.to_string()).into(),
            row.after.map(|value| value.to_string()).into(),
            Value::Bigint(row.by.0),
            Value::text(row.kind.name()),
        ]
    });
    Ok(Arc::new(rows_table(COLUMNS, &rows.collect::<Vec<_>>())?))
}
