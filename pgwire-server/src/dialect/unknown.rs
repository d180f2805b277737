//! Text literals without a type, which PostgreSQL calls unknown: what stands beside one says what it is.

use datafusion::common::ScalarValue;
use datafusion::logical_expr::Expr;

/// The text of one; `None` for any other expression.
pub(super) fn unknown(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Literal(ScalarValue::Utf8(Some(text)), _) => Some(text),
        _ => None,
    }
}

/// Whether an expression is one.
pub(super) fn is_unknown(expr: &Expr) -> bool {
    unknown(expr).is_some()
}
