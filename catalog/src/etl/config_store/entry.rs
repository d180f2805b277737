//! What a key holds, and when it came there.

use super::{Key, LeaseId};

/// How many transactions changed the store, all of its keys together. Counts up; 0 is before the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct StoreRevision(pub i64);

impl std::fmt::Display for StoreRevision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// A key with its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key.
    pub key: Key,
    /// Its text.
    pub value: String,
    /// Of the transaction that wrote it last: what a compare-and-swap expects.
    pub revision: StoreRevision,
    /// The lease that it vanishes with.
    pub lease: Option<LeaseId>,
}

/// The keys of a scope at one revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// In the order of the keys.
    pub entries: Vec<Entry>,
    /// The store's revision when it was read: where a watch goes on.
    pub revision: StoreRevision,
}

impl Listing {
    /// The entry of a key.
    pub fn get(&self, key: &Key) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == *key)
    }
}
