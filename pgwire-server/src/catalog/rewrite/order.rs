//! What is ordered by and cannot be planned there becomes a column below it: subqueries, and columns of a table that have the name of
//! something else in the list.

use datafusion::sql::sqlparser::ast::{Expr, Ident, OrderByKind, Query, SelectItem, SetExpr, Value, ValueWithSpan};

use super::{has_subquery, parsed_query};
use crate::dialect::folded;

/// `SELECT a FROM t ORDER BY (SELECT ...), 1` as `SELECT "a" FROM (SELECT a, (SELECT ...) AS "order 0" FROM t) AS "rows" ORDER BY
/// "order 0", 1`, and `SELECT f(t.a) AS a FROM t ORDER BY t.a` likewise.
pub(super) fn by(query: &Query) -> Option<Query> {
    let SetExpr::Select(select) = query.body.as_ref() else { return None };
    let OrderByKind::Expressions(order) = &query.order_by.as_ref()?.kind else { return None };
    let moves = |expr: &Expr| has_subquery(expr) || select.projection.iter().any(|item| is_eclipsed(expr, item));
    if select.distinct.is_some() || query.fetch.is_some() || !order.iter().any(|one| moves(&one.expr)) {
        return None;
    }
    let names = select.projection.iter().map(|item| name(item).map(quoted)).collect::<Option<Vec<_>>>()?;
    // Outside they are told apart by name.
    if names.iter().enumerate().any(|(at, name)| names[..at].contains(name)) {
        return None;
    }
    let mut inner = query.clone();
    let (mut keys, mut extra) = (Vec::new(), Vec::new());
    for (at, one) in order.iter().enumerate() {
        let key = match &one.expr {
            // The number of a column.
            Expr::Value(ValueWithSpan { value: Value::Number(..), .. }) => one.expr.to_string(),
            // A name of the list comes before one of a table.
            Expr::Identifier(column) if names.contains(&quoted(column)) => quoted(column).to_string(),
            expr => {
                let alias = Ident::with_quote('"', format!("order {at}"));
                extra.push(SelectItem::ExprWithAlias { expr: expr.clone(), alias: alias.clone() });
                alias.to_string()
            }
        };
        keys.push(format!("{key}{}", one.options));
    }
    inner.order_by = None;
    let limit = inner.limit_clause.take().map(|limit| limit.to_string()).unwrap_or_default();
    if let SetExpr::Select(select) = inner.body.as_mut() {
        for (item, name) in select.projection.iter_mut().zip(&names) {
            // It has its name from outside, whatever is made of it.
            if let SelectItem::UnnamedExpr(expr @ Expr::Function(_)) = item {
                *item = SelectItem::ExprWithAlias { expr: expr.clone(), alias: name.clone() };
            }
        }
        select.projection.extend(extra);
    }
    let names = names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    parsed_query(&format!("SELECT {names} FROM ({inner}) AS \"rows\" ORDER BY {}{limit}", keys.join(", ")))
}

/// Whether it is `t.a`, and the list calls something else `a`.
fn is_eclipsed(key: &Expr, item: &SelectItem) -> bool {
    match (key, item) {
        (Expr::CompoundIdentifier(path), SelectItem::ExprWithAlias { expr, alias }) => {
            let is_column = |name: &Ident| name.value.eq_ignore_ascii_case(&alias.value) && quoted(name) == quoted(alias);
            path.last().is_some_and(is_column) && expr != key && !matches!(expr, Expr::Identifier(name) if is_column(name))
        }
        _ => false,
    }
}

/// What a column of the result is called.
fn name(item: &SelectItem) -> Option<&Ident> {
    match item {
        SelectItem::ExprWithAlias { alias: name, .. } | SelectItem::UnnamedExpr(Expr::Identifier(name)) => Some(name),
        SelectItem::UnnamedExpr(Expr::CompoundIdentifier(path)) => path.last(),
        SelectItem::UnnamedExpr(Expr::Function(function)) => function.name.0.last()?.as_ident(),
        _ => None,
    }
}

fn quoted(name: &Ident) -> Ident {
    Ident::with_quote('"', folded(name))
}
