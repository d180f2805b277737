//! Functions in FROM that are called by schema and name.
//!
//! DataFusion looks a function in FROM up by the first part of its name. So `etl.plan_drop(3)` becomes a function of one name
//! with a dot in it, which is what such functions are registered as; the rows go by the function's own name, as in
//! PostgreSQL.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{Ident, ObjectName, Statement, TableAlias, TableFactor, VisitMut, VisitorMut};

use crate::session::insert::folded;

/// Joins the names of all functions in FROM that have a schema.
pub(super) fn join(statement: &mut Statement) {
    let _: ControlFlow<()> = statement.visit(&mut Joiner);
}

struct Joiner;

impl VisitorMut for Joiner {
    type Break = ();

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
        if let TableFactor::Table { name, alias, args: Some(_), .. } = factor {
            let parts: Vec<String> = name.0.iter().filter_map(|part| part.as_ident()).map(folded).collect();
            if let [schema, function] = parts.as_slice() {
                if alias.is_none() {
                    let name = Ident::with_quote('"', function);
                    *alias = Some(TableAlias { explicit: true, name, columns: Vec::new(), at: None });
                }
                *name = ObjectName::from(vec![Ident::new(format!("{schema}.{function}"))]);
            }
        }
        ControlFlow::Continue(())
    }
}
