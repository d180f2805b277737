//! Schema `etl` of one session. Inside a transaction block, roles and rules are those that the block has made of them.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::{SchemaProvider, TableProvider};
use datafusion::error::Result as PlanResult;
use parking_lot::Mutex;
use strata_catalog::etl::{Fold, Relation};

use super::{RelationTable, attempts, changes, graphs, instances, layers, tasks};
use crate::engine::Engine;
use crate::session::{SessionInfo, Transaction};
use crate::system::table::{Provider, Surroundings, SystemTable};

/// Tables that are computed when they are scanned.
static ALL: &[&dyn SystemTable] = &[
    &layers::LayersTable,
    &changes::ChangesTable,
    &tasks::TasksTable,
    &attempts::AttemptsTable,
    &instances::InstancesTable,
    &graphs::RoleGraphTable,
    &graphs::RuleGraphTable,
    &graphs::InstanceGraphTable,
];

/// Names of all relations.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    Relation::ALL.into_iter().map(Relation::name).chain(ALL.iter().map(|table| table.name()))
}

/// See the module.
#[derive(Debug)]
pub(crate) struct EtlSchema {
    around: Surroundings,
    transaction: Arc<Mutex<Transaction>>,
}

impl EtlSchema {
    /// The schema.
    pub fn new(engine: Arc<Engine>, session: Arc<SessionInfo>, transaction: Arc<Mutex<Transaction>>) -> Self {
        Self { around: Surroundings { engine, session }, transaction }
    }

    fn fold(&self) -> Arc<Fold> {
        self.transaction.lock().configured().unwrap_or_else(|| self.around.engine.configuration().stack().fold())
    }
}

#[async_trait]
impl SchemaProvider for EtlSchema {
    fn table_names(&self) -> Vec<String> {
        names().map(str::to_owned).collect()
    }

    async fn table(&self, name: &str) -> PlanResult<Option<Arc<dyn TableProvider>>> {
        if let Some(relation) = Relation::named(name) {
            return Ok(Some(Arc::new(RelationTable::new(relation, self.fold(), false))));
        }
        let found = ALL.iter().find(|table| table.name() == name);
        Ok(found.map(|table| Arc::new(Provider::new(*table, self.around.clone())) as Arc<dyn TableProvider>))
    }

    fn table_exist(&self, name: &str) -> bool {
        Relation::named(name).is_some() || ALL.iter().any(|table| table.name() == name)
    }
}
