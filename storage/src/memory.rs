//! One accountant for the memory of the whole process.
//!
//! Everything that can grow with data takes a [`Reservation`] here: log queue, buffers, caches, Arrow in flight, query
//! operators, connections. Past the limit a growing reservation fails; its owner then waits, evicts, spills or gives a
//! clear error, but never allocates all the same.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use crate::error::StorageError;

/// Who uses memory. The names are those of `sys.caches` and of the metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Consumer {
    /// Requests being received, parsed and waiting for the log.
    Ingest,
    /// Records that are durable in the log and not yet sealed.
    Buffer,
    /// Sealing and merging.
    Seal,
    /// Decoded columns and index parts of segments.
    ReadCache,
    /// Operators of running queries.
    Query,
    /// Per-connection state.
    Connection,
}

impl Consumer {
    /// All of them, in the order of their declaration.
    pub const ALL: [Self; 6] = [Self::Ingest, Self::Buffer, Self::Seal, Self::ReadCache, Self::Query, Self::Connection];

    /// Its name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Buffer => "buffer",
            Self::Seal => "seal",
            Self::ReadCache => "read_cache",
            Self::Query => "query",
            Self::Connection => "connection",
        }
    }
}

/// The process's memory budget. Cheap to clone; all clones share one account.
#[derive(Debug, Clone)]
pub struct Memory(Arc<Account>);

struct Account {
    limit: usize,
    used: AtomicUsize,
    by_consumer: [AtomicUsize; Consumer::ALL.len()],
    relief: OnceLock<Relief>,
}

/// Frees up to so many bytes of what can be had again, a cache; how many it freed.
type Relief = Box<dyn Fn(usize) -> usize + Send + Sync>;

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account").field("limit", &self.limit).field("used", &self.used).finish_non_exhaustive()
    }
}

impl Memory {
    /// A budget of `limit` bytes.
    pub fn with_limit(limit: usize) -> Self {
        Self(Arc::new(Account { limit, used: AtomicUsize::new(0), by_consumer: Default::default(), relief: OnceLock::new() }))
    }

    /// Names who frees memory when a reservation does not fit: the read cache. Only the first call counts. `relief` must
    /// not reserve, except for [`Consumer::ReadCache`], which is never relieved.
    pub fn relieve_with(&self, relief: impl Fn(usize) -> usize + Send + Sync + 'static) {
        let _ = self.0.relief.set(Box::new(relief));
    }

    /// The budget in bytes.
    pub fn limit(&self) -> usize {
        self.0.limit
    }

    /// Bytes reserved now, by everybody.
    pub fn used(&self) -> usize {
        self.0.used.load(Ordering::Relaxed)
    }

    /// Bytes reserved now by `consumer`.
    pub fn used_by(&self, consumer: Consumer) -> usize {
        self.0.by_consumer[consumer as usize].load(Ordering::Relaxed)
    }

    /// An empty reservation that can grow.
    pub fn reservation(&self, consumer: Consumer) -> Reservation {
        Reservation { memory: self.clone(), consumer, bytes: 0 }
    }

    /// Reserves `bytes`.
    ///
    /// # Errors
    /// [`StorageError::OutOfMemory`] when they do not fit; nothing is reserved then.
    pub fn try_reserve(&self, consumer: Consumer, bytes: usize) -> Result<Reservation, StorageError> {
        let mut reservation = self.reservation(consumer);
        reservation.try_grow(bytes)?;
        Ok(reservation)
    }

    fn add(&self, consumer: Consumer, bytes: usize) {
        self.0.used.fetch_add(bytes, Ordering::Relaxed);
        self.0.by_consumer[consumer as usize].fetch_add(bytes, Ordering::Relaxed);
    }

    fn try_add(&self, consumer: Consumer, bytes: usize) -> Result<(), StorageError> {
        let limit = self.0.limit;
        let fits = self.take_if_fits(bytes)
            || (consumer != Consumer::ReadCache
                && self.0.relief.get().is_some_and(|relief| relief(bytes.min(limit)) > 0)
                && self.take_if_fits(bytes));
        if !fits {
            return Err(StorageError::OutOfMemory { what: consumer.name(), wanted: bytes, limit });
        }
        self.0.by_consumer[consumer as usize].fetch_add(bytes, Ordering::Relaxed);
        Ok(())
    }

