//! What the callers, the log thread and the preparer share.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::mpsc;

use parking_lot::{Condvar, Mutex};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, oneshot};

use super::preparer::Task;
use super::space::Space;
use super::{Frame, WalOptions};
use crate::{Result, StorageError};

/// A transaction in the queue.
#[derive(Debug)]
pub struct Pending {
    /// Its frames with the CRC-32C of their bodies.
    pub frames: Vec<(u32, Frame)>,
    /// Bytes of all frames in a group.
    pub payload_bytes: u64,
    /// What was promised for it, at least `space::bound(payload_bytes)`.
    pub promised_bytes: u64,
    /// Who waits for it.
    pub ack: oneshot::Sender<Result<()>>,
    /// Its place in the queue, free again once it is durable.
    pub _place: OwnedSemaphorePermit,
}

/// Why no file could be made.
#[derive(Debug, Clone)]
pub struct PrepareFailure {
    full: bool,
    reason: String,
}

impl PrepareFailure {
    /// Keeps what matters of `error`, for everybody who waits.
    pub fn of(error: &StorageError) -> Self {
        match error {
            StorageError::Full { what } => Self { full: true, reason: what.clone() },
            other => Self { full: false, reason: other.to_string() },
        }
    }

    /// The error again.
    pub fn error(&self) -> StorageError {
        match self.full {
            true => StorageError::Full { what: self.reason.clone() },
            false => StorageError::io("prepare a log file", io::Error::other(self.reason.clone())),
        }
    }
}

/// Everything behind the lock.
#[derive(Debug)]
pub struct State {
    /// Transactions in the order of the log.
    pub queue: VecDeque<Pending>,
    /// Files and room in them.
    pub space: Space,
    /// Number of the next group.
    pub next_group: u64,
    /// Whether the preparer is at work.
    pub preparing: bool,
    /// Files that the preparer was asked for, ever.
    pub prepared: u64,
    /// How its last task ended.
    pub prepare_failure: Option<PrepareFailure>,
    /// The active file holds nothing that is needed: leave it when the spare one is there.
    pub turn_wanted: bool,
    /// No more is accepted; the log thread ends when the queue is empty.
    pub closed: bool,
    /// Why nothing can be promised any more.
    pub poison: Option<String>,
}

impl State {
    /// An error if nothing is accepted any more.
    pub fn check_open(&self) -> Result<()> {
        match &self.poison {
            Some(reason) => Err(StorageError::Poisoned { reason: reason.clone() }),
            None if self.closed => Err(StorageError::Poisoned { reason: "the server is stopping".to_owned() }),
            None => Ok(()),
        }
    }
}

/// Shared by all.
#[derive(Debug)]
pub struct Shared {
    /// Tunables.
    pub options: WalOptions,
    /// The state. Never held over a write or a sync.
    pub state: Mutex<State>,
    /// Something for the log thread to do.
    pub work: Condvar,
    /// The preparer finished a task, or the log is closed or poisoned.
    pub prepared: Notify,
    /// Bytes of the queue that are free.
    pub places: Arc<Semaphore>,
    /// Work for the preparer.
    pub tasks: mpsc::Sender<Task>,
}

impl Shared {
    /// Asks for a file with room for `capacity` bytes of groups, unless the preparer is at work.
    pub fn ask_for_file(&self, state: &mut State, capacity: u64) {
        if !state.preparing && self.tasks.send(Task::Prepare { capacity }).is_ok() {
            state.preparing = true;
        }
    }

    /// Nothing is promised from now on; everybody who waits hears why. The first reason stays. Gives back what was queued.
    #[must_use = "somebody waits for the tickets"]
    pub fn poison(&self, reason: &str) -> Vec<Pending> {
        let queued = {
            let mut state = self.state.lock();
            if state.poison.is_none() {
                tracing::error!(reason, "the write-ahead log stopped");
                state.poison = Some(reason.to_owned());
            }
            state.queue.drain(..).collect()
        };
        self.wake_all();
        queued
    }

    /// Wakes everybody so that they look at `closed` and `poison`.
    pub fn wake_all(&self) {
        self.places.close();
        self.work.notify_all();
        self.prepared.notify_waiters();
    }
}
