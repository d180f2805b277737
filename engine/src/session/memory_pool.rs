//! Memory of one query's operators, taken from the budget of the process.
//!
//! DataFusion's operators ask before they grow and spill when told no. There is no fairness between operators: who asks
//! first gets it, as everywhere else in the process.

use datafusion::error::{DataFusionError, Result};
use datafusion::execution::memory_pool::{MemoryLimit, MemoryPool, MemoryReservation};
use parking_lot::Mutex;
use strata_storage::memory::{Consumer, Memory, Reservation};

/// The pool of one query.
#[derive(Debug)]
pub(crate) struct QueryPool {
    limit: usize,
    held: Mutex<Reservation>,
}

impl QueryPool {
    /// An empty pool over `memory`.
    pub fn new(memory: &Memory) -> Self {
        Self { limit: memory.limit(), held: Mutex::new(memory.reservation(Consumer::Query)) }
    }
}

impl std::fmt::Display for QueryPool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "query({} of {} bytes)", self.held.lock().bytes(), self.limit)
    }
}

impl MemoryPool for QueryPool {
    fn name(&self) -> &str {
        "query"
    }

    fn grow(&self, _reservation: &MemoryReservation, additional: usize) {
        self.held.lock().grow(additional);
    }

    fn shrink(&self, _reservation: &MemoryReservation, shrink: usize) {
        self.held.lock().shrink(shrink);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        self.held.lock().try_grow(additional).map_err(|error| {
            DataFusionError::ResourcesExhausted(format!(
                "{} asked for {additional} more bytes: {error}",
                reservation.consumer().name()
            ))
        })
    }

    fn reserved(&self) -> usize {
        self.held.lock().bytes()
    }

    fn memory_limit(&self) -> MemoryLimit {
        MemoryLimit::Finite(self.limit)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use datafusion::execution::memory_pool::MemoryConsumer;

    use super::*;

    #[test]
    fn operators_share_the_budget_with_everybody() {
        let memory = Memory::with_limit(100);
        let pool: Arc<dyn MemoryPool> = Arc::new(QueryPool::new(&memory));
        let buffer = memory.try_reserve(Consumer::Buffer, 50).unwrap();
        let reservation = MemoryConsumer::new("sort").register(&pool);
        reservation.try_grow(40).unwrap();
        assert_eq!(memory.used_by(Consumer::Query), 40);
        let error = reservation.try_grow(20).unwrap_err();
        assert!(matches!(error.find_root(), DataFusionError::ResourcesExhausted(_)), "{error}");
        drop(buffer);
        reservation.try_grow(20).unwrap();
        drop(reservation);
        assert_eq!(memory.used(), 0);
    }
}
