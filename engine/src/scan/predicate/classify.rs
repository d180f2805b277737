//! Recognises the conditions on one column for which there is a shortcut.
//!
//! Anything that is not recognised, in any detail, stays an expression.

use arrow::datatypes::{DataType, Field};
use datafusion::logical_expr::Operator;
use datafusion::physical_expr::expressions::{
    BinaryExpr, Column, InListExpr, IsNotNullExpr, IsNullExpr, LikeExpr, Literal as LiteralExpr, NotExpr,
};
use datafusion::physical_expr::{PhysicalExpr, ScalarFunctionExpr};
use datafusion::scalar::ScalarValue;
use std::sync::Arc;
use strata_storage::index::{Literal, Question};
use strata_storage::words::{Tokenizer, WordQuery};

use super::super::bounds::Shape;
use super::text::TextSearch;
use super::words::WordSearch;
use crate::text_search::parse_canonical;

/// More values than this are left to DataFusion's hash set.
const VALUES_MAX: usize = 64;

/// A way to find the rows of a leaf that beats evaluating its expression.
#[derive(Debug)]
pub(crate) enum Search {
    /// A search over the bytes of texts.
    Text(Box<TextSearch>),
    /// A search for words of texts.
    Words(Box<WordSearch>),
    /// The column equals one of these texts.
    Values(Vec<String>),
    /// None.
    Expression,
}

/// What bounds of the column can judge.
pub(super) fn shape(expr: &Arc<dyn PhysicalExpr>, field: &Field) -> Shape {
    if let Some(is_null) = expr.downcast_ref::<IsNullExpr>() {
        return if is_column(is_null.arg()) { Shape::IsNull } else { Shape::Opaque };
    }
    if let Some(is_not_null) = expr.downcast_ref::<IsNotNullExpr>() {
        return if is_column(is_not_null.arg()) { Shape::IsNotNull } else { Shape::Opaque };
    }
    if let Some((op, literal)) = comparison(expr) {
        let ordered =
            matches!(op, Operator::Eq | Operator::NotEq | Operator::Lt | Operator::LtEq | Operator::Gt | Operator::GtEq);
        return if ordered && literal.data_type() == *field.data_type() { Shape::Compare(op, literal) } else { Shape::Opaque };
    }
    if let Some(literals) = members(expr) {
        return if literals.iter().all(|literal| literal.data_type() == *field.data_type()) {
            Shape::In(literals)
        } else {
            Shape::Opaque
        };
    }
    if let Some(like) = expr.downcast_ref::<LikeExpr>()
        && !like.negated()
        && !like.case_insensitive()
        && is_column(like.expr())
        && let Some(pattern) = text_literal(like.pattern())
    {
        let prefix = pattern.split(['%', '_', '\\']).next().unwrap_or_default();
        return if prefix.is_empty() { Shape::Strict } else { Shape::Prefix(prefix.to_owned()) };
    }
    if let Some(call) = expr.downcast_ref::<ScalarFunctionExpr>()
        && call.name() == "starts_with"
        && let [column, prefix] = call.args()
        && is_column(column)
        && let Some(prefix) = text_literal(prefix)
    {
        return if prefix.is_empty() { Shape::Strict } else { Shape::Prefix(prefix) };
    }
    Shape::Opaque
}

/// A faster way to find the rows.
pub(super) fn search(expr: &Arc<dyn PhysicalExpr>, field: &Field) -> Search {
    if *field.data_type() != DataType::Utf8View {
        return Search::Expression;
    }
    let text = |search: Option<TextSearch>| search.map_or(Search::Expression, |search| Search::Text(Box::new(search)));
    if let Some(like) = expr.downcast_ref::<LikeExpr>() {
        return match text_literal(like.pattern()) {
            Some(pattern) if is_column(like.expr()) => text(TextSearch::like(&pattern, like.case_insensitive(), like.negated())),
            _ => Search::Expression,
        };
    }
    if let Some(call) = expr.downcast_ref::<ScalarFunctionExpr>()
        && call.name() == "contains"
        && let [column, needle] = call.args()
        && is_column(column)
        && let Some(needle) = text_literal(needle)
    {
        return text(TextSearch::contains(&needle));
    }
    let (positive, negated) = match expr.downcast_ref::<NotExpr>() {
        Some(not) => (not.arg(), true),
        None => (expr, false),
    };
    if let Some((tokenizer, query)) = words(positive) {
        return Search::Words(Box::new(WordSearch::new(tokenizer, query, negated)));
    }
    if let Some((op, literal)) = comparison(expr)
        && let Some(Some(literal)) = literal.try_as_str()
    {
        return match op {
            Operator::Eq => Search::Values(vec![literal.to_owned()]),
            Operator::RegexMatch => text(TextSearch::regex(literal, false, false)),
            Operator::RegexIMatch => text(TextSearch::regex(literal, true, false)),
            Operator::RegexNotMatch => text(TextSearch::regex(literal, false, true)),
            Operator::RegexNotIMatch => text(TextSearch::regex(literal, true, true)),
            _ => Search::Expression,
        };
    }
    if let Some(literals) = members(expr) {
        let values: Option<Vec<String>> =
            literals.iter().map(|literal| literal.try_as_str().flatten().map(str::to_owned)).collect();
        return values.map_or(Search::Expression, Search::Values);
    }
    Search::Expression
}

