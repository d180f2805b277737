//! Subqueries that are values: scalar, EXISTS and IN. Each becomes an expression over columns that a join adds to the input.

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, NullEquality, Result, ScalarValue, Spans};
use datafusion::functions_aggregate::count::count;
use datafusion::functions_aggregate::first_last::first_value;
use datafusion::logical_expr::expr::{Exists, InSubquery};
use datafusion::logical_expr::{
    BinaryExpr, Distinct, Expr, FetchType, JoinType, LogicalPlan, LogicalPlanBuilder, Operator, SkipType, Subquery, lit, when,
};

use super::domain::{Domain, Pushed};
use super::only::only;
use super::{Names, column_at};

/// The input of a node, joined with the answers of the node's subqueries.
pub(super) struct Values<'a> {
    input: LogicalPlan,
    names: &'a mut Names,
    /// Whether an expression has changed.
    changed: bool,
    /// Whether a subquery could not be planned.
    failed: bool,
}

impl<'a> Values<'a> {
    pub fn new(input: LogicalPlan, names: &'a mut Names) -> Self {
        Self { input, names, changed: false, failed: false }
    }

    /// A name that nothing has.
    pub fn name(&mut self, what: &str) -> String {
        self.names.next(what)
    }

    /// The input with all answers; `None` if there are none, or if one could not be planned.
    pub fn finish(self) -> Option<LogicalPlan> {
        (self.changed && !self.failed).then_some(self.input)
    }

    /// The expression with columns in the place of the subqueries that `ours` says.
    pub fn replace(&mut self, expr: Expr, ours: &dyn Fn(&Expr) -> bool) -> Result<Expr> {
        expr.transform_down(|expr| {
            if !ours(&expr) {
                return Ok(Transformed::no(expr));
            }
            let value = match &expr {
                Expr::ScalarSubquery(subquery) => self.scalar(subquery)?,
                Expr::Exists(Exists { subquery, negated }) => {
                    self.exists(subquery)?.map(|found| if *negated { Expr::Not(Box::new(found)) } else { found })
                }
                Expr::InSubquery(InSubquery { expr, subquery, negated }) => {
                    self.within(expr, subquery)?.map(|found| if *negated { Expr::Not(Box::new(found)) } else { found })
                }
                _ => None,
            };
            Ok(match value {
                Some(value) => {
                    self.changed = true;
                    Transformed::new(value, true, TreeNodeRecursion::Jump)
                }
                None => {
                    self.failed = true;
                    Transformed::no(expr)
                }
            })
        })
        .data()
    }

    fn scalar(&mut self, subquery: &Subquery) -> Result<Option<Expr>> {
        let Some((domain, pushed)) = self.over_domain(&subquery.subquery)? else { return Ok(None) };
        let value = Expr::Column(column_at(subquery.subquery.schema(), 0));
        if subquery.subquery.max_rows().is_some_and(|rows| rows <= 1) {
            let columns = self.join(&domain.outer, pushed, vec![value])?;
            return Ok(Some(Expr::Column(columns[0].clone())));
        }
        let keys: Vec<Expr> = pushed.keys.iter().cloned().map(Expr::Column).collect();
        let plan = LogicalPlanBuilder::from(pushed.plan)
            .aggregate(keys, vec![first_value(value, Vec::new()), count(lit(1))])?
            .build()?;
        let at = |nth: usize| Expr::Column(column_at(plan.schema(), pushed.keys.len() + nth));
        let answers = vec![at(0), at(1)];
        let columns = self.join(&domain.outer, Pushed { plan, keys: pushed.keys }, answers)?;
        Ok(Some(only(Expr::Column(columns[0].clone()), Expr::Column(columns[1].clone()))))
    }

    fn exists(&mut self, subquery: &Subquery) -> Result<Option<Expr>> {
        let bare = bare(&subquery.subquery)?;
        let Some((domain, pushed)) = self.over_domain(bare)? else {
            // It is the same for all rows; one row says it.
            return if self.failed { Ok(None) } else { found(bare).map(Some) };
        };
        let keys: Vec<Expr> = pushed.keys.iter().cloned().map(Expr::Column).collect();
        let plan = LogicalPlanBuilder::from(pushed.plan).project(keys)?.distinct()?.build()?;
        let columns = self.join(&domain.outer, Pushed { plan, keys: pushed.keys }, vec![lit(true)])?;
        Ok(Some(Expr::Column(columns[0].clone()).is_not_null()))
    }

