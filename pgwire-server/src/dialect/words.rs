//! What is written in PostgreSQL's grammar and planned in other words.
//!
//! | written | planned | by |
//! |---|---|---|
//! | `interval '1 day 2:03'`, `'1.10'::numeric` | `CAST('1 day 2:03' AS interval)`, `CAST('1.10' AS numeric(3,2))` | [`literal`] |
//! | `@ x`, `extract(day FROM x)`, `x AT TIME ZONE 'z'` | `abs(x)`, `extract('day', x)`, `timezone('z', x)` | [`literal`] |
//! | `x LIKE 'a!%' ESCAPE '!'`, `x SIMILAR TO '(a|b)%'` | `x LIKE 'a\%'`, `x ~ '^(?:(a|b).*)$'` | [`pattern`] |
//! | `jsonb_agg(x ORDER BY y)`, `mode() WITHIN GROUP (ORDER BY x)` | `jsonb_of(array_agg(to_jsonb(x) ORDER BY y))`, ... | [`aggregate`] |
//! | `(a, b) < (c, d)`, `(a, b) OVERLAPS (c, d)` | comparisons of the parts | [`row`] |
//! | `SELECT generate_series(1, 3)`, `FROM f(x) AS y` | `SELECT unnest(generate_series(1, 3))`, `FROM unnest(f(x)) AS y(y)` | [`series`] |
//! | `FETCH FIRST 3 ROWS ONLY`, `LIMIT ALL` | `LIMIT 3`, nothing | here |

mod aggregate;
mod literal;
mod pattern;
mod row;
mod series;

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, LimitClause, Query, Select, Statement, TableFactor, Value, ValueWithSpan, VisitMut, VisitorMut,
};
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::parser::Parser;

/// Whether an expression calls a function that gives rows.
pub(super) fn is_series(expr: &Expr) -> bool {
    matches!(expr, Expr::Function(function) if series::is_series(&function.name) || function.name.to_string().eq_ignore_ascii_case("unnest"))
}

/// Rewords all of a statement.
pub(super) fn statement(statement: &mut Statement) {
    let _: ControlFlow<()> = statement.visit(&mut Words);
}

struct Words;

impl VisitorMut for Words {
    type Break = ();

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        fetch_as_limit(query);
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        series::expand_list(select);
        ControlFlow::Continue(())
    }

    fn post_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
        series::expand_factor(factor);
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        let other = literal::reword(expr)
            .or_else(|| aggregate::reword(expr))
            .or_else(|| pattern::reword(expr))
            .or_else(|| row::reword(expr));
        if let Some(other) = other {
            *expr = other;
        }
        ControlFlow::Continue(())
    }
}

/// `FETCH FIRST n ROWS ONLY` is `LIMIT n`; `LIMIT NULL` is none.
fn fetch_as_limit(query: &mut Query) {
    if let Some(fetch) = query.fetch.take_if(|fetch| !fetch.with_ties && !fetch.percent) {
        let count = fetch.quantity.or_else(|| parsed("1"));
        match &mut query.limit_clause {
            Some(LimitClause::LimitOffset { limit, .. }) => *limit = count,
            clause => *clause = Some(LimitClause::LimitOffset { limit: count, offset: None, limit_by: Vec::new() }),
        }
    }
    if let Some(LimitClause::LimitOffset { limit, .. }) = &mut query.limit_clause
        && matches!(limit, Some(Expr::Value(ValueWithSpan { value: Value::Null, .. })))
    {
        *limit = None;
    }
}

/// An expression from its text, which is made of parts that were parsed before. If it does not parse, what was written stays, and
/// the planner says what it lacks.
fn parsed(text: &str) -> Option<Expr> {
    let mut parser = Parser::new(&PostgreSqlDialect {}).try_with_sql(text).ok()?;
    parser.parse_expr().ok()
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