/// What indexes can be asked about the rows of a leaf.
pub(super) fn questions(expr: &Arc<dyn PhysicalExpr>, search: &Search, shape: &Shape) -> Vec<Question> {
    let mut questions = Vec::new();
    match search {
        Search::Text(text) => questions.extend(text.question()),
        Search::Words(words) => questions.extend(words.question()),
        Search::Values(_) | Search::Expression => {}
    }
    let equal_to = match shape {
        Shape::Compare(Operator::Eq, literal) => std::slice::from_ref(literal),
        Shape::In(literals) => literals,
        _ => &[],
    };
    if let Ok(values) = ScalarValue::iter_to_array(equal_to.iter().cloned()) {
        questions.push(Question::Equals(values));
    }
    if let [literal] = equal_to
        && let Some(Some(text)) = literal.try_as_str()
    {
        questions.push(Question::Contains(vec![Literal { text: text.to_owned(), begins: true, ends: true }]));
    }
    if let Some(call) = expr.downcast_ref::<ScalarFunctionExpr>()
        && let ("starts_with", [column, prefix]) = (call.name(), call.args())
        && is_column(column)
        && let Some(text) = text_literal(prefix)
    {
        questions.push(Question::Contains(vec![Literal { text, begins: true, ends: false }]));
    }
    questions
}

/// `ts_match(column, query, tokenizer)`, which is what `@@` becomes.
fn words(expr: &Arc<dyn PhysicalExpr>) -> Option<(Tokenizer, WordQuery)> {
    let call = expr.downcast_ref::<ScalarFunctionExpr>().filter(|call| call.name() == "ts_match")?;
    let [column, query, tokenizer] = call.args() else { return None };
    if !is_column(column) {
        return None;
    }
    Some((Tokenizer::of_name(&text_literal(tokenizer)?)?, parse_canonical(&text_literal(query)?).ok()?))
}

/// `column op literal`, turned round if written the other way; literals that are NULL do not count.
fn comparison(expr: &Arc<dyn PhysicalExpr>) -> Option<(Operator, ScalarValue)> {
    let binary = expr.downcast_ref::<BinaryExpr>()?;
    let (op, literal) = if is_column(binary.left()) {
        (*binary.op(), literal(binary.right())?)
    } else if is_column(binary.right()) {
        (binary.op().swap()?, literal(binary.left())?)
    } else {
        return None;
    };
    (!literal.is_null()).then_some((op, literal))
}

/// The literals of `column IN (...)`; none of them NULL.
fn members(expr: &Arc<dyn PhysicalExpr>) -> Option<Vec<ScalarValue>> {
    let list = expr.downcast_ref::<InListExpr>()?;
    if list.negated() || !is_column(list.expr()) || list.list().len() > VALUES_MAX {
        return None;
    }
    list.list().iter().map(|member| literal(member).filter(|member| !member.is_null())).collect()
}

fn is_column(expr: &Arc<dyn PhysicalExpr>) -> bool {
    expr.downcast_ref::<Column>().is_some()
}

fn literal(expr: &Arc<dyn PhysicalExpr>) -> Option<ScalarValue> {
    Some(expr.downcast_ref::<LiteralExpr>()?.value().clone())
}

fn text_literal(expr: &Arc<dyn PhysicalExpr>) -> Option<String> {
    literal(expr)?.try_as_str().flatten().map(str::to_owned)
}
