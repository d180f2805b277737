//! The two halves of an append: leave to submit, and news of durability.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::state::Shared;
use crate::{Result, StorageError};

/// Leave to submit a transaction: a place in the queue and room on disk. Given back on drop.
#[derive(Debug)]
pub struct Admission {
    pub(super) shared: Arc<Shared>,
    pub(super) place: Option<OwnedSemaphorePermit>,
    pub(super) promised_bytes: u64,
}

impl Admission {
    /// Takes the place; what was promised stays promised for the transaction.
    pub(super) fn take(mut self) -> Option<(OwnedSemaphorePermit, u64)> {
        self.place.take().map(|place| (place, std::mem::take(&mut self.promised_bytes)))
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        if self.promised_bytes > 0 {
            self.shared.state.lock().space.release(self.promised_bytes);
        }
    }
}

/// Resolves when a transaction is durable and visible, or cannot be. Dropping it changes nothing: the write goes on.
#[derive(Debug)]
#[must_use = "nothing may be acknowledged before the ticket resolves"]
pub struct Ticket(pub(super) oneshot::Receiver<Result<()>>);

impl Future for Ticket {
    type Output = Result<()>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0)
            .poll(context)
            .map(|answer| answer.unwrap_or_else(|_| Err(StorageError::Poisoned { reason: "the log thread ended".to_owned() })))
    }
}
