//! Vectors of numbers, as `indkey` has them, and records: their parts.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    AccessExpr, BinaryOperator, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Query, SelectItem, SetExpr,
    Subscript, Value, Visitor,
};

use super::call;

/// Columns of the catalog that are vectors.
const COLUMNS: &[&str] = &["indkey", "indclass", "indcollation", "indoption", "proargtypes"];

/// Collects the names that a statement gives to vectors.
pub(super) struct Renamed<'a>(pub &'a mut Vec<String>);

impl Visitor for Renamed<'_> {
    type Break = ();

    fn post_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let SetExpr::Select(select) = query.body.as_ref() else { return ControlFlow::Continue(()) };
        for item in &select.projection {
            if let SelectItem::ExprWithAlias { expr, alias } = item
                && is_vector(expr, self.0)
            {
                self.0.push(alias.value.clone());
            }
        }
        ControlFlow::Continue(())
    }
}

/// Whether it is a column that is a vector: one of the catalog, or what the statement calls it.
pub(super) fn is_vector(expr: &Expr, renamed: &[String]) -> bool {
    let name = match expr {
        Expr::Identifier(name) => Some(name),
        Expr::CompoundIdentifier(path) => path.last(),
        _ => None,
    };
    let mut known = COLUMNS.iter().copied().chain(renamed.iter().map(String::as_str));
    name.is_some_and(|name| known.any(|known| name.value.eq_ignore_ascii_case(known)))
}

/// `(information_schema._pg_expandarray(v)).x` and `.n`: the elements of a vector, and their numbers.
pub(super) fn expanded_part(root: &Expr, path: &[AccessExpr]) -> Option<Expr> {
    let [AccessExpr::Dot(Expr::Identifier(part))] = path else { return None };
    let mut root = root;
    while let Expr::Nested(inner) = root {
        root = inner;
    }
    // The root was visited before: it is an `unnest` by now.
    let argument = |expr: &Expr, name: &str| match expr {
        Expr::Function(Function { name: found, args: FunctionArguments::List(list), .. }) if found.to_string() == name => {
            match list.args.as_slice() {
                [FunctionArg::Unnamed(FunctionArgExpr::Expr(argument))] => Some(argument.clone()),
                _ => None,
            }
        }
        _ => None,
    };
    let vector = argument(&argument(root, "unnest")?, "strata_expanded")?;
    let part = match part.value.as_str() {
        "x" => call("strata_vector", vec![vector]),
        "n" => call("strata_numbers", vec![vector]),
        _ => return None,
    };
    Some(call("unnest", vec![part]))
}

/// `(result.keys).x`: a field of a column that is a record.
pub(super) fn composite_part(root: &Expr, path: &[AccessExpr]) -> Option<Expr> {
    let (Expr::Nested(column), [AccessExpr::Dot(Expr::Identifier(field))]) = (root, path) else { return None };
    let is_column = matches!(column.as_ref(), Expr::Identifier(_) | Expr::CompoundIdentifier(_));
    let field = Expr::Value(Value::SingleQuotedString(field.value.clone()).into());
    is_column.then(|| call("get_field", vec![column.as_ref().clone(), field]))
}

/// `i.indoption[n]`: an element of a vector, which counts from 0.
pub(super) fn vector_part(root: &Expr, path: &[AccessExpr], vectors: &[String]) -> Option<Expr> {
    let (column, index) = match (root, path) {
        (
            Expr::Identifier(table),
            [AccessExpr::Dot(Expr::Identifier(name)), AccessExpr::Subscript(Subscript::Index { index })],
        ) => (Expr::CompoundIdentifier(vec![table.clone(), name.clone()]), index),
        (column, [AccessExpr::Subscript(Subscript::Index { index })]) => (column.clone(), index),
        _ => return None,
    };
    let one = Expr::Value(Value::Number("1".to_owned(), false).into());
    let place = Expr::BinaryOp { left: Box::new(index.clone()), op: BinaryOperator::Plus, right: Box::new(one) };
    is_vector(&column, vectors).then(|| call("array_element", vec![call("strata_vector", vec![column]), place]))
}
