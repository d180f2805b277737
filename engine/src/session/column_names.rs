//! Names of columns as PostgreSQL gives them: `?column?`, `count`, the name behind a cast.
//!
//! DataFusion names an expression by its text and refuses two of one name in a list; PostgreSQL names it by its outermost
//! function or cast and does not mind. So every unnamed expression gets PostgreSQL's name as an alias before planning,
//! and where that name is taken, the name followed by a mark and a number, which [`shown`] takes off again at the end.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};
use datafusion::sql::sqlparser::ast::{
    Expr, Ident, OrderBy, OrderByKind, Query, SelectItem, SetExpr, Statement, Value, VisitMut, VisitorMut,
};

/// Between a name that is taken and the number that tells its bearers apart. Private-use, so no name of a user has it.
const MARK: char = '\u{f5a7}';

/// Gives names to all unnamed expressions of all `SELECT` lists.
pub(crate) fn assign(statement: &mut Statement) {
    let _: ControlFlow<()> = statement.visit(&mut Namer);
    if let Statement::Query(query) = statement {
        separate_after_wildcard(&mut query.body);
    }
}

/// The schema with the names that the client sees.
pub(crate) fn shown(schema: &SchemaRef) -> SchemaRef {
    if !schema.fields().iter().any(|field| field.name().contains(MARK)) {
        return schema.clone();
    }
    let fields = schema.fields().iter().map(|field| {
        let name = field.name().split(MARK).next().unwrap_or_default();
        Arc::new(field.as_ref().clone().with_name(name))
    });
    Arc::new(Schema::new_with_metadata(fields.collect::<Vec<_>>(), schema.metadata().clone()))
}

struct Namer;

impl VisitorMut for Namer {
    type Break = ();

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        name_set(&mut query.body);
        order_by_names(query);
        ControlFlow::Continue(())
    }
}

/// In `SELECT DISTINCT`, what is ordered by must be in the list; it is there under its alias now.
fn order_by_names(query: &mut Query) {
    let SetExpr::Select(select) = query.body.as_ref() else { return };
    let Some(OrderBy { kind: OrderByKind::Expressions(orders), .. }) = &mut query.order_by else { return };
    if select.distinct.is_none() {
        return;
    }
    for order in orders {
        let listed = select.projection.iter().find_map(|item| match item {
            SelectItem::ExprWithAlias { expr, alias } if *expr == order.expr => Some(alias.clone()),
            _ => None,
        });
        if let Some(alias) = listed {
            order.expr = Expr::Identifier(alias);
        }
    }
}

fn name_set(body: &mut SetExpr) {
    match body {
        SetExpr::Select(select) => name_list(&mut select.projection),
        SetExpr::SetOperation { left, right, .. } => {
            name_set(left);
            name_set(right);
        }
        _ => {}
    }
}

fn name_list(items: &mut [SelectItem]) {
    let mut taken: HashSet<String> = HashSet::new();
    for item in items.iter() {
        match item {
            SelectItem::ExprWithAlias { alias, .. } => taken.insert(folded(alias)),
            _ => false,
        };
    }
    for (i, item) in items.iter_mut().enumerate() {
        let SelectItem::UnnamedExpr(expr) = item else { continue };
        let name = name_of(expr).unwrap_or_else(|| "?column?".to_owned());
        let fresh = taken.insert(name.clone());
        if fresh && matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_)) {
            continue;
        }
        let alias = if fresh { name } else { format!("{name}{MARK}{i}") };
        let expr = std::mem::replace(expr, Expr::value(Value::Null));
        *item = SelectItem::ExprWithAlias { expr, alias: Ident::with_quote('"', alias) };
    }
}

/// `SELECT *, a FROM t` shows `a` twice. Nothing outside can name the second one, so it may be marked.
fn separate_after_wildcard(body: &mut SetExpr) {
    let SetExpr::Select(select) = body else { return };
    let wildcard = |item: &SelectItem| matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..));
    if !select.projection.iter().any(wildcard) {
        return;
    }
    for (i, item) in select.projection.iter_mut().enumerate() {
        let SelectItem::UnnamedExpr(expr) = item else { continue };
        let Some(name) = name_of(expr) else { continue };
        let expr = std::mem::replace(expr, Expr::value(Value::Null));
        *item = SelectItem::ExprWithAlias { expr, alias: Ident::with_quote('"', format!("{name}{MARK}{i}")) };
    }
}

fn folded(ident: &Ident) -> String {
    if ident.quote_style.is_some() { ident.value.clone() } else { ident.value.to_lowercase() }
}

