//! Names into relations: topics, views, system tables.
//!
//! One catalog a session. Schemas of topics are looked up afresh each time, so a topic created elsewhere is seen at once;
//! schemas of system tables are registered when the session begins.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock, Weak};

use async_trait::async_trait;
use datafusion::catalog::{CatalogProvider, SchemaProvider, TableProvider};
use datafusion::common::TableReference;
use datafusion::error::{DataFusionError, Result as PlanResult};
use datafusion::execution::SessionState;
use parking_lot::RwLock;
use strata_catalog::View;

use super::SessionInfo;
use super::planner::Planner;
use crate::Result;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::scan::TopicTable;
use crate::topics::TopicState;
use crate::users::{MayInsert, MayRead, Target};

/// What a name means.
#[derive(Debug, Clone)]
pub(crate) enum Relation {
    /// A topic.
    Topic(Arc<TopicState>),
    /// A view.
    View(Arc<View>),
    /// A system table.
    System,
}

/// Everything that a session can name.
#[derive(Debug)]
pub(crate) struct Relations {
    engine: Arc<Engine>,
    session: Arc<SessionInfo>,
    system: RwLock<BTreeMap<String, Arc<dyn SchemaProvider>>>,
    /// For planning views that are asked for by others than the planner.
    state: OnceLock<Weak<RwLock<SessionState>>>,
    me: Weak<Self>,
}

impl Relations {
    pub fn new(engine: Arc<Engine>, session: Arc<SessionInfo>) -> Arc<Self> {
        Arc::new_cyclic(|me| Self { engine, session, system: RwLock::default(), state: OnceLock::new(), me: me.clone() })
    }

    /// What the engine's extensions add to statements.
    pub fn extensions(&self) -> Vec<Arc<dyn crate::extension::SessionExtension>> {
        self.engine.extensions()
    }

    /// Tells it the state that views are planned with.
    pub fn attach(&self, state: Weak<RwLock<SessionState>>) {
        // A session attaches once; a second state would be a defect, and the first stays in use.
        let _ = self.state.set(state);
    }

    /// Adds a schema of system tables.
    pub fn register(&self, name: &str, schema: Arc<dyn SchemaProvider>) -> PlanResult<()> {
        self.register_schema(name, schema).map(drop)
    }

    pub fn session(&self) -> &Arc<SessionInfo> {
        &self.session
    }

    /// Whether a schema of that name is there, of topics or of the system.
    pub fn has_schema(&self, name: &str) -> bool {
        self.is_system(name) || self.engine.topics().has_schema(name)
    }

    /// Whether the schema is the system's own.
    pub fn is_system(&self, schema: &str) -> bool {
        self.system.read().contains_key(schema)
    }

    /// What `schema.name` is.
    pub fn find(&self, schema: &str, name: &str) -> Option<Relation> {
        if let Some(system) = self.system.read().get(schema)
            && system.table_exist(name)
        {
            return Some(Relation::System);
        }
        let topics = self.engine.topics();
        if let Some(topic) = topics.get(schema, name) {
            return Some(Relation::Topic(topic));
        }
        topics.view(schema, name).map(Relation::View)
    }

    /// The schema and name that a reference means; `None` if nothing of that name is there. Bare names are looked up in the
    /// schemas of `search_path`, in order.
    ///
    /// # Errors
    /// A name in another database.
    pub fn resolve(&self, reference: &TableReference, search_path: &[String]) -> Result<Option<(String, String, Relation)>> {
        let found = |schema: &str, name: &str| {
            let relation = self.find(schema, name)?;
            Some((schema.to_owned(), name.to_owned(), relation))
        };
        match reference {
            TableReference::Bare { table } => Ok(search_path.iter().find_map(|schema| found(schema, table))),
            TableReference::Partial { schema, table } => Ok(found(schema, table)),
            TableReference::Full { catalog, schema, table } => {
                let database = &self.session.database;
                if **catalog != **database {
                    return Err(EngineError::Unsupported {
                        message: format!("cross-database references are not implemented: \"{reference}\""),
                        hint: Some(format!("This server has one database, \"{database}\".")),
                    });
                }
                Ok(found(schema, table))
            }
        }
    }

