//! The DataFusion context of a session: its own catalog and functions, over what all sessions share.

use std::sync::Arc;

use datafusion::catalog::{CatalogProviderList, MemoryCatalogProviderList};
use datafusion::config::Dialect;
use datafusion::execution::{FunctionRegistry, SessionStateBuilder};
use datafusion::optimizer::Optimizer;
use datafusion::prelude::{SessionConfig, SessionContext};

use super::SessionInfo;
use super::function;
use super::interval::IntervalPlanner;
use super::null_of_lists::NullOfLists;
use super::relations::Relations;
use super::set_operation::SetOperations;
use super::subquery::Subqueries;
use super::timestamp_text::TimestampToText;
use super::zone::SessionZone;
use crate::Result;
use crate::engine::Engine;

/// Rows of a batch between operators.
const BATCH_ROWS: usize = 8192;

/// Builds the context and registers everything that a session gets.
pub(super) fn build(engine: &Arc<Engine>, session: &Arc<SessionInfo>) -> Result<(SessionContext, Arc<Relations>)> {
    let relations = Relations::new(engine.clone(), session.clone());
    let catalogs: Arc<dyn CatalogProviderList> = Arc::new(MemoryCatalogProviderList::new());
    catalogs.register_catalog(session.database.clone(), relations.clone());

    let mut config = SessionConfig::new()
        .with_default_catalog_and_schema(&session.database, "logs")
        .with_create_default_catalog_and_schema(false)
        .with_information_schema(false)
        .with_target_partitions(engine.config().threads.max(1))
        .with_batch_size(BATCH_ROWS);
    config.options_mut().sql_parser.dialect = Dialect::PostgreSQL;
    let mut rules = Optimizer::new().rules;
    rules.insert(0, Arc::new(NullOfLists));
    let mut builder = SessionStateBuilder::new()
        .with_default_features()
        .with_optimizer_rules(rules)
        .with_analyzer_rule(Arc::new(Subqueries))
        .with_analyzer_rule(Arc::new(SetOperations))
        .with_config(config)
        .with_runtime_env(engine.sessions().runtime().clone())
        .with_catalog_list(catalogs);
    for rule in crate::scan::physical_rules() {
        builder = builder.with_physical_optimizer_rule(rule);
    }
    let context = SessionContext::new_with_state(builder.build());
    relations.attach(context.state_weak_ref());

    function::register(&context, engine, session);
    crate::jsonb::register(&context)?;
    crate::text_search::register(&context)?;
    context.state_ref().write().register_function_rewrite(Arc::new(SessionZone))?;
    context.state_ref().write().register_function_rewrite(Arc::new(TimestampToText))?;
    context.state_ref().write().register_expr_planner(Arc::new(IntervalPlanner))?;
    relations.register("sys", Arc::new(crate::system::SystemSchema::new(engine.clone(), session.clone())))?;
    for extension in engine.extensions() {
        extension.register(&context, engine, session)?;
    }
    Ok((context, relations))
}
