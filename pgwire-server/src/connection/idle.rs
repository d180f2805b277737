//! How long a client may be silent after an answer, by `idle_session_timeout` and `idle_in_transaction_session_timeout`.

use std::time::Duration;

use strata_engine::session::{SessionInfo, TransactionStatus};
use tokio::time::Instant;

use crate::error::Error;

/// A silence that has begun.
#[derive(Debug, Clone, Copy)]
pub(super) struct Idle {
    until: Instant,
    status: TransactionStatus,
}

impl Idle {
    /// Begins after ReadyForQuery; `None` if the client may be silent for ever.
    pub fn begin(session: &SessionInfo, status: TransactionStatus) -> Option<Self> {
        let name = match status {
            TransactionStatus::Idle => "idle_session_timeout",
            TransactionStatus::Open | TransactionStatus::Failed => "idle_in_transaction_session_timeout",
        };
        let limit_ms = session.settings.lock().number(name);
        (limit_ms > 0).then(|| Self { until: Instant::now() + Duration::from_millis(limit_ms.unsigned_abs()), status })
    }

    /// Returns when it has lasted too long.
    pub async fn over(silence: Option<Self>) -> Error {
        let Some(Self { until, status }) = silence else { return std::future::pending().await };
        tokio::time::sleep_until(until).await;
        match status {
            TransactionStatus::Idle => Error::IdleSession,
            TransactionStatus::Open | TransactionStatus::Failed => Error::IdleInTransaction,
        }
    }
}
