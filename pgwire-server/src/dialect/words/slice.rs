//! Slices and elements of arrays: bounds that are not written, and those below the first element, which DataFusion counts from the end.

use datafusion::sql::sqlparser::ast::{AccessExpr, Expr, Subscript, Value, ValueWithSpan};

use super::{FunctionName, parsed};

/// `x[strata_at_least(a, 1):strata_at_least(b, 0)]` for `x[a:b]`, and `x[1:2147483647]` for `x[:]`. A bound that is a number without a sign
/// stays.
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
    if let Some(clamped) = parsed(&format!("strata_at_least({bound}, {least})")) {
        *bound = clamped;
    }
}

/// `array_element(array_agg(...), n)` for `(array_agg(...))[n]`, of which the planner makes `nth_value`, which counts from the end as well.
pub(super) fn element(expr: &Expr) -> Option<Expr> {
    let Expr::CompoundFieldAccess { root, access_chain } = expr else { return None };
    let [AccessExpr::Subscript(Subscript::Index { index })] = access_chain.as_slice() else { return None };
    let mut array = root.as_ref();
    while let Expr::Nested(inner) = array {
        array = inner;
    }
    let Expr::Function(function) = array else { return None };
    let is_array_agg = FunctionName::of(&function.name).is_some_and(|name| name.as_str() == "array_agg");
    is_array_agg.then(|| parsed(&format!("array_element({function}, {index})"))).flatten()
}

#[cfg(test)]
mod tests {
    use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
    use datafusion::sql::sqlparser::parser::Parser;

    #[test]
    fn bounds_that_may_be_below_the_first() {
        for (sql, expected) in [
            ("SELECT (x)[1:2], (x)[:], (x)[n]", "SELECT (x)[1:2], (x)[1:2147483647], (x)[n]"),
            ("SELECT (x)[-1:]", "SELECT (x)[strata_at_least(-1, 1):2147483647]"),
            ("SELECT (x)[2:n + 1]", "SELECT (x)[2:strata_at_least(n + 1, 0)]"),
            ("SELECT (array_agg(a ORDER BY b))[n]", "SELECT array_element(array_agg(a ORDER BY b), n)"),
        ] {
            let mut statement = Parser::parse_sql(&PostgreSqlDialect {}, sql).unwrap().remove(0);
            crate::dialect::reword(&mut statement);
            assert_eq!(statement.to_string(), expected);
        }
    }
}
