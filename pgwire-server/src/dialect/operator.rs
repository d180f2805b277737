//! Operators of numbers and times, with PostgreSQL's types of results, overflow and division by zero.
//!
//! | operands | result | by |
//! |---|---|---|
//! | integers | the wider of them; a literal is as narrow as it can be | [`integer`] |
//! | `numeric` and `numeric` or integers | `numeric` | [`numeric`] |
//! | floats and anything | the wider float | [`float`] |
//! | dates, times, intervals | as in PostgreSQL's manual | [`time`] |
//!
//! What is no operator of PostgreSQL's is refused. A comparison stays DataFusion's, so that scans know it.

mod float;
mod integer;
mod numeric;
mod time;

use arrow::datatypes::DataType;
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr};
use datafusion::logical_expr::{Expr, ExprSchemable, ScalarUDF, ScalarUDFImpl, cast, lit, when};
use datafusion::sql::sqlparser::ast::BinaryOperator;
use strata_engine::EngineError;
use strata_engine::error::{ObjectClass, Refusal};
use strata_engine::session::sql_type::data_type_name;

use super::fault;
use super::unknown::is_unknown;

/// Plans `+ - * / %` and comparisons of intervals.
#[derive(Debug)]
pub(super) struct Operators;

/// An operator of arithmetic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Sign {
    Plus,
    Minus,
    Times,
    Over,
    Modulo,
}

impl Sign {
    fn of(op: &BinaryOperator) -> Option<Self> {
        Some(match op {
            BinaryOperator::Plus => Self::Plus,
            BinaryOperator::Minus => Self::Minus,
            BinaryOperator::Multiply => Self::Times,
            BinaryOperator::Divide => Self::Over,
            BinaryOperator::Modulo => Self::Modulo,
            _ => return None,
        })
    }
}

impl ExprPlanner for Operators {
    fn plan_binary_op(&self, mut raw: RawBinaryExpr, schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        let types = (raw.left.get_type(schema), raw.right.get_type(schema));
        let (Ok(mut left), Ok(mut right)) = types else { return Ok(PlannerResult::Original(raw)) };
        let arithmetic = Sign::of(&raw.op).is_some();
        if arithmetic && is_unknown(&raw.left) && is_unknown(&raw.right) {
            return Err(fault::carried(EngineError::Refused {
                reason: Refusal::AmbiguousOperator,
                message: format!("operator is not unique: unknown {} unknown", raw.op),
                hint: Some("Could not choose a best candidate operator. You might need to add explicit type casts.".into()),
            }));
        }
        // A literal without a type is of the type of the other side.
        let takes = |other: &DataType| *other == DataType::Boolean && compares(&raw.op) || arithmetic && other.is_numeric();
        if is_unknown(&raw.left) && takes(&right) {
            left = right.clone();
            raw.left = cast(raw.left, right.clone());
        } else if is_unknown(&raw.right) && takes(&left) {
            right = left.clone();
            raw.right = cast(raw.right, left.clone());
        }
        if compares(&raw.op) {
            if mismatched(&left, &right) {
                return Err(undefined(&raw.op, &left, &right));
            }
            // Arrays of different dimensions are not equal.
            if matches!(raw.op, BinaryOperator::Eq | BinaryOperator::NotEq)
                && dimensions(&left).abs_diff(dimensions(&right)) > 0
                && dimensions(&left).min(dimensions(&right)) > 0
            {
                let null = raw.left.is_null().or(raw.right.is_null());
                let different = lit(raw.op == BinaryOperator::NotEq);
                return Ok(PlannerResult::Planned(when(null, lit(ScalarValue::Boolean(None))).otherwise(different)?));
            }
            return Ok(time::compared(raw, &left, &right));
        }
        if matches!(raw.op, BinaryOperator::PGBitwiseShiftLeft | BinaryOperator::PGBitwiseShiftRight) {
            // A literal that fits is an integer, and so is what is left of it.
            if literal(&raw.left).is_some_and(|value| i32::try_from(value).is_ok()) && right.is_integer() {
                raw.left = cast(raw.left, DataType::Int32);
                raw.right = cast(raw.right, DataType::Int32);
            }
            return Ok(PlannerResult::Original(raw));
        }
        let Some(sign) = Sign::of(&raw.op) else { return Ok(PlannerResult::Original(raw)) };
        let wide = |data_type: &DataType| matches!(data_type, DataType::Decimal128(..));
        let numeric = |data_type: &DataType| wide(data_type) || data_type.is_integer();
        if left.is_integer() && right.is_integer() {
            return Ok(PlannerResult::Planned(integer::planned(sign, raw.left, raw.right, &left, &right)));
        }
        if numeric(&left) && numeric(&right) {
            return Ok(PlannerResult::Planned(numeric::planned(sign, raw.left, raw.right, &left, &right)));
        }
        if left.is_numeric() && right.is_numeric() {
            return Ok(PlannerResult::Planned(float::planned(sign, raw.left, raw.right, &left, &right)));
        }
        if let Some(planned) = time::planned(sign, &raw, &left, &right) {
            return Ok(PlannerResult::Planned(planned));
        }
        if !defined(&left, &right) {
            return Err(undefined(&raw.op, &left, &right));
        }
        Ok(PlannerResult::Original(raw))
    }
}

