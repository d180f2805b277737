//! `etl.roles` and `etl.rules` as a query reads them: one fold, pinned when the statement is planned.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{MemTable, Session, TableProvider};
use datafusion::error::{DataFusionError, Result as PlanResult};
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;
use strata_catalog::etl::{Fold, Relation, Row, Uid};

use super::columns;

/// See the module.
#[derive(Debug)]
pub(crate) struct RelationTable {
    relation: Relation,
    fold: Arc<Fold>,
    with_uid: bool,
    schema: SchemaRef,
}

impl RelationTable {
    /// The rows of a fold, with their uids in the last column if `with_uid`.
    pub fn new(relation: Relation, fold: Arc<Fold>, with_uid: bool) -> Self {
        Self { relation, fold, with_uid, schema: columns::schema(relation, with_uid) }
    }
}

#[async_trait]
impl TableProvider for RelationTable {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> PlanResult<Arc<dyn ExecutionPlan>> {
        let uids: Vec<Uid> = self.fold.of_relation(self.relation).map(|object| object.uid).collect();
        let rows: Vec<Row> = uids.iter().filter_map(|uid| self.fold.row(*uid)).collect();
        let batch = columns::batch(self.relation, &rows, self.with_uid.then_some(&uids));
        let batch = batch.map_err(|error| DataFusionError::External(Box::new(error)))?;
        MemTable::try_new(self.schema.clone(), vec![vec![batch]])?.scan(state, projection, filters, limit).await
    }
}
