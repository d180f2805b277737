//! Subqueries in the list of a `SELECT DISTINCT ON`, which are not planned there, move below it.

use super::{has_subquery, parsed_query};
use datafusion::sql::sqlparser::ast::{Distinct, Expr, Ident, ObjectNamePart, OrderByKind, Query, SelectItem, SetExpr};

/// `SELECT DISTINCT ON (t.k) t.k AS key, (SELECT ...) FROM ... ORDER BY t.k` as
/// `SELECT DISTINCT ON (key) * FROM (SELECT t.k AS key, (SELECT ...) FROM ...) AS "rows" ORDER BY key`.
///
/// Only where every expression of `ON` and of `ORDER BY` is a column of the list.
pub(super) fn on(query: &Query) -> Option<Query> {
    let SetExpr::Select(select) = query.body.as_ref() else { return None };
    let Some(Distinct::On(keys)) = &select.distinct else { return None };
    if !select.projection.iter().any(has_subquery) {
        return None;
    }
    let name = |key: &Expr| select.projection.iter().find_map(|item| column_name(item, key)).map(|name| name.to_string());
    let keys = keys.iter().map(name).collect::<Option<Vec<_>>>()?.join(", ");
    let mut order = String::new();
    if let Some(order_by) = &query.order_by {
        let OrderByKind::Expressions(expressions) = &order_by.kind else { return None };
        let named = expressions.iter().map(|one| Some(format!("{}{}", name(&one.expr)?, one.options)));
        order = format!(" ORDER BY {}", named.collect::<Option<Vec<_>>>()?.join(", "));
    }
    let mut inner = query.clone();
    inner.order_by = None;
    let limit = inner.limit_clause.take().map(|limit| limit.to_string()).unwrap_or_default();
    if let SetExpr::Select(select) = inner.body.as_mut() {
        select.distinct = None;
    }
    parsed_query(&format!("SELECT DISTINCT ON ({keys}) * FROM ({inner}) AS \"rows\"{order}{limit}"))
}

/// The name of a column of the result, if it is that expression.
fn column_name(item: &SelectItem, key: &Expr) -> Option<Ident> {
    match item {
        SelectItem::ExprWithAlias { expr, alias } if expr == key => Some(alias.clone()),
        SelectItem::ExprWithAlias { alias, .. } if matches!(key, Expr::Identifier(name) if name == alias) => Some(alias.clone()),
        SelectItem::UnnamedExpr(expr) if expr == key => match expr {
            Expr::Identifier(name) => Some(name.clone()),
            Expr::CompoundIdentifier(path) => path.last().cloned(),
            Expr::Function(function) => function.name.0.last().and_then(ObjectNamePart::as_ident).cloned(),
            _ => None,
        },
        _ => None,
    }
}
