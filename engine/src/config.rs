//! Tunables of the engine, one typed struct with the defaults in code.

use std::path::PathBuf;
use std::sync::Arc;

use strata_catalog::etl::ConfigStore;

use crate::audit::Class;
use crate::etl::Components;

/// Settings that hold for the whole server. Sizes in bytes, durations in microseconds.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// Folder of everything that Strata stores.
    pub data_dir: PathBuf,
    /// Memory of the whole process in bytes.
    pub memory_limit: usize,
    /// Query threads.
    pub threads: usize,
    /// Size of a log file.
    pub wal_file_bytes: u64,
    /// Log size past which the oldest buffers are sealed.
    pub wal_bytes_max: u64,
    /// Free bytes on disk below which writes are refused.
    pub free_bytes_min: u64,
    /// Rows at which a buffer is sealed.
    pub seal_rows: u64,
    /// Bytes in memory at which a buffer is sealed.
    pub seal_bytes: u64,
    /// Age at which a buffer of more than `seal_age_rows_min` rows is sealed, microseconds.
    pub seal_age_us: i64,
    /// Smaller buffers wait for pressure and not for age, so that quiet topics make no storm of tiny files.
    pub seal_age_rows_min: u64,
    /// Rows of a merged segment, at most.
    pub merge_rows_max: u64,
    /// Largest accepted record in bytes.
    pub record_bytes_max: usize,
    /// Kinds of components whose configuration is managed.
    pub components: Components,
    /// Where sidecars find their files and report; `None`: in the catalog.
    pub config_store: Option<Arc<dyn ConfigStore>>,
    /// What is recorded of what people do.
    pub audit: Vec<Class>,
}

impl EngineConfig {
    /// Defaults for a data folder on this machine: a quarter of its memory, all its cores.
    pub fn for_folder(data_dir: impl Into<PathBuf>, memory_limit: usize) -> Self {
        Self {
            data_dir: data_dir.into(),
            memory_limit,
            threads: std::thread::available_parallelism().map_or(2, usize::from),
            wal_file_bytes: 64 << 20,
            wal_bytes_max: 1 << 30,
            free_bytes_min: 256 << 20,
            seal_rows: 1 << 20,
            seal_bytes: 512 << 20,
            seal_age_us: 60 * 1_000_000,
            seal_age_rows_min: 10_000,
            merge_rows_max: 1 << 20,
            record_bytes_max: 16 << 20,
            components: Components::default(),
            config_store: None,
            audit: Vec::new(),
        }
    }
}
