//! `@@`, planned as a function; which one follows from the types of both sides, as in PostgreSQL.
//!
//! | left | right | meaning |
//! |---|---|---|
//! | text | text | all words of the right side, as `plainto_tsquery` |
//! | text | tsquery | words of the left side by the tokenizer that was named for the query, else `simple` |
//! | tsvector | tsquery | by the vector's own words; the same the other way round |
//!
//! `&&`, `||` and `<->` join queries, `||` also vectors. A literal beside a vector or a query is what it must be.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field};
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::logical_expr::expr::{Placeholder, ScalarFunction};
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr};
use datafusion::logical_expr::{Expr, ExprSchemable, ScalarUDF};
use datafusion::sql::sqlparser::ast::BinaryOperator;
use strata_storage::words::Tokenizer;

use super::function::{Argument, Definition, TextSearchFunction, external};
use super::types::{Kind, tokenizer_of};
use super::{combine, configuration, input, match_text, match_vector, to_query, to_vector};
use crate::error::{EngineError, ObjectClass};
use crate::session::sql_type::type_name;

/// Plans `@@`, and `&&`, `||` and `<->` where one side is a query or a vector.
#[derive(Debug)]
pub(super) struct MatchPlanner;

impl ExprPlanner for MatchPlanner {
    fn plan_binary_op(&self, raw: RawBinaryExpr, schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        let kind = |expr: &Expr| expr.to_field(schema).map_or(Kind::Other, |(_, field)| Kind::of(&field));
        let ours = [kind(&raw.left), kind(&raw.right)].into_iter().find(|kind| matches!(kind, Kind::Query | Kind::Vector));
        let joined_by = match (&raw.op, ours) {
            (BinaryOperator::AtAt, _) => None,
            (BinaryOperator::PGOverlap, Some(_)) => Some(&combine::AND),
            (BinaryOperator::LtDashGt, Some(_)) => Some(&combine::PHRASE),
            (BinaryOperator::StringConcat, Some(Kind::Vector)) => Some(&combine::CONCAT),
            (BinaryOperator::StringConcat, Some(_)) => Some(&combine::OR),
            // Text and arrays have some of these operators too.
            _ => return Ok(PlannerResult::Original(raw)),
        };
        let (left, right) = (typed(raw.left), typed(raw.right));
        let (left_field, right_field) = (left.to_field(schema)?.1, right.to_field(schema)?.1);
        let planned = match joined_by {
            None => matching(left, &left_field, right, &right_field),
            Some(function) => joined(function, left, &left_field, right, &right_field),
        };
        planned.map(PlannerResult::Planned).ok_or_else(|| external(no_operator(&left_field, &raw.op, &right_field)))
    }
}

/// `left @@ right`; `None` if there is no such operator.
fn matching(left: Expr, left_field: &Field, right: Expr, right_field: &Field) -> Option<Expr> {
    Some(match (Kind::of(left_field), Kind::of(right_field)) {
        (Kind::Text, Kind::Text) => {
            let simple = Tokenizer::default();
            match_text(left, call(&to_query::PLAINTO_TSQUERY, vec![literal(simple.name()), right]), simple)
        }
        (Kind::Text, Kind::Query) => {
            let tokenizer = named_tokenizer(&right).or_else(|| tokenizer_of(right_field)).unwrap_or_default();
            match_text(left, right, tokenizer)
        }
        (Kind::Vector, Kind::Query) => match_vector(left, right),
        (Kind::Query, Kind::Vector) => match_vector(right, left),
        (Kind::Vector, Kind::Text) if is_untyped(&right) => match_vector(left, call(&input::QUERY, vec![right])),
        (Kind::Text, Kind::Vector) if is_untyped(&left) => match_vector(right, call(&input::QUERY, vec![left])),
        (Kind::Query, Kind::Text) if is_untyped(&right) => match_vector(call(&input::VECTOR, vec![right]), left),
        _ => return None,
    })
}

/// Two sides joined by a function; `None` if it does not take them.
fn joined(function: &'static Definition, left: Expr, left_field: &Field, right: Expr, right_field: &Field) -> Option<Expr> {
    let wanted = if function.arguments[0] == Argument::Vector { Kind::Vector } else { Kind::Query };
    let fits = |expr: &Expr, kind: Kind| kind == wanted || (kind == Kind::Text && is_untyped(expr));
    let fit = fits(&left, Kind::of(left_field)) && fits(&right, Kind::of(right_field));
    fit.then(|| call(function, vec![left, right]))
}

fn match_text(text: Expr, query: Expr, tokenizer: Tokenizer) -> Expr {
    function(match_text::udf(), vec![text, query, literal(tokenizer.name())])
}

/// A vector that is made of text right there need not be made.
fn match_vector(vector: Expr, query: Expr) -> Expr {
    if let Some((arguments, definition)) = text_search_call(&vector)
        && definition.name == to_vector::DEFINITION.name
    {
        match arguments {
            [text] => return match_text(text.clone(), query, Tokenizer::default()),
            [_, text] => {
                if let Some(tokenizer) = named_tokenizer(&vector) {
                    return match_text(text.clone(), query, tokenizer);
                }
            }
            _ => {}
        }
    }
    call(&match_vector::DEFINITION, vec![vector, query])
}

/// The tokenizer that a call of one of our functions names as a literal.
fn named_tokenizer(expr: &Expr) -> Option<Tokenizer> {
    let (arguments, definition) = text_search_call(expr)?;
    let named = definition.configured && arguments.len() > definition.arguments.len();
    named.then(|| configuration::tokenizer(literal_text(&arguments[0])?).ok()).flatten()
}

fn text_search_call(expr: &Expr) -> Option<(&[Expr], &'static Definition)> {
    match expr {
        Expr::ScalarFunction(call) => Some((&call.args, call.func.inner().downcast_ref::<TextSearchFunction>()?.definition)),
        Expr::Alias(alias) => text_search_call(&alias.expr),
        _ => None,
    }
}

pub(super) fn call(definition: &'static Definition, arguments: Vec<Expr>) -> Expr {
    function(definition.udf(), arguments)
}

fn function(function: ScalarUDF, arguments: Vec<Expr>) -> Expr {
    Expr::ScalarFunction(ScalarFunction::new_udf(Arc::new(function), arguments))
}

fn literal(text: &str) -> Expr {
    Expr::Literal(ScalarValue::Utf8(Some(text.to_owned())), None)
}

fn literal_text(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Literal(value, _) => value.try_as_str().flatten(),
        Expr::Alias(alias) => literal_text(&alias.expr),
        // 'simple'::regconfig
        Expr::Cast(cast) => literal_text(&cast.expr),
        _ => None,
    }
}

/// Whether nothing says the type: a literal, NULL or a parameter.
pub(super) fn is_untyped(expr: &Expr) -> bool {
    match expr {
        Expr::Literal(..) | Expr::Placeholder(_) => true,
        Expr::Alias(alias) => is_untyped(&alias.expr),
        _ => false,
    }
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

fn no_operator(left: &Field, operator: &BinaryOperator, right: &Field) -> EngineError {
    let hint = match (Kind::of(left), Kind::of(right)) {
        (Kind::Jsonb, _) => "Cast the left side to text, or name a field of it with ->>.",
        _ if *operator == BinaryOperator::AtAt => "@@ takes text or a tsvector, and text or a tsquery.",
        _ => "Both sides must be a tsquery, or for || a tsvector.",
    };
    EngineError::Undefined {
        what: ObjectClass::Operator,
        name: format!("{} {operator} {}", type_name(left), type_name(right)),
        hint: Some(hint.into()),
    }
}