    /// A system table.
    pub async fn system_table(&self, schema: &str, name: &str) -> PlanResult<Option<Arc<dyn TableProvider>>> {
        let provider = self.system.read().get(schema).cloned();
        match provider {
            Some(provider) => provider.table(name).await,
            None => Ok(None),
        }
    }

    /// The proof that the current user may read what a name means.
    ///
    /// # Errors
    /// Permission denied.
    pub fn may_read(&self, schema: &str, name: &str, relation: &Relation) -> Result<MayRead> {
        let target = match relation {
            Relation::Topic(topic) => Target { schema, oid: Some(topic.definition().oid()), name, kind: "table" },
            Relation::View(view) => Target { schema, oid: Some(view.oid), name, kind: "view" },
            Relation::System => Target::system_table(schema, name),
        };
        self.engine.users().may_read(&self.session.current_user(), target, self.engine.topics())
    }

    /// The proof that the current user may append to a topic.
    ///
    /// # Errors
    /// Permission denied.
    pub fn may_insert(&self, topic: &Arc<TopicState>) -> Result<MayInsert> {
        self.engine.users().may_insert(&self.session.current_user(), topic, self.engine.topics())
    }

    /// A topic as a query reads it: one snapshot.
    pub fn topic_table(&self, topic: &TopicState, _allowed: MayRead) -> Arc<dyn TableProvider> {
        let use_indexes = self.session.setting("enable_indexscan").is_none_or(|value| value == "on");
        Arc::new(TopicTable::new(self.engine.clone(), topic.snapshot()).with_indexes(use_indexes))
    }
}

impl CatalogProvider for Relations {
    fn schema_names(&self) -> Vec<String> {
        let mut names: Vec<_> = self.engine.topics().schemas().into_iter().map(|schema| schema.name).collect();
        names.extend(self.system.read().keys().cloned());
        names
    }

    fn schema(&self, name: &str) -> Option<Arc<dyn SchemaProvider>> {
        if let Some(system) = self.system.read().get(name) {
            return Some(system.clone());
        }
        let relations = self.me.upgrade()?;
        let there = self.engine.topics().has_schema(name);
        there.then(|| Arc::new(TopicSchema { schema: name.to_owned(), relations }) as Arc<dyn SchemaProvider>)
    }

    fn register_schema(&self, name: &str, schema: Arc<dyn SchemaProvider>) -> PlanResult<Option<Arc<dyn SchemaProvider>>> {
        if self.engine.topics().has_schema(name) {
            return Err(DataFusionError::Execution(format!("schema \"{name}\" holds topics")));
        }
        Ok(self.system.write().insert(name.to_owned(), schema))
    }
}

/// A schema of topics and views, for extensions that walk the catalog.
#[derive(Debug)]
struct TopicSchema {
    schema: String,
    relations: Arc<Relations>,
}

#[async_trait]
impl SchemaProvider for TopicSchema {
    fn table_names(&self) -> Vec<String> {
        let topics = self.relations.engine.topics();
        let definitions = topics.list().into_iter().map(|topic| topic.definition());
        let mut names: Vec<_> = definitions.filter(|topic| topic.schema == self.schema).map(|topic| topic.name.clone()).collect();
        names.extend(topics.views().iter().filter(|view| view.schema == self.schema).map(|view| view.name.clone()));
        names
    }

    async fn table(&self, name: &str) -> PlanResult<Option<Arc<dyn TableProvider>>> {
        match self.relations.find(&self.schema, name) {
            Some(Relation::Topic(topic)) => {
                let allowed = self.relations.may_read(&self.schema, name, &Relation::Topic(topic.clone()));
                let allowed = allowed.map_err(|error| DataFusionError::External(Box::new(error)))?;
                Ok(Some(self.relations.topic_table(&topic, allowed)))
            }
            Some(Relation::View(view)) => {
                let Some(state) = self.relations.state.get().and_then(Weak::upgrade) else { return Ok(None) };
                let state = state.read().clone();
                let mut planner = Planner::new(&state, self.relations.clone());
                planner.view(&view).await.map(Some).map_err(|error| DataFusionError::External(Box::new(error)))
            }
            Some(Relation::System) | None => Ok(None),
        }
    }

    fn table_exist(&self, name: &str) -> bool {
        self.relations.find(&self.schema, name).is_some()
    }
}
