//! `etl.render(role)` and `etl.render(role, layer)`: the files of a role as they are configured, or were at a layer.
//!
//! Inside a transaction block, what the block has made of the role.

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::catalog::TableProvider;
use datafusion::common::ScalarValue;
use strata_catalog::etl::{Fold, LayerError, Relation};

use super::{Definition, View, layer, layer_error, name};
use crate::Result;
use crate::error::{EngineError, Refusal};
use crate::etl::judge::RoleFinding;
use crate::system::table::{Kind, SystemColumn, Value, column, rows_table};

pub(super) const RENDER: Definition =
    Definition { name: "render", example: "etl.render('role')", arguments: &[DataType::Utf8], evaluate: now };

pub(super) const RENDER_AT: Definition =
    Definition { name: "render", example: "etl.render('role', 3)", arguments: &[DataType::Utf8, DataType::Int64], evaluate: at };

const COLUMNS: &[SystemColumn] =
    &[column("path", Kind::Text, "Where the file goes, below the sidecar's root."), column("content", Kind::Text, "All of it.")];

fn now(view: &View, arguments: &[ScalarValue]) -> Result<Arc<dyn TableProvider>> {
    files(view, &view.fold, name(&arguments[0])?)
}

fn at(view: &View, arguments: &[ScalarValue]) -> Result<Arc<dyn TableProvider>> {
    let fold = view.stack.fold_at(layer(&arguments[1])?).map_err(layer_error)?;
    files(view, &fold, name(&arguments[0])?)
}

fn files(view: &View, fold: &Fold, name: &str) -> Result<Arc<dyn TableProvider>> {
    let missing = || layer_error(LayerError::NoObject { relation: Relation::Roles, name: name.to_owned() });
    let (role, rules) = fold.for_component(name).ok_or_else(missing)?;
    let rendered = view.components.of_kind(&role.kind)?.render(&role, &rules);
    let files = rendered.map_err(|findings| {
        let (first, others) = findings.split_first().expect("a refusal to render says why");
        let finding = RoleFinding { role: name.to_owned(), finding: first.clone() };
        let more = if others.is_empty() { String::new() } else { format!(" (and {} more)", others.len()) };
        let hint = first.hint.clone().or_else(|| Some("SELECT * FROM etl.validate(role) shows all that is wrong.".to_owned()));
        EngineError::Refused { reason: Refusal::Unfit, message: format!("{}{more}", finding.text()), hint }
    })?;
    let rows: Vec<_> = files.into_iter().map(|file| vec![Value::Text(file.path), Value::Text(file.content)]).collect();
    Ok(Arc::new(rows_table(COLUMNS, &rows)?))
}
