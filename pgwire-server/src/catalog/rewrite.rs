//! What clients write and the planner does not read, said another way.
//!
//! | written | planned |
//! |---|---|
//! | `a OPERATOR(pg_catalog.~) b`, `x COLLATE pg_catalog.default` | `a ~ b`, `x` |
//! | `'app'::regclass`, `c.oid::pg_catalog.regclass` | `strata_regclass_oid('app')`, `strata_regclass_name(c.oid)` |
//! | `p.oid = am.amhandler`, `p.oid = 'now'::regproc` | `p.oid = strata_regproc_number(am.amhandler)`, ... |
//! | `x::pg_catalog.text`, `'r'::"char"` | `x::text` |
//! | a subquery over a table that is always empty | `NULL`, `false`, an empty array; 0 where it counts |
//! | `x LIKE p ESCAPE '/'` | `x LIKE like_escape(p, '/')` |
//! | `SELECT 1` | `SELECT 1::integer`, as its own column only |
//! | `unnest(i.indkey)`, `n = ANY (i.indkey)` | `unnest(strata_vector(i.indkey))`, `n = ANY (strata_vector(i.indkey))` |
//! | `FROM pg_show_all_settings()`, `aclexplode(c.relacl)` | `FROM pg_settings`, `unnest(strata_aclexplode(c.relacl))` |
//! | `FROM c, aclexplode(c.relacl) AS d` | `FROM c, LATERAL (SELECT ... unnest(strata_aclexplode(c.relacl)) ...) AS d` |
//! | `c.tableoid`, `c.xmin` | the number of the catalog's table, 0 |
//! | `(information_schema._pg_expandarray(i.indkey)).n` | `unnest(strata_numbers(i.indkey))` |
//! | `CASE WHEN t.typtype = 'd' THEN ... ELSE x END` | `x`: there are no domains, and likewise no other kinds but base types |
//! | `(SELECT name FROM pg_catalog.t WHERE t.oid = outer.oid)` | `(SELECT first_value(name) ...)`: it is one row at most |
//!
//! Only system tables are treated specially; a query over topics alone is planned as it was written.

mod acl;
mod distinct;
mod empty;
mod named;
mod oid;
mod order;
mod regproc;
#[cfg(test)]
mod tests;
mod vector;

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    ArrayElemTypeDef, BinaryOperator, CastKind, DataType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList,
    FunctionArguments, GroupByExpr, Ident, JoinOperator, LimitClause, ObjectName, ObjectNamePart, Query, Select, SelectItem,
    SetExpr, Statement, TableFactor, UnaryOperator, Value, ValueWithSpan, Visit, VisitMut, Visitor, VisitorMut,
};

use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::parser::Parser;

use self::oid::{TableOids, cast, compare_oids, name_versions, table_oids};
use self::vector::{composite_part, expanded_part, is_vector, vector_part};
use super::{is_always_empty, is_system_table};

/// Rewrites all of a statement.
pub fn statement(statement: &mut Statement) {
    let _: ControlFlow<()> = statement.visit(&mut Rewriter::of(statement));
    if let Statement::Query(query) = statement {
        in_each_select(&mut query.body, &mut |select| {
            // Two columns that are both called ?column? by an alias would be refused.
            let unnamed = |item: &&SelectItem| matches!(item, SelectItem::UnnamedExpr(expr) if is_narrow(expr));
            if select.projection.iter().filter(unnamed).count() <= 1 {
                select.projection.iter_mut().for_each(narrow_number);
            }
        });
    }
}

struct Rewriter {
    /// What the statement calls the catalog's vectors.
    vectors: Vec<String>,
}

impl Rewriter {
    fn of(statement: &Statement) -> Self {
        let mut vectors = Vec::new();
        let _: ControlFlow<()> = Visit::visit(statement, &mut vector::Renamed(&mut vectors));
        Self { vectors }
    }
}

