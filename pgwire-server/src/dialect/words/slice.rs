//! Bounds of slices below the first element, which DataFusion counts from the end.

use datafusion::sql::sqlparser::ast::{AccessExpr, Expr, Subscript, Value, ValueWithSpan};

use super::parsed;

/// `x[CASE WHEN (a) < 1 THEN 1 ELSE (a) END:CASE WHEN (b) < 0 THEN 0 ELSE (b) END]` for `x[a:b]`. A bound that is a number without a sign
/// stays, and so does NULL.
pub(super) fn bound(expr: &mut Expr) {
    let Expr::CompoundFieldAccess { access_chain, .. } = expr else { return };
    for access in access_chain {
        if let AccessExpr::Subscript(Subscript::Slice { lower_bound, upper_bound, .. }) = access {
            at_least(lower_bound.as_mut(), 1);
            at_least(upper_bound.as_mut(), 0);
        }
    }
}

fn at_least(bound: Option<&mut Expr>, least: u8) {
    let Some(bound) = bound else { return };
    if matches!(bound, Expr::Value(ValueWithSpan { value: Value::Number(..), .. })) {
        return;
    }
    if let Some(clamped) = parsed(&format!("CASE WHEN ({bound}) < {least} THEN {least} ELSE ({bound}) END")) {
        *bound = clamped;
    }
}
