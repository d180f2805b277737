//! The engine: one a process, shared by all front ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::RwLock;
use strata_catalog::Catalog;
use strata_storage::clock::Clock;
use strata_storage::disk::Disk;
use strata_storage::memory::Memory;
use strata_storage::wal::Wal;
use tokio::sync::Notify;

use crate::Result;
use crate::config::EngineConfig;
use crate::error::EngineError;
use crate::extension::SessionExtension;
use crate::ingest::Ingest;
use crate::lifecycle::pressure::Pressure;
use crate::topics::Topics;

/// What the engine stands on, chosen by the binary or by a test.
#[derive(Debug, Clone)]
pub struct EngineParts {
    /// What exists.
    pub catalog: Arc<dyn Catalog>,
    /// Where the log lies.
    pub disk: Arc<dyn Disk>,
    /// Where segments lie.
    pub store: Arc<dyn object_store::ObjectStore>,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

/// Everything that sessions and front ends share.
#[derive(Debug)]
pub struct Engine {
    config: EngineConfig,
    parts: EngineParts,
    memory: Memory,
    topics: Arc<Topics>,
    wal: Wal,
    pressure: Pressure,
    /// Tells the background task to look around.
    wake: Arc<Notify>,
    closing: AtomicBool,
    extensions: RwLock<Vec<Arc<dyn SessionExtension>>>,
}

impl Engine {
    /// Opens what lies in the data folder: reads the catalog, replays the log.
    ///
    /// # Errors
    /// Anything that makes the data unreadable, named with its file.
    pub async fn open(config: EngineConfig, parts: EngineParts) -> Result<Arc<Self>> {
        let memory = Memory::with_limit(config.memory_limit);
        let topics = Arc::new(Topics::load(parts.catalog.clone(), memory.clone()).await?);
        let wake = Arc::new(Notify::new());
        let pressure = Pressure::new(memory.clone(), wake.clone());
        let wal = Wal {};
        let closing = AtomicBool::new(false);
        Ok(Arc::new(Self { config, parts, memory, topics, wal, pressure, wake, closing, extensions: RwLock::default() }))
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

    /// What exists, in memory.
    pub fn topics(&self) -> &Arc<Topics> {
        &self.topics
    }

    /// The write-ahead log.
    pub fn wal(&self) -> &Wal {
        &self.wal
    }

    /// The way in for records.
    pub fn ingest(self: &Arc<Self>) -> Ingest {
        Ingest::new(self.clone())
    }

    /// Where writers wait for memory.
    pub(crate) fn pressure(&self) -> &Pressure {
        &self.pressure
    }

    /// Refuses new work once the server is stopping.
    pub(crate) fn refuse_when_closing(&self) -> Result<()> {
        if self.closing.load(Ordering::Relaxed) { Err(EngineError::ShuttingDown) } else { Ok(()) }
    }

    /// Adds something that every later session gets.
    pub fn add_extension(&self, extension: Arc<dyn SessionExtension>) {
        self.extensions.write().push(extension);
    }

    /// What every session gets.
    pub fn extensions(&self) -> Vec<Arc<dyn SessionExtension>> {
        self.extensions.read().clone()
    }
}
