//! Statements into logical plans: names over the search path, one snapshot per topic, views in place.
//!
//! **Invariant:** within one statement a topic is pinned once, however often and through however many views it is named.

mod function_names;
mod functions;

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::FieldRef;
use datafusion::catalog::TableProvider;
use datafusion::catalog::cte_worktable::CteWorkTable;
use datafusion::catalog::view::ViewTable;
use datafusion::common::TableReference;
use datafusion::datasource::provider_as_source;
use datafusion::execution::SessionState;
use datafusion::logical_expr::{LogicalPlan, TableSource};
use datafusion::sql::parser::Statement as DfStatement;
use datafusion::sql::planner::{NullOrdering, ParserOptions, PlannerContext, SqlToRel};
use datafusion::sql::resolve::resolve_table_references;
use datafusion::sql::sqlparser::ast::{ObjectName, Statement};
use strata_catalog::View;

use super::column_names;
use super::relations::{Relation, Relations};
use super::sql_type::CastTypes;
use super::statement::{Command, parse};
use crate::Result;
use crate::error::{EngineError, ObjectClass};
use crate::users::MayRead;

/// How deep views may stand on views.
const VIEW_DEPTH_MAX: usize = 32;

/// Plans one statement.
pub(crate) struct Planner<'a> {
    state: &'a SessionState,
    relations: Arc<Relations>,
    search_path: Vec<String>,
    cast_types: Arc<CastTypes>,
    pinned: HashMap<(String, String), Arc<dyn TableProvider>>,
    named: HashMap<TableReference, Arc<dyn TableSource>>,
    depth: usize,
}

impl<'a> Planner<'a> {
    /// A planner for one statement of the session that `relations` belongs to.
    pub fn new(state: &'a SessionState, relations: Arc<Relations>) -> Self {
        let search_path = relations.session().search_path();
        let zone = relations.session().setting("TimeZone").unwrap_or_else(|| "UTC".to_owned());
        Self {
            state,
            relations,
            search_path,
            cast_types: Arc::new(CastTypes { zone }),
            pinned: HashMap::new(),
            named: HashMap::new(),
            depth: 0,
        }
    }

    /// Makes `name` mean `source` in this statement.
    pub fn name(&mut self, name: &str, source: Arc<dyn TableSource>) {
        self.named.insert(TableReference::bare(name), source);
    }

    /// Plans a query, or an INSERT whose target was given with [`Planner::name`]. `parameters` are the types of `$1`, `$2` ... as far as
    /// they are known; empty means that none is known.
    ///
    /// # Errors
    /// Undefined names; whatever else DataFusion finds wrong.
    pub async fn plan(&mut self, mut statement: Statement, parameters: Vec<Option<FieldRef>>) -> Result<LogicalPlan> {
        column_names::assign(&mut statement)?;
        for extension in self.relations.extensions() {
            extension.reword(&mut statement);
        }
        function_names::join(&mut statement);
        let statement = DfStatement::Statement(Box::new(statement));
        let (references, _) = resolve_table_references(&statement, true)?;
        for reference in references {
            self.pin(reference).await?;
        }
        let DfStatement::Statement(statement) = statement else { unreachable!("built three lines above") };
        let mut context = PlannerContext::new().with_prepare_param_data_types(parameters);
        let planner = SqlToRel::new_with_options(&*self, parser_options(self.depth == 0));
        Ok(planner.sql_statement_to_plan_with_context(*statement, &mut context)?)
    }

    /// The view as a table: its query, planned.
    pub async fn view(&mut self, view: &View) -> Result<Arc<dyn TableProvider>> {
        if self.depth == VIEW_DEPTH_MAX {
            return Err(EngineError::Refused {
                reason: crate::error::Refusal::StatementTooComplex,
                message: format!("view \"{}.{}\" stands on too many views, or on itself", view.schema, view.name),
                hint: None,
            });
        }
        let mut statements = parse(&view.query)?;
        let command = statements.pop().and_then(|parsed| parsed.command);
        let Some(Command::Sql(statement)) = command.as_deref() else {
            return Err(EngineError::Internal(format!("view \"{}.{}\" has no query", view.schema, view.name)));
        };
        // The text of a view names everything in full; what the user's path says is nothing to it.
        let mut inner = Planner {
            state: self.state,
            relations: self.relations.clone(),
            search_path: vec!["pg_catalog".to_owned()],
            cast_types: self.cast_types.clone(),
            pinned: std::mem::take(&mut self.pinned),
            named: HashMap::new(),
            depth: self.depth + 1,
        };
        let plan = Box::pin(inner.plan(statement.as_ref().clone(), Vec::new())).await;
        self.pinned = inner.pinned;
        Ok(Arc::new(ViewTable::new(plan?, Some(view.query.clone()))))
    }

    async fn pin(&mut self, reference: TableReference) -> Result<()> {
        if self.named.contains_key(&reference) {
            return Ok(());
        }
        // What is not found may still be a table function; if it is none, planning says so.
        let Some((schema, name, relation)) = self.relations.resolve(&reference, &self.search_path)? else { return Ok(()) };
        let key = (schema, name);
        // Pinned or not: what a view has read before is not the user's to read.
        let allowed = match self.depth {
            0 => self.relations.may_read(&key.0, &key.1, &relation)?,
            _ => MayRead::through_a_view(),
        };
        let provider = match self.pinned.get(&key) {
            Some(provider) => provider.clone(),
            None => {
                let provider = match &relation {
                    Relation::Topic(topic) => self.relations.topic_table(topic, allowed),
                    Relation::View(view) => self.view(view).await?,
                    Relation::System => {
                        let Some(table) = self.relations.system_table(&key.0, &key.1).await? else { return Ok(()) };
                        table
                    }
                };
                self.pinned.insert(key, provider.clone());
                provider
            }
        };
        self.named.insert(reference, provider_as_source(provider));
        Ok(())
    }
}

/// A name in a statement as a reference, folded as PostgreSQL folds it.
///
/// # Errors
/// Names of more than three parts.
pub(crate) fn table_reference(name: &ObjectName) -> Result<TableReference> {
    Ok(datafusion::sql::planner::object_name_to_table_reference(name.clone(), true)?)
}

/// The error of a name that nothing has.
pub(crate) fn undefined_relation(name: &str) -> EngineError {
    EngineError::Undefined { what: ObjectClass::Relation, name: name.to_owned(), hint: None }
}

/// Only places in the client's own text are told.
fn parser_options(tells_places: bool) -> ParserOptions {
    ParserOptions::new()
        .with_collect_spans(tells_places)
        .with_map_string_types_to_utf8view(true)
        .with_support_varchar_with_length(true)
        .with_parse_float_as_decimal(true)
        .with_default_null_ordering(NullOrdering::NullsMax)
}

fn work_table(name: &str, schema: arrow::datatypes::SchemaRef) -> Arc<dyn TableSource> {
    provider_as_source(Arc::new(CteWorkTable::new(name, schema)))
}
