//! Moves a projection into the scan: columns are reordered and renamed there, and fields of `attrs` are read there.

use std::sync::Arc;

use arrow::datatypes::{Field, Schema};
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::error::Result;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::projection::{ProjectionExec, ProjectionExpr};
use strata_storage::segment::ColumnRef;

use super::columns::{ScanColumn, ScanColumns};
use super::exec::TopicScanExec;

/// The scan that gives the projection's columns itself, under a smaller projection if some are computed; `None` if
/// nothing is gained.
///
/// # Errors
/// When the projection names columns that are not there.
pub(crate) fn absorb(scan: &TopicScanExec, projection: &ProjectionExec) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let plan = scan.plan();
    let input: Vec<ScanColumn> = plan.output.iter().map(|at| plan.columns[*at].clone()).collect();
    let mut columns = ScanColumns::from_columns(&plan.columns);
    let resolved: Vec<Arc<dyn PhysicalExpr>> =
        projection.expr().iter().map(|item| columns.resolve(&item.expr, &input)).collect::<Result<_>>()?;
    let schema = projection.schema();
    let plain: Option<Vec<usize>> = resolved.iter().map(|expr| expr.downcast_ref::<Column>().map(Column::index)).collect();
    let mut changed = plan.as_ref().clone();
    changed.columns = columns.as_slice().into();
    if let Some(output) = plain {
        changed.output = output;
        changed.schema = schema;
        return Ok(Some(Arc::new(scan.with_plan(changed))));
    }
    let fields = |columns: &[ScanColumn]| columns.iter().filter(|c| matches!(c.reference, ColumnRef::Field(_))).count();
    if fields(&changed.columns) == fields(&plan.columns) {
        return Ok(None);
    }
    // The scan gives what the computed columns need, each once.
    let mut output: Vec<usize> = Vec::new();
    let rest: Vec<ProjectionExpr> = resolved
        .into_iter()
        .zip(projection.expr())
        .map(|(expr, item)| Ok(ProjectionExpr { expr: over_output(expr, &mut output)?, alias: item.alias.clone() }))
        .collect::<Result<_>>()?;
    let given: Vec<Field> = output.iter().map(|at| changed.columns[*at].field.as_ref().clone()).collect();
    changed.output = output;
    changed.schema = Arc::new(Schema::new(given));
    let scan: Arc<dyn ExecutionPlan> = Arc::new(scan.with_plan(changed));
    Ok(Some(Arc::new(ProjectionExec::try_new_with_schema_metadata(rest, scan, &schema)?)))
}

fn over_output(expr: Arc<dyn PhysicalExpr>, output: &mut Vec<usize>) -> Result<Arc<dyn PhysicalExpr>> {
    expr.transform(|node| {
        let Some(column) = node.downcast_ref::<Column>() else { return Ok(Transformed::no(node)) };
        let at = output.iter().position(|known| *known == column.index()).unwrap_or_else(|| {
            output.push(column.index());
            output.len() - 1
        });
        Ok(Transformed::yes(Arc::new(Column::new(column.name(), at)) as Arc<dyn PhysicalExpr>))
    })
    .data()
}
