//! Names of columns as PostgreSQL gives them: `?column?`, `count`, the name behind a cast.
//!
//! DataFusion names an expression by its text and refuses two of one name in a list; PostgreSQL names it by its outermost
//! function or cast and does not mind. So every unnamed expression gets PostgreSQL's name as an alias before planning,
//! and where that name is taken, the name followed by a mark and a number, which [`shown`] takes off again at the end.
//!
//! | written | planned, with `#` for the mark |
//! |---|---|
//! | `SELECT count(*), lower(x), lower(y)` | `SELECT count(*) AS count, lower(x) AS lower, lower(y) AS lower#2` |
//! | `SELECT a AS n, b AS n` | `SELECT a AS n, b AS n#1` |
//! | `FROM (SELECT a AS n, b AS n) AS t` | `FROM (SELECT a AS n#0, b AS n#1) AS t`: outside, `n` would be either |

mod ambiguous;

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};
use datafusion::sql::sqlparser::ast::{
    Expr, Ident, OrderBy, OrderByKind, Query, Select, SelectItem, SetExpr, Statement, TableFactor, Value, Visit, VisitMut,
    VisitorMut,
};

use super::insert::folded;
use crate::Result;
use crate::error::EngineError;

/// Between a name that is taken and the number that tells its bearers apart. Private-use, so no name of a user has it.
const MARK: char = '\u{f5a7}';

/// Gives names to all unnamed expressions of all `SELECT` lists.
///
/// # Errors
/// A name that stands for two columns.
pub(crate) fn assign(statement: &mut Statement) -> Result<()> {
    let mut namer = Namer::default();
    if let ControlFlow::Break(name) = statement.visit(&mut namer) {
        return Err(EngineError::ambiguous(&name));
    }
    if !namer.hidden.is_empty() {
        ambiguous::check(statement, &namer.hidden)?;
    }
    if let Statement::Query(query) = statement {
        separate_after_wildcard(&mut query.body);
    }
    Ok(())
}

/// The schema with the names that the client sees.
pub(crate) fn shown(schema: &SchemaRef) -> SchemaRef {
    if !schema.fields().iter().any(|field| field.name().contains(MARK)) {
        return schema.clone();
    }
    let fields = schema.fields().iter().map(|field| Arc::new(field.as_ref().clone().with_name(shown_name(field.name()))));
    Arc::new(Schema::new_with_metadata(fields.collect::<Vec<_>>(), schema.metadata().clone()))
}

/// The name of a column that the client sees.
#[must_use]
pub fn shown_name(name: &str) -> &str {
    name.split(MARK).next().unwrap_or_default()
}

#[derive(Default)]
struct Namer {
    /// Names that columns of a table in FROM share.
    hidden: HashSet<String>,
}

impl VisitorMut for Namer {
    /// A name that stands for two columns.
    type Break = String;

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<String> {
        let tables = query.with.iter_mut().flat_map(|with| &mut with.cte_tables);
        for table in tables.filter(|table| table.alias.columns.is_empty()) {
            self.hidden.extend(hide_shared(&mut table.query));
        }
        name_set(&mut query.body);
        if let Some(name) = ambiguous_order(query) {
            return ControlFlow::Break(name);
        }
        order_by_names(query);
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<String> {
        if let TableFactor::Derived { subquery, alias, .. } = factor
            && alias.as_ref().is_none_or(|alias| alias.columns.is_empty())
        {
            self.hidden.extend(hide_shared(subquery));
        }
        ControlFlow::Continue(())
    }
}

/// A name in ORDER BY that two columns of the list have, which are not the same.
fn ambiguous_order(query: &Query) -> Option<String> {
    let Some(OrderBy { kind: OrderByKind::Expressions(orders), .. }) = &query.order_by else { return None };
    let select = first_select(&query.body)?;
    orders.iter().find_map(|order| {
        let Expr::Identifier(name) = &order.expr else { return None };
        let name = folded(name);
        let mut bearers = select.projection.iter().filter(|item| item_name(item).as_ref() == Some(&name)).map(expression);
        let first = bearers.next()?;
        bearers.any(|other| other != first).then_some(name)
    })
}

fn expression(item: &SelectItem) -> Option<&Expr> {
    match item {
        SelectItem::ExprWithAlias { expr, .. } | SelectItem::UnnamedExpr(expr) => Some(expr),
        _ => None,
    }
}

/// What the client sees as the name of an item that has one.
fn item_name(item: &SelectItem) -> Option<String> {
    match item {
        SelectItem::ExprWithAlias { alias, .. } => Some(shown_name(&folded(alias)).to_owned()),
        SelectItem::UnnamedExpr(expr) => Some(given_name(expr)),
        _ => None,
    }
}

/// Names that more than one column of a list has.
fn shared_names(select: &Select) -> HashSet<String> {
    let mut seen = HashSet::new();
    select.projection.iter().filter_map(item_name).filter(|name| !seen.insert(name.clone())).collect()
}

/// The list that names the columns: of a UNION, the first.
fn first_select(body: &SetExpr) -> Option<&Select> {
    match body {
        SetExpr::Select(select) => Some(select),
        SetExpr::SetOperation { left, .. } => first_select(left),
        SetExpr::Query(query) => first_select(&query.body),
        _ => None,
    }
}

fn first_select_mut(body: &mut SetExpr) -> Option<&mut Select> {
    match body {
        SetExpr::Select(select) => Some(select),
        SetExpr::SetOperation { left, .. } => first_select_mut(left),
        SetExpr::Query(query) => first_select_mut(&mut query.body),
        _ => None,
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
        SetExpr::Query(query) => name_set(&mut query.body),
        _ => {}
    }
}

/// Marks all columns of a table in FROM that share a name, so that only a wildcard finds them; the names. Where its own ORDER BY or
/// GROUP BY says the name, the first keeps it.
fn hide_shared(query: &mut Query) -> HashSet<String> {
    let Some(select) = first_select(&query.body) else { return HashSet::new() };
    let shared = shared_names(select);
    if shared.is_empty() {
        return shared;
    }
    let mut said = ambiguous::Said::among(&shared);
    let _: ControlFlow<()> = query.order_by.visit(&mut said);
    let _: ControlFlow<()> = select.group_by.visit(&mut said);
    let _: ControlFlow<()> = select.having.visit(&mut said);
    let Some(select) = first_select_mut(&mut query.body) else { return shared };
    for (i, item) in select.projection.iter_mut().enumerate() {
        let Some(name) = item_name(item).filter(|name| shared.contains(name) && !said.names.contains(name)) else { continue };
        if let SelectItem::ExprWithAlias { expr, .. } | SelectItem::UnnamedExpr(expr) = item {
            let expr = std::mem::replace(expr, Expr::value(Value::Null));
            *item = SelectItem::ExprWithAlias { expr, alias: marked(&name, i) };
        }
    }
    shared
}

/// The name that the bearer of a shared name has.
fn marked(name: &str, i: usize) -> Ident {
    Ident::with_quote('"', format!("{name}{MARK}{i}"))
}

/// The text without marks and their numbers.
pub(crate) fn unmarked(text: String) -> String {
    if !text.contains(MARK) {
        return text;
    }
    let mut parts = text.split(MARK);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.trim_start_matches(|digit: char| digit.is_ascii_digit()))
}

