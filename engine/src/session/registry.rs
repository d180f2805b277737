//! All sessions and what they share: numbers, running queries, notifications, temporary files.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use parking_lot::Mutex;

use super::SessionInfo;
use super::cancel::StopReason;
use super::notification::Bus;
use super::query::Queries;
use crate::Result;
use crate::config::EngineConfig;

/// One per engine.
#[derive(Debug)]
pub struct Sessions {
    next_id: AtomicI32,
    live: Mutex<BTreeMap<i32, Arc<SessionInfo>>>,
    queries: Arc<Queries>,
    bus: Arc<Bus>,
    runtime: Arc<RuntimeEnv>,
    since_us: i64,
}

impl Sessions {
    /// No sessions yet. Removes what queries of an earlier run spilled.
    ///
    /// # Errors
    /// The folder for temporary files cannot be made.
    pub(crate) fn new(config: &EngineConfig, since_us: i64) -> Result<Self> {
        let spill = config.data_dir.join("spill");
        let io = |source| strata_storage::StorageError::io(format!("preparing {}", spill.display()), source);
        if spill.exists() {
            std::fs::remove_dir_all(&spill).map_err(io)?;
        }
        std::fs::create_dir_all(&spill).map_err(io)?;
        let disk = DiskManagerBuilder::default()
            .with_mode(DiskManagerMode::Directories(vec![spill]))
            .with_max_temp_directory_size(u64::MAX);
        let runtime = RuntimeEnvBuilder::new().with_disk_manager_builder(disk).build_arc()?;
        Ok(Self {
            next_id: AtomicI32::new(1),
            live: Mutex::default(),
            queries: Arc::default(),
            bus: Arc::default(),
            runtime,
            since_us,
        })
    }

    /// Sessions that are connected, by number.
    pub fn list(&self) -> Vec<Arc<SessionInfo>> {
        self.live.lock().values().cloned().collect()
    }

    /// A session by number.
    pub fn get(&self, id: i32) -> Option<Arc<SessionInfo>> {
        self.live.lock().get(&id).cloned()
    }

    /// How many are connected as `user`.
    pub fn connections_of(&self, user: &str) -> usize {
        self.live.lock().values().filter(|session| session.user == user).count()
    }

    /// How many are connected.
    pub fn count(&self) -> usize {
        self.live.lock().len()
    }

    /// When the server began, microseconds.
    pub fn since_us(&self) -> i64 {
        self.since_us
    }

    /// Running queries.
    pub fn queries(&self) -> &Arc<Queries> {
        &self.queries
    }

    /// Ends every running statement with [`crate::EngineError::ShuttingDown`].
    pub fn stop_all(&self) {
        self.list().iter().for_each(|session| session.cancel.stop(StopReason::Shutdown));
    }

    pub(crate) fn next_id(&self) -> i32 {
        // Numbers of sessions are positive, as backend process ids are; after two thousand million they start again.
        self.next_id.try_update(Ordering::Relaxed, Ordering::Relaxed, |id| Some(id.checked_add(1).unwrap_or(1))).unwrap_or(1)
    }

    pub(crate) fn add(&self, session: Arc<SessionInfo>) {
        self.live.lock().insert(session.id, session);
    }

    pub(crate) fn remove(&self, id: i32) {
        self.live.lock().remove(&id);
    }

    pub(crate) fn bus(&self) -> &Arc<Bus> {
        &self.bus
    }

    /// Temporary files, caches and stores that queries share. The memory pool is each query's own.
    pub(crate) fn runtime(&self) -> &Arc<RuntimeEnv> {
        &self.runtime
    }
}
