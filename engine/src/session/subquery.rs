//! Correlated subqueries that DataFusion's own rules do not take apart.
//!
//! A correlated subquery is evaluated once for all rows: over the *domain*, the distinct values of the outer columns that it names.
//! Its answers carry the domain's columns ([`domain`]), and the outer rows are joined with them.
//!
//! ```text
//! SELECT f((SELECT x FROM t WHERE t.k < o.k)) FROM o
//!
//! Projection f(only(s.first, s.count))
//!   LeftJoin o.k is not distinct from s.key
//!     o
//!     Aggregate key: first(x), count(*)        s
//!       Filter t.k < key
//!         CrossJoin t, Distinct(o.k AS key)
//! ```
//!
//! | where | what | by |
//! |---|---|---|
//! | below any expression of a list, an ORDER BY, a window, a grouping | scalar, EXISTS, IN, `op ANY`, `op ALL` | [`value`] |
//! | WHERE | what DataFusion's pull-up refuses, and a correlated NOT IN, which it answers without regard to NULL | [`value`] |
//! | FROM | LATERAL with LIMIT, of expressions, VALUES and series | [`lateral`] |
//!
//! Everything else stays DataFusion's, whose plans are cheaper where they are right.
//!
//! **Invariant:** a node has the same columns before and after. What cannot be planned stays, and DataFusion says so.

mod domain;
mod lateral;
mod only;
mod value;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, Result};
use datafusion::logical_expr::expr::{InSubquery, SetComparison, SetQuantifier};
use datafusion::logical_expr::{
    Expr, Filter, LogicalPlan, LogicalPlanBuilder, Operator, Projection, Sort, Subquery, check_subquery_expr,
};
use datafusion::optimizer::AnalyzerRule;
use datafusion::optimizer::decorrelate::PullUpCorrelatedExpr;
use datafusion::optimizer::optimizer::{OptimizerContext, OptimizerRule};
use datafusion::optimizer::rewrite_set_comparison::RewriteSetComparison;

use self::value::Values;

/// The rule; runs after types are coerced.
#[derive(Debug)]
pub(super) struct Subqueries;

impl AnalyzerRule for Subqueries {
    fn name(&self) -> &'static str {
        "correlated_subqueries"
    }

    fn analyze(&self, plan: LogicalPlan, _config: &ConfigOptions) -> Result<LogicalPlan> {
        if !has_subquery(&plan)? {
            return Ok(plan);
        }
        let plan = without_comparisons(plan)?;
        let mut names = Names::default();
        plan.transform_down_with_subqueries(|node| planned(node, &mut names)).data()
    }
}

/// Names of columns and relations that no statement has.
#[derive(Debug, Default)]
struct Names {
    next: usize,
}

impl Names {
    fn next(&mut self, what: &str) -> String {
        self.next += 1;
        format!("__{what}_{}", self.next)
    }
}

