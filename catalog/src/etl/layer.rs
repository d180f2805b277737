//! A layer: what one transaction changed, who changed it, and how far it has come.
//!
//! ```text
//!           apply                          instances agree
//! draft ----------> queued ---> applying ------------------> active
//!   |  ^               |            |
//!   v  |               '----------> failed --- retry ---> queued, at the end of the order
//! dropped
//! ```
//!
//! A layer that is queued, applying or active is *dropped* while a later layer that stands says so; this is found by
//! looking ([`super::standing`]) and never written into the layer, so that a drop can be undone. Only a draft that was thrown
//! away is `dropped` by itself.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::made::Made;
use super::{LayerId, Patch, Place, Relation, Row, Uid};

/// How far a layer has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LayerState {
    /// Made, and in no fold until somebody applies it.
    Draft,
    /// In the fold; its rollout has not begun.
    Queued,
    /// Its rollout runs.
    Applying,
    /// It has arrived.
    Active,
    /// Its rollout failed; it is in no fold.
    Failed,
    /// Taken away.
    Dropped,
}

impl LayerState {
    /// All.
    pub const ALL: [Self; 6] = [Self::Draft, Self::Queued, Self::Applying, Self::Active, Self::Failed, Self::Dropped];

    /// `draft`, `queued`, ...
    pub fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Queued => "queued",
            Self::Applying => "applying",
            Self::Active => "active",
            Self::Failed => "failed",
            Self::Dropped => "dropped",
        }
    }

    /// The state of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether the fold holds a layer in this state, unless it is dropped.
    pub fn folds(self) -> bool {
        matches!(self, Self::Queued | Self::Applying | Self::Active)
    }

    /// Whether a layer may go from this state to `next`: the arrows of the module's picture.
    pub fn may_become(self, next: Self) -> bool {
        use LayerState::{Active, Applying, Draft, Dropped, Failed, Queued};
        matches!(
            (self, next),
            (Draft, Queued | Dropped)
                | (Dropped, Draft)
                | (Queued, Applying | Active | Failed)
                | (Applying, Active | Failed)
                | (Failed, Queued)
        )
    }
}

impl fmt::Display for LayerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What made a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Statements on `etl.roles` and `etl.rules`.
    Sql,
    /// `etl.import`.
    Import,
    /// `etl.drop_layer`.
    Drop,
    /// `etl.restore_layer`.
    Restore,
    /// `etl.rollback_to`.
    Rollback,
}

impl Origin {
    /// All.
    pub const ALL: [Self; 5] = [Self::Sql, Self::Import, Self::Drop, Self::Restore, Self::Rollback];

    /// `sql`, `import`, ...
    pub fn name(self) -> &'static str {
        match self {
            Self::Sql => "sql",
            Self::Import => "import",
            Self::Drop => "drop",
            Self::Restore => "restore",
            Self::Rollback => "rollback",
        }
    }

    /// The origin of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|origin| origin.name() == name)
    }
}

/// An object that stays although the layer that made it is dropped: the layer `at`, the first that edits it, makes it now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keep {
    /// The layer that makes the object, before its own patches.
    pub at: LayerId,
    /// The object's relation.
    pub relation: Relation,
    /// The object.
    pub uid: Uid,
    /// Its fields as they were before that layer edited them.
    pub fields: Row,
}

/// A layer that is not stored yet: the store gives it its id and its place.
#[derive(Debug, Clone, PartialEq)]
pub struct NewLayer {
    /// Now, microseconds.
    pub created_at_us: i64,
    /// Who made it.
    pub author: String,
    /// Why.
    pub comment: Option<String>,
    /// [`LayerState::Draft`], [`LayerState::Queued`] or [`LayerState::Active`].
    pub state: LayerState,
    /// What made it.
    pub origin: Origin,
    /// What it changes.
    pub patches: Vec<Patch>,
    /// Layers that it takes away.
    pub drops: Vec<LayerId>,
    /// Layers that it brings back.
    pub restores: Vec<LayerId>,
    /// Objects that stay although their maker goes.
    pub keeps: Vec<Keep>,
}

/// A stored layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// Identity.
    pub id: LayerId,
    /// Where it lies in the fold; a draft has no place. Applying a draft and retrying a failed layer put it at the end.
    pub place: Option<Place>,
    /// When it was made, microseconds.
    pub created_at_us: i64,
    /// Who made it.
    pub author: String,
    /// Why.
    pub comment: Option<String>,
    /// How far it has come by itself; whether another layer dropped it is known to the stack.
    pub state: LayerState,
    /// What made it.
    pub origin: Origin,
    /// What it changes.
    pub patches: Vec<Patch>,
    /// Layers that it takes away.
    pub drops: Vec<LayerId>,
    /// Layers that it brings back.
    pub restores: Vec<LayerId>,
    /// Objects that stay although their maker goes.
    pub keeps: Vec<Keep>,
    /// What its patches make.
    pub made: Made,
}

impl Layer {
    /// A new layer with its id and place.
    pub fn stored(id: LayerId, place: Option<Place>, new: NewLayer) -> Self {
        let NewLayer { created_at_us, author, comment, state, origin, patches, drops, restores, keeps } = new;
        let made = Made::default();
        Self { id, place, created_at_us, author, comment, state, origin, patches, drops, restores, keeps, made }
    }

    /// Whether it says what other layers count for.
    pub fn judges(&self) -> bool {
        !self.drops.is_empty() || !self.restores.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        assert!(LayerState::ALL.into_iter().all(|state| LayerState::named(state.name()) == Some(state)));
        assert!(Origin::ALL.into_iter().all(|origin| Origin::named(origin.name()) == Some(origin)));
    }

    #[test]
    fn a_layer_that_has_arrived_stays() {
        assert!(LayerState::ALL.into_iter().all(|next| !LayerState::Active.may_become(next)));
        assert!(LayerState::Failed.may_become(LayerState::Queued));
        assert!(!LayerState::Draft.may_become(LayerState::Active));
    }
}
