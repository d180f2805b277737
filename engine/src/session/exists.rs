//! `SELECT EXISTS (...)`: DataFusion knows EXISTS in conditions only, so in a list it becomes a count of at most one row.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{Expr, Query, SelectItem, SetExpr, Statement, VisitMut, VisitorMut, visit_expressions_mut};
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::parser::Parser;

/// Rewrites EXISTS in all `SELECT` lists. Runs after columns got their names.
pub(crate) fn rewrite(statement: &mut Statement) {
    let _: ControlFlow<()> = statement.visit(&mut Lists);
}

struct Lists;

impl VisitorMut for Lists {
    type Break = ();

    fn post_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        if let SetExpr::Select(select) = query.body.as_mut() {
            for item in &mut select.projection {
                if let SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } = item {
                    let _: ControlFlow<()> = visit_expressions_mut(expr, |expr| {
                        if let Some(counted) = counted(expr) {
                            *expr = counted;
                        }
                        ControlFlow::Continue(())
                    });
                }
            }
        }
        ControlFlow::Continue(())
    }
}

/// `(SELECT count(*) > 0 FROM (query LIMIT 1))`; `None` for anything but EXISTS.
fn counted(expr: &Expr) -> Option<Expr> {
    let Expr::Exists { subquery, negated } = expr else { return None };
    let limit = if subquery.limit_clause.is_none() && subquery.fetch.is_none() { " LIMIT 1" } else { "" };
    let comparison = if *negated { "= 0" } else { "> 0" };
    let sql = format!("(SELECT count(*) {comparison} AS \"exists\" FROM ({subquery}{limit}) AS \"rows\")");
    // The text is that of a statement that was parsed before; if it does not parse again, DataFusion says what it lacks.
    Parser::new(&PostgreSqlDialect {}).try_with_sql(&sql).and_then(|mut parser| parser.parse_expr()).ok()
}
