//! `etl.rules_at(layer)` and `etl.roles_at(layer)`: what was configured once a layer was made, or would be with a draft.

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::catalog::TableProvider;
use datafusion::common::ScalarValue;
use strata_catalog::etl::{LayerStack, Relation};

use super::{Definition, View, layer, layer_error};
use crate::Result;
use crate::etl::RelationTable;

pub(super) const RULES_AT: Definition =
    Definition { name: "rules_at", example: "etl.rules_at(3)", arguments: &[DataType::Int64], evaluate: rules };

pub(super) const ROLES_AT: Definition =
    Definition { name: "roles_at", example: "etl.roles_at(3)", arguments: &[DataType::Int64], evaluate: roles };

fn rules(View { stack, .. }: &View, arguments: &[ScalarValue]) -> Result<Arc<dyn TableProvider>> {
    at(stack, Relation::Rules, arguments)
}

fn roles(View { stack, .. }: &View, arguments: &[ScalarValue]) -> Result<Arc<dyn TableProvider>> {
    at(stack, Relation::Roles, arguments)
}

fn at(stack: &LayerStack, relation: Relation, arguments: &[ScalarValue]) -> Result<Arc<dyn TableProvider>> {
    let fold = stack.fold_at(layer(&arguments[0])?).map_err(layer_error)?;
    Ok(Arc::new(RelationTable::new(relation, Arc::new(fold), false)))
}