impl VisitorMut for Rewriter {
    type Break = ();

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        if let Some(above) = distinct::on(query).or_else(|| order::by(query)) {
            *query = above;
        }
        in_each_select(&mut query.body, &mut |select| {
            let oids = table_oids(select);
            if !oids.is_empty() {
                name_versions(select, &oids);
                let _: ControlFlow<()> = select.visit(&mut TableOids(oids));
            }
            if from_is_empty(select) {
                // No row is ever computed, so what a subquery in it would say does not matter.
                for item in &mut select.projection {
                    let _: ControlFlow<()> = item.visit(&mut WithoutSubqueries);
                }
                let _: ControlFlow<()> = VisitMut::visit(&mut select.selection, &mut WithoutSubqueries);
            }
        });
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, table: &mut TableFactor) -> ControlFlow<()> {
        match acl::rights(table) {
            Some(rights) => *table = rights,
            None => named::table(table),
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        regproc::compare(expr);
        if let Some(replacement) = without_foreign_kinds(expr).or_else(|| oid::of_procedure(expr)) {
            *expr = replacement;
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        let replacement = match expr {
            Expr::BinaryOp { left, op, right } => {
                if matches!(op, BinaryOperator::Eq | BinaryOperator::NotEq) {
                    compare_oids(left, right);
                }
                if let BinaryOperator::PGCustomBinaryOperator(path) = op
                    && let Some(plain) = path.last().and_then(|symbol| operator(symbol))
                {
                    *op = plain;
                }
                (*op == BinaryOperator::StringConcat && is_null_array(right)).then(|| left.as_ref().clone())
            }
            Expr::Collate { expr, collation } if is_plain_collation(collation) => Some(expr.as_ref().clone()),
            Expr::Cast { expr, data_type, .. } => {
                if matches!(data_type, DataType::Array(_)) && is_vector(expr, &self.vectors) {
                    **expr = call("strata_vector", vec![expr.as_ref().clone()]);
                }
                cast(expr, data_type)
            }
            Expr::Subquery(query) => empty::aggregate(query).or_else(|| scalar_subquery(query)),
            Expr::Exists { subquery, negated } => {
                without_limit(subquery);
                reads_empty(subquery).then(|| boolean(*negated))
            }
            Expr::Function(function) => array_subquery(function).or_else(|| named::function(function, &self.vectors)),
            Expr::CompoundFieldAccess { root, access_chain } => expanded_part(root, access_chain)
                .or_else(|| composite_part(root, access_chain))
                .or_else(|| vector_part(root, access_chain, &self.vectors)),
            Expr::Like { pattern, escape_char, .. } | Expr::ILike { pattern, escape_char, .. } => {
                backslash_escapes(pattern, escape_char);
                None
            }
            Expr::AnyOp { right, .. } | Expr::AllOp { right, .. } => {
                if let Some(array) = array_literal(right) {
                    **right = array;
                } else if is_vector(right, &self.vectors) {
                    **right = call("strata_vector", vec![right.as_ref().clone()]);
                }
                None
            }
            _ => None,
        };
        if let Some(replacement) = replacement {
            *expr = replacement;
        }
        ControlFlow::Continue(())
    }
}

/// The 1 of `SELECT 1` as an `integer`, which is what clients are given by PostgreSQL. Only a column of its own is changed:
/// numbers inside expressions keep the width in which they cannot overflow.
fn narrow_number(item: &mut SelectItem) {
    let (SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }) = &*item else { return };
    if !is_narrow(expr) {
        return;
    }
    let expr = as_type(expr.clone(), DataType::Integer(None));
    let alias = match &*item {
        SelectItem::ExprWithAlias { alias, .. } => alias.clone(),
        _ => Ident::with_quote('"', "?column?"),
    };
    *item = SelectItem::ExprWithAlias { expr, alias };
}

/// Whether it is a number, and one that an `integer` can be.
fn is_narrow(expr: &Expr) -> bool {
    let digits = match expr {
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => expr.as_ref(),
        other => other,
    };
    let Expr::Value(ValueWithSpan { value: Value::Number(digits, _), .. }) = digits else { return false };
    digits.parse::<i32>().is_ok()
}

/// Takes the branches of a CASE away that ask whether a type is of a kind that there is none of: composite, domain, enum,
/// multirange, range. What stands in them is often more than can be planned.
fn without_foreign_kinds(expr: &mut Expr) -> Option<Expr> {
    let Expr::Case { operand: None, conditions, else_result, .. } = expr else { return None };
    let is_foreign = |condition: &Expr| match condition {
        Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => {
            let is_kind = matches!(left.as_ref(), Expr::CompoundIdentifier(path) if path.last().is_some_and(|name| name.value == "typtype"));
            is_kind
                && matches!(right.as_ref(), Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(kind), .. })
                    if matches!(kind.as_str(), "c" | "d" | "e" | "m" | "r"))
        }
        _ => false,
    };
    conditions.retain(|branch| !is_foreign(&branch.condition));
    conditions.is_empty().then(|| else_result.as_deref().cloned().unwrap_or_else(null))
}

