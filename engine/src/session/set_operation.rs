//! `EXCEPT ALL` and `INTERSECT ALL`, which count how often a row stands on each side.
//!
//! DataFusion plans them as an anti or semi join of the rows, so that one row on the right meets all its copies on the left. Here the
//! copies of each row are numbered on both sides, and the number is joined too: the third copy meets the third copy.
//!
//! Such a join is known by its equality, in which NULL equals NULL, over all columns; other joins of that kind come later, from the
//! optimizer.

use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult};
use datafusion::common::{Column, NullEquality, Result};
use datafusion::functions_window::row_number::row_number_udwf;
use datafusion::logical_expr::expr::WindowFunction;
use datafusion::logical_expr::{Distinct, Expr, ExprFunctionExt, Join, JoinType, LogicalPlan, LogicalPlanBuilder, Window};
use datafusion::optimizer::AnalyzerRule;

/// Numbers of copies on each side.
const COPY_OF_LEFT: &str = "__copy_of_left";
const COPY_OF_RIGHT: &str = "__copy_of_right";

/// The rule.
#[derive(Debug)]
pub(super) struct SetOperations;

impl AnalyzerRule for SetOperations {
    fn name(&self) -> &'static str {
        "set_operations_that_count"
    }

    fn analyze(&self, plan: LogicalPlan, _config: &ConfigOptions) -> Result<LogicalPlan> {
        plan.transform_up_with_subqueries(|node| match node {
            LogicalPlan::Join(join) if counts(&join) => counted(&join).map(Transformed::yes),
            other => Ok(Transformed::no(other)),
        })
        .data()
    }
}

/// Without ALL the left side is distinct already.
fn counts(join: &Join) -> bool {
    matches!(join.join_type, JoinType::LeftSemi | JoinType::LeftAnti)
        && join.null_equality == NullEquality::NullEqualsNull
        && join.filter.is_none()
        && join.on.len() == join.left.schema().fields().len()
        && !matches!(join.left.as_ref(), LogicalPlan::Distinct(Distinct::All(_)))
}

fn counted(join: &Join) -> Result<LogicalPlan> {
    let (left, right) = (numbered(&join.left, COPY_OF_LEFT)?, numbered(&join.right, COPY_OF_RIGHT)?);
    let mut on = join.on.clone();
    on.push((Expr::Column(Column::new_unqualified(COPY_OF_LEFT)), Expr::Column(Column::new_unqualified(COPY_OF_RIGHT))));
    let joined = Join::try_new(
        Arc::new(left),
        Arc::new(right),
        on,
        None,
        join.join_type,
        join.join_constraint,
        join.null_equality,
        join.null_aware,
    )?;
    let columns: Vec<Expr> = join.left.schema().columns().into_iter().map(Expr::Column).collect();
    LogicalPlanBuilder::from(LogicalPlan::Join(joined)).project(columns)?.build()
}

/// The rows, and beside each which of its copies it is.
fn numbered(plan: &LogicalPlan, name: &str) -> Result<LogicalPlan> {
    let columns: Vec<Expr> = plan.schema().columns().into_iter().map(Expr::Column).collect();
    let number = Expr::WindowFunction(Box::new(WindowFunction::new(row_number_udwf(), Vec::new())))
        .partition_by(columns.clone())
        .build()?;
    let window = LogicalPlan::Window(Window::try_new(vec![number], Arc::new(plan.clone()))?);
    let number = Expr::Column(Column::from(window.schema().qualified_field(columns.len())));
    let exprs: Vec<Expr> = columns.into_iter().chain([number.alias(name)]).collect();
    LogicalPlanBuilder::from(window).project(exprs)?.build()
}