    /// True for a row that is equal; otherwise unknown if the value or a row is NULL, and false for no rows.
    fn within(&mut self, value: &Expr, subquery: &Subquery) -> Result<Option<Expr>> {
        let (outer, pushed) = match self.over_domain(&subquery.subquery)? {
            Some((domain, pushed)) => (domain.outer, pushed),
            None if self.failed => return Ok(None),
            None => (Vec::new(), Pushed { plan: subquery.subquery.as_ref().clone(), keys: Vec::new() }),
        };
        let member = column_at(subquery.subquery.schema(), 0);
        let keys: Vec<Expr> = pushed.keys.iter().cloned().map(Expr::Column).collect();

        let counted = LogicalPlanBuilder::from(pushed.plan.clone())
            .aggregate(keys.clone(), vec![count(lit(1)), count(Expr::Column(member.clone()))])?
            .build()?;
        let at = |nth: usize| Expr::Column(column_at(counted.schema(), keys.len() + nth));
        let counts = vec![at(0), at(1)];
        let counts = self.join(&outer, Pushed { plan: counted, keys: pushed.keys.clone() }, counts)?;
        let (rows, known) = (Expr::Column(counts[0].clone()), Expr::Column(counts[1].clone()));

        let name = self.name("member");
        let exprs = keys.into_iter().chain([Expr::Column(member).alias(&name)]).collect::<Vec<_>>();
        let members = LogicalPlanBuilder::from(pushed.plan).project(exprs)?.distinct()?.build()?;
        let member = Expr::Column(Column::new_unqualified(name));
        let equal = Expr::BinaryExpr(BinaryExpr::new(Box::new(value.clone()), Operator::Eq, Box::new(member.clone())));
        let found = self.join_on(&outer, Pushed { plan: members, keys: pushed.keys }, vec![lit(true)], Some((equal, member)))?;
        let found = Expr::Column(found[0].clone()).is_not_null();

        when(found, lit(true))
            .when(rows.clone().is_null().or(rows.clone().eq(lit(0_i64))), lit(false))
            .when(value.clone().is_null().or(rows.gt(known)), lit(ScalarValue::Boolean(None)))
            .otherwise(lit(false))
            .map(Some)
    }

    /// The subquery over the domain of its outer columns; `None` if it has none, or if it is not known how.
    fn over_domain(&mut self, subquery: &LogicalPlan) -> Result<Option<(Domain, Pushed)>> {
        let Some(domain) = Domain::of(&self.input, subquery, self.names)? else { return Ok(None) };
        let pushed = domain.push(subquery, self.names)?;
        self.failed |= pushed.is_none();
        Ok(pushed.map(|pushed| (domain, pushed)))
    }

    fn join(&mut self, outer: &[Column], answers: Pushed, values: Vec<Expr>) -> Result<Vec<Column>> {
        self.join_on(outer, answers, values, None)
    }

    /// Joins the input with answers: rows without one are kept. Gives the columns of `values`, which are of the answers. `also` is
    /// another condition, and the column of the answers that it names.
    fn join_on(
        &mut self,
        outer: &[Column],
        answers: Pushed,
        values: Vec<Expr>,
        also: Option<(Expr, Expr)>,
    ) -> Result<Vec<Column>> {
        let keys: Vec<Column> = outer.iter().map(|_| Column::new_unqualified(self.names.next("key"))).collect();
        let columns: Vec<Column> = values.iter().map(|_| Column::new_unqualified(self.names.next("value"))).collect();
        let named_keys = answers.keys.iter().zip(&keys).map(|(key, name)| Expr::Column(key.clone()).alias(&name.name));
        let named_values = values.into_iter().zip(&columns).map(|(value, name)| value.alias(&name.name));
        let (condition, beside) = also.unzip();
        let exprs: Vec<Expr> = named_keys.chain(named_values).chain(beside.clone()).collect();
        let answers = LogicalPlanBuilder::from(answers.plan).project(exprs)?.build()?;
        let input = LogicalPlanBuilder::from(self.input.clone());
        let kept = self.input.schema().columns();
        let joined = match condition {
            None if keys.is_empty() => input.join_on(answers, JoinType::Left, [lit(true)])?,
            None => {
                let on = (outer.to_vec(), keys);
                input.join_detailed(answers, JoinType::Left, on, None, NullEquality::NullEqualsNull)?
            }
            Some(condition) => {
                let same = |(a, b): (&Column, &Column)| {
                    let (a, b) = (Box::new(Expr::Column(a.clone())), Box::new(Expr::Column(b.clone())));
                    Expr::BinaryExpr(BinaryExpr::new(a, Operator::IsNotDistinctFrom, b))
                };
                let conditions: Vec<Expr> = [condition].into_iter().chain(outer.iter().zip(&keys).map(same)).collect();
                input.join_on(answers, JoinType::Left, conditions)?
            }
        };
        let exprs: Vec<Expr> = kept.into_iter().chain(columns.iter().cloned()).map(Expr::Column).collect();
        self.input = joined.project(exprs)?.build()?;
        Ok(columns)
    }
}

/// The part of a subquery that says whether it has a row.
fn bare(mut plan: &LogicalPlan) -> Result<&LogicalPlan> {
    loop {
        plan = match plan {
            LogicalPlan::Projection(list) => &list.input,
            LogicalPlan::Sort(sort) => &sort.input,
            LogicalPlan::Distinct(Distinct::All(input)) => input,
            LogicalPlan::Limit(limit) => match (limit.get_skip_type()?, limit.get_fetch_type()?) {
                (SkipType::Literal(0), FetchType::Literal(fetch)) if fetch != Some(0) => &limit.input,
                _ => return Ok(plan),
            },
            other => return Ok(other),
        };
    }
}

/// Whether a subquery that names nothing outside has a row.
fn found(plan: &LogicalPlan) -> Result<Expr> {
    let counted =
        LogicalPlanBuilder::from(plan.clone()).limit(0, Some(1))?.aggregate(Vec::<Expr>::new(), vec![count(lit(1))])?.build()?;
    let rows = Expr::Column(column_at(counted.schema(), 0));
    let plan = LogicalPlanBuilder::from(counted).project(vec![rows.gt(lit(0_i64)).alias("exists")])?.build()?;
    // It may name a query that is further out.
    let outer_ref_columns = plan.all_out_ref_exprs();
    Ok(Expr::ScalarSubquery(Subquery { subquery: Arc::new(plan), outer_ref_columns, spans: Spans::new() }))
}
