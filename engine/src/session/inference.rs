//! Types of parameters that the planner does not find by itself.
//!
//! | written | known |
//! |---|---|
//! | `n = ANY($1)` | a list of what `n` is: planned as `n = $1` |
//! | `pg_cancel_backend($1)` | what the function takes, if it takes one type there |

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::execution::SessionState;
use datafusion::logical_expr::TypeSignature;
use datafusion::sql::sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, ObjectNamePart, Statement, VisitMut, VisitorMut,
};

use super::cast_types::parameter;
use super::select;

/// A statement that is planned for the types of its parameters only.
pub(super) struct Asked {
    /// The statement.
    pub statement: Statement,
    /// Indexes of the parameters whose type, once found, is that of an element.
    pub lists: BTreeSet<usize>,
}

/// Changes a statement so that planning it tells more, and fills what functions tell.
pub(super) fn prepared(statement: &Statement, types: &mut [Option<FieldRef>], state: &SessionState) -> Asked {
    let mut statement = statement.clone();
    let mut visitor = Visitor { types, state, lists: BTreeSet::new() };
    let _: ControlFlow<()> = statement.visit(&mut visitor);
    Asked { lists: visitor.lists, statement }
}

/// The type of a list whose element's type was found.
pub(super) fn into_list(slot: &mut Option<FieldRef>) {
    if let Some(element) = slot.take() {
        let list = DataType::List(Arc::new(Field::new_list_field(element.data_type().clone(), true)));
        *slot = Some(Arc::new(Field::new("", list, true).with_metadata(element.metadata().clone())));
    }
}

struct Visitor<'a> {
    types: &'a mut [Option<FieldRef>],
    state: &'a SessionState,
    lists: BTreeSet<usize>,
}

impl VisitorMut for Visitor<'_> {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        match expr {
            Expr::AnyOp { left, compare_op, right, .. } | Expr::AllOp { left, compare_op, right } => {
                if let Some(at) = parameter(right)
                    && self.types.get(at - 1).is_some_and(Option::is_none)
                {
                    self.lists.insert(at - 1);
                    *expr = Expr::BinaryOp { left: left.clone(), op: compare_op.clone(), right: right.clone() };
                }
            }
            Expr::Function(function) => self.arguments(function),
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

impl Visitor<'_> {
    fn arguments(&mut self, function: &Function) {
        let FunctionArguments::List(list) = &function.args else { return };
        let Some(name) = function.name.0.last().and_then(ObjectNamePart::as_ident) else { return };
        let Some(known) = self.state.scalar_functions().get(&name.value.to_ascii_lowercase()) else { return };
        for (place, argument) in list.args.iter().enumerate() {
            let FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) = argument else { continue };
            if let Some(at) = parameter(expr)
                && let Some(slot @ None) = self.types.get_mut(at - 1)
                && let Some(data_type) = only_type(&known.signature().type_signature, list.args.len(), place)
            {
                *slot = Some(select::parameter(data_type));
            }
        }
    }
}

/// What a function of `count` arguments takes at `place`, if that is one type.
fn only_type(signature: &TypeSignature, count: usize, place: usize) -> Option<DataType> {
    match signature {
        TypeSignature::Exact(types) if types.len() == count => types.get(place).cloned(),
        TypeSignature::OneOf(several) => {
            let mut found = several.iter().filter_map(|one| only_type(one, count, place));
            let first = found.next()?;
            found.all(|other| other == first).then_some(first)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use datafusion::prelude::SessionContext;
    use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
    use datafusion::sql::sqlparser::parser::Parser;

    use super::*;

    #[test]
    fn lists_are_asked_for_by_their_elements() {
        let parsed = Parser::parse_sql(&PostgreSqlDialect {}, "SELECT 1 FROM t WHERE n = ANY($1) AND m <> ALL($2)").unwrap();
        let mut types = vec![None, Some(select::parameter(DataType::Utf8))];
        let asked = prepared(&parsed[0], &mut types, &SessionContext::new().state());
        assert_eq!(asked.statement.to_string(), "SELECT 1 FROM t WHERE n = $1 AND m <> ALL($2)");
        assert_eq!(asked.lists, BTreeSet::from([0]));
        types[0] = Some(select::parameter(DataType::Int32));
        into_list(&mut types[0]);
        assert!(
            matches!(types[0].as_ref().unwrap().data_type(), DataType::List(element) if *element.data_type() == DataType::Int32)
        );
    }

    #[test]
    fn one_type_at_a_place() {
        let exact = |types: &[DataType]| TypeSignature::Exact(types.to_vec());
        let (int, text) = (DataType::Int32, DataType::Utf8);
        let one = exact(std::slice::from_ref(&int));
        let either = TypeSignature::OneOf(vec![one, exact(&[int.clone(), text.clone()]), exact(&[int.clone(), int.clone()])]);
        assert_eq!(only_type(&either, 1, 0), Some(int.clone()));
        assert_eq!(only_type(&either, 2, 0), Some(int));
        assert_eq!(only_type(&either, 2, 1), None);
        assert_eq!(only_type(&TypeSignature::Any(1), 1, 0), None);
    }
}
