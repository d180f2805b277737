//! Loads under way: who comes second for a chunk waits for the first instead of decoding it again.

use std::future::Future;
use std::sync::Arc;

use arrow::array::ArrayRef;
use hashbrown::HashMap;
use parking_lot::Mutex;
use tokio::sync::OnceCell;

use super::ChunkKey;
use crate::Result;

type Cell = Arc<OnceCell<Vec<ArrayRef>>>;

/// The loads under way by the key of their first chunk.
#[derive(Debug, Default)]
pub struct Flights(Mutex<HashMap<ChunkKey, Cell>>);

impl Flights {
    /// Runs `load`, or waits for the one that runs already. May be cancelled: then one of those who wait runs theirs.
    ///
    /// # Errors
    /// Those of `load`; who waits then runs theirs.
    pub async fn join<F>(&self, key: &ChunkKey, load: impl FnOnce() -> F) -> Result<Vec<ArrayRef>>
    where
        F: Future<Output = Result<Vec<ArrayRef>>>,
    {
        let cell = self.0.lock().entry(key.clone()).or_default().clone();
        let seat = Seat { flights: self, key, cell: Some(cell.clone()) };
        let loaded = cell.get_or_try_init(load).await.cloned();
        drop(cell);
        drop(seat);
        loaded
    }
}

/// One who waits or loads. The last to leave closes the flight.
struct Seat<'a> {
    flights: &'a Flights,
    key: &'a ChunkKey,
    cell: Option<Cell>,
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        let mut flights = self.flights.0.lock();
        // Given up under the lock, so that of two who leave at once the second sees that it is the last.
        drop(self.cell.take());
        if flights.get(self.key).is_some_and(|cell| Arc::strong_count(cell) == 1) {
            flights.remove(self.key);
        }
    }
}
