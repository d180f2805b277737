//! Rollouts: a queued layer arrives on its instances, or everything is put back.
//!
//! ```text
//!           validate, plan     write, watch (each role, each wave)
//! queued -----------------> applying ---------------------------> active
//!                               |  refused, failed, silent
//!                               '--------> restore -------------> failed
//! ```
//!
//! Layers that share a role go one after the other, in their order; others side by side. A layer that touches no role with a
//! live instance has nobody to wait for: its files are written and it is active before COMMIT returns.
//!
//! Every step is in the catalog (`etl.tasks.steps`) before it is done, and every step may be done twice, so that a server that
//! is killed goes on where it was: [`start`] first resumes what is open, then repairs what differs from the active layers.
//!
//! **Invariant:** a layer that is active is what the config store holds; a layer that failed is in nothing that is rendered,
//! and is never tried again unless somebody says so.

mod attempts;
mod drive;
mod fleet_watch;
mod offer;
mod plan;
mod record;
mod repair;
mod tell;
mod timing;
mod watch;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Weak};
use std::time::Duration;

use strata_catalog::CatalogError;
use strata_catalog::etl::record::{EtlTask, NewEtlTask};
use strata_catalog::etl::{Layer, LayerError, LayerId, LayerState};
use tokio::sync::{Notify, watch as turns};

use crate::Result;
use crate::engine::Engine;
use crate::error::{EngineError, Refusal};

/// Rollouts at the same time; further ones wait.
const RUNNING_MAX: usize = 16;
/// Tasks that are looked through for the one of a layer: open ones are among the newest.
const TASKS_MAX: usize = 10_000;
/// How often the background looks around when nobody wakes it.
const LOOK_AROUND: Duration = Duration::from_secs(1);
/// What kind of task a rollout is.
const KIND: &str = "rollout";

/// What the rollouts of one engine share.
#[derive(Debug)]
pub struct Rollouts {
    /// Roles of the layers that are being rolled out. Held while it is decided who goes next.
    running: tokio::sync::Mutex<BTreeMap<LayerId, BTreeSet<String>>>,
    wake: Arc<Notify>,
    /// Counts up when a layer came to an end.
    turn: turns::Sender<u64>,
    /// Tasks that somebody does not want any more.
    cancelled: parking_lot::Mutex<BTreeSet<i64>>,
}

impl Default for Rollouts {
    fn default() -> Self {
        Self {
            running: tokio::sync::Mutex::default(),
            wake: Arc::default(),
            turn: turns::Sender::new(0),
            cancelled: parking_lot::Mutex::default(),
        }
    }
}

impl Rollouts {
    /// Whether somebody cancelled a task.
    fn is_cancelled(&self, task: i64) -> bool {
        self.cancelled.lock().contains(&task)
    }

    /// Asks for the end of the rollout of a task: what it wrote is put back. A server that is killed before that forgets it.
    pub(crate) fn cancel(&self, task: i64) {
        self.cancelled.lock().insert(task);
        self.wake.notify_one();
    }

    /// A rollout came to its end, or is to be resumed.
    fn ended(&self) {
        self.turn.send_modify(|turn| *turn += 1);
        self.wake.notify_one();
    }
}

/// Takes over a layer that was made or applied. The task of its rollout, if there is somebody to wait for; otherwise it is
/// active, or was nothing to roll out.
///
/// # Errors
/// The catalog's, the config store's.
pub(crate) async fn submit(engine: &Arc<Engine>, layer: &Layer) -> Result<Option<EtlTask>> {
    tell::layer(engine, layer);
    if layer.state != LayerState::Queued {
        return Ok(None);
    }
    let rollouts = engine.rollouts();
    let running = rollouts.running.lock().await;
    let now = engine.configuration().stack().layer(layer.id).map_err(CatalogError::from)?.state;
    if now != LayerState::Queued || running.contains_key(&layer.id) {
        // The background was faster.
        return drive::open_task(engine, layer.id).await;
    }
    let touched = touched_by(engine, layer.id)?;
    let mut busy: BTreeSet<String> = running.values().flatten().cloned().collect();
    for other in open_layers(engine).into_iter().filter(|other| *other != layer.id) {
        busy.extend(touched_by(engine, other)?);
    }
    if busy.is_disjoint(&touched) && unattended(engine, layer.id, &touched).await.unwrap_or(false) {
        let layer = engine.configuration().set_state(layer.id, LayerState::Active).await?;
        tell::layer(engine, &layer);
        return Ok(None);
    }
    let task = create_task(engine, layer.id).await?;
    drop(running);
    rollouts.wake.notify_one();
    Ok(Some(task))
}

/// Writes the files of a layer that nobody runs; whether it is one. A config store that is not there makes it a rollout, which
/// waits.
async fn unattended(engine: &Arc<Engine>, layer: LayerId, roles: &BTreeSet<String>) -> Result<bool> {
    let attended = !plan::live(engine, roles).await?.is_empty();
    if !attended {
        offer::unattended(engine, layer, roles).await?;
    }
    Ok(!attended)
}

