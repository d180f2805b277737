//! Rows of a table as one value: `row_to_json(t)`, `to_jsonb(t)`, `json_agg(t)`, where `t` is a name of FROM.
//!
//! They become `row_to_json(t.*)`, of which [`Records`](crate::dialect::record::Records) makes the table's columns when these are known.

use std::collections::HashSet;

use datafusion::sql::sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, ObjectName, Query, Select, SelectItem, SetExpr,
    TableFactor,
};

use super::{FunctionName, outside_subqueries};
use crate::catalog::relations;
use crate::dialect::folded;

/// Functions of a value that may be a row.
const OF_ROWS: [&str; 5] = ["row_to_json", "to_json", "to_jsonb", "json_agg", "jsonb_agg"];

/// Whether it is a call of one of the functions with a name for the row.
pub(super) fn may_be(expr: &Expr) -> bool {
    let Expr::Function(function) = expr else { return false };
    first_name(function).is_some()
}

/// The name that is the argument, and the first of two where the second says whether the text is pretty.
fn first_name(function: &Function) -> Option<&Ident> {
    let FunctionArguments::List(list) = &function.args else { return None };
    let called = FunctionName::of(&function.name)?;
    match list.args.as_slice() {
        [FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Identifier(name)))] if OF_ROWS.contains(&called.as_str()) => Some(name),
        [FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Identifier(name))), _] if called.as_str() == "row_to_json" => {
            Some(name)
        }
        _ => None,
    }
}

/// Says `t.*` for each `t` that is a name of FROM.
pub(super) fn reword(select: &mut Select) {
    let names: Vec<(String, ObjectName)> = relations(select).filter_map(called).collect();
    let mut used = HashSet::new();
    let mut of_row = |expr: &mut Expr| {
        if let Expr::Function(function) = expr
            && let Some(called) = first_name(function).map(folded)
            && let Some((_, name)) = names.iter().find(|(known, _)| *known == called)
            && let FunctionArguments::List(list) = &mut function.args
        {
            list.args[0] = FunctionArg::Unnamed(FunctionArgExpr::QualifiedWildcard(name.clone()));
            used.insert(called);
            if FunctionName::of(&function.name).is_some_and(|name| name.as_str() == "to_json") {
                function.name = ObjectName::from(vec![Ident::new("row_to_json")]);
            }
        }
    };
    outside_subqueries(&mut select.projection, &mut of_row);
    outside_subqueries(&mut select.selection, &mut of_row);
    outside_subqueries(&mut select.having, &mut of_row);
    let relations = select
        .from
        .iter_mut()
        .flat_map(|from| std::iter::once(&mut from.relation).chain(from.joins.iter_mut().map(|join| &mut join.relation)));
    for relation in relations {
        if let TableFactor::Derived { subquery, alias: Some(alias), .. } = relation
            && used.contains(&folded(&alias.name))
        {
            name_columns(subquery);
        }
    }
}

/// Names the columns of a subquery by themselves: the planner would name those of an outer query by their text. A subquery that is
/// in order stays as it is: the order may be by one of them.
fn name_columns(query: &mut Query) {
    let mut body = query.body.as_mut();
    // The first list names the columns of a UNION.
    while let SetExpr::SetOperation { left, .. } = body {
        body = left;
    }
    let (SetExpr::Select(select), None) = (body, &query.order_by) else { return };
    for item in &mut select.projection {
        let SelectItem::UnnamedExpr(expr) = item else { continue };
        let alias = match expr {
            Expr::Identifier(name) => Some(name.clone()),
            Expr::CompoundIdentifier(parts) => parts.last().cloned(),
            _ => None,
        };
        let Some(alias) = alias else { continue };
        *item = SelectItem::ExprWithAlias { expr: expr.clone(), alias };
    }
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
            ("SELECT row_to_json(t, true) FROM t", "SELECT row_to_json(t.*, true) FROM t"),
            (
                "SELECT (SELECT row_to_json(q) FROM (SELECT o.a, b) q) FROM o",
                "SELECT (SELECT row_to_json(q.*) FROM (SELECT o.a AS a, b AS b) q) FROM o",
            ),
            // A column, a function's result, a table of another query.
            ("SELECT to_jsonb(n), lower(t), to_jsonb(t, 1) FROM t", "SELECT to_jsonb(n), lower(t), to_jsonb(t, 1) FROM t"),
            ("SELECT to_jsonb(f) FROM f(1)", "SELECT to_jsonb(f) FROM f(1)"),
            ("SELECT (SELECT to_jsonb(t)) FROM t", "SELECT (SELECT to_jsonb(t)) FROM t"),
        ] {
            let mut statement = Parser::parse_sql(&PostgreSqlDialect {}, sql).unwrap().remove(0);
            crate::dialect::reword(&mut statement);
            assert_eq!(statement.to_string(), expected);
        }
    }
}
