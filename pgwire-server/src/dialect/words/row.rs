//! Rows in brackets, compared part by part, and periods that overlap.

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, DataType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Query,
};

use super::parsed;

/// The other words for an expression; `None` if it stays.
pub(super) fn reword(expr: &mut Expr) -> Option<Expr> {
    if let Expr::InSubquery { expr: row, subquery, negated } = expr {
        let row = parts(row)?;
        let found = exists(row, subquery, "");
        let unknown = exists(row, subquery, " IS NULL");
        let not = if *negated { "NOT " } else { "" };
        return parsed(&format!("({not}CASE WHEN {found} THEN true WHEN {unknown} THEN NULL ELSE false END)"));
    }
    let is = if matches!(expr, Expr::IsNull(_)) { "IS NULL" } else { "IS NOT NULL" };
    if let Expr::IsNull(inner) | Expr::IsNotNull(inner) = expr {
        let parts = called(inner)?;
        let each: Vec<String> = parts.iter().map(|part| format!("({part}) {is}")).collect();
        return parsed(&format!("({})", each.join(" AND ")));
    }
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

/// A row that must be among the rows of a subquery, as a condition of its own: a row that is not known to be there is not there.
pub(super) fn as_semi_join(condition: &mut Expr) {
    match condition {
        Expr::Nested(inner) => as_semi_join(inner),
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
            as_semi_join(left);
            as_semi_join(right);
        }
        Expr::InSubquery { expr, subquery, negated: false } => {
            if let Some(found) = parts(expr).and_then(|row| parsed(&exists(row, subquery, ""))) {
                *condition = found;
            }
        }
        _ => {}
    }
}

/// `EXISTS` of a row of the subquery that is equal in all parts, or of which that `is` something else.
fn exists(row: &[Expr], subquery: &Query, is: &str) -> String {
    let columns: Vec<String> = (1..=row.len()).map(|nth| format!("__part_{nth}")).collect();
    let each: Vec<String> = row.iter().zip(&columns).map(|(part, column)| format!("({part}) = {column}")).collect();
    let (columns, equal) = (columns.join(", "), each.join(" AND "));
    let condition = if is.is_empty() { equal } else { format!("({equal}){is}") };
    format!("EXISTS (SELECT 1 FROM ({subquery}) AS __rows ({columns}) WHERE {condition})")
}

/// The parts of `ROW(a, b)`.
fn called(expr: &Expr) -> Option<Vec<&Expr>> {
    let Expr::Function(Function { name, args: FunctionArguments::List(list), .. }) = expr else { return None };
    if !matches!(name.0.as_slice(), [only] if only.as_ident().is_some_and(|name| name.value.eq_ignore_ascii_case("row"))) {
        return None;
    }
    let part = |argument| match argument {
        &FunctionArg::Unnamed(FunctionArgExpr::Expr(ref expr)) => Some(expr),
        _ => None,
    };
    list.args.iter().map(part).collect()
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