/// Replaces every subquery, and every `tableoid`, by nothing.
struct WithoutSubqueries;

impl VisitorMut for WithoutSubqueries {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        match expr {
            Expr::Subquery(_) => *expr = null(),
            Expr::CompoundIdentifier(path) if path.last().is_some_and(|last| last.value == "tableoid") => {
                *expr = Expr::Value(Value::Number("0".to_owned(), false).into());
            }
            Expr::Exists { negated, .. } | Expr::InSubquery { negated, .. } => *expr = boolean(*negated),
            Expr::Function(function) if is_named(&function.name, "unnest") => *expr = null(),
            Expr::Function(function) if is_array_subquery(function) => *expr = null_array(),
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

fn in_each_select(body: &mut SetExpr, change: &mut impl FnMut(&mut Select)) {
    match body {
        SetExpr::Select(select) => change(select),
        SetExpr::SetOperation { left, right, .. } => {
            in_each_select(left, change);
            in_each_select(right, change);
        }
        _ => {}
    }
}

/// The plain operator behind `OPERATOR(pg_catalog.x)`.
fn operator(symbol: &str) -> Option<BinaryOperator> {
    Some(match symbol {
        "=" => BinaryOperator::Eq,
        "<>" | "!=" => BinaryOperator::NotEq,
        "<" => BinaryOperator::Lt,
        "<=" => BinaryOperator::LtEq,
        ">" => BinaryOperator::Gt,
        ">=" => BinaryOperator::GtEq,
        "~" => BinaryOperator::PGRegexMatch,
        "~*" => BinaryOperator::PGRegexIMatch,
        "!~" => BinaryOperator::PGRegexNotMatch,
        "!~*" => BinaryOperator::PGRegexNotIMatch,
        "~~" => BinaryOperator::PGLikeMatch,
        "!~~" => BinaryOperator::PGNotLikeMatch,
        "||" => BinaryOperator::StringConcat,
        "+" => BinaryOperator::Plus,
        "-" => BinaryOperator::Minus,
        "*" => BinaryOperator::Multiply,
        "/" => BinaryOperator::Divide,
        _ => return None,
    })
}

/// Collations that order text as it is ordered anyway.
fn is_plain_collation(name: &ObjectName) -> bool {
    let last = name.0.last().and_then(ObjectNamePart::as_ident).map(|ident| ident.value.to_ascii_lowercase());
    matches!(last.as_deref(), Some("default" | "c" | "posix" | "ucs_basic"))
}

fn as_type(expr: Expr, data_type: DataType) -> Expr {
    Expr::Cast { kind: CastKind::DoubleColon, expr: Box::new(expr), data_type, array: false, format: None }
}

/// `EXISTS (... LIMIT 1)` asks no more than without the limit.
fn without_limit(query: &mut Query) {
    let some = match &query.limit_clause {
        Some(LimitClause::LimitOffset { limit: Some(limit), offset: None, limit_by }) if limit_by.is_empty() => is_narrow(limit),
        _ => false,
    };
    if some && !matches!(&query.limit_clause, Some(clause) if clause.to_string().trim() == "LIMIT 0") {
        query.limit_clause = None;
    }
}

/// NULL for a subquery that never has a row; an aggregate around the one value of one that has at most one row.
fn scalar_subquery(query: &mut Query) -> Option<Expr> {
    if reads_empty(query) {
        return Some(null());
    }
    let SetExpr::Select(select) = query.body.as_mut() else { return None };
    if !reads_system(select) || is_aggregated(select) || select.selection.is_none() || query.limit_clause.is_some() {
        return None;
    }
    if let [SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }] = select.projection.as_mut_slice() {
        // Of any type, which a literal has not.
        let literal = matches!(expr, Expr::Value(_));
        *expr = call(if literal { "max" } else { "first_value" }, vec![expr.clone()]);
        query.order_by = None;
    }
    None
}

/// `ARRAY(SELECT ...)`.
fn is_array_subquery(function: &Function) -> bool {
    let is_array = function.name.to_string().eq_ignore_ascii_case("array");
    is_array && matches!(function.args, FunctionArguments::Subquery(_))
}

/// `ARRAY(SELECT x ...)` as `(SELECT array_agg(x) ...)`, or NULL where there is nothing to collect.
fn array_subquery(function: &Function) -> Option<Expr> {
    if !is_array_subquery(function) {
        return None;
    }
    let FunctionArguments::Subquery(query) = &function.args else { return None };
    if reads_empty(query) {
        return Some(empty_array());
    }
    let mut query = query.clone();
    let SetExpr::Select(select) = query.body.as_mut() else { return None };
    if is_unnest_of_reloptions(select) {
        return Some(null_array());
    }
    if is_aggregated(select) || query.limit_clause.is_some() {
        return None;
    }
    if let [SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }] = select.projection.as_mut_slice() {
        let order = query.order_by.take().map(|order| format!(" {order}")).unwrap_or_default();
        let series = crate::dialect::is_series(expr);
        let element = if series { "\"element\"".to_owned() } else { expr.to_string() };
        let rows = if series && select.from.is_empty() {
            format!(" FROM (SELECT {expr} AS \"element\") AS \"rows\"")
        } else {
            String::new()
        };
        if series && rows.is_empty() {
            return None;
        }
        let list = parsed(&format!("array_agg({element}{order})"))?;
        if series {
            return parsed(&format!("array_or_empty((SELECT {list}{rows}))"));
        }
        *expr = list;
        return parsed(&format!("array_or_empty(({query}))"));
    }
    None
}

