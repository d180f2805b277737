//! The engine: one a process, shared by all front ends.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use parking_lot::RwLock;
use strata_catalog::{Catalog, ConfigStore, SqliteCatalog};
use strata_storage::StorageError;
use strata_storage::clock::{Clock, SystemClock};
use strata_storage::disk::{Disk, LocalDisk};
use strata_storage::folder_lock::FolderLock;
use strata_storage::memory::Memory;
use strata_storage::segment::{SegmentOptions, SegmentStore};
use strata_storage::wal::{RecoverySummary, Wal, WalOptions};
use tokio::sync::Notify;

use crate::Result;
use crate::config::EngineConfig;
use crate::error::EngineError;
use crate::etl::{Configuration, Rollouts};
use crate::extension::SessionExtension;
use crate::ingest::{Ingest, VisibleSink};
use crate::lifecycle::pressure::Pressure;
use crate::lifecycle::{self, Lifecycle};
use crate::session::Sessions;
use crate::topics::{TopicState, Topics};
use crate::users::Users;

/// Name of the catalog's file in the data folder.
pub const CATALOG_FILE: &str = "catalog.db";

/// What the engine stands on, chosen by the binary or by a test.
#[derive(Debug, Clone)]
pub struct EngineParts {
    /// What exists.
    pub catalog: Arc<dyn Catalog>,
    /// Where sidecars find their files and report.
    pub config_store: Arc<dyn ConfigStore>,
    /// Where the log lies.
    pub disk: Arc<dyn Disk>,
    /// Where segments lie.
    pub store: Arc<dyn ObjectStore>,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

/// Everything that sessions and front ends share.
#[derive(Debug)]
pub struct Engine {
    config: EngineConfig,
    parts: EngineParts,
    epoch: u64,
    memory: Memory,
    topics: Arc<Topics>,
    users: Users,
    configuration: Configuration,
    rollouts: Rollouts,
    segments: SegmentStore,
    wal: OnceLock<Wal>,
    pressure: Pressure,
    lifecycle: Lifecycle,
    /// Tells the background task to look around.
    wake: Arc<Notify>,
    closing: AtomicBool,
    closed: AtomicBool,
    recovery: OnceLock<RecoverySummary>,
    extensions: RwLock<Vec<Arc<dyn SessionExtension>>>,
    lock: OnceLock<FolderLock>,
    sessions: Sessions,
}

impl Engine {
    /// Opens a data folder on this machine, creating what is missing: the log, SQLite, segments as files.
    ///
    /// # Errors
    /// Another process uses the folder; it cannot be written; something in it is corrupt.
    pub async fn open_folder(config: EngineConfig) -> Result<Arc<Self>> {
        let folder = config.data_dir.clone();
        std::fs::create_dir_all(&folder)
            .map_err(|error| StorageError::io(format!("creating the data folder {}", folder.display()), error))?;
        let lock = FolderLock::acquire(&folder)?;
        let disk: Arc<dyn Disk> = Arc::new(LocalDisk::new(&folder));
        disk.create_folder(Path::new("segments"))?;
        let catalog_path = folder.join(CATALOG_FILE);
        let catalog = tokio::task::spawn_blocking(move || SqliteCatalog::open(&catalog_path))
            .await
            .map_err(|error| EngineError::Internal(format!("opening the catalog: {error}")))??;
        let store = LocalFileSystem::new_with_prefix(&folder).map_err(StorageError::from)?;
        let catalog = Arc::new(catalog);
        let config_store = match &config.config_store {
            Some(given) => Arc::clone(given),
            None => catalog.clone(),
        };
        let parts = EngineParts { catalog, config_store, disk, store: Arc::new(store), clock: Arc::new(SystemClock) };
        let engine = Self::open(config, parts).await?;
        // Held until the engine is gone.
        let _ = engine.lock.set(lock);
        Ok(engine)
    }

    /// Opens what lies in the given parts: reads the catalog, replays the log, starts the background work.
    ///
    /// # Errors
    /// Anything that makes the data unreadable, named with its file.
    pub async fn open(config: EngineConfig, parts: EngineParts) -> Result<Arc<Self>> {
        let memory = Memory::with_limit(config.memory_limit);
        let topics = Arc::new(Topics::load(parts.catalog.clone(), memory.clone()).await?);
        let segments = SegmentStore::new(
            parts.store.clone(),
            Some(parts.disk.clone()),
            memory.clone(),
            SegmentOptions::for_memory(config.memory_limit),
        );
        let configuration = Configuration::load(parts.catalog.clone(), config.components.clone()).await?;
        let users = Users::load(parts.catalog.clone()).await?;
        let epoch = parts.catalog.next_epoch().await?;
        let wake = Arc::new(Notify::new());
        let engine = Arc::new(Self {
            pressure: Pressure::new(memory.clone(), wake.clone()),
            lifecycle: Lifecycle::new(config.threads),
            sessions: Sessions::new(&config, parts.clock.now_us())?,
            config,
            parts,
            epoch,
            memory,
            topics,
            users,
            configuration,
            rollouts: Rollouts::default(),
            segments,
            wal: OnceLock::new(),
            wake,
            closing: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            recovery: OnceLock::new(),
            extensions: RwLock::default(),
            lock: OnceLock::new(),
        });
        let weak = Arc::downgrade(&engine);
        engine.memory.relieve_with(move |bytes| weak.upgrade().map_or(0, |engine| engine.segments.cache().shrink(bytes)));
        let summary = lifecycle::recovery::replay(&engine).await?;
        tracing::info!(frames = summary.frames, rows = summary.rows, torn_bytes = summary.torn_bytes, epoch, "log replayed");
        let sink = VisibleSink::new(engine.topics.clone(), &engine.config, engine.wake.clone());
        let options = WalOptions {
            file_bytes: engine.config.wal_file_bytes,
            free_bytes_min: engine.config.free_bytes_min,
            ..WalOptions::default()
        };
        let wal = Wal::start(engine.parts.disk.clone(), options, epoch, Arc::new(sink))?;
        let _ = engine.recovery.set(summary);
        let _ = engine.wal.set(wal);
        drop(lifecycle::start(&engine, engine.wake.clone()));
        crate::etl::rollout::start(&engine);
        Ok(engine)
    }

