//! Which views stand on which relations. The text of a view names all of them in full.

use std::ops::ControlFlow;
use std::sync::Arc;

use datafusion::common::TableReference;
use datafusion::sql::sqlparser::ast::{ObjectName, Visit, Visitor};
use strata_catalog::View;

use crate::engine::Engine;
use crate::session::planner::table_reference;
use crate::session::statement::{Command, parse};

/// The views whose query names `schema.name`.
pub(super) fn dependent_views(engine: &Engine, schema: &str, name: &str) -> Vec<Arc<View>> {
    let mut views = engine.topics().views();
    views.retain(|view| (view.schema.as_str(), view.name.as_str()) != (schema, name) && names(&view.query, schema, name));
    views
}

fn names(query: &str, schema: &str, name: &str) -> bool {
    struct Search<'a>(&'a str, &'a str);
    impl Visitor for Search<'_> {
        type Break = ();

        fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
            match table_reference(relation) {
                Ok(TableReference::Partial { schema, table }) if (&*schema, &*table) == (self.0, self.1) => {
                    ControlFlow::Break(())
                }
                _ => ControlFlow::Continue(()),
            }
        }
    }
    let Ok(parsed) = parse(query) else { return false };
    parsed.iter().any(|parsed| match parsed.command.as_deref() {
        Some(Command::Sql(statement)) => statement.visit(&mut Search(schema, name)).is_break(),
        _ => false,
    })
}
