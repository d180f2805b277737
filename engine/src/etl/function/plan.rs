//! `etl.plan_drop(layer)` and `etl.plan_rollback(layer)`: what it would do, before it is done.
//!
//! What would be refused because it brings an error into a role that somebody runs is a row of kind broken, like what would not
//! hold together.

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::catalog::TableProvider;
use datafusion::common::ScalarValue;
use strata_catalog::etl::{Orphans, Plan, PlanKind, PlanRow};

use super::{Definition, View, layer, layer_error};
use crate::Result;
use crate::etl::Judge;
use crate::etl::configuration::touched_roles;
use crate::etl::judge::{RoleFinding, brought_in};
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

fn plan_drop(view: &View, arguments: &[ScalarValue]) -> Result<Arc<dyn TableProvider>> {
    table(view, Plan::drop(&view.stack, layer(&arguments[0])?, Orphans::Refuse).map_err(layer_error)?)
}

fn plan_rollback(view: &View, arguments: &[ScalarValue]) -> Result<Arc<dyn TableProvider>> {
    table(view, Plan::rollback(&view.stack, layer(&arguments[0])?).map_err(layer_error)?)
}

fn table(view: &View, mut plan: Plan) -> Result<Arc<dyn TableProvider>> {
    let unfit = unfit(view, &plan);
    plan.rows.extend(unfit);
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

/// The rows whose change brings an error into a role that somebody runs, once more as broken.
fn unfit(view: &View, plan: &Plan) -> Vec<PlanRow> {
    let before = view.stack.fold();
    let judge = |fold| Judge { components: &view.components, instances: &view.instances, fold };
    let mut roles = touched_roles(&before, &plan.after);
    roles.retain(|role| view.instances.iter().any(|instance| instance.role == *role));
    let found = brought_in(&judge(&before), &judge(&plan.after), &roles);
    let row = |found: &RoleFinding| {
        let key = found.finding.rule.as_ref().map_or(found.role.clone(), |rule| format!("{}/{rule}", found.role));
        let field = found.finding.field.as_deref().unwrap_or_default();
        let row = plan.rows.iter().find(|row| row.key == key && row.path.to_string() == field);
        row.map(|row| PlanRow { kind: PlanKind::Broken, ..row.clone() })
    };
    found.iter().filter_map(row).collect()
}
