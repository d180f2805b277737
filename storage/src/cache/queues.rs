//! The two queues and the ghost list of the read cache.
//!
//! **Invariant:** a queue may name entries that are gone (their stamp differs then); an entry is named by exactly one
//! queue with its own stamp.

use std::collections::VecDeque;
use std::hash::BuildHasher;

use arrow::array::ArrayRef;
use hashbrown::{DefaultHashBuilder, HashMap, HashSet};

use super::ChunkKey;

/// Uses that are remembered: an entry survives as many rounds of the main queue.
const USES_MAX: u8 = 3;
/// The small queue has this part of the limit.
const SMALL_ONE_IN: usize = 10;
/// Keys that are remembered after their entries went.
const GHOSTS_MAX: usize = 16_384;

/// All entries, in the order in which they leave.
#[derive(Debug)]
pub struct Queues {
    small_limit: usize,
    small_bytes: usize,
    entries: HashMap<ChunkKey, Entry>,
    small: VecDeque<(ChunkKey, u64)>,
    main: VecDeque<(ChunkKey, u64)>,
    ghosts: VecDeque<u64>,
    ghost_set: HashSet<u64>,
    hasher: DefaultHashBuilder,
    next_stamp: u64,
}

#[derive(Debug)]
struct Entry {
    array: ArrayRef,
    bytes: usize,
    uses: u8,
    stamp: u64,
    in_small: bool,
}

impl Queues {
    /// Queues for a cache of `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self {
            small_limit: limit / SMALL_ONE_IN,
            small_bytes: 0,
            entries: HashMap::new(),
            small: VecDeque::new(),
            main: VecDeque::new(),
            ghosts: VecDeque::new(),
            ghost_set: HashSet::new(),
            hasher: DefaultHashBuilder::default(),
            next_stamp: 0,
        }
    }

    /// Whether there is an entry.
    pub fn contains(&self, key: &ChunkKey) -> bool {
        self.entries.contains_key(key)
    }

    /// The entry, with one use more.
    pub fn get(&mut self, key: &ChunkKey) -> Option<ArrayRef> {
        let entry = self.entries.get_mut(key)?;
        entry.uses = (entry.uses + 1).min(USES_MAX);
        Some(entry.array.clone())
    }

    /// Adds an entry that is not there.
    pub fn insert(&mut self, key: ChunkKey, array: ArrayRef, bytes: usize) {
        let ghost = self.hasher.hash_one(&key);
        let in_small = !self.ghost_set.remove(&ghost);
        let stamp = self.next_stamp;
        self.next_stamp += 1;
        if in_small {
            self.small.push_back((key.clone(), stamp));
            self.small_bytes += bytes;
        } else {
            self.main.push_back((key.clone(), stamp));
        }
        self.entries.insert(key, Entry { array, bytes, uses: 0, stamp, in_small });
    }

    /// Pushes out the entry that is worth least; returns it and its bytes.
    pub fn evict(&mut self) -> Option<(ArrayRef, usize)> {
        loop {
            let from_small = !self.small.is_empty() && (self.small_bytes > self.small_limit || self.main.is_empty());
            let (key, stamp) = if from_small { self.small.pop_front()? } else { self.main.pop_front()? };
            let Some(entry) = self.entries.get_mut(&key).filter(|entry| entry.stamp == stamp) else { continue };
            if entry.in_small {
                self.small_bytes -= entry.bytes;
            }
            if entry.uses > 0 {
                entry.uses = if entry.in_small { 0 } else { entry.uses - 1 };
                entry.in_small = false;
                self.main.push_back((key, stamp));
                continue;
            }
            if entry.in_small {
                self.remember(&key);
            }
            return self.entries.remove(&key).map(|entry| (entry.array, entry.bytes));
        }
    }

    /// Removes all entries whose key is `unwanted`; returns their bytes.
    pub fn remove_where(&mut self, unwanted: impl Fn(&ChunkKey) -> bool) -> usize {
        let mut freed = 0;
        for (_, entry) in self.entries.extract_if(|key, _| unwanted(key)) {
            freed += entry.bytes;
            if entry.in_small {
                self.small_bytes -= entry.bytes;
            }
        }
        freed
    }

    fn remember(&mut self, key: &ChunkKey) {
        let ghost = self.hasher.hash_one(key);
        if self.ghost_set.insert(ghost) {
            self.ghosts.push_back(ghost);
        }
        while self.ghosts.len() > GHOSTS_MAX {
            if let Some(oldest) = self.ghosts.pop_front() {
                self.ghost_set.remove(&oldest);
            }
        }
    }
}