/// An expression from its text, which was made of parsed parts.
fn parsed(text: &str) -> Option<Expr> {
    Parser::new(&PostgreSqlDialect {}).try_with_sql(text).ok()?.parse_expr().ok()
}

/// A query from its text, which was made of parsed parts.
fn parsed_query(text: &str) -> Option<Query> {
    Parser::new(&PostgreSqlDialect {}).try_with_sql(text).ok()?.parse_query().ok().map(|query| *query)
}

/// TOAST options, which psql appends to a table's own: there is no TOAST.
fn is_unnest_of_reloptions(select: &Select) -> bool {
    let [from] = select.from.as_slice() else { return false };
    let text = from.relation.to_string();
    text.contains("unnest(") && text.contains(".reloptions")
}

/// `LIKE p ESCAPE '/'` as `LIKE like_escape(p, '/')`: only the backslash is planned.
fn backslash_escapes(pattern: &mut Box<Expr>, escape: &mut Option<ValueWithSpan>) {
    match escape.as_ref().map(|escape| &escape.value) {
        Some(Value::SingleQuotedString(character)) if character != "\\" => {
            let character = Expr::Value(Value::SingleQuotedString(character.clone()).into());
            **pattern = call("like_escape", vec![pattern.as_ref().clone(), character]);
            *escape = None;
        }
        _ => {}
    }
}

/// `'{a,b}'` and `'{a,b}'::text[]` as `ARRAY['a', 'b']`.
fn array_literal(expr: &Expr) -> Option<Expr> {
    let (value, element) = match expr {
        Expr::Nested(inner) => return array_literal(inner),
        Expr::Cast { expr, data_type: DataType::Array(ArrayElemTypeDef::SquareBracket(element, _)), .. } => {
            (expr.as_ref(), Some(element.as_ref().clone()))
        }
        other => (other, None),
    };
    let Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(text), .. }) = value else { return None };
    let elements = crate::types::array::parse(text).ok()?;
    let elements = elements.into_iter().map(|item| {
        let literal = match item {
            crate::types::array::Element::Null => null(),
            crate::types::array::Element::Value(text) => Expr::Value(Value::SingleQuotedString(text).into()),
            crate::types::array::Element::Array(_) => return None,
        };
        Some(match &element {
            None => literal,
            Some(data_type) => Expr::Cast {
                kind: CastKind::DoubleColon,
                expr: Box::new(literal),
                data_type: data_type.clone(),
                array: false,
                format: None,
            },
        })
    });
    let elem = elements.collect::<Option<Vec<_>>>()?;
    Some(Expr::Array(datafusion::sql::sqlparser::ast::Array { elem, named: true }))
}

/// Whether a query has no row because of what it reads.
fn reads_empty(query: &Query) -> bool {
    match query.body.as_ref() {
        SetExpr::Select(select) => from_is_empty(select) && !is_aggregated(select),
        _ => false,
    }
}

