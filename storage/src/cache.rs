//! The read cache: decoded chunks of columns, as many as the memory budget allows.
//!
//! It takes memory only while nobody else wants it, and gives it back when [`ReadCache::shrink`] is called. A scan over
//! everything must not push out what is used all the time, so entries pass through two queues (S3-FIFO, by Yang, Zhang,
//! Qiu, Yue and Vinayak, SOSP 2023):
//!
//! ```text
//! new ─▶ small (a tenth) ─ used again ─▶ main ─ used since ─▶ main, one life less
//!           │                             │
//!           └─ not used ─▶ ghost (key)    └─ not used ─▶ out
//!                            │
//! new, but its key is in ghost ─▶ main
//! ```
//!
//! One lock guards all of it. An entry stands for 65,536 rows, so a lookup that takes a fraction of a microsecond is
//! followed by work that takes a hundred times as long.
//!
//! **Invariant:** an entry holds what the segment holds, never anything computed for a query; the cache may be emptied at
//! any time without changing an answer.

mod flight;
mod queues;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, UInt16Type};
use parking_lot::Mutex;

pub use flight::Flights;

use crate::ids::SegmentId;
use crate::memory::{Consumer, Memory, Reservation};
use queues::Queues;

/// What an entry is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ChunkKey {
    /// Of this segment,
    pub segment: SegmentId,
    /// this column,
    pub column: CachedColumn,
    /// this chunk of rows.
    pub chunk: u32,
}

/// A column as the cache names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum CachedColumn {
    /// A column of the file.
    Stored(u32),
    /// The same, a block alone; the chunk is the number of the block.
    Block(u32),
    /// All of `attrs`, put together from its parts.
    Attrs,
    /// A field of `attrs`, put together from its parts.
    Field(Arc<[String]>),
    /// A section of the index file of this name; the chunk is the number of the section.
    Index(Arc<str>),
}

/// Figures of a cache for `sys.caches`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheStats {
    /// Name of the cache.
    pub name: &'static str,
    /// Bytes held now.
    pub bytes: u64,
    /// Bytes it may hold at most; the memory budget may leave it less.
    pub limit: u64,
    /// Lookups that found their entry.
    pub hits: u64,
    /// Lookups that did not.
    pub misses: u64,
    /// Entries that were pushed out.
    pub evictions: u64,
}

/// Decoded chunks. Cheap to clone; all clones share one cache.
#[derive(Debug, Clone)]
pub struct ReadCache(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    limit: usize,
    state: Mutex<State>,
    flights: Flights,
    hits: AtomicU64,
    misses: AtomicU64,
    evictions: AtomicU64,
}

#[derive(Debug)]
struct State {
    queues: Queues,
    memory: Reservation,
}

impl State {
    fn take(&mut self, bytes: usize, limit: usize) -> bool {
        self.memory.bytes() + bytes <= limit && self.memory.try_grow(bytes).is_ok()
    }
}

impl ReadCache {
    /// A cache of at most `limit` bytes that it takes from `memory`.
    pub fn new(memory: &Memory, limit: usize) -> Self {
        let state = State { queues: Queues::new(limit), memory: memory.reservation(Consumer::ReadCache) };
        Self(Arc::new(Shared {
            limit,
            state: Mutex::new(state),
            flights: Flights::default(),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
            evictions: AtomicU64::new(0),
        }))
    }

    /// The entry of `key`; counts as a use.
    pub fn get(&self, key: &ChunkKey) -> Option<ArrayRef> {
        let found = self.0.state.lock().queues.get(key);
        let counter = if found.is_some() { &self.0.hits } else { &self.0.misses };
        counter.fetch_add(1, Ordering::Relaxed);
        found
    }

    /// Whether `key` has an entry; counts as nothing.
    pub fn contains(&self, key: &ChunkKey) -> bool {
        self.0.state.lock().queues.contains(key)
    }

    /// Adds an entry, if room can be made for it.
    pub fn insert(&self, key: ChunkKey, array: ArrayRef) {
        let bytes = chunk_bytes(&array);
        if bytes > self.0.limit {
            return;
        }
        let mut state = self.0.state.lock();
        if state.queues.contains(&key) {
            return;
        }
        // Dropped after the lock.
        let mut evicted = Vec::new();
        while !state.take(bytes, self.0.limit) {
            let Some((array, freed)) = state.queues.evict() else { return };
            state.memory.shrink(freed);
            evicted.push(array);
        }
        state.queues.insert(key, array, bytes);
        drop(state);
        self.0.evictions.fetch_add(evicted.len() as u64, Ordering::Relaxed);
    }

    /// Gives back `bytes`, or all there is; returns how many it gave.
    pub fn shrink(&self, bytes: usize) -> usize {
        let mut given = 0;
        while given < bytes {
            let mut state = self.0.state.lock();
            let Some((array, freed)) = state.queues.evict() else { break };
            state.memory.shrink(freed);
            drop(state);
            drop(array);
            given += freed;
            self.0.evictions.fetch_add(1, Ordering::Relaxed);
        }
        given
    }

    /// Drops all entries of a segment that is gone.
    pub fn forget(&self, segment: SegmentId) {
        let mut state = self.0.state.lock();
        let freed = state.queues.remove_where(|key| key.segment == segment);
        state.memory.shrink(freed);
    }

    /// Figures for `sys.caches`.
    pub fn stats(&self) -> CacheStats {
        CacheStats {
            name: Consumer::ReadCache.name(),
            bytes: self.0.state.lock().memory.bytes() as u64,
            limit: self.0.limit as u64,
            hits: self.0.hits.load(Ordering::Relaxed),
            misses: self.0.misses.load(Ordering::Relaxed),
            evictions: self.0.evictions.load(Ordering::Relaxed),
        }
    }

    /// Loads under way, so that two queries do not decode the same chunk.
    pub(crate) fn flights(&self) -> &Flights {
        &self.0.flights
    }
}

/// Bytes that an entry keeps alive. The dictionary of codes is shared by all chunks and counted by the segment's reader.
pub fn chunk_bytes(array: &ArrayRef) -> usize {
    /// Map entry, queue entry, array header.
    const OVERHEAD_BYTES: usize = 256;
    let buffers = match array.data_type() {
        DataType::Dictionary(key, _) if **key == DataType::UInt16 => {
            array.as_dictionary::<UInt16Type>().keys().get_buffer_memory_size()
        }
        _ => array.get_buffer_memory_size(),
    };
    buffers + OVERHEAD_BYTES
}
