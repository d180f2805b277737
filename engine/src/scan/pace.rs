//! How long a partition works before others get their turn.
//!
//! A scan that finds nothing for long must let other tasks run, and be cancelled. Giving way costs more than a chunk that
//! bounds or an index have ruled out, so it is time that decides and not the number of chunks.

use std::time::{Duration, Instant};

/// Work between two turns of others.
const TURN: Duration = Duration::from_millis(1);

/// The pace of one partition.
#[derive(Debug)]
pub(crate) struct Pace {
    since: Instant,
}

impl Pace {
    /// Begins now.
    pub(crate) fn new() -> Self {
        Self { since: Instant::now() }
    }

    /// Gives way to others if it is time.
    pub(crate) async fn keep(&mut self) {
        if self.since.elapsed() >= TURN {
            tokio::task::yield_now().await;
            self.since = Instant::now();
        }
    }
}
