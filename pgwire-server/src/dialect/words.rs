//! What is written in PostgreSQL's grammar and planned in other words.
//!
//! | written | planned | by |
//! |---|---|---|
//! | `interval '1 day 2:03'`, `'1.10'::numeric` | `CAST('1 day 2:03' AS interval)`, `CAST('1.10' AS numeric(3,2))` | [`literal`] |
//! | `@ x`, `extract(day FROM x)`, `x AT TIME ZONE 'z'` | `abs(x)`, `extract('day', x)`, `timezone('z', x)` | [`literal`] |
//! | `x LIKE 'a!%' ESCAPE '!'`, `x SIMILAR TO '(a|b)%'` | `x LIKE 'a\%'`, `x ~ '^(?:(a|b).*)$'` | [`pattern`] |
//! | `jsonb_agg(x ORDER BY y)`, `mode() WITHIN GROUP (ORDER BY x)` | `jsonb_of(array_agg(to_jsonb(x) ORDER BY y))`, ... | [`aggregate`] |
//! | `(a, b) < (c, d)`, `(a, b) OVERLAPS (c, d)` | comparisons of the parts | [`row`] |
//! | `row_to_json(t)`, `json_agg(t)` where `t` is a table | `row_to_json(t.*)`, `jsonb_of(array_agg(to_jsonb(t.*)))` | [`record`] |
//! | `SELECT generate_series(1, 3)`, `FROM f(x) AS y` | `SELECT unnest(generate_series(1, 3))`, `FROM unnest(f(x)) AS y(y)` | [`series`] |
//! | `(a, b) IN (SELECT ...)` | `EXISTS (SELECT ... WHERE a = ... AND b = ...)` | [`row`] |
//! | `x[-1:n]`, `x[2:]` | bounds that are there, and not below 1 and 0 | [`slice`] |
//! | `FETCH FIRST 3 ROWS ONLY`, `LIMIT (SELECT 3)` | `LIMIT 3`, rows by their number | [`limit`] |
//! | `LATERAL (VALUES (t.a), (t.b))` | `LATERAL (SELECT t.a UNION ALL SELECT t.b)` | here |

mod aggregate;
mod limit;
mod literal;
mod pattern;
mod record;
mod row;
mod series;
mod slice;

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, ObjectName, ObjectNamePart, Query, Select, SetExpr, Statement, TableFactor, Value, ValueWithSpan, VisitMut, VisitorMut,
};
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::parser::Parser;

/// Whether an expression calls a function that gives rows.
pub(super) fn is_series(expr: &Expr) -> bool {
    let Expr::Function(function) = expr else { return false };
    FunctionName::of(&function.name).is_some_and(|name| series::is_one(name.as_str()) || name.as_str() == "unnest")
}

/// Rewords all of a statement.
pub(super) fn statement(statement: &mut Statement) {
    let _: ControlFlow<()> = statement.visit(&mut Words { records: false });
}

struct Words {
    /// Whether there is a call that may be of a whole row.
    records: bool,
}

impl VisitorMut for Words {
    type Break = ();

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        limit::reword(query);
        values_as_union(query);
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        series::expand_list(select);
        if let Some(condition) = &mut select.selection {
            literal::as_condition(condition);
            row::as_semi_join(condition);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        literal::bind_sign(expr);
        slice::bound(expr);
        ControlFlow::Continue(())
    }

    fn post_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
        series::expand_factor(factor);
        ControlFlow::Continue(())
    }

    fn post_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        if self.records {
            record::reword(select);
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        self.records |= record::may_be(expr);
        let other = literal::reword(expr)
            .or_else(|| aggregate::reword(expr))
            .or_else(|| pattern::reword(expr))
            .or_else(|| row::reword(expr))
            .or_else(|| slice::element(expr));
        if let Some(other) = other {
            *expr = other;
        }
        ControlFlow::Continue(())
    }
}

