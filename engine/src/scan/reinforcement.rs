//! More workers for what turns out to be long.
//!
//! To wake another thread takes longer than an answer from an index or from the newest blocks takes altogether. So one task
//! begins alone, and the others join it when it has worked for a while.

use std::future::Future;
use std::time::{Duration, Instant};

use datafusion::error::{DataFusionError, Result};
use tokio::task::JoinSet;

/// How long one task works alone.
const ALONE: Duration = Duration::from_micros(500);

/// The tasks that may join one that has begun. Dropped, it stops them.
#[derive(Debug)]
pub(crate) struct Reinforcement<T> {
    since: Instant,
    /// Tasks that were not called yet.
    waiting: usize,
    called: JoinSet<Result<T>>,
}

impl<T: Send + 'static> Reinforcement<T> {
    /// For one task that begins now and is to become `workers` tasks.
    pub(crate) fn new(workers: usize) -> Self {
        Self { since: Instant::now(), waiting: workers.saturating_sub(1), called: JoinSet::new() }
    }

    /// Calls the others if it is time, each to do its own `work`.
    pub(crate) fn call_if_long<F: Future<Output = Result<T>> + Send + 'static>(&mut self, work: impl Fn() -> F) {
        if self.waiting > 0 && self.since.elapsed() >= ALONE {
            (0..std::mem::take(&mut self.waiting)).for_each(|_| drop(self.called.spawn(work())));
        }
    }

    /// What the others have, once all are done.
    ///
    /// # Errors
    /// The first of theirs.
    pub(crate) async fn results(mut self) -> Result<Vec<T>> {
        let mut results = Vec::with_capacity(self.called.len());
        while let Some(result) = self.called.join_next().await {
            results.push(result.map_err(|error| DataFusionError::Internal(format!("a worker did not finish: {error}")))??);
        }
        Ok(results)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn others_are_called_once_and_only_for_long_work() {
        let mut short = Reinforcement::new(3);
        short.since = Instant::now() + Duration::from_secs(3600);
        short.call_if_long(|| async { Ok(1) });
        assert_eq!(short.results().await.unwrap(), Vec::<i32>::new());

        let mut long = Reinforcement::new(3);
        long.since = Instant::now().checked_sub(ALONE).unwrap();
        long.call_if_long(|| async { Ok(1) });
        long.call_if_long(|| async { Ok(2) });
        assert_eq!(long.results().await.unwrap(), [1, 1]);
    }

    #[tokio::test]
    async fn errors_and_panics_of_others_are_errors() {
        let mut failing: Reinforcement<i32> = Reinforcement::new(2);
        failing.since = Instant::now().checked_sub(ALONE).unwrap();
        failing.call_if_long(|| async { Err(DataFusionError::Execution("no".to_owned())) });
        assert!(failing.results().await.unwrap_err().to_string().contains("no"));

        let mut panicking: Reinforcement<i32> = Reinforcement::new(2);
        panicking.since = Instant::now().checked_sub(ALONE).unwrap();
        panicking.call_if_long(|| async { panic!("a defect") });
        assert!(panicking.results().await.unwrap_err().to_string().contains("did not finish"));
    }
}
