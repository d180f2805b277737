//! Aggregates over tables that are always empty: nothing is counted, and nothing is collected.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, GroupByExpr, ObjectNamePart, Query, SelectItem, SetExpr, Value, VisitMut, VisitorMut,
};

use super::{aggregates, from_is_empty, null};

/// The value of `(SELECT count(*) FROM pg_catalog.pg_trigger t WHERE t.tgrelid = c.oid)` and its like.
pub(super) fn aggregate(query: &Query) -> Option<Expr> {
    let SetExpr::Select(select) = query.body.as_ref() else { return None };
    let grouped = !matches!(&select.group_by, GroupByExpr::Expressions(expressions, _) if expressions.is_empty());
    if grouped || select.having.is_some() || !from_is_empty(select) {
        return None;
    }
    let [SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }] = select.projection.as_slice() else {
        return None;
    };
    if !aggregates(expr) {
        return None;
    }
    let mut expr = expr.clone();
    let _: ControlFlow<()> = expr.visit(&mut OfNothing);
    Some(Expr::Nested(Box::new(expr)))
}

/// Replaces each aggregate by what it gives of no rows.
struct OfNothing;

impl VisitorMut for OfNothing {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        let Expr::Function(function) = &*expr else { return ControlFlow::Continue(()) };
        let name = function.name.0.last().and_then(ObjectNamePart::as_ident).map(|name| name.value.to_ascii_lowercase());
        if name.as_deref() == Some("count") {
            *expr = Expr::Value(Value::Number("0".to_owned(), false).into());
        } else if aggregates(expr) {
            *expr = null();
        }
        ControlFlow::Continue(())
    }
}
