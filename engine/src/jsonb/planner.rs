//! Operators of jsonb, planned as functions.

use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::logical_expr::expr::{Placeholder, ScalarFunction};
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr};
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable, Operator};
use datafusion::sql::sqlparser::ast::BinaryOperator;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field};

use super::function::{Definition, is_jsonb, is_text};
use super::path::parse_path;
use super::{concat, contains, delete, exists, get, get_path, get_path_text, get_text, input, path_query};

/// Plans `->`, `->>`, `#>`, `#>>`, `@>`, `<@`, `?`, `?|`, `?&`, `@?` and, where one side is jsonb, `||`, `-`, `=`, `<>`.
#[derive(Debug)]
pub(super) struct JsonbPlanner;

impl ExprPlanner for JsonbPlanner {
    fn plan_binary_op(&self, raw: RawBinaryExpr, schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        let function: &'static Definition = match raw.op {
            BinaryOperator::Arrow => &get::DEFINITION,
            BinaryOperator::LongArrow => &get_text::DEFINITION,
            BinaryOperator::HashArrow => &get_path::DEFINITION,
            BinaryOperator::HashLongArrow => &get_path_text::DEFINITION,
            BinaryOperator::Question => &exists::EXISTS,
            BinaryOperator::QuestionPipe => &exists::EXISTS_ANY,
            BinaryOperator::QuestionAnd => &exists::EXISTS_ALL,
            BinaryOperator::AtQuestion => &path_query::EXISTS,
            // Arrays have these two as well.
            BinaryOperator::AtArrow if textual(&raw, schema) => &contains::CONTAINS,
            BinaryOperator::ArrowAt if textual(&raw, schema) => &contains::CONTAINED,
            BinaryOperator::StringConcat if one_is_jsonb(&raw, schema) => &concat::DEFINITION,
            BinaryOperator::Minus if of_jsonb(&raw.left, schema) => &delete::DEFINITION,
            BinaryOperator::Eq => return Ok(equality(raw, Operator::Eq, schema)),
            BinaryOperator::NotEq => return Ok(equality(raw, Operator::NotEq, schema)),
            _ => return Ok(PlannerResult::Original(raw)),
        };
        let RawBinaryExpr { left, right, .. } = raw;
        let right = typed(right);
        if let Some(steps) = member_steps(function, &right) {
            return Ok(PlannerResult::Planned(chain(left, steps, function.name == get_path_text::DEFINITION.name)));
        }
        Ok(PlannerResult::Planned(call(function, vec![typed(left), right])))
    }
}

fn call(function: &'static Definition, arguments: Vec<Expr>) -> Expr {
    Expr::ScalarFunction(ScalarFunction::new_udf(Arc::new(function.udf()), arguments))
}

/// A parameter without a type is text, as an unknown literal would be.
fn typed(expr: Expr) -> Expr {
    match expr {
        Expr::Placeholder(Placeholder { id, field: None }) => {
            Expr::Placeholder(Placeholder { field: Some(Arc::new(Field::new(&id, DataType::Utf8View, true))), id })
        }
        other => other,
    }
}

/// The steps of `#> '{a,b}'`, if they are keys and cannot be indexes; such a path is the same as a chain of `->`, and a
/// chain is what a scan knows how to read from a stored column.
fn member_steps(function: &Definition, path: &Expr) -> Option<Vec<String>> {
    if function.name != get_path::DEFINITION.name && function.name != get_path_text::DEFINITION.name {
        return None;
    }
    let text = literal_text(path)?;
    parse_path(text).filter(|steps| !steps.is_empty() && steps.iter().all(|step| step.trim().parse::<i64>().is_err()))
}

fn chain(base: Expr, mut steps: Vec<String>, as_text: bool) -> Expr {
    let last = steps.pop();
    let key = |step: String| Expr::Literal(ScalarValue::Utf8View(Some(step)), None);
    let inner = steps.into_iter().fold(base, |base, step| call(&get::DEFINITION, vec![base, key(step)]));
    match last {
        Some(step) => call(if as_text { &get_text::DEFINITION } else { &get::DEFINITION }, vec![inner, key(step)]),
        None => inner,
    }
}

/// `=` and `<>` between jsonb and a literal: the literal is made canonical, so that texts can be compared.
fn equality(raw: RawBinaryExpr, op: Operator, schema: &DFSchema) -> PlannerResult<RawBinaryExpr> {
    let checked = |expr: Expr| call(&input::DEFINITION, vec![expr]);
    let (left, right) = match (&raw.left, &raw.right) {
        (left, right) if literal_text(right).is_some() && of_jsonb(left, schema) => (raw.left, checked(raw.right)),
        (left, right) if literal_text(left).is_some() && of_jsonb(right, schema) => (checked(raw.left), raw.right),
        _ => return PlannerResult::Original(raw),
    };
    PlannerResult::Planned(Expr::BinaryExpr(BinaryExpr::new(Box::new(left), op, Box::new(right))))
}

pub(super) fn literal_text(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Literal(ScalarValue::Utf8(text) | ScalarValue::Utf8View(text) | ScalarValue::LargeUtf8(text), _) => text.as_deref(),
        Expr::Alias(alias) => literal_text(&alias.expr),
        _ => None,
    }
}

fn of_jsonb(expr: &Expr, schema: &DFSchema) -> bool {
    expr.to_field(schema).is_ok_and(|(_, field)| is_jsonb(&field))
}

fn one_is_jsonb(raw: &RawBinaryExpr, schema: &DFSchema) -> bool {
    of_jsonb(&raw.left, schema) || of_jsonb(&raw.right, schema)
}

/// Whether both sides are text, jsonb or parameters, and not arrays.
fn textual(raw: &RawBinaryExpr, schema: &DFSchema) -> bool {
    let fits = |expr: &Expr| {
        matches!(expr, Expr::Placeholder(_))
            || expr.get_type(schema).is_ok_and(|data_type| is_text(&data_type) || data_type.is_null())
    };
    fits(&raw.left) && fits(&raw.right)
}