    /// Stops: refuses new records, seals what would be slow to replay, closes the log. Reading goes on.
    ///
    /// # Errors
    /// A failed seal; the log keeps the records all the same.
    pub async fn drain(self: &Arc<Self>) -> Result<()> {
        self.closing.store(true, Ordering::SeqCst);
        let sealed = lifecycle::seal_for_stop(self).await;
        self.closed.store(true, Ordering::SeqCst);
        self.wake.notify_one();
        let engine = self.clone();
        tokio::task::spawn_blocking(move || engine.wal().close())
            .await
            .map_err(|error| EngineError::Internal(format!("closing the log: {error}")))?;
        sealed
    }

    /// Seals, merges and cleans up one topic and returns when it is done: `CALL sys.optimize`.
    ///
    /// # Errors
    /// Those of sealing and merging.
    pub async fn optimize(self: &Arc<Self>, topic: &Arc<TopicState>) -> Result<()> {
        lifecycle::optimize(self, topic).await
    }

    /// Settings of the whole server.
    pub fn config(&self) -> &EngineConfig {
        &self.config
    }

    /// The memory budget of the process.
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// Time.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.parts.clock
    }

    /// What exists, durably. Change topics through [`Engine::topics`].
    pub fn catalog(&self) -> &Arc<dyn Catalog> {
        &self.parts.catalog
    }

    /// Where sidecars find their files and report.
    pub fn config_store(&self) -> &Arc<dyn ConfigStore> {
        &self.parts.config_store
    }

    /// What exists, in memory.
    pub fn topics(&self) -> &Arc<Topics> {
        &self.topics
    }

    /// Who may connect.
    pub fn users(&self) -> &Users {
        &self.users
    }

    /// The layers of the control plane, in memory.
    pub fn configuration(&self) -> &Configuration {
        &self.configuration
    }

    /// What brings layers to instances.
    pub fn rollouts(&self) -> &Rollouts {
        &self.rollouts
    }

    /// Sealed segments.
    pub fn segments(&self) -> &SegmentStore {
        &self.segments
    }

    /// The write-ahead log.
    ///
    /// # Panics
    /// Before the end of [`Engine::open`], which nobody outside can see.
    pub fn wal(&self) -> &Wal {
        self.wal.get().expect("the log is started before the engine is handed out")
    }

    /// The log once it is open for writing; `None` during replay.
    pub(crate) fn wal_if_started(&self) -> Option<&Wal> {
        self.wal.get()
    }

    /// What the last start replayed.
    pub fn recovery(&self) -> Option<&RecoverySummary> {
        self.recovery.get()
    }

    /// The way in for records.
    pub fn ingest(self: &Arc<Self>) -> Ingest {
        Ingest::new(self.clone())
    }

    /// Count of the starts of this data folder.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Sessions and what they run.
    pub fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    /// Adds something that every later session gets.
    pub fn add_extension(&self, extension: Arc<dyn SessionExtension>) {
        self.extensions.write().push(extension);
    }

    /// What every session gets.
    pub fn extensions(&self) -> Vec<Arc<dyn SessionExtension>> {
        self.extensions.read().clone()
    }

    /// Whether new records are refused because the server stops.
    pub fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    pub(crate) fn refuse_when_closing(&self) -> Result<()> {
        if self.is_closing() { Err(EngineError::ShuttingDown) } else { Ok(()) }
    }

    pub(crate) fn pressure(&self) -> &Pressure {
        &self.pressure
    }

    pub(crate) fn lifecycle(&self) -> &Lifecycle {
        &self.lifecycle
    }

    pub(crate) fn disk(&self) -> &Arc<dyn Disk> {
        &self.parts.disk
    }

    /// Who writes segments: this start of this node.
    pub(crate) fn writer(&self) -> String {
        format!("local/{}", self.epoch)
    }

    /// Evicts cached columns so that `bytes` more fit, as far as there are any.
    pub(crate) fn make_room(&self, bytes: usize) {
        let free = self.memory.limit().saturating_sub(self.memory.used());
        if free < bytes {
            self.segments.cache().shrink(bytes - free);
        }
    }
}
