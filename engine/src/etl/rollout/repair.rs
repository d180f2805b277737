//! After a start: the config store is made to hold what the active layers say.
//!
//! Roles that an open rollout works on are left to it. What is equal is not written, so that nothing restarts.

use std::collections::BTreeSet;
use std::sync::Arc;

use strata_catalog::etl::{LayerId, LayerState, Relation};
use strata_catalog::{CatalogError, TaskState};

use super::offer::{self, Offer};
use super::plan::{self, Files};
use super::{KIND, TASKS_MAX, tell};
use crate::Result;
use crate::engine::Engine;

/// Repairs every role, and ends tasks whose layer came to its end when the server was killed.
///
/// # Errors
/// The catalog's, the config store's.
pub async fn all(engine: &Arc<Engine>) -> Result<()> {
    let running = engine.rollouts().running.lock().await;
    let mut busy: BTreeSet<String> = running.values().flatten().cloned().collect();
    for layer in super::open_layers(engine) {
        busy.extend(super::touched_by(engine, layer)?);
    }
    let stack = engine.configuration().stack();
    let fold = stack.fold_rendered(None).map_err(CatalogError::from)?;
    let last = stack.folding().filter(|layer| layer.state == LayerState::Active).map(|layer| layer.id).next_back();
    for role in fold.of_relation(Relation::Roles).filter(|role| !busy.contains(role.name())) {
        if let Files::Rendered(files) = plan::files(engine, &fold, role.name()) {
            let layer = last.unwrap_or(LayerId::NONE);
            offer::write(engine, &Offer { role: role.name(), layer, files: Some(&files), instances: None }, None).await?;
        }
    }
    end_tasks(engine).await
}

async fn end_tasks(engine: &Arc<Engine>) -> Result<()> {
    let stack = engine.configuration().stack();
    for mut task in engine.catalog().etl_tasks(TASKS_MAX).await? {
        let open = task.kind == KIND && matches!(task.state, TaskState::Queued | TaskState::Running);
        let Some(layer) = task.layer.and_then(|id| stack.layer(id).ok()).filter(|_| open) else { continue };
        task.state = match layer.state {
            LayerState::Queued | LayerState::Applying => continue,
            LayerState::Active => TaskState::Done,
            LayerState::Failed => TaskState::Failed,
            LayerState::Draft | LayerState::Dropped => TaskState::Cancelled,
        };
        task.finished_at_us = Some(engine.clock().now_us());
        engine.catalog().update_etl_task(&task).await?;
        tell::task(engine, &task);
    }
    Ok(())
}
