//! [`EtlCatalog`] on the same file and the same connection as everything else.

mod attempts;
mod instances;
mod layers;
mod tasks;

use async_trait::async_trait;

use super::SqliteCatalog;
use crate::etl::catalog::{EtlCatalog, Revision};
use crate::etl::record::{Attempt, AttemptOutcome, EtlTask, Instance, NewAttempt, NewEtlTask};
use crate::etl::{Layer, LayerId, LayerState, NewLayer};
use crate::{CatalogError, Result};

#[async_trait]
impl EtlCatalog for SqliteCatalog {
    async fn layers(&self, after: LayerId) -> Result<(Vec<Layer>, Revision)> {
        self.run(move |transaction| layers::list(transaction, after)).await
    }

    async fn append_layer(&self, seen: Revision, layer: &NewLayer) -> Result<(Layer, Revision)> {
        let layer = layer.clone();
        self.run(move |transaction| layers::append(transaction, seen, layer)).await
    }

    async fn set_layer_state(&self, seen: Revision, layer: LayerId, state: LayerState) -> Result<Revision> {
        self.run(move |transaction| layers::set_state(transaction, seen, layer, state)).await
    }

    async fn etl_tasks(&self, limit: usize) -> Result<Vec<EtlTask>> {
        self.run(move |transaction| tasks::list(transaction, limit)).await
    }

    async fn create_etl_task(&self, task: &NewEtlTask) -> Result<EtlTask> {
        let task = task.clone();
        self.run(move |transaction| tasks::create(transaction, task)).await
    }

    async fn update_etl_task(&self, task: &EtlTask) -> Result<()> {
        let task = task.clone();
        self.run(move |transaction| tasks::update(transaction, &task)).await
    }

    async fn attempts(&self, layer: Option<LayerId>) -> Result<Vec<Attempt>> {
        self.run(move |transaction| attempts::list(transaction, layer)).await
    }

    async fn begin_attempt(&self, attempt: &NewAttempt) -> Result<i64> {
        let attempt = attempt.clone();
        self.run(move |transaction| attempts::begin(transaction, &attempt)).await
    }

    async fn end_attempt(&self, id: i64, outcome: AttemptOutcome, detail: &str, finished_at_us: i64) -> Result<()> {
        let detail = detail.to_owned();
        self.run(move |transaction| attempts::end(transaction, id, outcome, &detail, finished_at_us)).await
    }

    async fn instances(&self) -> Result<Vec<Instance>> {
        self.run(instances::list).await
    }

    async fn put_instance(&self, instance: &Instance) -> Result<()> {
        let instance = instance.clone();
        self.run(move |transaction| instances::put(transaction, &instance)).await
    }

    async fn forget_instance(&self, role: &str, id: &str) -> Result<bool> {
        let (role, id) = (role.to_owned(), id.to_owned());
        self.run(move |transaction| instances::forget(transaction, &role, &id)).await
    }
}

/// Reads a word that stands for one of a few things.
fn word<T>(found: Option<T>, table: &str, name: &str) -> Result<T> {
    found.ok_or_else(|| CatalogError::Corrupt { reason: format!("table {table} holds the unknown word {name:?}") })
}
