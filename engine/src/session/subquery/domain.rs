//! A subquery over the distinct values of the outer columns that it names.
//!
//! Each operator of the subquery gets the domain's columns beside its own: a filter and a list pass them on, an aggregate and a window
//! are computed for each of them, LIMIT counts rows of each. What does not name the outer query is crossed with the domain, which the
//! filters above it turn into a join.

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, NullEquality, Result, TableReference};
use datafusion::functions_window::row_number::row_number_udwf;
use datafusion::logical_expr::expr::{Exists, InSubquery, Sort as SortExpr, WindowFunction};
use datafusion::logical_expr::{
    Aggregate, BinaryExpr, Distinct, EmptyRelation, Expr, ExprFunctionExt, FetchType, Filter, Join, JoinConstraint, JoinType,
    Limit, LogicalPlan, LogicalPlanBuilder, Operator, Projection, SkipType, Sort, Subquery, SubqueryAlias, Union, Unnest, Window,
    cast, lit, when,
};

use super::{Names, column_at, renamed, subquery_of};

/// The distinct values of outer columns.
pub(super) struct Domain {
    plan: LogicalPlan,
    /// The outer columns.
    pub outer: Vec<Column>,
    /// What the domain calls them, in the same order.
    keys: Vec<Column>,
}

/// A plan over the domain: the columns of the subquery's operator, under their names, and the domain's.
pub(super) struct Pushed {
    pub plan: LogicalPlan,
    /// The domain's columns in the plan, in its order.
    pub keys: Vec<Column>,
}

impl Domain {
    /// Of the columns of `input` that a subquery names; `None` if it names none.
    pub fn of(input: &LogicalPlan, subquery: &LogicalPlan, names: &mut Names) -> Result<Option<Self>> {
        let mut outer = Vec::new();
        each_reference(subquery, &mut |column| {
            if input.schema().has_column(column) && !outer.contains(column) {
                outer.push(column.clone());
            }
        })?;
        if outer.is_empty() {
            return Ok(None);
        }
        let keys: Vec<Column> = outer.iter().map(|_| Column::new_unqualified(names.next("outer"))).collect();
        let named = outer.iter().zip(&keys).map(|(outer, key)| Expr::Column(outer.clone()).alias(&key.name));
        let plan = LogicalPlanBuilder::from(input.clone()).project(named.collect::<Vec<_>>())?.distinct()?.build()?;
        Ok(Some(Self { plan, outer, keys }))
    }

