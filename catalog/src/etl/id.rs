//! Numbers that name layers and objects.
//!
//! They count up and are never used twice, so that a number in a message, a plan or a file keeps its meaning.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};

use serde::{Deserialize, Serialize};

/// A layer: 1, 2, ... in the order in which they were made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LayerId(pub i64);

impl LayerId {
    /// Before the first layer: nothing is configured. Changes that are staged and not committed carry it too.
    pub const NONE: Self = Self(0);
}

impl fmt::Display for LayerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Where a layer lies in the fold: 1, 2, ... A draft has none; it gets one when it is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Place(pub i64);

/// A role or a rule for as long as it exists, whatever it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Uid(pub i64);

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Hands out uids. One a process, begun above all that were ever stored; uids of transactions that were rolled back are
/// lost, which does not matter.
#[derive(Debug)]
pub struct UidCounter(AtomicI64);

impl UidCounter {
    /// Begins with `first`.
    pub fn new(first: Uid) -> Self {
        Self(AtomicI64::new(first.0))
    }

    /// The next one.
    pub fn take(&self) -> Uid {
        Uid(self.0.fetch_add(1, Ordering::Relaxed))
    }
}