/// Whether one of the tables that must match is always empty.
fn from_is_empty(select: &Select) -> bool {
    select.from.iter().any(|from| {
        let inner = from.joins.iter().filter(|join| {
            matches!(join.join_operator, JoinOperator::Join(_) | JoinOperator::Inner(_) | JoinOperator::CrossJoin(_))
        });
        let outer_keeps_left = from.joins.iter().all(|join| {
            !matches!(join.join_operator, JoinOperator::Right(_) | JoinOperator::RightOuter(_) | JoinOperator::FullOuter(_))
        });
        let mut tables = std::iter::once(&from.relation).chain(inner.map(|join| &join.relation));
        outer_keeps_left && tables.any(|table| catalog_table(table).is_some_and(|name| is_always_empty(&name)))
    })
}

/// Whether it reads a system table.
fn reads_system(select: &Select) -> bool {
    relations(select).filter_map(catalog_table).any(|name| is_system_table(&name))
}

/// What stands in FROM, joined or alone.
pub(crate) fn relations(select: &Select) -> impl Iterator<Item = &TableFactor> {
    select.from.iter().flat_map(|from| std::iter::once(&from.relation).chain(from.joins.iter().map(|join| &join.relation)))
}

/// The name of a table if it may be one of `pg_catalog`.
fn catalog_table(table: &TableFactor) -> Option<String> {
    let TableFactor::Table { name, args: None, .. } = table else { return None };
    let parts: Vec<&Ident> = name.0.iter().filter_map(ObjectNamePart::as_ident).collect();
    match parts.as_slice() {
        [name] if name.value.starts_with("pg_") => Some(name.value.clone()),
        [schema, name] if schema.value == "pg_catalog" => Some(name.value.clone()),
        _ => None,
    }
}

/// Whether a row comes out even if none goes in.
fn is_aggregated(select: &Select) -> bool {
    let grouped = match &select.group_by {
        GroupByExpr::Expressions(expressions, _) => !expressions.is_empty(),
        GroupByExpr::All(_) => true,
    };
    grouped || select.projection.iter().any(aggregates)
}

/// Whether there is a subquery in it.
fn has_subquery(part: &impl Visit) -> bool {
    struct Finder;
    impl Visitor for Finder {
        type Break = ();
        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            match expr {
                Expr::Subquery(_) | Expr::Exists { .. } | Expr::InSubquery { .. } => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            }
        }
    }
    part.visit(&mut Finder).is_break()
}

/// Whether there is an aggregate in it.
fn aggregates(part: &impl Visit) -> bool {
    struct Finder;
    impl Visitor for Finder {
        type Break = ();
        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            let Expr::Function(function) = expr else { return ControlFlow::Continue(()) };
            let name = function.name.0.last().and_then(ObjectNamePart::as_ident).map(|ident| ident.value.to_ascii_lowercase());
            match name.as_deref() {
                Some(
                    "count" | "max" | "min" | "sum" | "avg" | "string_agg" | "array_agg" | "bool_or" | "bool_and" | "every"
                    | "json_agg" | "jsonb_agg" | "json_object_agg" | "jsonb_object_agg",
                ) => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            }
        }
    }
    part.visit(&mut Finder).is_break()
}

/// Whether a function has this name, with or without its schema.
fn is_named(function: &ObjectName, name: &str) -> bool {
    function.0.last().and_then(ObjectNamePart::as_ident).is_some_and(|last| last.value.eq_ignore_ascii_case(name))
}

fn call(name: &str, arguments: Vec<Expr>) -> Expr {
    let arguments = arguments.into_iter().map(|argument| FunctionArg::Unnamed(FunctionArgExpr::Expr(argument)));
    Expr::Function(Function {
        name: ObjectName::from(vec![Ident::new(name)]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList {
            duplicate_treatment: None,
            args: arguments.collect(),
            clauses: Vec::new(),
        }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
}

fn null() -> Expr {
    Expr::Value(Value::Null.into())
}

fn boolean(value: bool) -> Expr {
    Expr::Value(Value::Boolean(value).into())
}

fn as_text_array(expr: Expr) -> Expr {
    as_type(expr, DataType::Array(ArrayElemTypeDef::SquareBracket(Box::new(DataType::Text), None)))
}

fn null_array() -> Expr {
    as_text_array(null())
}

fn empty_array() -> Expr {
    as_text_array(Expr::Array(datafusion::sql::sqlparser::ast::Array { elem: Vec::new(), named: true }))
}

fn is_null_array(expr: &Expr) -> bool {
    *expr == null_array()
}
