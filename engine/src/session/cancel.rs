//! Stopping what a session runs, from anywhere.
//!
//! A request hits the statement that runs at that moment and no later one; without one it is lost, as in PostgreSQL.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;

/// Why a statement or a session is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopReason {
    /// A cancel request or `pg_cancel_backend`.
    UserRequest,
    /// `statement_timeout`.
    StatementTimeout,
    /// `pg_terminate_backend`.
    Terminate,
    /// The server stops.
    Shutdown,
}

impl StopReason {
    /// The error of a statement that was stopped for it.
    pub fn error(self) -> crate::EngineError {
        let message = match self {
            Self::UserRequest => "canceling statement due to user request",
            Self::StatementTimeout => "canceling statement due to statement timeout",
            Self::Terminate => "terminating connection due to administrator command",
            Self::Shutdown => return crate::EngineError::ShuttingDown,
        };
        crate::EngineError::Cancelled { message: message.into() }
    }
}

/// Cancels what a session runs. Cheap to clone, may outlive the session.
#[derive(Debug, Clone, Default)]
pub struct CancelHandle(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// Counts statements; 0 before the first.
    statement: u64,
    running: bool,
    stop: Option<StopReason>,
    terminated: bool,
}

impl CancelHandle {
    /// Asks the running statement to end.
    pub fn cancel(&self) {
        self.stop(StopReason::UserRequest);
    }

    /// Asks the running statement to end, for that reason.
    pub fn stop(&self, reason: StopReason) {
        let mut state = self.0.state.lock();
        if reason == StopReason::Terminate {
            state.terminated = true;
        }
        if state.running && state.stop.is_none() {
            state.stop = Some(reason);
        }
        drop(state);
        self.0.changed.notify_waiters();
    }

    /// Whether the session was asked to end altogether.
    pub fn is_terminated(&self) -> bool {
        self.0.state.lock().terminated
    }

    /// Returns when the session is asked to end altogether.
    pub async fn terminated(&self) {
        loop {
            let changed = self.0.changed.notified();
            if self.is_terminated() {
                return;
            }
            changed.await;
        }
    }

    /// Marks the beginning of a statement.
    pub(crate) fn begin(&self) -> StopToken {
        let mut state = self.0.state.lock();
        state.statement += 1;
        state.running = true;
        state.stop = state.terminated.then_some(StopReason::Terminate);
        StopToken { handle: self.clone(), statement: state.statement }
    }
}

/// One statement's ear for requests to stop.
#[derive(Debug)]
pub(crate) struct StopToken {
    handle: CancelHandle,
    statement: u64,
}

impl StopToken {
    /// Why to stop, if so.
    pub fn stopped(&self) -> Option<StopReason> {
        let state = self.handle.0.state.lock();
        if state.statement == self.statement { state.stop } else { None }
    }

    /// Returns when the statement is to stop.
    pub async fn wait(&self) -> StopReason {
        loop {
            let changed = self.handle.0.changed.notified();
            if let Some(reason) = self.stopped() {
                return reason;
            }
            changed.await;
        }
    }
}

impl Drop for StopToken {
    fn drop(&mut self) {
        let mut state = self.handle.0.state.lock();
        if state.statement == self.statement {
            state.running = false;
            state.stop = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_request_hits_only_the_running_statement() {
        let handle = CancelHandle::default();
        handle.cancel();
        let first = handle.begin();
        assert_eq!(first.stopped(), None);
        handle.cancel();
        assert_eq!(first.wait().await, StopReason::UserRequest);
        drop(first);
        let second = handle.begin();
        assert_eq!(second.stopped(), None);
        handle.stop(StopReason::Terminate);
        drop(second);
        assert_eq!(handle.begin().stopped(), Some(StopReason::Terminate));
    }
}
