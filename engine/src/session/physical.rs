//! From a logical plan to a physical one.
//!
//! DataFusion's optimizer repeats its rules until a pass changes nothing, so every plan pays for two passes at least. A
//! plan of one topic with its filter right above it is what it will be after one, but for its limits: no other rule makes work there
//! for a rule that ran before it, and half of the rules are about operators that it does not have. Such plans are most of what is
//! asked, and planning is most of the time of a short answer.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use datafusion::common::alias::AliasGenerator;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::error::Result;
use datafusion::execution::{FunctionRegistry, SessionState};
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::optimizer::{Optimizer, OptimizerConfig};
use datafusion::physical_plan::ExecutionPlan;

/// Optimizes a plan and makes it one that can run.
///
/// # Errors
/// DataFusion's.
pub(super) async fn physical_plan(state: &SessionState, plan: &LogicalPlan) -> Result<Arc<dyn ExecutionPlan>> {
    let analyzed = state.analyzer().execute_and_check(plan.clone(), state.config_options(), |_, _| {})?;
    let optimized = if is_plain(&analyzed)? {
        optimize_plain(state, analyzed)?
    } else {
        state.optimizer().optimize(analyzed, state, |_, _| {})?
    };
    state.query_planner().create_physical_plan(&optimized, state).await
}

/// Rules that find nothing in a plan without joins, unions, DISTINCT and subqueries.
const RULES_OF_OTHERS: &[&str] = &[
    "rewrite_set_comparison",
    "optimize_unions",
    "unions_to_filter",
    "replace_distinct_aggregate",
    "eliminate_join",
    "decorrelate_predicate_subquery",
    "scalar_subquery_to_join",
    "decorrelate_lateral_join",
    "extract_equijoin_predicate",
    "eliminate_cross_join",
    "filter_null_join_keys",
    "eliminate_outer_join",
];

/// The rules that may have something to do in a plain plan.
fn plain_rules(optimizer: &Optimizer) -> Optimizer {
    let rules = optimizer.rules.iter().filter(|rule| !RULES_OF_OTHERS.contains(&rule.name()));
    Optimizer::with_rules(rules.cloned().collect())
}

/// The rules that move limits, each time further: one gives a limit to the sort below it and takes it away when it comes by again, and
/// where two meet there may be no row left.
const LIMIT_RULES: &[&str] = &["eliminate_limit", "push_down_limit", "propagate_empty_relation"];

fn optimize_plain(state: &SessionState, plan: LogicalPlan) -> Result<LogicalPlan> {
    let optimizer = state.optimizer();
    let plan = plain_rules(optimizer).optimize(plan, &OnePass::of(state), |_, _| {})?;
    if !plan.exists(|node| Ok(matches!(node, LogicalPlan::Limit(_))))? {
        return Ok(plan);
    }
    let rules = optimizer.rules.iter().filter(|rule| LIMIT_RULES.contains(&rule.name()));
    Optimizer::with_rules(rules.cloned().collect()).optimize(plan, state, |_, _| {})
}

/// Whether the plan is one scan, or the one row of a SELECT without FROM, a filter on nothing but the scan, and above it operators that do not bring another filter.
fn is_plain(plan: &LogicalPlan) -> Result<bool> {
    let mut is_plain = true;
    plan.apply(|node| {
        is_plain = match node {
            LogicalPlan::Limit(_)
            | LogicalPlan::Projection(_)
            | LogicalPlan::Aggregate(_)
            | LogicalPlan::Sort(_)
            | LogicalPlan::SubqueryAlias(_)
            | LogicalPlan::EmptyRelation(_)
            | LogicalPlan::TableScan(_) => true,
            LogicalPlan::Filter(filter) => is_scan(&filter.input),
            _ => false,
        } && !has_subquery(node)?;
        Ok(if is_plain { TreeNodeRecursion::Continue } else { TreeNodeRecursion::Stop })
    })?;
    Ok(is_plain)
}

fn is_scan(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::SubqueryAlias(alias) => is_scan(&alias.input),
        LogicalPlan::TableScan(_) => true,
        _ => false,
    }
}

