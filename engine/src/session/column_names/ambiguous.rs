//! Names that two columns of a table in FROM share, where somebody says them.
//!
//! Such a column is marked, so that its name is nobody's there; the planner would look for it in the tables beside it and in the query
//! around it, and find another one. PostgreSQL calls the name ambiguous. Which table a bare name is of is not known before planning, so
//! it is refused wherever a table with shared names of it might be meant: never a wrong column, at the price of a few statements in
//! which the same name, without its table, means something else far away.

use std::collections::HashSet;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{Expr, JoinConstraint, JoinOperator, Query, Statement, TableWithJoins, Visit, Visitor};

use super::super::insert::folded;
use super::{first_select, shared_names};
use crate::Result;
use crate::error::EngineError;

/// Refuses a statement that says one of the names outside of the tables whose columns share it.
///
/// # Errors
/// The name is ambiguous.
pub(super) fn check(statement: &Statement, hidden: &HashSet<String>) -> Result<()> {
    let mut scopes = Scopes { hidden, open: vec![Scope::default()] };
    if statement.visit(&mut scopes).is_break() {
        let name = hidden.iter().min().map_or("", String::as_str);
        return Err(EngineError::ambiguous(name));
    }
    match scopes.open.pop().and_then(|scope| scope.said.into_iter().min()) {
        Some(name) => Err(EngineError::ambiguous(&name)),
        None => Ok(()),
    }
}

/// A query with all that is in it.
#[derive(Default)]
struct Scope {
    /// Names that its columns share.
    shares: HashSet<String>,
    /// Names that those of the queries in it share.
    within: HashSet<String>,
    /// Names that are said and that no query around them but in this one explains.
    said: HashSet<String>,
}

struct Scopes<'a> {
    hidden: &'a HashSet<String>,
    open: Vec<Scope>,
}

impl Visitor for Scopes<'_> {
    /// A NATURAL JOIN, whose columns nobody says.
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let select = first_select(&query.body);
        if select.is_some_and(|select| select.from.iter().any(has_natural_join)) {
            return ControlFlow::Break(());
        }
        let shares = select.map(shared_names).unwrap_or_default();
        self.open.push(Scope { shares: shares.intersection(self.hidden).cloned().collect(), ..Scope::default() });
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _query: &Query) -> ControlFlow<()> {
        let Some(Scope { shares, mut within, mut said }) = self.open.pop() else { return ControlFlow::Continue(()) };
        // Said by the table itself, of the tables that it is made of.
        said.retain(|name| !shares.contains(name) || within.contains(name));
        within.extend(shares);
        if let Some(around) = self.open.last_mut() {
            around.within.extend(within);
            around.said.extend(said);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        if let Expr::Identifier(name) = expr
            && let name = folded(name)
            && self.hidden.contains(&name)
            && let Some(scope) = self.open.last_mut()
        {
            scope.said.insert(name);
        }
        ControlFlow::Continue(())
    }
}

fn has_natural_join(from: &TableWithJoins) -> bool {
    from.joins.iter().any(|join| match &join.join_operator {
        JoinOperator::Join(constraint)
        | JoinOperator::Inner(constraint)
        | JoinOperator::Left(constraint)
        | JoinOperator::LeftOuter(constraint)
        | JoinOperator::Right(constraint)
        | JoinOperator::RightOuter(constraint)
        | JoinOperator::FullOuter(constraint) => matches!(constraint, JoinConstraint::Natural),
        _ => false,
    })
}

/// Which of some names are said.
pub(super) struct Said<'a> {
    among: &'a HashSet<String>,
    pub(super) names: HashSet<String>,
}

impl<'a> Said<'a> {
    pub(super) fn among(names: &'a HashSet<String>) -> Self {
        Self { among: names, names: HashSet::new() }
    }
}

impl Visitor for Said<'_> {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        if let Expr::Identifier(name) = expr {
            self.names.extend(Some(folded(name)).filter(|name| self.among.contains(name)));
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use crate::error::{EngineError, Refusal};
    use crate::session::column_names::assign;
    use crate::session::statement::{Command, parse};

    #[test]
    fn who_says_a_shared_name_is_told_so() {
        for (sql, ambiguous) in [
            ("SELECT n FROM (SELECT 1 AS n, 2 AS n) x, (SELECT 3 AS n) y", true),
            ("SELECT (SELECT n FROM (SELECT 1 AS n, 2 AS n) q) FROM (SELECT 9 AS n) o", true),
            ("SELECT 1 FROM o WHERE k IN (SELECT k FROM (SELECT u.k, t.k FROM u, t) z)", true),
            ("SELECT n FROM (SELECT * FROM (SELECT 1 AS n, 2 AS n) x) y, (SELECT 3 AS n) z", true),
            ("SELECT n, n FROM (SELECT n, n FROM (SELECT 1 AS n, 2 AS n) x, (SELECT 3 AS n) y) z", true),
            ("WITH x AS (SELECT 1 AS n, 2 AS n) SELECT 1 FROM x WHERE EXISTS (SELECT 1 FROM y WHERE n = 3)", true),
            ("SELECT n FROM (SELECT 1 AS n, 2 AS n ORDER BY 1) x", true),
            ("SELECT n FROM ((SELECT 1 AS n, 2 AS n) UNION ALL (SELECT 3, 4)) t", true),
            ("SELECT * FROM (SELECT 1 AS a, 2 AS b, 3 AS b) x NATURAL JOIN (SELECT 1 AS a, 4 AS b) y", true),
            ("SELECT a AS n, b AS n FROM u ORDER BY n", true),
            ("SELECT 1 AS n, 2 AS n UNION SELECT 3, 4 ORDER BY n", true),
            // The other columns, all of them, and names within the table that shares them.
            ("SELECT m, x.m FROM (SELECT 1 AS n, 2 AS n, 3 AS m) x", false),
            ("SELECT * FROM (SELECT n, n FROM t WHERE n > 3 GROUP BY n) x", false),
            ("SELECT a AS n, a AS n FROM u ORDER BY n", false),
            ("SELECT n, n FROM u", false),
        ] {
            let Command::Sql(mut statement) = Command::clone(parse(sql).unwrap()[0].command.as_ref().unwrap()) else {
                panic!("no query")
            };
            match assign(&mut statement) {
                Ok(()) => assert!(!ambiguous, "{sql}"),
                Err(EngineError::Refused { reason, .. }) => assert!(ambiguous && reason == Refusal::Ambiguous, "{sql}"),
                Err(error) => panic!("{sql}: {error}"),
            }
        }
    }
}
