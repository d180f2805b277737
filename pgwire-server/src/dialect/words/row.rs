//! Rows in brackets, compared part by part, and periods that overlap.

use datafusion::sql::sqlparser::ast::{BinaryOperator, DataType, Expr};

use super::parsed;

/// The other words for an expression; `None` if it stays.
pub(super) fn reword(expr: &mut Expr) -> Option<Expr> {
    let Expr::BinaryOp { left, op, right } = expr else { return None };
    let (left, right) = (parts(left)?, parts(right)?);
    if left.len() != right.len() || left.is_empty() {
        return None;
    }
    let pairs: Vec<(&Expr, &Expr)> = left.iter().zip(right).collect();
    let text = match op {
        BinaryOperator::Eq => joined(&pairs, "=", " AND "),
        BinaryOperator::NotEq => joined(&pairs, "<>", " OR "),
        BinaryOperator::Lt | BinaryOperator::LtEq => ordered(&pairs, "<", &op.to_string()),
        BinaryOperator::Gt | BinaryOperator::GtEq => ordered(&pairs, ">", &op.to_string()),
        BinaryOperator::Overlaps if pairs.len() == 2 => overlapping(left, right),
        _ => return None,
    };
    parsed(&format!("({text})"))
}

fn parts(expr: &Expr) -> Option<&Vec<Expr>> {
    match expr {
        Expr::Tuple(parts) => Some(parts),
        Expr::Nested(inner) => parts(inner),
        _ => None,
    }
}

fn joined(pairs: &[(&Expr, &Expr)], op: &str, between: &str) -> String {
    let each: Vec<String> = pairs.iter().map(|(a, b)| format!("({a}) {op} ({b})")).collect();
    each.join(between)
}

/// The first parts that differ decide; `last` is the operator for the last ones.
fn ordered(pairs: &[(&Expr, &Expr)], strict: &str, last: &str) -> String {
    match pairs {
        [(a, b)] => format!("({a}) {last} ({b})"),
        [(a, b), rest @ ..] => format!("(({a}) {strict} ({b}) OR (({a}) = ({b}) AND {}))", ordered(rest, strict, last)),
        [] => String::new(),
    }
}

/// Periods are given by their ends, or by a beginning and a length.
fn overlapping(left: &[Expr], right: &[Expr]) -> String {
    let end = |period: &[Expr]| {
        let is_length = matches!(&period[1], Expr::Interval(_))
            || matches!(&period[1], Expr::Cast { data_type: DataType::Interval { .. }, .. });
        if is_length { format!("(({}) + ({}))", period[0], period[1]) } else { format!("({})", period[1]) }
    };
    let ends = |period: &[Expr]| {
        let (begin, end) = (format!("({})", period[0]), end(period));
        (format!("least({begin}, {end})"), format!("greatest({begin}, {end})"))
    };
    let ((left_begin, left_end), (right_begin, right_end)) = (ends(left), ends(right));
    // Two periods that begin at the same moment overlap, even if one of them has no length.
    format!("({left_begin} = {right_begin} OR ({left_begin} < {right_end} AND {right_begin} < {left_end}))")
}
