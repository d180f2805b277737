//! The engine: one a process, shared by all front ends.

use std::sync::Arc;

use parking_lot::RwLock;
use strata_catalog::Catalog;
use strata_storage::clock::Clock;
use strata_storage::disk::Disk;
use strata_storage::memory::Memory;

use crate::Result;
use crate::config::EngineConfig;
use crate::extension::SessionExtension;
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
        Ok(Arc::new(Self { config, parts, memory, topics, extensions: RwLock::default() }))
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

    /// Adds something that every later session gets.
    pub fn add_extension(&self, extension: Arc<dyn SessionExtension>) {
        self.extensions.write().push(extension);
    }

    /// What every session gets.
    pub fn extensions(&self) -> Vec<Arc<dyn SessionExtension>> {
        self.extensions.read().clone()
    }
}