/// `VALUES` over columns, in a LATERAL, as lists one after the other: the planner wants all rows of `VALUES` to be of one field.
fn values_as_union(query: &mut Query) {
    let SetExpr::Values(values) = query.body.as_ref() else { return };
    let is_column = |expr: &Expr| matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_));
    if values.rows.len() < 2 || !values.rows.iter().any(|row| row.content.iter().any(is_column)) {
        return;
    }
    let named = |(nth, expr): (usize, &Expr)| format!("{expr} AS column{}", nth + 1);
    let list = |row: &Vec<Expr>| row.iter().enumerate().map(named).collect::<Vec<_>>().join(", ");
    let lists: Vec<String> = values.rows.iter().map(|row| format!("SELECT {}", list(&row.content))).collect();
    let statements = Parser::parse_sql(&PostgreSqlDialect {}, &lists.join(" UNION ALL "));
    if let Some(Statement::Query(union)) = statements.ok().and_then(|mut statements| statements.pop()) {
        query.body = union.body;
    }
}

/// An expression from its text, which is made of parts that were parsed before. If it does not parse, what was written stays, and
/// the planner says what it lacks.
/// Changes the expressions of a clause, inner ones first, but not those in subqueries, which have lists and names of their own.
fn outside_subqueries(clause: &mut impl VisitMut, change: impl FnMut(&mut Expr)) {
    struct Outside<F> {
        depth: usize,
        change: F,
    }
    impl<F: FnMut(&mut Expr)> VisitorMut for Outside<F> {
        type Break = ();

        fn pre_visit_query(&mut self, _query: &mut Query) -> ControlFlow<()> {
            self.depth += 1;
            ControlFlow::Continue(())
        }

        fn post_visit_query(&mut self, _query: &mut Query) -> ControlFlow<()> {
            self.depth -= 1;
            ControlFlow::Continue(())
        }

        fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
            if self.depth == 0 {
                (self.change)(expr);
            }
            ControlFlow::Continue(())
        }
    }
    let _: ControlFlow<()> = clause.visit(&mut Outside { depth: 0, change });
}

fn parsed(text: &str) -> Option<Expr> {
    let mut parser = Parser::new(&PostgreSqlDialect {}).try_with_sql(text).ok()?;
    parser.parse_expr().ok()
}

/// Most bytes of a name of PostgreSQL's.
const NAME_BYTES_MAX: usize = 63;

/// The name of a function in lower case, without the schema of PostgreSQL's own. Every call of every statement is asked for it, so it
/// stands on the stack.
struct FunctionName {
    bytes: [u8; NAME_BYTES_MAX],
    len: usize,
}

impl FunctionName {
    /// `None` for names in quotes, of other schemas, and for longer ones, which no function here has.
    fn of(name: &ObjectName) -> Option<Self> {
        let plain = |part: &ObjectNamePart| part.as_ident().is_some_and(|ident| ident.quote_style.is_none());
        let only = match name.0.as_slice() {
            [only] => only,
            [schema, only] if plain(schema) && schema.as_ident()?.value.eq_ignore_ascii_case("pg_catalog") => only,
            _ => return None,
        };
        let text = only.as_ident().filter(|_| plain(only))?.value.as_bytes();
        let mut bytes = [0; NAME_BYTES_MAX];
        bytes.get_mut(..text.len())?.copy_from_slice(text);
        bytes[..text.len()].make_ascii_lowercase();
        Some(Self { bytes, len: text.len() })
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.len]).unwrap_or_default()
    }
}

/// The text of a literal.
fn text_of(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(text) | Value::EscapedStringLiteral(text), .. }) => {
            Some(text)
        }
        Expr::Value(ValueWithSpan { value: Value::DollarQuotedString(text), .. }) => Some(&text.value),
        _ => None,
    }
}

/// A text as SQL writes it.
fn quoted(text: &str) -> String {
    crate::functions::quoting::literal(text)
}
