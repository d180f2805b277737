//! `etl.validate(role)`: everything wrong with a role that can be seen without its software.
//!
//! Inside a transaction block, with what the block has made of the role.

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::catalog::TableProvider;
use datafusion::common::ScalarValue;
use strata_catalog::etl::{LayerError, Relation};

use super::{Definition, View, layer_error, name};
use crate::Result;
use crate::etl::Judge;
use crate::system::table::{Kind, SystemColumn, Value, column, rows_table};

pub(super) const VALIDATE: Definition =
    Definition { name: "validate", example: "etl.validate('role')", arguments: &[DataType::Utf8], evaluate: table };

const COLUMNS: &[SystemColumn] = &[
    column("severity", Kind::Text, "warning or error."),
    column("rule", Kind::Text, "The rule; NULL if it is about the role."),
    column("field", Kind::Text, "The column, or path below settings."),
    column("message", Kind::Text, "What is wrong."),
    column("hint", Kind::Text, "What to do."),
];

fn table(view: &View, arguments: &[ScalarValue]) -> Result<Arc<dyn TableProvider>> {
    let name = name(&arguments[0])?;
    let judge = Judge { components: &view.components, instances: &view.instances, fold: &view.fold };
    let missing = || layer_error(LayerError::NoObject { relation: Relation::Roles, name: name.to_owned() });
    let findings = judge.role(name).ok_or_else(missing)?;
    let rows = findings.into_iter().map(|finding| {
        vec![
            Value::Text(finding.severity.to_string()),
            finding.rule.into(),
            finding.field.into(),
            Value::Text(finding.message),
            finding.hint.into(),
        ]
    });
    Ok(Arc::new(rows_table(COLUMNS, &rows.collect::<Vec<_>>())?))
}