    /// The plan over the domain; `None` if an operator is not known here.
    pub fn push(&self, plan: &LogicalPlan, names: &mut Names) -> Result<Option<Pushed>> {
        if matches!(plan, LogicalPlan::EmptyRelation(EmptyRelation { produce_one_row: true, .. })) {
            return Ok(Some(Pushed { plan: self.plan.clone(), keys: self.keys.clone() }));
        }
        if !self.named_in(plan)? {
            let plan = LogicalPlanBuilder::from(plan.clone()).cross_join(self.plan.clone())?.build()?;
            return Ok(Some(Pushed { plan, keys: self.keys.clone() }));
        }
        match plan {
            LogicalPlan::Subquery(subquery) => self.push(&subquery.subquery, names),
            LogicalPlan::Projection(list) => match self.push(&list.input, names)? {
                Some(below) => self.list(list, below).map(Some),
                None => Ok(None),
            },
            LogicalPlan::Filter(filter) => {
                let Some(below) = self.push(&filter.input, names)? else { return Ok(None) };
                let predicate = self.inner(&filter.predicate, &below)?;
                let plan = LogicalPlan::Filter(Filter::try_new(predicate, Arc::new(below.plan))?);
                Ok(Some(Pushed { plan, keys: below.keys }))
            }
            LogicalPlan::SubqueryAlias(named) => {
                let Some(below) = self.push(&named.input, names)? else { return Ok(None) };
                let alias = SubqueryAlias::try_new(Arc::new(below.plan), named.alias.clone())?;
                let keys = below.keys.iter().map(|key| Column::new(Some(named.alias.clone()), key.name.clone())).collect();
                Ok(Some(Pushed { plan: LogicalPlan::SubqueryAlias(alias), keys }))
            }
            LogicalPlan::Aggregate(aggregate) => self.aggregate(aggregate, names),
            LogicalPlan::Limit(limit) => self.limit(limit, names),
            LogicalPlan::Sort(sort) if sort.fetch.is_none() => {
                let Some(below) = self.push(&sort.input, names)? else { return Ok(None) };
                let expr = self.order(&sort.expr, &below)?;
                let plan = LogicalPlan::Sort(Sort { expr, input: Arc::new(below.plan), fetch: None });
                Ok(Some(Pushed { plan, keys: below.keys }))
            }
            LogicalPlan::Distinct(Distinct::All(input)) => {
                let Some(below) = self.push(input, names)? else { return Ok(None) };
                Ok(Some(Pushed { plan: LogicalPlanBuilder::from(below.plan).distinct()?.build()?, keys: below.keys }))
            }
            LogicalPlan::Window(window) => self.window(window, names),
            LogicalPlan::Unnest(unnest) => {
                let Some(below) = self.push(&unnest.input, names)? else { return Ok(None) };
                let plan = Unnest::try_new(Arc::new(below.plan), unnest.exec_columns.clone(), unnest.options.clone())?;
                Ok(Some(Pushed { plan: LogicalPlan::Unnest(plan), keys: below.keys }))
            }
            LogicalPlan::Union(union) => self.union(union, names),
            LogicalPlan::Values(values) => {
                let mut rows = Vec::new();
                for row in &values.values {
                    let below = Pushed { plan: self.plan.clone(), keys: self.keys.clone() };
                    let mut exprs = Vec::new();
                    for (expr, field) in row.iter().zip(values.schema.fields()) {
                        exprs.push(cast(self.inner(expr, &below)?, field.data_type().clone()).alias(field.name()));
                    }
                    exprs.extend(self.keys.iter().cloned().map(Expr::Column));
                    rows.push(Arc::new(LogicalPlanBuilder::from(below.plan).project(exprs)?.build()?));
                }
                if let [row] = rows.as_slice() {
                    return Ok(Some(Pushed { plan: row.as_ref().clone(), keys: self.keys.clone() }));
                }
                let plan = LogicalPlan::Union(Union::try_new_with_loose_types(rows)?);
                Ok(Some(Pushed { plan, keys: self.keys.clone() }))
            }
            LogicalPlan::Join(join) => self.join(join, names),
            _ => Ok(None),
        }
    }

    /// Whether a plan names a column of the domain.
    fn named_in(&self, plan: &LogicalPlan) -> Result<bool> {
        let mut found = false;
        each_reference(plan, &mut |column| found = found || self.outer.contains(column))?;
        Ok(found)
    }

