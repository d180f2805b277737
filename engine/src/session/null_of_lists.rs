//! Keeps DataFusion from losing the NULL of lists.
//!
//! Its simplifier joins two lists over one column: `n IN (1) AND n IN (2)` becomes FALSE, `n NOT IN (1) OR n NOT IN (2)` becomes TRUE.
//! Where `n` is NULL both are NULL. Below a WHERE of nothing but AND and OR of plain lists that makes no difference; below NOT, in a
//! SELECT list and for negated lists it gives other rows. There the lists get an alias each, which the simplifier does not look
//! behind and which has no other effect.

use std::collections::HashMap;

use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::error::Result;
use datafusion::logical_expr::expr::InList;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{BinaryExpr, Expr, LogicalPlan, Operator};
use datafusion::optimizer::optimizer::ApplyOrder;
use datafusion::optimizer::{OptimizerConfig, OptimizerRule};

/// The rule. It runs before the one that simplifies.
#[derive(Debug, Default)]
pub(super) struct NullOfLists;

impl OptimizerRule for NullOfLists {
    fn name(&self) -> &'static str {
        "null_of_lists"
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        Some(ApplyOrder::TopDown)
    }

    fn rewrite(&self, plan: LogicalPlan, _config: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        let keeps_only_true = matches!(plan, LogicalPlan::Filter(_));
        let names = NamePreserver::new(&plan);
        plan.map_expressions(|expr| {
            if keeps_only_true && is_conjunction_of_lists(&expr) {
                return Ok(Transformed::no(expr));
            }
            let repeated = repeated_lists(&expr)?;
            if repeated.is_empty() {
                return Ok(Transformed::no(expr));
            }
            let name = names.save(&expr);
            Ok(told_apart(expr, &repeated)?.update_data(|expr| name.restore(expr)))
        })
    }
}

/// Whether an expression has only AND and OR above its lists, and no negated one.
fn is_conjunction_of_lists(expr: &Expr) -> bool {
    match expr {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::And | Operator::Or, right }) => {
            is_conjunction_of_lists(left) && is_conjunction_of_lists(right)
        }
        Expr::InList(list) => !list.negated,
        other => is_one_value(other) || !other.exists(|node| Ok(list_over(node).is_some())).unwrap_or(true),
    }
}

/// `x = 1`, which the simplifier may make a list of.
fn is_one_value(expr: &Expr) -> bool {
    list_over(expr).is_some() && !matches!(expr, Expr::InList(_))
}

/// What a list, or what may become one, is over.
fn list_over(expr: &Expr) -> Option<&Expr> {
    match expr {
        Expr::InList(InList { expr, .. }) => Some(expr),
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) => match (left.as_ref(), right.as_ref()) {
            (Expr::Column(_), Expr::Literal(..)) => Some(left),
            (Expr::Literal(..), Expr::Column(_)) => Some(right),
            _ => None,
        },
        _ => None,
    }
}

/// What several lists of an expression are over.
fn repeated_lists(expr: &Expr) -> Result<Vec<Expr>> {
    let mut lists: HashMap<&Expr, usize> = HashMap::new();
    expr.apply(|node| {
        if let Some(over) = list_over(node) {
            *lists.entry(over).or_default() += 1;
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(lists.into_iter().filter(|(_, count)| *count > 1).map(|(over, _)| over.clone()).collect())
}

/// The same with an alias of its own for what each of these lists is over.
fn told_apart(expr: Expr, repeated: &[Expr]) -> Result<Transformed<Expr>> {
    let mut number = 0;
    expr.transform_up(|node| {
        if !list_over(&node).is_some_and(|over| repeated.contains(over)) {
            return Ok(Transformed::no(node));
        }
        number += 1;
        let apart = |expr: Box<Expr>| Box::new(expr.alias(format!("list {number}")));
        Ok(Transformed::yes(match node {
            Expr::InList(list) => Expr::InList(InList { expr: apart(list.expr), ..list }),
            Expr::BinaryExpr(BinaryExpr { left, op, right }) => match left.as_ref() {
                Expr::Column(_) => Expr::BinaryExpr(BinaryExpr { left: apart(left), op, right }),
                _ => Expr::BinaryExpr(BinaryExpr { left, op, right: apart(right) }),
            },
            other => other,
        }))
    })
}
