//! A topic as a table of DataFusion.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::datatypes::{FieldRef, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::tree_node::TreeNode;
use datafusion::common::{DFSchema, Statistics};
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, LogicalPlan, TableProviderFilterPushDown, TableType};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::ExecutionPlan;
use strata_storage::segment::CHUNK_ROWS;

use super::columns::{ScanColumn, ScanColumns};
use super::exec::TopicScanExec;
use super::part::SegmentSource;
use super::plan::ScanPlan;
use super::statistics;
use crate::engine::Engine;
use crate::topics::TopicSnapshot;

/// One snapshot of a topic.
#[derive(Debug)]
pub struct TopicTable {
    source: Arc<dyn SegmentSource>,
    snapshot: TopicSnapshot,
    schema: SchemaRef,
    use_indexes: bool,
}

impl TopicTable {
    /// The snapshot as a table, with its segments opened by the engine's store.
    pub fn new(engine: Arc<Engine>, snapshot: TopicSnapshot) -> Self {
        Self::with_source(Arc::new(engine.segments().clone()), snapshot)
    }

    /// The snapshot, with its segments opened by `source`.
    pub(crate) fn with_source(source: Arc<dyn SegmentSource>, snapshot: TopicSnapshot) -> Self {
        let schema = snapshot.topic.columns.visible();
        Self { source, snapshot, schema, use_indexes: true }
    }

    /// The same with or without its indexes. Answers do not depend on it.
    #[must_use]
    pub fn with_indexes(self, use_indexes: bool) -> Self {
        Self { use_indexes, ..self }
    }

    /// The snapshot that queries of this table read.
    pub fn snapshot(&self) -> &TopicSnapshot {
        &self.snapshot
    }

    fn plan(&self, projection: Option<&Vec<usize>>, filters: &[Arc<dyn PhysicalExpr>]) -> Result<ScanPlan> {
        let fields = self.schema.fields();
        let all: Vec<usize> = (0..fields.len()).collect();
        let mut columns = ScanColumns::default();
        let wanted = projection.unwrap_or(&all);
        let output = wanted.iter().map(|at| columns.add_topic_column(&fields[*at])).collect::<Result<Vec<_>>>()?;
        let input = fields.iter().map(topic_column).collect::<Result<Vec<_>>>()?;
        let filters = filters.iter().map(|filter| columns.resolve(filter, &input)).collect::<Result<Vec<_>>>()?;
        Ok(ScanPlan {
            source: Arc::clone(&self.source),
            snapshot: self.snapshot.clone(),
            columns: columns.as_slice().into(),
            output,
            schema: Arc::new(self.schema.project(wanted)?),
            filters,
            dynamic: Vec::new(),
            fetch: None,
            order: None,
            top: None,
            use_indexes: self.use_indexes,
            only_counts: false,
        })
    }

    fn chunks(&self) -> usize {
        let sealed = self.snapshot.segments.iter().map(|segment| segment.rows.div_ceil(CHUNK_ROWS as u64)).sum::<u64>();
        usize::try_from(sealed).unwrap_or(usize::MAX).saturating_add(self.snapshot.buffer.len())
    }
}

fn topic_column(field: &FieldRef) -> Result<ScanColumn> {
    let mut columns = ScanColumns::default();
    let at = columns.add_topic_column(field)?;
    Ok(columns.as_slice()[at].clone())
}

#[async_trait]
impl TableProvider for TopicTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn get_logical_plan(&self) -> Option<Cow<'_, LogicalPlan>> {
        None
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        filters
            .iter()
            .map(|filter| {
                let foreign = filter.exists(|node| {
                    Ok(matches!(
                        node,
                        Expr::ScalarSubquery(_) | Expr::Exists(_) | Expr::InSubquery(_) | Expr::OuterReferenceColumn(_, _)
                    ))
                })?;
                Ok(if foreign || filter.is_volatile() {
                    TableProviderFilterPushDown::Unsupported
                } else {
                    TableProviderFilterPushDown::Exact
                })
            })
            .collect()
    }

    fn statistics(&self) -> Option<Statistics> {
        Some(statistics::of_scan(&self.plan(None, &[]).ok()?))
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let schema = DFSchema::try_from(Arc::clone(&self.schema))?;
        let filters =
            filters.iter().map(|filter| state.create_physical_expr(unqualified(filter)?, &schema)).collect::<Result<Vec<_>>>()?;
        let mut plan = self.plan(projection, &filters)?;
        plan.fetch = limit;
        let partitions = state.config().target_partitions().min(self.chunks());
        Ok(Arc::new(TopicScanExec::new(plan, partitions)))
    }
}

/// Column names without the table's, because the schema of a scan has no qualifier.
fn unqualified(expr: &Expr) -> Result<Expr> {
    use datafusion::common::Column;
    use datafusion::common::tree_node::{Transformed, TransformedResult};
    expr.clone()
        .transform(|node| match node {
            Expr::Column(column) if column.relation.is_some() => {
                Ok(Transformed::yes(Expr::Column(Column::new_unqualified(column.name))))
            }
            other => Ok(Transformed::no(other)),
        })
        .data()
}
