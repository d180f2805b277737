//! The durable record of layers and of what became of them.
//!
//! Layers are only ever added, and only their state changes. Both need the revision that the caller has seen, so that
//! two who decide at the same time cannot both be right. Reading and writing is all that happens here: what may be
//! written is decided by plans and conflicts before.

use async_trait::async_trait;

use super::record::{Attempt, AttemptOutcome, EtlTask, Instance, NewAttempt, NewEtlTask};
use super::{Layer, LayerId, LayerState, NewLayer};
use crate::Result;

/// How often layers were added or changed their state. Counts up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Revision(pub i64);

/// The part of [`crate::Catalog`] that the control plane uses. Each method is one transaction, durable when it returns.
#[async_trait]
pub trait EtlCatalog: Send + Sync + std::fmt::Debug {
    /// Layers newer than `after`, by id, and the revision that was read with them.
    async fn layers(&self, after: LayerId) -> Result<(Vec<Layer>, Revision)>;

    /// Adds a layer with the next id and, unless it is a draft, the place behind all others.
    /// [`crate::etl::LayerError::Revision`] if the layers are not those of `seen`;
    /// [`crate::etl::LayerError::Inconsistent`] if it names a layer that is not there.
    async fn append_layer(&self, seen: Revision, layer: &NewLayer) -> Result<(Layer, Revision)>;

    /// Moves a layer to another state. One that becomes queued goes to the end of the order.
    /// [`crate::etl::LayerError::Revision`], [`crate::etl::LayerError::NoLayer`], [`crate::etl::LayerError::Transition`].
    async fn set_layer_state(&self, seen: Revision, layer: LayerId, state: LayerState) -> Result<Revision>;

    /// Tasks of the control plane, newest first, at most `limit`.
    async fn etl_tasks(&self, limit: usize) -> Result<Vec<EtlTask>>;
    /// Adds one, queued.
    async fn create_etl_task(&self, task: &NewEtlTask) -> Result<EtlTask>;
    /// Writes state, progress, steps, error and times. [`crate::CatalogError::NotFound`].
    async fn update_etl_task(&self, task: &EtlTask) -> Result<()>;

    /// What instances said about a layer, or about all of them, oldest first.
    async fn attempts(&self, layer: Option<LayerId>) -> Result<Vec<Attempt>>;
    /// Adds some that run; their ids in order.
    async fn begin_attempts(&self, attempts: &[NewAttempt]) -> Result<Vec<i64>>;
    /// Says how some ended, and what was said. [`crate::CatalogError::NotFound`].
    async fn end_attempts(&self, ended: &[(i64, AttemptOutcome, String)], finished_at_us: i64) -> Result<()>;

    /// All instances that ever registered and were not forgotten, by role and id.
    async fn instances(&self) -> Result<Vec<Instance>>;
    /// Adds or replaces some.
    async fn put_instances(&self, instances: &[Instance]) -> Result<()>;
    /// Forgets one; whether it was there.
    async fn forget_instance(&self, role: &str, id: &str) -> Result<bool>;
}
