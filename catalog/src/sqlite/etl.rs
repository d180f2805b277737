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

    async fn begin_attempts(&self, attempts: &[NewAttempt]) -> Result<Vec<i64>> {
        let attempts = attempts.to_vec();
        self.run(move |transaction| attempts.iter().map(|attempt| attempts::begin(transaction, attempt)).collect()).await
    }

    async fn end_attempts(&self, ended: &[(i64, AttemptOutcome, String)], finished_at_us: i64) -> Result<()> {
        let ended = ended.to_vec();
        self.run(move |transaction| {
            ended.iter().try_for_each(|(id, outcome, detail)| attempts::end(transaction, *id, *outcome, detail, finished_at_us))
        })
        .await
    }

    async fn instances(&self) -> Result<Vec<Instance>> {
        self.run(instances::list).await
    }

    async fn put_instances(&self, instances: &[Instance]) -> Result<()> {
        let instances = instances.to_vec();
        self.run(move |transaction| instances.iter().try_for_each(|instance| instances::put(transaction, instance))).await
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
