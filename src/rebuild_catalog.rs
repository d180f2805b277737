//! `strata rebuild-catalog`: the catalog again, from the segments alone, after its file was lost or damaged.
//!
//! The new catalog is written beside the old one and takes its place only when it is whole; the old one is kept. What segments
//! cannot tell (views, comments, settings, topics that never had a segment) is named, not passed over.
//!
//! **Invariant:** segments and log are only read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use object_store::local::LocalFileSystem;
use strata_catalog::sqlite::SqliteCatalog;
use strata_catalog::{Catalog as _, rebuild};
use strata_storage::TopicId;
use strata_storage::disk::{Disk, LocalDisk};
use strata_storage::folder_lock::FolderLock;
use strata_storage::memory::Memory;
use strata_storage::segment::{SegmentOptions, SegmentStore};
use strata_storage::wal::Wal;

/// The catalog's file in the data folder, and what SQLite keeps beside it.
const CATALOG_FILE: &str = "catalog.db";
const SQLITE_SUFFIXES: [&str; 3] = ["", "-wal", "-shm"];
/// Reading footers needs little.
const MEMORY_BYTES: usize = 256 << 20;

/// Arguments of `strata rebuild-catalog`.
#[derive(Debug, clap::Args)]
pub struct RebuildArguments {
    /// The data folder. No server may run on it.
    #[arg(long)]
    data_dir: PathBuf,
    /// A catalog that is there is renamed to `catalog.db.old` instead of refusing.
    #[arg(long)]
    replace: bool,
}

/// Rebuilds the catalog and prints what was found.
///
/// # Errors
/// The folder is in use; a catalog is there and `--replace` is not given; a segment or the log cannot be read.
pub fn run(arguments: &RebuildArguments) -> anyhow::Result<()> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(rebuild(arguments))
}

async fn rebuild(arguments: &RebuildArguments) -> anyhow::Result<()> {
    let folder = &arguments.data_dir;
    let _lock = FolderLock::acquire(folder)?;
    let current = folder.join(CATALOG_FILE);
    if current.exists() && !arguments.replace {
        bail!("{} is there; with --replace it is kept as {CATALOG_FILE}.old and a new one is made", current.display());
    }
    let disk: Arc<dyn Disk> = Arc::new(LocalDisk::new(folder));
    let store = Arc::new(LocalFileSystem::new_with_prefix(folder)?);
    let memory = Memory::with_limit(MEMORY_BYTES);
    let segments = SegmentStore::new(store, Some(disk.clone()), memory, SegmentOptions::for_memory(MEMORY_BYTES));
    let found = rebuild::from_segments(segments.list().await?)?;
    let (logged, epoch) = rows_in_log(&disk)?;

    let unfinished = folder.join(format!("{CATALOG_FILE}.new"));
    remove(&unfinished)?;
    {
        let catalog = SqliteCatalog::open(&unfinished)?;
        catalog.restore(&found).await?;
        // The next start must come after every start that wrote to the log.
        while catalog.next_epoch().await? < epoch {}
    }
    if current.exists() {
        move_to(&current, &folder.join(format!("{CATALOG_FILE}.old")))?;
    }
    move_to(&unfinished, &current)?;
    disk.sync_folder(Path::new(""))?;

    let rows: u64 = found.segments.iter().map(|segment| segment.rows).sum();
    println!(
        "{} topics, {} segments with {rows} rows, {} producers; {} files are not needed",
        found.topics.len(),
        found.segments.len(),
        found.producers.len(),
        found.garbage.len()
    );
    for note in &found.notes {
        println!("note: {note}");
    }
    for (topic, rows) in logged.iter().filter(|(id, _)| !found.topics.iter().any(|topic| topic.id == **id)) {
        println!(
            "note: the log holds {rows} records of topic {topic}, which no segment describes; they are dropped at the next start"
        );
    }
    println!("note: views, comments and settings were in the lost catalog alone");
    Ok(())
}

/// Rows by topic in the log, and the highest epoch in it.
fn rows_in_log(disk: &Arc<dyn Disk>) -> anyhow::Result<(BTreeMap<TopicId, u64>, u64)> {
    let mut rows = BTreeMap::new();
    let summary = Wal::recover(disk, &mut |_, frame| {
        *rows.entry(frame.topic).or_default() += frame.rows;
        Ok(())
    })?;
    rows.retain(|_, rows| *rows > 0);
    Ok((rows, summary.epoch))
}

fn beside(file: &Path, suffix: &str) -> PathBuf {
    PathBuf::from(format!("{}{suffix}", file.display()))
}

fn remove(file: &Path) -> anyhow::Result<()> {
    for path in SQLITE_SUFFIXES.map(|suffix| beside(file, suffix)) {
        if path.exists() {
            std::fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    Ok(())
}

fn move_to(from: &Path, to: &Path) -> anyhow::Result<()> {
    remove(to)?;
    for suffix in SQLITE_SUFFIXES {
        let (from, to) = (beside(from, suffix), beside(to, suffix));
        if from.exists() {
            std::fs::rename(&from, &to).with_context(|| format!("cannot rename {} to {}", from.display(), to.display()))?;
        }
    }
    Ok(())
}
