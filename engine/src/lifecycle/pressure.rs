//! Back-pressure: writers wait for memory before they take more, and whoever can free some is told.

use std::sync::Arc;
use std::time::Duration;

use strata_storage::memory::{Consumer, Memory, Reservation};
use tokio::sync::Notify;

use crate::Result;
use crate::error::EngineError;

/// Share of the budget that records on their way in and unsealed buffers may take together.
const WRITE_SHARE_PERCENT: usize = 60;
/// A writer that waited this long gets an error instead.
const WAIT_MAX: Duration = Duration::from_secs(30);
/// How often a waiting writer looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Where writers wait for memory.
#[derive(Debug)]
pub(crate) struct Pressure {
    memory: Memory,
    /// Told when somebody waits.
    wanted: Arc<Notify>,
}

impl Pressure {
    pub fn new(memory: Memory, wanted: Arc<Notify>) -> Self {
        Self { memory, wanted }
    }

    /// Whether writers have taken their share, so that buffers should be sealed before they are full.
    pub fn is_high(&self) -> bool {
        self.write_bytes() > self.write_bytes_max() / 4 * 3
    }

    /// Reserves `bytes` for records on their way in, waiting for others to finish.
    ///
    /// # Errors
    /// [`EngineError::OutOfMemory`] when nothing was freed in [`WAIT_MAX`], or at once when it can never fit.
    pub async fn reserve(&self, consumer: Consumer, bytes: usize) -> Result<Reservation> {
        let started = tokio::time::Instant::now();
        loop {
            if self.write_bytes() + bytes <= self.write_bytes_max() || self.write_bytes() == 0 {
                match self.memory.try_reserve(consumer, bytes) {
                    Ok(reservation) => return Ok(reservation),
                    Err(error) if bytes > self.memory.limit() => return Err(error.into()),
                    Err(_) => {}
                }
            }
            if started.elapsed() > WAIT_MAX {
                return Err(EngineError::OutOfMemory {
                    message: format!(
                        "{bytes} bytes for incoming records, with {} of {} bytes in use",
                        self.memory.used(),
                        self.memory.limit()
                    ),
                });
            }
            self.wanted.notify_one();
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    fn write_bytes(&self) -> usize {
        self.memory.used_by(Consumer::Ingest) + self.memory.used_by(Consumer::Buffer)
    }

    fn write_bytes_max(&self) -> usize {
        self.memory.limit() / 100 * WRITE_SHARE_PERCENT
    }
}