    fn take_if_fits(&self, bytes: usize) -> bool {
        let limit = self.0.limit;
        let taken = self
            .0
            .used
            .try_update(Ordering::Relaxed, Ordering::Relaxed, |used| used.checked_add(bytes).filter(|sum| *sum <= limit));
        taken.is_ok()
    }

    fn sub(&self, consumer: Consumer, bytes: usize) {
        self.0.used.fetch_sub(bytes, Ordering::Relaxed);
        self.0.by_consumer[consumer as usize].fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// Bytes taken from the budget, given back on drop.
#[derive(Debug)]
pub struct Reservation {
    memory: Memory,
    consumer: Consumer,
    bytes: usize,
}

impl Reservation {
    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes `more` bytes.
    ///
    /// # Errors
    /// [`StorageError::OutOfMemory`] when they do not fit; the reservation stays as it is.
    pub fn try_grow(&mut self, more: usize) -> Result<(), StorageError> {
        self.memory.try_add(self.consumer, more)?;
        self.bytes += more;
        Ok(())
    }

    /// Takes `more` bytes even past the limit: for memory that is in use already and must be counted.
    pub fn grow(&mut self, more: usize) {
        self.memory.add(self.consumer, more);
        self.bytes += more;
    }

    /// Gives `less` bytes back, at most all.
    pub fn shrink(&mut self, less: usize) {
        let less = less.min(self.bytes);
        self.memory.sub(self.consumer, less);
        self.bytes -= less;
    }

    /// Moves the bytes to another consumer's account, for memory that changes hands.
    pub fn hand_to(mut self, consumer: Consumer) -> Self {
        let bytes = std::mem::take(&mut self.bytes);
        self.memory.add(consumer, bytes);
        self.memory.sub(self.consumer, bytes);
        Self { memory: self.memory.clone(), consumer, bytes }
    }

    /// Splits `bytes` (at most all) off into a reservation of its own.
    pub fn split(&mut self, bytes: usize) -> Self {
        let bytes = bytes.min(self.bytes);
        self.bytes -= bytes;
        Self { memory: self.memory.clone(), consumer: self.consumer, bytes }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.memory.sub(self.consumer, self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reservation_fits_or_fails_whole() {
        let memory = Memory::with_limit(100);
        let first = memory.try_reserve(Consumer::Buffer, 60);
        assert!(first.is_ok());
        assert!(memory.try_reserve(Consumer::Query, 41).is_err());
        assert_eq!(memory.used(), 60);
        drop(first);
        assert_eq!((memory.used(), memory.used_by(Consumer::Buffer)), (0, 0));
    }

    #[test]
    fn a_cache_gives_way_to_everybody_but_itself() {
        let memory = Memory::with_limit(100);
        let cached = Arc::new(std::sync::Mutex::new(memory.try_reserve(Consumer::ReadCache, 90).unwrap()));
        let cache = Arc::downgrade(&cached);
        memory.relieve_with(move |bytes| {
            let Some(cache) = cache.upgrade() else { return 0 };
            let mut cache = cache.lock().unwrap();
            let before = cache.bytes();
            cache.shrink(bytes);
            before - cache.bytes()
        });
        assert!(memory.try_reserve(Consumer::ReadCache, 20).is_err());
        let query = memory.try_reserve(Consumer::Query, 50).unwrap();
        assert_eq!((query.bytes(), memory.used_by(Consumer::ReadCache)), (50, 40));
        assert!(memory.try_reserve(Consumer::Query, 101).is_err());
    }

    #[test]
    fn handing_over_keeps_the_sum() {
        let memory = Memory::with_limit(100);
        let mut ingest = memory.reservation(Consumer::Ingest);
        ingest.grow(150);
        let half = ingest.split(50).hand_to(Consumer::Buffer);
        assert_eq!((memory.used(), memory.used_by(Consumer::Ingest), half.bytes()), (150, 100, 50));
        drop((ingest, half));
        assert_eq!(memory.used(), 0);
    }
}
