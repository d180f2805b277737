//! Rows of a table as one value: `row_to_json(t)`, `to_jsonb(t)`, `json_agg(t)`, where `t` is a name of FROM.
//!
//! They become `row_to_json(t.*)`, of which [`Records`](crate::dialect::record::Records) makes the table's columns when these are known.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, ObjectName, Query, Select, TableFactor, VisitMut,
    VisitorMut,
};

use super::FunctionName;

/// Functions of a value that may be a row.
const OF_ROWS: [&str; 5] = ["row_to_json", "to_json", "to_jsonb", "json_agg", "jsonb_agg"];

/// Whether it is a call of one of the functions with nothing but a name.
pub(super) fn may_be(expr: &Expr) -> bool {
    let Expr::Function(function) = expr else { return false };
    only_name(function).is_some() && FunctionName::of(&function.name).is_some_and(|name| OF_ROWS.contains(&name.as_str()))
}

/// The name that is the one argument.
fn only_name(function: &Function) -> Option<&Ident> {
    let FunctionArguments::List(list) = &function.args else { return None };
    match list.args.as_slice() {
        [FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Identifier(name)))] => Some(name),
        _ => None,
    }
}

/// Says `t.*` for each `t` that is a name of FROM.
pub(super) fn reword(select: &mut Select) {
    let relations =
        select.from.iter().flat_map(|from| std::iter::once(&from.relation).chain(from.joins.iter().map(|it| &it.relation)));
    let mut rows = Rows { names: relations.filter_map(called).collect(), depth: 0 };
    let _: ControlFlow<()> = select.projection.visit(&mut rows);
    let _: ControlFlow<()> = select.selection.visit(&mut rows);
    let _: ControlFlow<()> = select.having.visit(&mut rows);
}

/// What a table is called, and its name in full. A function is not one: its name is that of its column.
fn called(relation: &TableFactor) -> Option<(String, ObjectName)> {
    match relation {
        TableFactor::Table { name, alias: None, args: None, .. } => Some((folded(name.0.last()?.as_ident()?), name.clone())),
        TableFactor::Table { alias: Some(alias), args: None, .. } | TableFactor::Derived { alias: Some(alias), .. } => {
            Some((folded(&alias.name), ObjectName::from(vec![alias.name.clone()])))
        }
        _ => None,
    }
}

fn folded(name: &Ident) -> String {
    if name.quote_style.is_some() { name.value.clone() } else { name.value.to_lowercase() }
}

/// Changes calls, but not those in subqueries, which have names of their own.
struct Rows {
    names: Vec<(String, ObjectName)>,
    depth: usize,
}

impl VisitorMut for Rows {
    type Break = ();

    fn pre_visit_query(&mut self, _query: &mut Query) -> ControlFlow<()> {
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _query: &mut Query) -> ControlFlow<()> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if self.depth == 0
            && may_be(expr)
            && let Expr::Function(function) = expr
            && let Some(called) = only_name(function).map(folded)
            && let Some((_, name)) = self.names.iter().find(|(known, _)| *known == called)
            && let FunctionArguments::List(list) = &mut function.args
        {
            list.args = vec![FunctionArg::Unnamed(FunctionArgExpr::QualifiedWildcard(name.clone()))];
            if FunctionName::of(&function.name).is_some_and(|name| name.as_str() == "to_json") {
                function.name = ObjectName::from(vec![Ident::new("row_to_json")]);
            }
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
    use datafusion::sql::sqlparser::parser::Parser;

    #[test]
    fn names_of_tables_are_their_rows() {
        for (sql, expected) in [
            ("SELECT row_to_json(t) FROM (SELECT 1) AS t", "SELECT row_to_json(t.*) FROM (SELECT 1) AS t"),
            (
                "SELECT pg_catalog.to_json(\"T\"), to_jsonb(T) FROM a AS \"T\"",
                "SELECT row_to_json(\"T\".*), to_jsonb(T) FROM a AS \"T\"",
            ),
            ("SELECT to_jsonb(b) FROM x JOIN a.b ON to_jsonb(b)", "SELECT to_jsonb(a.b.*) FROM x JOIN a.b ON to_jsonb(b)"),
            ("SELECT json_agg(t ORDER BY n) FROM t", "SELECT jsonb_of(array_agg(to_jsonb(t.*) ORDER BY n)) FROM t"),
            // A column, a function's result, a table of another query.
            ("SELECT to_jsonb(n), lower(t) FROM t", "SELECT to_jsonb(n), lower(t) FROM t"),
            ("SELECT to_jsonb(f) FROM f(1)", "SELECT to_jsonb(f) FROM f(1)"),
            ("SELECT (SELECT to_jsonb(t)) FROM t", "SELECT (SELECT to_jsonb(t)) FROM t"),
        ] {
            let mut statement = Parser::parse_sql(&PostgreSqlDialect {}, sql).unwrap().remove(0);
            crate::dialect::reword(&mut statement);
            assert_eq!(statement.to_string(), expected);
        }
    }
}