/// PostgreSQL's name of an expression; `None` if it has none.
fn name_of(expr: &Expr) -> Option<String> {
    let word = |word: &str| Some(word.to_owned());
    match expr {
        Expr::Identifier(ident) => Some(folded(ident)),
        Expr::CompoundIdentifier(parts) => parts.last().map(folded),
        Expr::CompoundFieldAccess { root, .. } => name_of(root),
        Expr::Nested(inner) | Expr::Collate { expr: inner, .. } => name_of(inner),
        Expr::Cast { expr: inner, data_type, .. } => name_of(inner).or_else(|| Some(type_word(&data_type.to_string()))),
        Expr::TypedString(typed) => Some(type_word(&typed.data_type.to_string())),
        Expr::Function(function) => match function.name.0.last().and_then(|part| part.as_ident()) {
            Some(ident) => Some(folded(ident)),
            None => word("?column?"),
        },
        Expr::Case { else_result, .. } => match else_result.as_deref().and_then(name_of) {
            Some(name) if matches!(else_result.as_deref(), Some(Expr::Identifier(_) | Expr::CompoundIdentifier(_))) => Some(name),
            _ => word("case"),
        },
        Expr::Extract { .. } => word("extract"),
        Expr::Ceil { .. } => word("ceil"),
        Expr::Floor { .. } => word("floor"),
        Expr::Position { .. } => word("position"),
        Expr::Substring { .. } => word("substring"),
        Expr::Trim { .. } => word("btrim"),
        Expr::Overlay { .. } => word("overlay"),
        Expr::AtTimeZone { .. } => word("timezone"),
        Expr::Exists { .. } => word("exists"),
        Expr::Array(_) => word("array"),
        Expr::Tuple(_) => word("row"),
        Expr::Interval(_) => word("interval"),
        Expr::Subquery(query) => subquery_name(query),
        Expr::Value(value) => match &value.value {
            Value::Boolean(_) => word("bool"),
            _ => None,
        },
        _ => None,
    }
}

fn subquery_name(query: &Query) -> Option<String> {
    let SetExpr::Select(select) = query.body.as_ref() else { return None };
    match select.projection.first()? {
        SelectItem::UnnamedExpr(expr) => name_of(expr),
        SelectItem::ExprWithAlias { alias, .. } => Some(folded(alias)),
        _ => None,
    }
}

/// What PostgreSQL calls a type inside: `int4`, not `integer`.
fn type_word(name: &str) -> String {
    let name = name.to_ascii_lowercase();
    let bare = name.split(['(', '[']).next().unwrap_or(&name).trim();
    match bare {
        "int" | "integer" => "int4",
        "bigint" => "int8",
        "smallint" => "int2",
        "real" => "float4",
        "double precision" | "double" | "float" => "float8",
        "boolean" => "bool",
        "decimal" | "dec" => "numeric",
        "character varying" => "varchar",
        "char" | "character" => "bpchar",
        "timestamp with time zone" => "timestamptz",
        "timestamp without time zone" => "timestamp",
        other => other.rsplit('.').next().unwrap_or(other),
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::statement::{Command, parse};

    fn names(sql: &str) -> Vec<String> {
        let Command::Sql(mut statement) = Command::clone(parse(sql).unwrap()[0].command.as_ref().unwrap()) else {
            panic!("no query")
        };
        assign(&mut statement);
        let Statement::Query(query) = *statement else { panic!("no query") };
        let SetExpr::Select(select) = *query.body else { panic!("no select") };
        let list = select.projection.iter().map(|item| match item {
            SelectItem::UnnamedExpr(expr) => name_of(expr).unwrap(),
            SelectItem::ExprWithAlias { alias, .. } => alias.value.replace(MARK, "#"),
            other => other.to_string(),
        });
        list.collect()
    }

    #[test]
    fn as_postgresql_names_them() {
        assert_eq!(
            names("SELECT 1, a + b, count(*), lower(x), a::int, '1'::int"),
            ["?column?", "?column?#1", "count", "lower", "a", "int4"]
        );
        assert_eq!(
            names("SELECT CASE WHEN a THEN 1 END, EXISTS (SELECT 1), (SELECT max(x) FROM t), ARRAY[1], current_date"),
            ["case", "exists", "max", "array", "current_date"]
        );
        assert_eq!(names("SELECT a, t.a, b AS a, A"), ["a#0", "a#1", "a", "a#3"]);
        assert_eq!(names("SELECT *, a"), ["*", "a#1"]);
    }
}