fn has_subquery(node: &LogicalPlan) -> Result<bool> {
    let mut found = false;
    node.apply_expressions(|expr| {
        found |= expr.exists(|expr| {
            let of_plan =
                matches!(expr, Expr::Exists(_) | Expr::InSubquery(_) | Expr::SetComparison(_) | Expr::ScalarSubquery(_));
            Ok(of_plan)
        })?;
        Ok(if found { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    })?;
    Ok(found)
}

/// The session's settings, but for the number of passes.
struct OnePass<'a> {
    state: &'a SessionState,
    options: Arc<ConfigOptions>,
}

impl<'a> OnePass<'a> {
    fn of(state: &'a SessionState) -> Self {
        let mut options = ConfigOptions::clone(state.config_options());
        options.optimizer.max_passes = 1;
        Self { state, options: Arc::new(options) }
    }
}

impl OptimizerConfig for OnePass<'_> {
    fn query_execution_start_time(&self) -> Option<DateTime<Utc>> {
        OptimizerConfig::query_execution_start_time(self.state)
    }

    fn alias_generator(&self) -> &Arc<AliasGenerator> {
        OptimizerConfig::alias_generator(self.state)
    }

    fn options(&self) -> Arc<ConfigOptions> {
        Arc::clone(&self.options)
    }

    fn function_registry(&self) -> Option<&dyn FunctionRegistry> {
        OptimizerConfig::function_registry(self.state)
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::RecordBatch;
    use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
    use datafusion::datasource::MemTable;
    use datafusion::prelude::SessionContext;

    use super::*;

    fn context() -> SessionContext {
        let schema = Arc::new(Schema::new(vec![
            Field::new("ts", DataType::Timestamp(TimeUnit::Microsecond, Some("+00:00".into())), false),
            Field::new("host", DataType::Utf8View, true),
            Field::new("level", DataType::Utf8View, true),
            Field::new("status", DataType::Int32, true),
        ]));
        let table = MemTable::try_new(schema.clone(), vec![vec![RecordBatch::new_empty(schema)]]).unwrap();
        let context = SessionContext::new();
        context.register_table("t", Arc::new(table)).unwrap();
        context
    }

    #[test]
    fn the_rules_of_others_are_there_by_these_names() {
        let optimizer = Optimizer::new();
        let kept = plain_rules(&optimizer).rules.len();
        assert_eq!(kept + RULES_OF_OTHERS.len(), optimizer.rules.len());
        assert!(LIMIT_RULES.iter().all(|name| optimizer.rules.iter().any(|rule| rule.name() == *name)));
    }

    #[tokio::test]
    async fn one_pass_is_enough_for_plain_plans() {
        let context = context();
        let state = context.state();
        for (sql, plain) in [
            ("SELECT 1", true),
            ("SELECT 1 + length('abc') AS a, lower('X') || 'y', count(*)", true),
            ("SELECT 1 WHERE length('abc') > 3", false),
            ("SELECT count(*) FROM t", true),
            ("SELECT count(*) FROM t WHERE ts >= '2026-01-01' AND ts < '2026-01-02'", true),
            (
                "SELECT level, count(*), count(DISTINCT host) FROM t AS x WHERE x.status + 1 > 500 GROUP BY level ORDER BY 2 DESC",
                true,
            ),
            ("SELECT count(DISTINCT host) FROM t WHERE NOT (level = 'A' OR level = 'B')", true),
            ("SELECT date_trunc('minute', ts) m, count(*) FROM t WHERE level = 'ERROR' AND 1 = 1 GROUP BY m", true),
            (
                "SELECT host || '/' || level AS a, length(host || '/' || level) FROM t WHERE level IN ('A', 'B') LIMIT 10 OFFSET 2",
                true,
            ),
            ("SELECT ts, host FROM t WHERE status BETWEEN 3 AND 7 OR status IS NULL ORDER BY ts DESC LIMIT 100", true),
            ("SELECT * FROM t WHERE level = 'A' ORDER BY ts DESC LIMIT 100 OFFSET 20", true),
            ("SELECT ts, upper(host) AS h FROM t AS x WHERE level = 'A' ORDER BY x.status, h LIMIT 3", true),
            (
                "SELECT host, count(*) AS c FROM t WHERE level = 'A' AND status >= 503 GROUP BY host ORDER BY c DESC, host LIMIT 10",
                true,
            ),
            ("SELECT * FROM (SELECT ts, host FROM t WHERE level = 'A' ORDER BY ts LIMIT 7) AS s ORDER BY host LIMIT 3", true),
            ("SELECT host FROM (SELECT * FROM t ORDER BY ts LIMIT 7) AS s LIMIT 3", true),
            ("SELECT host FROM t ORDER BY ts LIMIT 0", true),
            ("SELECT host FROM (SELECT host, ts FROM t ORDER BY ts LIMIT 3) AS s LIMIT 5 OFFSET 3", true),
            ("SELECT max(ts), min(status) FILTER (WHERE level = 'A') FROM t WHERE host LIKE 'web%'", true),
            ("SELECT * FROM (SELECT ts, status * 2 AS double FROM t WHERE host = 'a') AS s ORDER BY double", true),
            ("SELECT * FROM (SELECT cast(ts AS date) AS day FROM t) AS s WHERE day = '2026-01-01'", false),
            ("SELECT level FROM t GROUP BY level HAVING count(*) > 3", false),
            ("SELECT DISTINCT level FROM t", false),
            ("SELECT a.host FROM t AS a JOIN t AS b USING (host)", false),
            ("SELECT host FROM t WHERE status = (SELECT max(status) FROM t)", false),
            ("SELECT host FROM t UNION ALL SELECT level FROM t", false),
        ] {
            let plan = state.create_logical_plan(sql).await.unwrap();
            let analyzed = state.analyzer().execute_and_check(plan, state.config_options(), |_, _| {}).unwrap();
            assert_eq!(is_plain(&analyzed).unwrap(), plain, "{sql}");
            if plain {
                // The rules count the names that they invent.
                let unnamed = |plan: &LogicalPlan| plan.display_indent().to_string().replace("_expr_2", "_expr_1");
                let once = optimize_plain(&state, analyzed.clone()).unwrap();
                let until_done = state.optimizer().optimize(analyzed, &state, |_, _| {}).unwrap();
                assert_eq!(unnamed(&once), unnamed(&until_done), "{sql}");
            }
        }
    }
}
