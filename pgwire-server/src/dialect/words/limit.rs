//! How many rows: `FETCH FIRST`, `WITH TIES`, and a number that a subquery says.
//!
//! | written | planned |
//! |---|---|
//! | `FETCH FIRST 3 ROWS ONLY`, `LIMIT NULL` | `LIMIT 3`, nothing |
//! | `ORDER BY x FETCH FIRST 3 ROWS WITH TIES` | rows of which `rank() OVER (ORDER BY x)` is at most 3 |
//! | `ORDER BY x LIMIT (SELECT 3)` | rows of which `row_number() OVER (ORDER BY x)` is at most `(SELECT 3)` |

use datafusion::sql::sqlparser::ast::{
    Expr, LimitClause, OrderBy, OrderByKind, Query, Select, SelectItem, SetExpr, Statement, TableFactor, Value, ValueWithSpan,
};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::Parser;

use super::parsed;

/// The number of a row, which the outer query leaves out.
const NUMBER: &str = "__row_number";

/// Changes the clauses of a query.
pub(super) fn reword(query: &mut Query) {
    if query.fetch.as_ref().is_some_and(|fetch| fetch.with_ties && !fetch.percent) {
        with_ties(query);
        return;
    }
    if let Some(fetch) = query.fetch.take_if(|fetch| !fetch.with_ties && !fetch.percent) {
        let count = fetch.quantity.or_else(|| parsed("1"));
        match &mut query.limit_clause {
            Some(LimitClause::LimitOffset { limit, .. }) => *limit = count,
            clause => *clause = Some(LimitClause::LimitOffset { limit: count, offset: None, limit_by: Vec::new() }),
        }
    }
    let Some(LimitClause::LimitOffset { limit, .. }) = &mut query.limit_clause else { return };
    match limit {
        Some(Expr::Value(ValueWithSpan { value: Value::Null, .. })) => *limit = None,
        Some(Expr::Subquery(_)) => by_subquery(query),
        _ => {}
    }
}

fn with_ties(query: &mut Query) {
    if query.limit_clause.is_some() || query.order_by.is_none() {
        return;
    }
    let Some(count) = query.fetch.as_ref().map(|fetch| fetch.quantity.as_ref().map_or("1".to_owned(), ToString::to_string))
    else {
        return;
    };
    numbered(query, "rank()", &format!("{NUMBER} <= ({count})"));
}

fn by_subquery(query: &mut Query) {
    let Some(LimitClause::LimitOffset { limit: Some(limit), offset, limit_by }) = &query.limit_clause else { return };
    if !limit_by.is_empty() {
        return;
    }
    // No number is no limit.
    let limit = format!("coalesce({limit}, {})", i64::MAX);
    let condition = match offset {
        Some(offset) => {
            let skip = format!("({})", offset.value);
            format!("{NUMBER} > {skip} AND {NUMBER} - {skip} <= {limit}")
        }
        None => format!("{NUMBER} <= {limit}"),
    };
    numbered(query, "row_number()", &condition);
}

/// `SELECT * but the number FROM (query with a number) WHERE condition ORDER BY the number`. A query that cannot be numbered stays, and
/// the planner says what it lacks.
fn numbered(query: &mut Query, number: &str, condition: &str) {
    let SetExpr::Select(select) = query.body.as_ref() else { return };
    if select.distinct.is_some() {
        return;
    }
    let Some(order) = order(query.order_by.as_ref(), select) else { return };
    let Some(number) = parsed(&format!("{number} OVER ({order})")) else { return };
    let Some(condition) = parsed(condition) else { return };
    // Two rows of the same rank keep their order by their number.
    let outer = format!("SELECT * EXCLUDE ({NUMBER}) FROM (SELECT 1) AS __numbered WHERE true ORDER BY {NUMBER}");
    let Ok(mut statements) = Parser::parse_sql(&GenericDialect {}, &outer) else { return };
    let Some(Statement::Query(mut outer)) = statements.pop() else { return };
    let mut inner = query.clone();
    outer.with = inner.with.take();
    inner.order_by = None;
    inner.limit_clause = None;
    inner.fetch = None;
    if let SetExpr::Select(select) = inner.body.as_mut() {
        select.projection.push(SelectItem::ExprWithAlias { expr: number, alias: NUMBER.into() });
    }
    let SetExpr::Select(list) = outer.body.as_mut() else { return };
    let Some(TableFactor::Derived { subquery, .. }) = list.from.first_mut().map(|from| &mut from.relation) else { return };
    **subquery = inner;
    list.selection = Some(condition);
    *query = *outer;
}

/// `ORDER BY` of a query with the expressions of the list in the place of their numbers and names.
fn order(order: Option<&OrderBy>, select: &Select) -> Option<String> {
    let Some(order) = order else { return Some(String::new()) };
    let OrderByKind::Expressions(keys) = &order.kind else { return None };
    let listed = |item: &SelectItem| match item {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => Some(expr.clone()),
        _ => None,
    };
    let mut keys = keys.clone();
    for key in &mut keys {
        let item = match &key.expr {
            Expr::Value(ValueWithSpan { value: Value::Number(at, _), .. }) => {
                let at = at.parse::<usize>().ok()?.checked_sub(1)?;
                Some(select.projection.get(at)?)
            }
            Expr::Identifier(name) => select
                .projection
                .iter()
                .find(|item| matches!(item, SelectItem::ExprWithAlias { alias, .. } if alias.value == name.value)),
            _ => None,
        };
        if let Some(item) = item {
            key.expr = listed(item)?;
        }
    }
    let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
    Some(format!("ORDER BY {}", keys.join(", ")))
}