/// How deep arrays are nested in a type; 0 for no array.
fn dimensions(data_type: &DataType) -> usize {
    match data_type {
        DataType::List(element) => 1 + dimensions(element.data_type()),
        _ => 0,
    }
}

fn compares(op: &BinaryOperator) -> bool {
    use BinaryOperator::{Eq, Gt, GtEq, Lt, LtEq, NotEq};
    matches!(op, Eq | NotEq | Lt | LtEq | Gt | GtEq)
}

/// Whether a comparison would be of what PostgreSQL never compares.
fn mismatched(left: &DataType, right: &DataType) -> bool {
    let temporal = |of: &DataType| of.is_temporal();
    let odd = |a: &DataType, b: &DataType| {
        a.is_numeric() && (*b == DataType::Boolean || temporal(b) || b.is_nested())
            || *a == DataType::Boolean && (temporal(b) || b.is_nested())
    };
    odd(left, right) || odd(right, left)
}

/// Whether arithmetic on the two may mean something to those who plan it otherwise: text may be jsonb or a parameter.
fn defined(left: &DataType, right: &DataType) -> bool {
    let bool = |of: &DataType| *of == DataType::Boolean;
    let number = |of: &DataType| of.is_numeric();
    let moment = |of: &DataType| matches!(of, DataType::Timestamp(..) | DataType::Date32);
    let span = |of: &DataType| matches!(of, DataType::Interval(_));
    let stamp = |of: &DataType| matches!(of, DataType::Timestamp(..));
    let odd = bool(left)
        || bool(right)
        || span(left) && span(right)
        || moment(left) && moment(right)
        || number(left) && stamp(right)
        || number(right) && stamp(left);
    !odd
}

fn undefined(op: &BinaryOperator, left: &DataType, right: &DataType) -> datafusion::error::DataFusionError {
    fault::carried(EngineError::Undefined {
        what: ObjectClass::Operator,
        name: format!("{} {op} {}", data_type_name(left), data_type_name(right)),
        hint: Some("No operator matches the given name and argument types. You might need to add explicit type casts.".into()),
    })
}

fn call(function: impl ScalarUDFImpl + 'static, arguments: Vec<Expr>) -> Expr {
    Expr::ScalarFunction(ScalarFunction::new_udf(ScalarUDF::new_from_impl(function).into(), arguments))
}

/// The integer of a literal.
fn literal(expr: &Expr) -> Option<i64> {
    match expr {
        Expr::Literal(ScalarValue::Int64(value), _) => *value,
        _ => None,
    }
}
