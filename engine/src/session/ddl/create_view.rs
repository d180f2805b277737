//! `CREATE VIEW`: a query under a name. It is kept as text in which every relation is named in full.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{CreateView, Ident, ObjectName, Query, Statement, VisitMut, VisitorMut};
use strata_catalog::{NewView, View};

use super::Created;
use crate::Result;
use crate::error::{EngineError, ObjectClass, Refusal};
use crate::session::Session;
use crate::session::execution::Running;
use crate::session::insert::folded;
use crate::session::outcome::Outcome;
use crate::session::planner::{Planner, table_reference};
use crate::session::relations::{Relation, Relations};
use crate::session::select::parameter_count;

impl Session {
    pub(super) async fn create_view(&self, create: &CreateView, running: &Running) -> Result<Outcome> {
        if create.materialized || create.temporary {
            return Err(EngineError::Unsupported {
                message: "materialized and temporary views are not supported".into(),
                hint: Some("Use CREATE VIEW, or CREATE TABLE AS.".into()),
            });
        }
        let (schema, name) = self.new_name(&create.name)?;
        let mut replaces = false;
        match self.relations.find(&schema, &name) {
            None => {}
            Some(Relation::View(_)) if create.or_replace => replaces = true,
            Some(_) if create.if_not_exists => {
                self.notice(format!("relation \"{name}\" already exists, skipping"), None);
                return Ok(Outcome::done("CREATE VIEW"));
            }
            Some(Relation::View(_)) => return Err(EngineError::Duplicate { what: ObjectClass::Relation, name }),
            Some(_) if create.or_replace => {
                return Err(EngineError::Refused {
                    reason: Refusal::WrongObjectType,
                    message: format!("\"{name}\" is not a view"),
                    hint: None,
                });
            }
            Some(_) => return Err(EngineError::Duplicate { what: ObjectClass::Relation, name }),
        }
        if replaces {
            let made = Created::View(schema.clone(), name.clone());
            self.refuse_in_block("CREATE OR REPLACE VIEW", |created| *created == made)?;
        }
        let query = self.view_query(create, running).await?;
        let view = NewView { schema: schema.clone(), name: name.clone(), query };
        self.engine.topics().create_view(view, create.or_replace).await?;
        if !replaces {
            self.created(Created::View(schema, name));
        }
        Ok(Outcome::done("CREATE VIEW"))
    }

    /// The query's text with full names, after a look whether it can be planned.
    async fn view_query(&self, create: &CreateView, running: &Running) -> Result<String> {
        let mut query = create.query.clone();
        if parameter_count(&Statement::Query(query.clone()))? > 0 {
            return Err(EngineError::Refused {
                reason: Refusal::InvalidDefinition,
                message: "views cannot have parameters".into(),
                hint: None,
            });
        }
        let state = self.context.state();
        qualify(&mut query, &self.relations, &self.info.search_path())?;
        // Planned as it will be each time it is used, so that a name that only the user's path finds is seen now.
        let draft = View { oid: 0, schema: String::new(), name: "new view".into(), query: query.to_string() };
        let mut planner = Planner::new(&state, self.relations.clone());
        let table = running.unless_stopped(planner.view(&draft)).await?;
        let shown = crate::session::column_names::shown(&table.schema());
        let mut names: Vec<String> = shown.fields().iter().map(|field| field.name().clone()).collect();
        let given: Vec<String> = create.columns.iter().map(|column| folded(&column.name)).collect();
        if given.len() > names.len() {
            return Err(EngineError::Syntax {
                message: "CREATE VIEW specifies more column names than columns".into(),
                position: None,
            });
        }
        names.splice(..given.len(), given.iter().cloned());
        for (i, name) in names.iter().enumerate() {
            if names[..i].contains(name) {
                return Err(EngineError::Duplicate { what: ObjectClass::Column, name: name.clone() });
            }
        }
        if given.is_empty() {
            return Ok(query.to_string());
        }
        let list: Vec<String> = names.iter().map(|name| Ident::with_quote('"', name).to_string()).collect();
        Ok(format!("SELECT * FROM ({query}) AS \"view\" ({})", list.join(", ")))
    }
}

/// Writes schemas before the names of relations, except those that a WITH made.
fn qualify(query: &mut Query, relations: &Relations, search_path: &[String]) -> Result<()> {
    struct Qualifier<'a> {
        relations: &'a Relations,
        search_path: &'a [String],
        with: Vec<Vec<String>>,
    }
    impl VisitorMut for Qualifier<'_> {
        type Break = EngineError;

        fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<EngineError> {
            let tables = query.with.iter().flat_map(|with| &with.cte_tables);
            self.with.push(tables.map(|table| folded(&table.alias.name)).collect());
            ControlFlow::Continue(())
        }

        fn post_visit_query(&mut self, _query: &mut Query) -> ControlFlow<EngineError> {
            self.with.pop();
            ControlFlow::Continue(())
        }

        fn pre_visit_relation(&mut self, relation: &mut ObjectName) -> ControlFlow<EngineError> {
            if let [part] = relation.0.as_slice()
                && let Some(ident) = part.as_ident()
                && self.with.iter().flatten().any(|name| *name == folded(ident))
            {
                return ControlFlow::Continue(());
            }
            let resolved = table_reference(relation).and_then(|reference| self.relations.resolve(&reference, self.search_path));
            match resolved {
                Ok(Some((schema, name, _))) => {
                    *relation = ObjectName::from(vec![Ident::with_quote('"', schema), Ident::with_quote('"', name)]);
                    ControlFlow::Continue(())
                }
                // A table function, or a mistake that planning reports.
                Ok(None) => ControlFlow::Continue(()),
                Err(error) => ControlFlow::Break(error),
            }
        }
    }
    match query.visit(&mut Qualifier { relations, search_path, with: Vec::new() }) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(error) => Err(error),
    }
}