/// Waits until the rollout of a layer has come to its end.
///
/// # Errors
/// The layer failed: what the instance said. The server stops.
pub(crate) async fn wait(engine: &Arc<Engine>, layer: LayerId) -> Result<Arc<Layer>> {
    let mut turn = engine.rollouts().turn.subscribe();
    loop {
        turn.borrow_and_update();
        let found = Arc::clone(engine.configuration().stack().layer(layer).map_err(CatalogError::from)?);
        match found.state {
            LayerState::Queued | LayerState::Applying => {}
            LayerState::Failed => return Err(failure(engine, layer).await?),
            LayerState::Draft | LayerState::Active | LayerState::Dropped => return Ok(found),
        }
        engine.refuse_when_closing()?;
        // An end of waiting without a turn is only a look at whether the server stops.
        let _ = tokio::time::timeout(LOOK_AROUND, turn.changed()).await;
    }
}

/// The error of a layer that failed.
async fn failure(engine: &Arc<Engine>, layer: LayerId) -> Result<EngineError> {
    let tasks = engine.catalog().etl_tasks(TASKS_MAX).await?;
    let task = tasks.into_iter().find(|task| task.layer == Some(layer));
    let reason = task.and_then(|task| task.error).unwrap_or_else(|| "its rollout failed".to_owned());
    Ok(EngineError::Refused {
        reason: Refusal::RolloutFailed,
        message: format!("layer {layer} was taken back: {reason}"),
        hint: Some(format!("SELECT * FROM etl.attempts WHERE layer = {layer} tells what each instance said.")),
    })
}

async fn create_task(engine: &Arc<Engine>, layer: LayerId) -> Result<EtlTask> {
    let task = NewEtlTask {
        kind: KIND.to_owned(),
        layer: Some(layer),
        role: None,
        steps: serde_json::json!([]),
        created_at_us: engine.clock().now_us(),
    };
    let task = engine.catalog().create_etl_task(&task).await?;
    tell::task(engine, &task);
    Ok(task)
}

/// Layers that are queued or applied, in their order.
fn open_layers(engine: &Engine) -> Vec<LayerId> {
    let stack = engine.configuration().stack();
    let open = stack.folding().filter(|layer| layer.state != LayerState::Active);
    open.map(|layer| layer.id).collect()
}

/// Roles that a layer changes, as things were when it got its place.
fn touched_by(engine: &Engine, layer: LayerId) -> Result<BTreeSet<String>> {
    let touched = || -> Result<BTreeSet<String>, LayerError> {
        let stack = engine.configuration().stack();
        let place = stack.layer(layer)?.place;
        let before = strata_catalog::etl::Fold::of(stack.folding().filter(|other| other.place < place));
        Ok(super::configuration::touched_roles(&before, &stack.fold_at(layer)?))
    };
    Ok(touched().map_err(CatalogError::from)?)
}

/// Starts the background work: resumes what is open, repairs, and then rolls out what comes. It ends when the engine is gone.
pub(crate) fn start(engine: &Arc<Engine>) {
    tokio::spawn(run(Arc::downgrade(engine)));
    tokio::spawn(fleet_watch::run(Arc::downgrade(engine)));
}

async fn run(engine: Weak<Engine>) {
    let mut repaired = false;
    loop {
        let Some(strong) = engine.upgrade() else { return };
        if strong.is_closing() {
            return;
        }
        if let Err(error) = begin_due(&strong).await {
            tracing::error!(%error, "rollouts cannot begin; they are tried again");
        } else if !repaired {
            match repair::all(&strong).await {
                Ok(()) => repaired = true,
                Err(error) => tracing::warn!(%error, "the config store cannot be repaired yet; it is tried again"),
            }
        }
        let wake = Arc::clone(&strong.rollouts().wake);
        drop(strong);
        // Woken or not, it looks around.
        let _ = tokio::time::timeout(LOOK_AROUND, wake.notified()).await;
    }
}

/// Begins every rollout that waits for none before it.
async fn begin_due(engine: &Arc<Engine>) -> Result<()> {
    let mut running = engine.rollouts().running.lock().await;
    // Looked at under the lock: nobody takes a layer to its end meanwhile without being in `running`.
    let open = open_layers(engine);
    let mut busy: BTreeSet<String> = running.values().flatten().cloned().collect();
    for layer in open {
        if running.contains_key(&layer) {
            continue;
        }
        let touched = touched_by(engine, layer)?;
        if busy.is_disjoint(&touched) && running.len() < RUNNING_MAX {
            if drive::open_task(engine, layer).await?.is_none() {
                create_task(engine, layer).await?;
            }
            running.insert(layer, touched.clone());
            let engine = Arc::clone(engine);
            tokio::spawn(async move {
                if let Err(error) = drive::layer(&engine, layer).await {
                    tracing::error!(%error, %layer, "a rollout stopped; it is resumed");
                    tokio::time::sleep(LOOK_AROUND).await;
                }
                engine.rollouts().running.lock().await.remove(&layer);
                engine.rollouts().ended();
            });
        }
        busy.extend(touched);
    }
    Ok(())
}