    fn key<'a>(&self, keys: &'a [Column], outer: &Column) -> Option<&'a Column> {
        self.outer.iter().position(|known| known == outer).map(|nth| &keys[nth])
    }

    /// An expression of the subquery over a plan that has the domain's columns.
    fn inner(&self, expr: &Expr, below: &Pushed) -> Result<Expr> {
        let schema = below.plan.schema();
        expr.clone()
            .transform_up(|expr| {
                Ok(match expr {
                    Expr::OuterReferenceColumn(field, column) => match self.key(&below.keys, &column) {
                        Some(key) => Transformed::yes(Expr::Column(key.clone())),
                        None => Transformed::no(Expr::OuterReferenceColumn(field, column)),
                    },
                    Expr::ScalarSubquery(subquery) => {
                        Transformed::yes(Expr::ScalarSubquery(self.nested(&subquery, &below.keys, schema)?))
                    }
                    Expr::Exists(Exists { subquery, negated }) => {
                        Transformed::yes(Expr::Exists(Exists { subquery: self.nested(&subquery, &below.keys, schema)?, negated }))
                    }
                    Expr::InSubquery(InSubquery { expr, subquery, negated }) => {
                        let subquery = self.nested(&subquery, &below.keys, schema)?;
                        Transformed::yes(Expr::InSubquery(InSubquery { expr, subquery, negated }))
                    }
                    other => Transformed::no(other),
                })
            })
            .data()
    }

    fn inner_all(&self, exprs: &[Expr], below: &Pushed) -> Result<Vec<Expr>> {
        exprs.iter().map(|expr| self.inner(expr, below)).collect()
    }

    fn order(&self, order: &[SortExpr], below: &Pushed) -> Result<Vec<SortExpr>> {
        let one = |key: &SortExpr| Ok(SortExpr::new(self.inner(&key.expr, below)?, key.asc, key.nulls_first));
        order.iter().map(one).collect()
    }

    /// A subquery of the subquery, which still names columns outside of it: those of the domain instead of the outer query's. What
    /// `schema`, its surroundings, has by the same name is meant by it.
    fn nested(&self, subquery: &Subquery, keys: &[Column], schema: &DFSchema) -> Result<Subquery> {
        let plan = subquery.subquery.as_ref().clone().transform_up_with_subqueries(|node| {
            let names: Vec<_> = match &node {
                LogicalPlan::Projection(list) => {
                    list.schema.iter().map(|(of, field)| (of.cloned(), field.name().clone())).collect()
                }
                _ => Vec::new(),
            };
            let mut nth = 0;
            node.map_expressions(|expr| {
                let mut expr = expr.transform_up(|expr| {
                    Ok(match expr {
                        Expr::OuterReferenceColumn(field, column) if !schema.has_column(&column) => match self.key(keys, &column)
                        {
                            Some(key) => Transformed::yes(Expr::OuterReferenceColumn(field, key.clone())),
                            None => Transformed::no(Expr::OuterReferenceColumn(field, column)),
                        },
                        other => Transformed::no(other),
                    })
                })?;
                if let Some((qualifier, name)) = names.get(nth).filter(|_| expr.transformed) {
                    expr.data = named(expr.data, qualifier.as_ref(), name);
                }
                nth += 1;
                Ok(expr)
            })
        });
        let plan = plan.data()?;
        Ok(Subquery { outer_ref_columns: plan.all_out_ref_exprs(), subquery: Arc::new(plan), spans: subquery.spans.clone() })
    }

    fn list(&self, list: &Projection, below: Pushed) -> Result<Pushed> {
        let mut exprs = Vec::new();
        for (expr, (qualifier, field)) in list.expr.iter().zip(list.schema.iter()) {
            exprs.push(named(self.inner(expr, &below)?, qualifier, field.name()));
        }
        exprs.extend(below.keys.iter().cloned().map(Expr::Column));
        Ok(Pushed { plan: LogicalPlan::Projection(Projection::try_new(exprs, Arc::new(below.plan))?), keys: below.keys })
    }

    /// Groups get the domain's columns. Without groups there is an answer for each value of the domain, of no rows too.
    fn aggregate(&self, aggregate: &Aggregate, names: &mut Names) -> Result<Option<Pushed>> {
        if aggregate.group_expr.iter().any(|expr| matches!(expr, Expr::GroupingSet(_))) {
            return Ok(None);
        }
        let Some(below) = self.push(&aggregate.input, names)? else { return Ok(None) };
        let mut groups = self.inner_all(&aggregate.group_expr, &below)?;
        let values = self.inner_all(&aggregate.aggr_expr, &below)?;
        let own = groups.len();
        groups.extend(below.keys.iter().cloned().map(Expr::Column));
        let plan = LogicalPlan::Aggregate(Aggregate::try_new(Arc::new(below.plan), groups, values)?);
        let at = |nth: usize| column_at(plan.schema(), if nth < own { nth } else { nth + self.keys.len() });
        let columns: Vec<Column> = (0..aggregate.schema.fields().len()).map(at).collect();
        if own > 0 {
            let plan = renamed(plan, &columns, &aggregate.schema, &below.keys)?;
            return Ok(Some(Pushed { plan, keys: below.keys }));
        }
        let keys: Vec<Column> = below.keys.iter().map(|_| Column::new_unqualified(names.next("group"))).collect();
        let results: Vec<Column> = columns.iter().map(|_| Column::new_unqualified(names.next("result"))).collect();
        let as_named = |(column, name): (&Column, &Column)| Expr::Column(column.clone()).alias(&name.name);
        let exprs = columns.iter().zip(&results).chain(below.keys.iter().zip(&keys)).map(as_named);
        let answers = LogicalPlanBuilder::from(plan).project(exprs.collect::<Vec<_>>())?.build()?;
        let on = (self.keys.clone(), keys);
        let joined = LogicalPlanBuilder::from(self.plan.clone())
            .join_detailed(answers, JoinType::Left, on, None, NullEquality::NullEqualsNull)?
            .build()?;
        let mut exprs = Vec::new();
        for ((value, result), (qualifier, field)) in aggregate.aggr_expr.iter().zip(&results).zip(aggregate.schema.iter()) {
            let result = Expr::Column(result.clone());
            let of_none = match value.clone().unalias() {
                Expr::AggregateFunction(call) => call.func.default_value(field.data_type())?,
                _ => return Ok(None),
            };
            let result = match of_none.is_null() {
                true => result,
                false => when(result.clone().is_null(), lit(of_none)).otherwise(result)?,
            };
            exprs.push(result.alias_qualified(qualifier.cloned(), field.name()));
        }
        exprs.extend(self.keys.iter().cloned().map(Expr::Column));
        let plan = LogicalPlanBuilder::from(joined).project(exprs)?.build()?;
        Ok(Some(Pushed { plan, keys: self.keys.clone() }))
    }

    /// The first rows of each value of the domain.
    fn limit(&self, limit: &Limit, names: &mut Names) -> Result<Option<Pushed>> {
        let (SkipType::Literal(skip), FetchType::Literal(fetch)) = (limit.get_skip_type()?, limit.get_fetch_type()?) else {
            return Ok(None);
        };
        // The order is that of a sort below lists.
        let mut lists = Vec::new();
        let mut source = limit.input.as_ref();
        while let LogicalPlan::Projection(list) = source {
            lists.push(list);
            source = &list.input;
        }
        let (order, source) = match source {
            LogicalPlan::Sort(sort) => (sort.expr.as_slice(), sort.input.as_ref()),
            other => (&[] as &[SortExpr], other),
        };
        let Some(below) = self.push(source, names)? else { return Ok(None) };
        let number = Expr::WindowFunction(Box::new(WindowFunction::new(row_number_udwf(), Vec::new())))
            .partition_by(below.keys.iter().cloned().map(Expr::Column).collect())
            .order_by(self.order(order, &below)?)
            .build()?;
        let numbered = LogicalPlan::Window(Window::try_new(vec![number], Arc::new(below.plan))?);
        let number = Expr::Column(column_at(numbered.schema(), numbered.schema().fields().len() - 1));
        let count = |rows: usize| lit(u64::try_from(rows).unwrap_or(u64::MAX));
        let mut wanted = number.clone().gt(count(skip));
        if let Some(fetch) = fetch {
            wanted = wanted.and(number.lt_eq(count(skip.saturating_add(fetch))));
        }
        let first = LogicalPlan::Filter(Filter::try_new(wanted, Arc::new(numbered))?);
        let plan = renamed(first, &source.schema().columns(), source.schema(), &below.keys)?;
        let mut pushed = Pushed { plan, keys: below.keys };
        for list in lists.into_iter().rev() {
            pushed = self.list(list, pushed)?;
        }
        Ok(Some(pushed))
    }

    fn window(&self, window: &Window, names: &mut Names) -> Result<Option<Pushed>> {
        let Some(below) = self.push(&window.input, names)? else { return Ok(None) };
        let keys: Vec<Expr> = below.keys.iter().cloned().map(Expr::Column).collect();
        let mut exprs = Vec::new();
        for expr in self.inner_all(&window.window_expr, &below)? {
            let expr = expr.transform_up(|expr| {
                Ok(match expr {
                    Expr::WindowFunction(mut call) => {
                        call.params.partition_by.extend(keys.clone());
                        Transformed::yes(Expr::WindowFunction(call))
                    }
                    other => Transformed::no(other),
                })
            })?;
            exprs.push(expr.data);
        }
        let plan = LogicalPlan::Window(Window::try_new(exprs, Arc::new(below.plan))?);
        let (passed, own) = (window.input.schema().fields().len(), window.window_expr.len());
        let first = plan.schema().fields().len() - own;
        let mut columns = window.input.schema().columns();
        columns.extend((0..own).map(|nth| column_at(plan.schema(), first + nth)));
        debug_assert_eq!(columns.len(), passed + own);
        Ok(Some(Pushed { plan: renamed(plan, &columns, &window.schema, &below.keys)?, keys: below.keys }))
    }

    fn union(&self, union: &Union, names: &mut Names) -> Result<Option<Pushed>> {
        let keys: Vec<Column> = self.keys.iter().map(|_| Column::new_unqualified(names.next("outer"))).collect();
        let mut inputs = Vec::new();
        for input in &union.inputs {
            let Some(below) = self.push(input, names)? else { return Ok(None) };
            let columns = input.schema().columns().into_iter().zip(union.schema.fields());
            let columns = columns.map(|(column, field)| Expr::Column(column).alias(field.name()));
            let keys = below.keys.iter().zip(&keys).map(|(key, name)| Expr::Column(key.clone()).alias(&name.name));
            let exprs: Vec<Expr> = columns.chain(keys).collect();
            inputs.push(Arc::new(LogicalPlanBuilder::from(below.plan).project(exprs)?.build()?));
        }
        let plan = LogicalPlan::Union(Union::try_new_with_loose_types(inputs)?);
        let columns: Vec<Column> = (0..union.schema.fields().len()).map(|nth| column_at(plan.schema(), nth)).collect();
        Ok(Some(Pushed { plan: renamed(plan, &columns, &union.schema, &keys)?, keys }))
    }

    /// Both sides over the domain, joined on it, or the one side that names it or whose rows are kept.
    fn join(&self, join: &Join, names: &mut Names) -> Result<Option<Pushed>> {
        use JoinType::{Full, Inner, Left, LeftAnti, LeftMark, LeftSemi, Right, RightAnti, RightMark, RightSemi};
        if join.right.exists(|node| Ok(matches!(node, LogicalPlan::Subquery(_))))? {
            return self.lateral(join, names);
        }
        let (in_left, in_right) = (self.named_in(&join.left)?, self.named_in(&join.right)?);
        let (left, right, keys_of_left) = match join.join_type {
            Inner => (in_left || !in_right, in_right, in_left || !in_right),
            Left | LeftSemi | LeftAnti | LeftMark => (true, in_right, true),
            Right | RightSemi | RightAnti | RightMark => (in_left, true, false),
            Full => return Ok(None),
        };
        let (mut left_plan, mut right_plan) = (join.left.as_ref().clone(), join.right.as_ref().clone());
        let (mut left_keys, mut right_keys) = (Vec::new(), Vec::new());
        if left {
            let Some(below) = self.push(&join.left, names)? else { return Ok(None) };
            (left_plan, left_keys) = (below.plan, below.keys);
        }
        if right {
            let Some(below) = self.push(&join.right, names)? else { return Ok(None) };
            (right_plan, right_keys) = (below.plan, below.keys);
        }
        if left && right {
            // The same names on both sides would be ambiguous.
            let fresh: Vec<Column> = right_keys.iter().map(|_| Column::new_unqualified(names.next("outer"))).collect();
            let own = join.right.schema().columns().into_iter().map(Expr::Column);
            let named = right_keys.iter().zip(&fresh).map(|(key, name)| Expr::Column(key.clone()).alias(&name.name));
            right_plan = LogicalPlanBuilder::from(right_plan).project(own.chain(named).collect::<Vec<_>>())?.build()?;
            right_keys = fresh;
        }
        let keys = if keys_of_left { left_keys.clone() } else { right_keys.clone() };
        let below = Pushed { plan: LogicalPlan::Join(join.clone()), keys };
        let mut on = Vec::new();
        for (a, b) in &join.on {
            on.push((self.inner(a, &below)?, self.inner(b, &below)?));
        }
        let mut filter = join.filter.as_ref().map(|filter| self.inner(filter, &below)).transpose()?;
        if left && right {
            for (a, b) in left_keys.into_iter().zip(right_keys) {
                let (a, b) = (Box::new(Expr::Column(a)), Box::new(Expr::Column(b)));
                let same = Expr::BinaryExpr(BinaryExpr::new(a, Operator::IsNotDistinctFrom, b));
                filter = Some(filter.map_or(same.clone(), |filter| filter.and(same)));
            }
        }
        joined(join, left_plan, right_plan, on, filter, below.keys).map(Some)
    }

    /// A LATERAL join in the subquery, whose right side may name both its left side and the domain.
    fn lateral(&self, join: &Join, names: &mut Names) -> Result<Option<Pushed>> {
        if !matches!(join.join_type, JoinType::Inner | JoinType::Left) {
            return Ok(None);
        }
        let Some(below) = self.push(&join.left, names)? else { return Ok(None) };
        let schema = below.plan.schema().clone();
        let right = join.right.as_ref().clone().transform_down(|node| {
            Ok(match node {
                LogicalPlan::Subquery(subquery) => {
                    Transformed::yes(LogicalPlan::Subquery(self.nested(&subquery, &below.keys, join.left.schema())?))
                }
                other => Transformed::no(other),
            })
        })?;
        debug_assert!(below.keys.iter().all(|key| schema.has_column(key)));
        let filter = join.filter.as_ref().map(|filter| self.inner(filter, &below)).transpose()?;
        joined(join, below.plan, right.data, join.on.clone(), filter, below.keys).map(Some)
    }
}