/// Whether a column has this name, and shares it with another of its table.
pub(crate) fn is_shared(column: &str, name: &str) -> bool {
    column.split_once(MARK).is_some_and(|(shown, _)| shown == name)
}

fn name_list(items: &mut [SelectItem]) {
    let mut taken: HashSet<String> = HashSet::new();
    for (i, item) in items.iter_mut().enumerate() {
        if let SelectItem::ExprWithAlias { alias, .. } = item
            && !taken.insert(folded(alias))
        {
            *alias = marked(&folded(alias), i);
        }
    }
    for (i, item) in items.iter_mut().enumerate() {
        let SelectItem::UnnamedExpr(expr) = item else { continue };
        let name = given_name(expr);
        let fresh = taken.insert(name.clone());
        if fresh && matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_)) {
            continue;
        }
        let alias = if fresh { Ident::with_quote('"', name) } else { marked(&name, i) };
        let expr = std::mem::replace(expr, Expr::value(Value::Null));
        *item = SelectItem::ExprWithAlias { expr, alias };
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
        *item = SelectItem::ExprWithAlias { expr, alias: marked(&name, i) };
    }
}

/// What a column is called that nobody named.
fn given_name(expr: &Expr) -> String {
    name_of(expr).unwrap_or_else(|| "?column?".to_owned())
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

    fn assigned(sql: &str) -> Statement {
        let Command::Sql(mut statement) = Command::clone(parse(sql).unwrap()[0].command.as_ref().unwrap()) else {
            panic!("no query")
        };
        assign(&mut statement).unwrap();
        *statement
    }

    fn names(sql: &str) -> Vec<String> {
        let Statement::Query(query) = assigned(sql) else { panic!("no query") };
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
        assert_eq!(names("SELECT a AS n, b AS n, c AS N"), ["n", "n#1", "n#2"]);
        assert_eq!(names("SELECT *, a"), ["*", "a#1"]);
    }

    #[test]
    fn a_name_that_two_columns_of_a_table_share_is_hidden() {
        let check = |sql: &str, expected: &str| assert_eq!(assigned(sql).to_string().replace(MARK, "#"), expected);
        check(
            "SELECT t.b FROM (SELECT 1 AS a, 2 AS b, x.a FROM x) AS t",
            r#"SELECT t.b FROM (SELECT 1 AS "a#0", 2 AS b, x.a AS "a#2" FROM x) AS t"#,
        );
        check(
            "SELECT t.a FROM (SELECT 1 AS a, 2 AS a) AS t (a, b)",
            r#"SELECT t.a FROM (SELECT 1 AS a, 2 AS "a#1") AS t (a, b)"#,
        );
        check(
            "WITH t AS (SELECT 1 AS a, 2 AS a UNION SELECT 3, 4) SELECT * FROM t",
            r#"WITH t AS (SELECT 1 AS "a#0", 2 AS "a#1" UNION SELECT 3 AS "?column?", 4 AS "?column?#1") SELECT * FROM t"#,
        );
        check(
            "SELECT 1 FROM (SELECT a AS n, a AS n ORDER BY n) AS t",
            r#"SELECT 1 AS "?column?" FROM (SELECT a AS n, a AS "n#1" ORDER BY n) AS t"#,
        );
        check(
            "SELECT * FROM (SELECT a AS x, a AS x, count(*) FROM t GROUP BY x) AS t",
            r#"SELECT * FROM (SELECT a AS x, a AS "x#1", count(*) AS "count" FROM t GROUP BY x) AS t"#,
        );
        check("SELECT * FROM ((SELECT 1 AS a, 2 AS a)) AS t", r#"SELECT * FROM ((SELECT 1 AS "a#0", 2 AS "a#1")) AS t"#);
        assert!(is_shared(&format!("a{MARK}0"), "a") && !is_shared("a", "a"));
        assert_eq!(unmarked(format!("x.n{MARK}10 and m{MARK}2")), "x.n and m");
    }
}
