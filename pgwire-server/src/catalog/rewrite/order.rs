//! Subqueries in `ORDER BY`, which are not planned there, become columns below it.

use datafusion::sql::sqlparser::ast::{Expr, Ident, OrderByKind, Query, SelectItem, SetExpr, Value, ValueWithSpan};

use super::{has_subquery, parsed_query};

/// `SELECT a FROM t ORDER BY (SELECT ...), 1` as `SELECT "a" FROM (SELECT a, (SELECT ...) AS "order 0" FROM t) AS "rows" ORDER BY
/// "order 0", 1`.
pub(super) fn by(query: &Query) -> Option<Query> {
    let SetExpr::Select(select) = query.body.as_ref() else { return None };
    let OrderByKind::Expressions(order) = &query.order_by.as_ref()?.kind else { return None };
    if select.distinct.is_some() || !order.iter().any(|one| has_subquery(&one.expr)) {
        return None;
    }
    let names = select.projection.iter().map(name).collect::<Option<Vec<_>>>()?;
    let mut inner = query.clone();
    let (mut keys, mut extra) = (Vec::new(), Vec::new());
    for (at, one) in order.iter().enumerate() {
        let key = match &one.expr {
            // The number of a column.
            Expr::Value(ValueWithSpan { value: Value::Number(..), .. }) => one.expr.to_string(),
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
        select.projection.extend(extra);
    }
    parsed_query(&format!("SELECT {} FROM ({inner}) AS \"rows\" ORDER BY {}{limit}", names.join(", "), keys.join(", ")))
}

/// What a column of the result is called, in quotes.
fn name(item: &SelectItem) -> Option<String> {
    let name = match item {
        SelectItem::ExprWithAlias { alias, .. } => alias,
        SelectItem::UnnamedExpr(Expr::Identifier(name)) => name,
        SelectItem::UnnamedExpr(Expr::CompoundIdentifier(path)) => path.last()?,
        _ => return None,
    };
    let folded = if name.quote_style.is_some() { name.value.clone() } else { name.value.to_lowercase() };
    Some(Ident::with_quote('"', folded).to_string())
}
