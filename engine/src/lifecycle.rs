//! What happens to records after the ack: sealing, merging, retention, garbage; and the reverse at start-up.
//!
//! One background task per engine looks around when it is told to (a buffer is large, memory is short) and every
//! second otherwise. It never holds the engine alive.

mod garbage;
mod index;
mod merge;
mod optimize;
pub(crate) mod pressure;
pub(crate) mod recovery;
mod retention;
mod seal;
mod trim;
mod warm_up;

use std::sync::{Arc, Weak};
use std::time::Duration;

use strata_storage::TopicId;
use tokio::sync::{Mutex, Notify, Semaphore};

use crate::engine::Engine;

pub(crate) use index::Indexing;
pub(crate) use optimize::{optimize, seal_for_stop};

/// How often the background task looks around when nobody tells it to.
const LOOK_AROUND: Duration = Duration::from_secs(1);
/// Rounds between two looks at retention, merging and garbage.
const ROUNDS_PER_UPKEEP: u64 = 5;
/// Wait after a failed round, so that a full disk is not hammered.
const BACK_OFF: Duration = Duration::from_secs(2);

/// What the background work shares.
#[derive(Debug)]
pub(crate) struct Lifecycle {
    /// Seals that may run at once, in the whole process.
    seal_permits: Arc<Semaphore>,
    /// One merge at a time: the work owed is bounded by what the next look finds.
    merging: Mutex<()>,
    /// Topics whose last seal failed, so that the error is logged once and not every second.
    failed: parking_lot::Mutex<Vec<TopicId>>,
    /// Indexes that are built after their segments.
    pub indexing: Indexing,
}

impl Lifecycle {
    pub fn new(threads: usize) -> Self {
        Self {
            seal_permits: Arc::new(Semaphore::new(threads.max(1))),
            merging: Mutex::new(()),
            failed: parking_lot::Mutex::default(),
            indexing: Indexing::default(),
        }
    }
}

/// Starts the background task. It ends when the engine is gone.
pub(crate) fn start(engine: &Arc<Engine>, wake: Arc<Notify>) -> tokio::task::JoinHandle<()> {
    index::start(engine);
    warm_up::start(engine);
    let engine = Arc::downgrade(engine);
    tokio::spawn(run(engine, wake))
}

async fn run(engine: Weak<Engine>, wake: Arc<Notify>) {
    for round in 0u64.. {
        let woken = tokio::time::timeout(LOOK_AROUND, wake.notified()).await.is_ok();
        let Some(engine) = engine.upgrade() else { return };
        if engine.is_closed() {
            return;
        }
        let sealed = seal::seal_what_is_due(&engine).await;
        if !woken && round.is_multiple_of(ROUNDS_PER_UPKEEP) {
            upkeep(&engine).await;
        }
        if !sealed {
            tokio::time::sleep(BACK_OFF).await;
        }
    }
}

async fn upkeep(engine: &Arc<Engine>) {
    if let Err(error) = retention::expire(engine).await {
        tracing::error!(%error, "retention failed; it is tried again");
    }
    if let Err(error) = merge::merge_what_is_small(engine).await {
        tracing::error!(%error, "merging failed; it is tried again");
    }
    if let Err(error) = garbage::collect(engine).await {
        tracing::error!(%error, "removing old segment files failed; it is tried again");
    }
    // A file that was still written to when its last record was published is left by now.
    trim::trim_log(engine);
}
