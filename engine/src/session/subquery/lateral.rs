//! LATERAL: a subquery in FROM that names what stands before it.

use datafusion::common::tree_node::TreeNode;
use datafusion::common::{NullEquality, Result};
use datafusion::logical_expr::{BinaryExpr, Expr, Join, JoinType, LogicalPlan, LogicalPlanBuilder, Operator};
use datafusion::optimizer::decorrelate::PullUpCorrelatedExpr;

use super::domain::Domain;
use super::{Names, is_volatile, pulls_up, renamed};

/// The join over the domain; `None` if it is none of LATERAL, or one that DataFusion plans.
pub(super) fn planned(join: &Join, names: &mut Names) -> Result<Option<LogicalPlan>> {
    if !matches!(join.join_type, JoinType::Inner | JoinType::Left) || is_datafusions(join) {
        return Ok(None);
    }
    if !join.right.exists(|node| Ok(matches!(node, LogicalPlan::Subquery(_))))? {
        return Ok(None);
    }
    if is_volatile(&join.left)? {
        return Ok(None);
    }
    let Some(domain) = Domain::of(&join.left, &join.right, names)? else { return Ok(None) };
    let Some(right) = domain.push(&join.right, names)? else { return Ok(None) };
    let equal = |(a, b): &(Expr, Expr)| Expr::BinaryExpr(BinaryExpr::new(a.clone().into(), Operator::Eq, b.clone().into()));
    let filter = join.on.iter().map(equal).chain(join.filter.clone()).reduce(Expr::and);
    let plan = LogicalPlanBuilder::from(join.left.as_ref().clone())
        .join_detailed(right.plan, join.join_type, (domain.outer, right.keys), filter, NullEquality::NullEqualsNull)?
        .build()?;
    renamed(plan, &join.schema.columns(), &join.schema, &[]).map(Some)
}

/// Whether DataFusion's rule for LATERAL plans it.
fn is_datafusions(join: &Join) -> bool {
    let subquery = match join.right.as_ref() {
        LogicalPlan::Subquery(subquery) => subquery,
        LogicalPlan::SubqueryAlias(named) => match named.input.as_ref() {
            LogicalPlan::Subquery(subquery) => subquery,
            _ => return false,
        },
        _ => return false,
    };
    pulls_up(subquery, PullUpCorrelatedExpr::new().with_need_handle_count_bug(true))
}
