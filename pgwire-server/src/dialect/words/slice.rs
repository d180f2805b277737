//! Bounds of slices: those that are not written, and those below the first element, which DataFusion counts from the end.

use datafusion::sql::sqlparser::ast::{AccessExpr, Expr, Subscript, Value, ValueWithSpan};

use super::parsed;

/// `x[CASE WHEN (a) < 1 THEN 1 ELSE (a) END:CASE WHEN (b) < 0 THEN 0 ELSE (b) END]` for `x[a:b]`, and `x[1:2147483647]` for `x[:]`. A bound
/// that is a number without a sign stays, and so does NULL.
pub(super) fn bound(expr: &mut Expr) {
    let Expr::CompoundFieldAccess { access_chain, .. } = expr else { return };
    for access in access_chain {
        if let AccessExpr::Subscript(Subscript::Slice { lower_bound, upper_bound, .. }) = access {
            at_least(lower_bound, 1, 1);
            at_least(upper_bound, 0, i32::MAX);
        }
    }
}

fn at_least(bound: &mut Option<Expr>, least: i32, open: i32) {
    let Some(bound) = bound else {
        *bound = parsed(&open.to_string());
        return;
    };
    if matches!(bound, Expr::Value(ValueWithSpan { value: Value::Number(..), .. })) {
        return;
    }
    if let Some(clamped) = parsed(&format!("CASE WHEN ({bound}) < {least} THEN {least} ELSE ({bound}) END")) {
        *bound = clamped;
    }
}

#[cfg(test)]
mod tests {
    use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
    use datafusion::sql::sqlparser::parser::Parser;

    #[test]
    fn bounds_that_may_be_below_the_first() {
        for (sql, expected) in [
            ("SELECT (x)[1:2], (x)[:], (x)[n]", "SELECT (x)[1:2], (x)[1:2147483647], (x)[n]"),
            ("SELECT (x)[-1:]", "SELECT (x)[CASE WHEN (-1) < 1 THEN 1 ELSE (-1) END:2147483647]"),
            ("SELECT (x)[2:n + 1]", "SELECT (x)[2:CASE WHEN (n + 1) < 0 THEN 0 ELSE (n + 1) END]"),
        ] {
            let mut statement = Parser::parse_sql(&PostgreSqlDialect {}, sql).unwrap().remove(0);
            crate::dialect::reword(&mut statement);
            assert_eq!(statement.to_string(), expected);
        }
    }
}
