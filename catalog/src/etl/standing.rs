//! Which layers count when some of them drop or restore others.
//!
//! A layer counts unless the last layer that counts, lies behind it and names it, drops it. So the order is walked from its
//! end: whether a layer counts is known before those that it names are reached.
//!
//! ```text
//! 1 sql   2 sql   3 drop 2   4 rollback to 2, which drops 3
//! counts  counts  -          counts                            <- dropping a drop brings back what it dropped
//! ```

use std::collections::{BTreeMap, BTreeSet};

use super::{Layer, LayerId};

/// What a walk over some layers found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    counting: BTreeSet<LayerId>,
    dropped_by: BTreeMap<LayerId, LayerId>,
}

impl Standing {
    /// Walks layers that are given in their order. A layer that is not among them has no say.
    pub fn of<'a>(layers: impl IntoIterator<Item = &'a Layer>) -> Self {
        let layers: Vec<&Layer> = layers.into_iter().collect();
        let mut found = Self::default();
        // What the last layer that names another says of it: who drops it, or nobody.
        let mut said: BTreeMap<LayerId, Option<LayerId>> = BTreeMap::new();
        for layer in layers.into_iter().rev() {
            if let Some(Some(by)) = said.get(&layer.id) {
                found.dropped_by.insert(layer.id, *by);
                continue;
            }
            found.counting.insert(layer.id);
            for id in &layer.drops {
                said.entry(*id).or_insert(Some(layer.id));
            }
            for id in &layer.restores {
                said.entry(*id).or_insert(None);
            }
        }
        found
    }

    /// Whether a layer counts.
    pub fn counts(&self, layer: LayerId) -> bool {
        self.counting.contains(&layer)
    }

    /// The layer that dropped it.
    pub fn dropped_by(&self, layer: LayerId) -> Option<LayerId> {
        self.dropped_by.get(&layer).copied()
    }
}