/// A join like another one of other sides, with the other one's columns and the domain's.
fn joined(
    like: &Join,
    left: LogicalPlan,
    right: LogicalPlan,
    on: Vec<(Expr, Expr)>,
    filter: Option<Expr>,
    keys: Vec<Column>,
) -> Result<Pushed> {
    let (left, right) = (Arc::new(left), Arc::new(right));
    let join = Join::try_new(left, right, on, filter, like.join_type, JoinConstraint::On, like.null_equality, like.null_aware)?;
    let plan = renamed(LogicalPlan::Join(join), &like.schema.columns(), &like.schema, &keys)?;
    Ok(Pushed { plan, keys })
}

/// The expression under a name that it may have already.
fn named(expr: Expr, qualifier: Option<&TableReference>, name: &str) -> Expr {
    let has = match &expr {
        Expr::Column(column) => column.relation.as_ref() == qualifier && column.name == name,
        Expr::Alias(alias) => alias.relation.as_ref() == qualifier && alias.name == name,
        _ => false,
    };
    if has { expr } else { expr.alias_qualified(qualifier.cloned(), name) }
}

/// Calls back for each column of an outer query that a plan, or a subquery in it, names.
fn each_reference(plan: &LogicalPlan, found: &mut dyn FnMut(&Column)) -> Result<()> {
    plan.apply(|node| {
        node.apply_expressions(|expr| {
            expr.apply(|expr| {
                if let Expr::OuterReferenceColumn(_, column) = expr {
                    found(column);
                }
                if let Some(subquery) = subquery_of(expr) {
                    each_reference(&subquery.subquery, found)?;
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })?;
    Ok(())
}
