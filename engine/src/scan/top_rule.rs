//! Optimizer rule: `ORDER BY column LIMIT n` over a topic asks the scan for the first `n` rows only.
//!
//! The sort stays; it orders what the scan found.

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::config::ConfigOptions;
use datafusion::error::Result;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr_common::sort_expr::PhysicalSortExpr;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::coop::CooperativeExec;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::repartition::RepartitionExec;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::{ChildrenPropertiesMode, ExecutionPlan, Partitioning, ReplaceChildrenOptions};

use super::exec::TopicScanExec;

/// More rows than this are left to the sort, which can spill.
const TOP_ROWS_MAX: usize = 65_536;

/// The rule. It runs after all that move limits and sorts.
#[derive(Debug, Default)]
pub struct TopOfTopic;

impl PhysicalOptimizerRule for TopOfTopic {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_down(|node| {
            let Some(sort) = node.downcast_ref::<SortExec>() else { return Ok(Transformed::no(node)) };
            let (Some(wanted), [key]) = (sort.fetch(), &sort.expr()[..]) else { return Ok(Transformed::no(node)) };
            if wanted == 0 || wanted > TOP_ROWS_MAX {
                return Ok(Transformed::no(node));
            }
            match limited(sort.input(), key, wanted)? {
                Some(input) => {
                    let options = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute);
                    Ok(Transformed::yes(node.replace_children(vec![input], options)?))
                }
                None => Ok(Transformed::no(node)),
            }
        })
        .data()
    }

    fn name(&self) -> &'static str {
        "top_of_topic"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// Goes down through operators that neither drop nor add rows, to a scan that can rank by the key.
fn limited(plan: &Arc<dyn ExecutionPlan>, key: &PhysicalSortExpr, wanted: usize) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    if let Some(scan) = plan.downcast_ref::<TopicScanExec>() {
        let Some(order) = scan.order_of(key).filter(|_| scan.plan().fetch.is_none() && scan.plan().top.is_none()) else {
            return Ok(None);
        };
        let mut limited = scan.plan().as_ref().clone();
        limited.order = Some(order);
        limited.top = Some(wanted);
        return Ok(Some(Arc::new(scan.with_plan(limited))));
    }
    let key = if let Some(projection) = plan.downcast_ref::<ProjectionExec>() {
        let Some(column) = key.expr.downcast_ref::<Column>() else { return Ok(None) };
        PhysicalSortExpr { expr: Arc::clone(&projection.expr()[column.index()].expr), options: key.options }
    } else if is_transparent(plan) {
        key.clone()
    } else {
        return Ok(None);
    };
    let [child] = plan.children()[..] else { return Ok(None) };
    let Some(child) = limited(child, &key, wanted)? else { return Ok(None) };
    let options = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute);
    Ok(Some(Arc::clone(plan).replace_children(vec![child], options)?))
}

fn is_transparent(plan: &Arc<dyn ExecutionPlan>) -> bool {
    if let Some(repartition) = plan.downcast_ref::<RepartitionExec>() {
        return matches!(repartition.partitioning(), Partitioning::RoundRobinBatch(_));
    }
    let coalesce = plan.downcast_ref::<CoalescePartitionsExec>().is_some_and(|coalesce| coalesce.fetch().is_none());
    coalesce || plan.downcast_ref::<CooperativeExec>().is_some()
}
