//! Functions where their numbers are meant: columns of the catalog that name a function, and `'now'::regproc`, beside an oid.
//!
//! | written | planned |
//! |---|---|
//! | `p.oid = t.typinput` | `p.oid = strata_regproc_number(t.typinput)` |
//! | `p.oid = 'now'::regproc` | `p.oid = strata_regproc_oid('now')` |
//! | `t.typinput = 'array_in'::regproc` | as it is: names are compared |

use datafusion::sql::sqlparser::ast::{BinaryOperator, DataType, Expr, Ident};

use super::{call, is_named};

/// Columns of the catalog that hold the name of a function.
const COLUMNS: &[&str] = &[
    "amhandler",
    "oprcode",
    "oprjoin",
    "oprrest",
    "typanalyze",
    "typinput",
    "typmodin",
    "typmodout",
    "typoutput",
    "typreceive",
    "typsend",
    "typsubscript",
];

/// Puts numbers on both sides of a comparison of which one side is an oid.
pub(super) fn compare(expr: &mut Expr) {
    let Expr::BinaryOp { left, op: BinaryOperator::Eq | BinaryOperator::NotEq, right } = expr else { return };
    number_beside(left, right);
    number_beside(right, left);
}

fn number_beside(function: &mut Expr, other: &Expr) {
    let Some(name) = column(other) else { return };
    let function_is_column = column(function).is_some_and(is_function);
    if function_is_column && name.value.eq_ignore_ascii_case("oid") {
        *function = call("strata_regproc_number", vec![function.clone()]);
    } else if let Expr::Cast { expr, data_type: DataType::Custom(class, _), .. } = function
        && (is_named(class, "regproc") || is_named(class, "regprocedure"))
        && !is_function(name)
    {
        *function = call("strata_regproc_oid", vec![expr.as_ref().clone()]);
    }
}

fn is_function(column: &Ident) -> bool {
    COLUMNS.iter().any(|known| column.value.eq_ignore_ascii_case(known))
}

fn column(expr: &Expr) -> Option<&Ident> {
    match expr {
        Expr::Identifier(name) => Some(name),
        Expr::CompoundIdentifier(path) => path.last(),
        Expr::Nested(inner) => column(inner),
        _ => None,
    }
}
