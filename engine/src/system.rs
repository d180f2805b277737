//! The server as tables: schema `sys`. One file a table.
//!
//! A table is computed when it is scanned, from what the engine knows at that moment. Nothing is kept for it.

mod caches;
mod fields;
mod gaps;
mod indexes;
mod nodes;
mod producers;
mod queries;
mod segments;
mod sessions;
mod settings;
pub(crate) mod table;
mod tasks;
mod topics;
mod users;
mod wal;

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::{SchemaProvider, TableProvider};
use datafusion::error::Result as PlanResult;

use crate::engine::Engine;
use crate::session::SessionInfo;

use table::{Surroundings, SystemTable};

/// All tables.
static ALL: &[&dyn SystemTable] = &[
    &topics::TopicsTable,
    &segments::SegmentsTable,
    &indexes::IndexesTable,
    &fields::FieldsTable,
    &wal::WalTable,
    &producers::ProducersTable,
    &gaps::GapsTable,
    &tasks::TasksTable,
    &queries::QueriesTable,
    &sessions::SessionsTable,
    &users::UsersTable,
    &caches::CachesTable,
    &settings::SettingsTable,
    &nodes::NodesTable,
];

/// Names of all tables.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|table| table.name())
}

/// Schema `sys` of one session.
#[derive(Debug)]
pub struct SystemSchema {
    around: Surroundings,
}

impl SystemSchema {
    /// The schema.
    pub fn new(engine: Arc<Engine>, session: Arc<SessionInfo>) -> Self {
        Self { around: Surroundings { engine, session } }
    }
}

#[async_trait]
impl SchemaProvider for SystemSchema {
    fn table_names(&self) -> Vec<String> {
        names().map(str::to_owned).collect()
    }

    async fn table(&self, name: &str) -> PlanResult<Option<Arc<dyn TableProvider>>> {
        let found = ALL.iter().find(|table| table.name() == name);
        Ok(found.map(|table| Arc::new(table::Provider::new(*table, self.around.clone())) as Arc<dyn TableProvider>))
    }

    fn table_exist(&self, name: &str) -> bool {
        ALL.iter().any(|table| table.name() == name)
    }
}

/// What a system table or one of its columns is, for `\d+`; `None` if it has no comment.
pub fn comment(table: &str, column: Option<&str>) -> Option<&'static str> {
    let table = ALL.iter().find(|known| known.name() == table)?;
    match column {
        None => Some(table.comment()),
        Some(column) => table.columns().iter().find(|known| known.name == column).map(|known| known.comment),
    }
}
