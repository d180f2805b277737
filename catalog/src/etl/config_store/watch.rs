//! What changes in a store, as it changes.

use async_trait::async_trait;

use super::{Entry, Key, StoreRevision};
use crate::Result;

/// What became of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It was written.
    Put(Entry),
    /// It went: deleted, or its lease ran out.
    Deleted(Key),
}

impl Change {
    /// The key.
    pub fn key(&self) -> &Key {
        match self {
            Change::Put(entry) => &entry.key,
            Change::Deleted(key) => key,
        }
    }
}

/// What one transaction changed among the keys that are watched; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    /// The transaction's.
    pub revision: StoreRevision,
    /// Each key once.
    pub changes: Vec<Change>,
}

/// How an implementation waits for changes.
#[async_trait]
pub trait WatchSource: Send + std::fmt::Debug {
    /// See [`Watch::next`].
    async fn next(&mut self) -> Result<Changes>;
}

/// A running watch. It ends when it is dropped.
#[derive(Debug)]
pub struct Watch(Box<dyn WatchSource>);

impl Watch {
    /// A watch over what `source` tells.
    pub fn new(source: impl WatchSource + 'static) -> Self {
        Self(Box::new(source))
    }

    /// Waits for the next transaction that changed something. May be given up and called again: nothing is lost.
    ///
    /// # Errors
    /// [`super::StoreError::Compacted`] when what comes next was forgotten: list again and watch from there. Any other
    /// error also ends the watch.
    pub async fn next(&mut self) -> Result<Changes> {
        self.0.next().await
    }
}