fn has_subquery(plan: &LogicalPlan) -> Result<bool> {
    let mut found = false;
    plan.apply(|node| {
        found = found || matches!(node, LogicalPlan::Subquery(_));
        node.apply_expressions(|expr| {
            found = found || expr.exists(|expr| Ok(subquery_of(expr).is_some()))?;
            Ok(TreeNodeRecursion::Continue)
        })?;
        Ok(if found { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    })?;
    Ok(found)
}

/// The subquery of an expression that is one.
fn subquery_of(expr: &Expr) -> Option<&Subquery> {
    match expr {
        Expr::ScalarSubquery(subquery) => Some(subquery),
        Expr::Exists(exists) => Some(&exists.subquery),
        Expr::InSubquery(within) => Some(&within.subquery),
        Expr::SetComparison(comparison) => Some(&comparison.subquery),
        _ => None,
    }
}

/// `= ANY` is IN, `<> ALL` is NOT IN; other comparisons are questions of EXISTS.
fn without_comparisons(plan: LogicalPlan) -> Result<LogicalPlan> {
    let mut others = false;
    let plan = plan
        .transform_up_with_subqueries(|node| {
            node.map_expressions(|expr| {
                expr.transform_up(|expr| match expr {
                    Expr::SetComparison(SetComparison { expr, subquery, op, quantifier }) => match (op, &quantifier) {
                        (Operator::Eq, SetQuantifier::Any) => {
                            Ok(Transformed::yes(Expr::InSubquery(InSubquery { expr, subquery, negated: false })))
                        }
                        (Operator::NotEq, SetQuantifier::All) => {
                            Ok(Transformed::yes(Expr::InSubquery(InSubquery { expr, subquery, negated: true })))
                        }
                        _ => {
                            others = true;
                            Ok(Transformed::no(Expr::SetComparison(SetComparison { expr, subquery, op, quantifier })))
                        }
                    },
                    other => Ok(Transformed::no(other)),
                })
            })
        })
        .data()?;
    if !others {
        return Ok(plan);
    }
    RewriteSetComparison::new().rewrite(plan, &OptimizerContext::new()).data()
}

fn planned(node: LogicalPlan, names: &mut Names) -> Result<Transformed<LogicalPlan>> {
    if let LogicalPlan::Join(join) = &node {
        return Ok(match lateral::planned(join, names)? {
            Some(plan) => Transformed::yes(plan),
            None => Transformed::no(node),
        });
    }
    let inputs = node.inputs();
    let [input] = inputs.as_slice() else { return Ok(Transformed::no(node)) };
    if !node.expressions().iter().map(|expr| contains_ours(expr, &node)).collect::<Result<Vec<_>>>()?.contains(&true) {
        return Ok(Transformed::no(node));
    }
    let other = match &node {
        LogicalPlan::Sort(sort) if matches!(sort.input.as_ref(), LogicalPlan::Projection(_)) => sorted(sort, names)?,
        LogicalPlan::Filter(_)
        | LogicalPlan::Projection(_)
        | LogicalPlan::Sort(_)
        | LogicalPlan::Aggregate(_)
        | LogicalPlan::Window(_) => replaced(&node, input, names)?,
        _ => None,
    };
    Ok(match other {
        Some(plan) => Transformed::yes(plan),
        None => Transformed::no(node),
    })
}

/// Whether an expression has a subquery that is planned here.
fn contains_ours(expr: &Expr, node: &LogicalPlan) -> Result<bool> {
    expr.exists(|expr| Ok(is_ours(expr, node)))
}

/// Whether a subquery is one that DataFusion does not plan, or not rightly, in a node.
fn is_ours(expr: &Expr, node: &LogicalPlan) -> bool {
    let Some(subquery) = subquery_of(expr) else { return false };
    let correlated = !subquery.outer_ref_columns.is_empty();
    let in_filter = matches!(node, LogicalPlan::Filter(_));
    match expr {
        Expr::ScalarSubquery(_) if !correlated => false,
        Expr::ScalarSubquery(_) => {
            !(in_filter || matches!(node, LogicalPlan::Projection(_)))
                || check_subquery_expr(node, &subquery.subquery, expr).is_err()
                || !pulls_up(subquery, PullUpCorrelatedExpr::new().with_need_handle_count_bug(true))
        }
        _ if !in_filter => true,
        _ if !correlated => false,
        Expr::InSubquery(InSubquery { negated: true, .. }) => true,
        Expr::InSubquery(_) => below_not(expr, node) || !pulls_up(subquery, PullUpCorrelatedExpr::new()),
        _ => !pulls_up(subquery, PullUpCorrelatedExpr::new().with_exists_sub_query(true)),
    }
}

/// Whether a condition is negated somewhere in a filter, where not true and unknown differ.
fn below_not(expr: &Expr, node: &LogicalPlan) -> bool {
    let LogicalPlan::Filter(Filter { predicate, .. }) = node else { return false };
    let within = |inner: &Expr| inner.exists(|inner| Ok(inner == expr)).unwrap_or(true);
    predicate.exists(|outer| Ok(!is_connective(outer) && outer != expr && within(outer))).unwrap_or(true)
}

fn is_connective(expr: &Expr) -> bool {
    matches!(expr, Expr::BinaryExpr(binary) if matches!(binary.op, Operator::And | Operator::Or))
}

/// Whether DataFusion moves the correlation of a subquery into a join.
fn pulls_up(subquery: &Subquery, mut pull_up: PullUpCorrelatedExpr) -> bool {
    let moved = subquery.subquery.as_ref().clone().rewrite(&mut pull_up);
    moved.is_ok_and(|moved| moved.data.all_out_ref_exprs().is_empty()) && pull_up.can_pull_up
}

/// Whether a plan gives other rows when it is computed again, as the domain does.
fn is_volatile(plan: &LogicalPlan) -> Result<bool> {
    plan.exists(|node| {
        let mut found = false;
        node.apply_expressions(|expr| {
            found = found || expr.is_volatile();
            Ok(TreeNodeRecursion::Continue)
        })?;
        Ok(found)
    })
}

/// The node over its input and the answers of its subqueries.
fn replaced(node: &LogicalPlan, input: &LogicalPlan, names: &mut Names) -> Result<Option<LogicalPlan>> {
    if is_volatile(input)? {
        return Ok(None);
    }
    let mut values = Values::new(input.clone(), names);
    let mut exprs = Vec::new();
    for expr in node.expressions() {
        exprs.push(values.replace(expr, &|expr| is_ours(expr, node))?);
    }
    let Some(answered) = values.finish() else { return Ok(None) };
    let extra = answered.schema().fields().len() - input.schema().fields().len();
    let plan = node.with_new_exprs(exprs, vec![answered])?;
    // Those that keep their input's columns have the answers behind them.
    let kept = match node {
        LogicalPlan::Projection(_) | LogicalPlan::Aggregate(_) => usize::MAX,
        _ => input.schema().fields().len(),
    };
    let at = |nth: usize| if nth < kept { nth } else { nth + extra };
    let columns: Vec<Column> = (0..node.schema().fields().len()).map(|nth| column_at(plan.schema(), at(nth))).collect();
    renamed(plan, &columns, node.schema(), &[]).map(Some)
}

/// A sort by subqueries of a list: they are answered below the list, which may not have the columns that they name.
fn sorted(sort: &Sort, names: &mut Names) -> Result<Option<LogicalPlan>> {
    let LogicalPlan::Projection(list) = sort.input.as_ref() else { return Ok(None) };
    if is_volatile(&list.input)? {
        return Ok(None);
    }
    let node = LogicalPlan::Sort(sort.clone());
    let mut added = Vec::new();
    let mut values = Values::new(list.input.as_ref().clone(), names);
    let mut by = sort.expr.clone();
    for key in &mut by {
        let expr = key.expr.clone().transform_down(|expr| {
            if !is_ours(&expr, &node) {
                return Ok(Transformed::no(expr));
            }
            let value = values.replace(expr, &|expr| is_ours(expr, &node))?;
            let name = values.name("order");
            added.push(value.alias(&name));
            Ok(Transformed::new(Expr::Column(Column::new_unqualified(name)), true, TreeNodeRecursion::Jump))
        })?;
        key.expr = expr.data;
    }
    let Some(answered) = values.finish() else { return Ok(None) };
    let exprs = list.expr.iter().cloned().chain(added).collect();
    let projected = LogicalPlan::Projection(Projection::try_new(exprs, answered.into())?);
    let columns: Vec<Column> = (0..list.schema.fields().len()).map(|nth| column_at(projected.schema(), nth)).collect();
    let plan = LogicalPlan::Sort(Sort { expr: by, input: projected.into(), fetch: sort.fetch });
    renamed(plan, &columns, &list.schema, &[]).map(Some)
}

fn column_at(schema: &DFSchema, nth: usize) -> Column {
    Column::from(schema.qualified_field(nth))
}

/// The columns under the names of a schema, and then `more`.
fn renamed(plan: LogicalPlan, columns: &[Column], schema: &DFSchema, more: &[Column]) -> Result<LogicalPlan> {
    let named = columns.iter().zip(schema.iter()).map(|(column, (qualifier, field))| {
        if column.relation.as_ref() == qualifier && column.name == *field.name() {
            Expr::Column(column.clone())
        } else {
            Expr::Column(column.clone()).alias_qualified(qualifier.cloned(), field.name())
        }
    });
    let more = more.iter().cloned().map(Expr::Column);
    LogicalPlanBuilder::from(plan).project(named.chain(more).collect::<Vec<_>>())?.build()
}
