//! A table of a system schema as queries see it: its rows are made when it is scanned.
//!
//! Tools ask for one relation by its oid again and again. Where a filter says which one, only its rows are made; with a
//! thousand topics that is most of what such a question costs.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::datatypes::{DataType, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{MemTable, Session, TableProvider};
use datafusion::common::ScalarValue;
use datafusion::error::Result as PlanResult;
use datafusion::logical_expr::{BinaryExpr, Expr, Operator, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;

use super::table::Table;
use super::world::{Scope, Source, World};

/// See the module.
#[derive(Debug)]
pub struct SystemTable {
    source: Source,
    table: &'static Table,
}

impl SystemTable {
    /// The table for a session.
    pub fn new(source: Source, table: &'static Table) -> Self {
        Self { source, table }
    }

    /// The columns that hold the oid of the relation that a row is of, or of an index of it.
    fn keys(&self) -> &'static [&'static str] {
        match self.table.name {
            "pg_class" => &["oid"],
            "pg_attribute" => &["attrelid"],
            "pg_index" => &["indexrelid", "indrelid"],
            _ => &[],
        }
    }

    /// The relations that a filter leaves, if it is about such a column.
    fn named_by(&self, filter: &Expr) -> Option<BTreeSet<u32>> {
        let is_key = |expr: &Expr| matches!(expr, Expr::Column(column) if self.keys().contains(&column.name.as_str()));
        match filter {
            Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) => match (left.as_ref(), right.as_ref()) {
                (key, Expr::Literal(value, _)) | (Expr::Literal(value, _), key) if is_key(key) => {
                    Some(oid(value)?.into_iter().collect())
                }
                _ => None,
            },
            Expr::InList(list) if !list.negated && is_key(&list.expr) => {
                let value = |expr: &Expr| if let Expr::Literal(value, _) = expr { oid(value) } else { None };
                let oids: Option<Vec<Option<u32>>> = list.list.iter().map(value).collect();
                Some(oids?.into_iter().flatten().collect())
            }
            _ => None,
        }
    }
}

/// A literal as an oid; `Some(None)` if no oid equals it, `None` if that is not known.
fn oid(value: &ScalarValue) -> Option<Option<u32>> {
    match value.cast_to(&DataType::Int64).ok()? {
        ScalarValue::Int64(number) => Some(number.and_then(|number| u32::try_from(number).ok())),
        _ => None,
    }
}

#[async_trait]
impl TableProvider for SystemTable {
    fn schema(&self) -> SchemaRef {
        self.table.schema()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> PlanResult<Vec<TableProviderFilterPushDown>> {
        let support = |filter: &&Expr| match self.named_by(filter) {
            Some(_) => TableProviderFilterPushDown::Inexact,
            None => TableProviderFilterPushDown::Unsupported,
        };
        Ok(filters.iter().map(support).collect())
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> PlanResult<Arc<dyn ExecutionPlan>> {
        let named = filters.iter().filter_map(|filter| self.named_by(filter)).reduce(|all, more| &all & &more);
        let scope = named.map_or(Scope::All, Scope::Relations);
        let world = World::look(&self.source, self.table.needs_columns, &scope).await;
        let batch = self.table.batch(&world)?;
        MemTable::try_new(batch.schema(), vec![vec![batch]])?.scan(state, projection, &[], limit).await
    }
}
