//! `etl.diff(from, to)` between two layers, `etl.history(role, rule)` of a rule, `etl.history(role)` of a role.

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::catalog::TableProvider;
use datafusion::common::ScalarValue;
use strata_catalog::etl::{Change, change};

use super::{Definition, View, layer, layer_error, name};
use crate::Result;
use crate::etl::changes::{COLUMNS, row};
use crate::system::table::rows_table;

pub(super) const DIFF: Definition =
    Definition { name: "diff", example: "etl.diff(2, 5)", arguments: &[DataType::Int64, DataType::Int64], evaluate: diff };

pub(super) const HISTORY: Definition = Definition {
    name: "history",
    example: "etl.history('role', 'rule')",
    arguments: &[DataType::Utf8, DataType::Utf8],
    evaluate: history,
};

pub(super) const ROLE_HISTORY: Definition =
    Definition { name: "history", example: "etl.history('role')", arguments: &[DataType::Utf8], evaluate: history };

fn diff(View { stack, .. }: &View, arguments: &[ScalarValue]) -> Result<Arc<dyn TableProvider>> {
    let at = |argument| stack.fold_at(layer(argument)?).map_err(layer_error);
    table(change::diff(&at(&arguments[0])?, &at(&arguments[1])?))
}

fn history(View { stack, .. }: &View, arguments: &[ScalarValue]) -> Result<Arc<dyn TableProvider>> {
    let rule = arguments.get(1).map(name).transpose()?;
    table(change::history(stack, name(&arguments[0])?, rule).map_err(layer_error)?)
}

fn table(changes: Vec<Change>) -> Result<Arc<dyn TableProvider>> {
    Ok(Arc::new(rows_table(COLUMNS, &changes.into_iter().map(row).collect::<Vec<_>>())?))
}
