//! Plans: what dropping, restoring or rolling back would do, before it is done.
//!
//! ```text
//! what is configured ----------------.
//!                                    +--> rows: restored, removed, orphan, broken
//! the same with one more layer that  |
//! drops or restores others ----------'
//! ```
//!
//! Taking a layer away takes exactly what it set: where a later layer set the same field, that stands; where none did, the
//! earlier value is back. Nothing that a plan finds is decided by rules of its own; it compares two folds.
//!
//! A plan rests on the layers it has seen. Once others are there it is refused, because it could do something that nobody
//! looked at.

mod orphan;

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;
use xxhash_rust::xxh3::Xxh3Default;

use self::orphan::OrphanPatch;
use super::{
    Break, Change, Delta, FieldPath, Fold, Keep, Layer, LayerError, LayerId, LayerStack, LayerState, NewLayer, Origin, Place,
    Relation, Uid, broken, change, delta,
};

/// Which layers a plan has seen: a hash of their ids in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Base(u128);

impl Base {
    /// The base that consists of these layers.
    pub(super) fn of<'a>(layers: impl IntoIterator<Item = &'a Layer>) -> Self {
        let mut hash = Xxh3Default::new();
        layers.into_iter().for_each(|layer| hash.update(&layer.id.0.to_le_bytes()));
        Self(hash.digest128())
    }
}

impl fmt::Display for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// What becomes of later changes whose object would be gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Orphans {
    /// The plan is refused if there are any.
    Refuse,
    /// They count for nothing.
    Drop,
    /// The object stays, made by the first layer that changes it, as it was before that.
    Keep,
}

impl Orphans {
    /// Reads `drop` and `keep`.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "drop" => Some(Self::Drop),
            "keep" => Some(Self::Keep),
            _ => None,
        }
    }
}

/// What a row of a plan says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlanKind {
    /// Another value is back, or an object.
    Restored,
    /// A key goes, or an object.
    Removed,
    /// A later change has no object.
    Orphan,
    /// Something would not hold together.
    Broken,
}

impl PlanKind {
    /// `restored`, `removed`, `orphan`, `broken`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Restored => "restored",
            Self::Removed => "removed",
            Self::Orphan => "orphan",
            Self::Broken => "broken",
        }
    }
}

/// A row of `etl.plan_drop` and `etl.plan_rollback`. References are names, secrets are masked.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanRow {
    /// The object's relation.
    pub relation: Relation,
    /// What it is called now; one that comes back, what it will be called.
    pub key: String,
    /// The field; empty for a whole object.
    pub path: FieldPath,
    /// What it is now.
    pub before: Option<Value>,
    /// What it will be.
    pub after: Option<Value>,
    /// The layer that set what comes back, or what goes.
    pub by: LayerId,
    /// What the row says.
    pub kind: PlanKind,
}

/// See the module.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What its layer will be.
    pub origin: Origin,
    /// Layers that it takes away.
    pub drops: Vec<LayerId>,
    /// Layers that it brings back.
    pub restores: Vec<LayerId>,
    /// Objects that stay although their maker goes.
    pub keeps: Vec<Keep>,
    /// Changes, then orphans, then breaks.
    pub rows: Vec<PlanRow>,
    /// What does not hold together; while there is one, the plan is refused.
    pub breaks: Vec<Break>,
    /// What becomes of orphans.
    pub orphans: Orphans,
    /// What it rests on.
    pub base: Base,
    /// What would be configured.
    pub after: Fold,
}

impl Plan {
    /// What dropping a layer would do.
    ///
    /// # Errors
    /// [`LayerError::NoLayer`], [`LayerError::AlreadyDropped`]; [`LayerError::NotInFold`] for a draft and a failed layer.
    pub fn drop(stack: &LayerStack, layer: LayerId, orphans: Orphans) -> Result<Self, LayerError> {
        match stack.state(layer)? {
            (_, Some(by)) => Err(LayerError::AlreadyDropped { layer, by }),
            (state, None) if !state.folds() => Err(LayerError::NotInFold { layer, state }),
            _ => Ok(Self::of(stack, Origin::Drop, vec![layer], Vec::new(), orphans)),
        }
    }

    /// What bringing back a dropped layer would do.
    ///
    /// # Errors
    /// [`LayerError::NoLayer`], [`LayerError::NotDropped`].
    pub fn restore(stack: &LayerStack, layer: LayerId, orphans: Orphans) -> Result<Self, LayerError> {
        match stack.state(layer)? {
            (_, Some(_)) => Ok(Self::of(stack, Origin::Restore, Vec::new(), vec![layer], orphans)),
            (state, None) => Err(LayerError::NotDropped { layer, state }),
        }
    }

    /// What dropping every layer behind `layer` would do, drops and restores included: what was configured at `layer` is
    /// back. [`LayerId::NONE`] drops all. Empty if none of them counts.
    ///
    /// # Errors
    /// [`LayerError::NoLayer`]; [`LayerError::NotInFold`] for a draft, which lies nowhere.
    pub fn rollback(stack: &LayerStack, layer: LayerId) -> Result<Self, LayerError> {
        let place = match layer {
            LayerId::NONE => Place(0),
            id => stack.layer(id)?.place.ok_or(LayerError::NotInFold { layer, state: stack.layer(id)?.state })?,
        };
        let standing = stack.standing();
        // Those that are dropped already too: what dropped them goes, and they would come back.
        let mut drops: Vec<LayerId> = stack.folding().filter(|other| other.place > Some(place)).map(|other| other.id).collect();
        if !drops.iter().any(|id| standing.counts(*id)) {
            drops.clear();
        }
        // What had no object at `layer` was decided then.
        Ok(Self::of(stack, Origin::Rollback, drops, Vec::new(), Orphans::Drop))
    }

    fn of(stack: &LayerStack, origin: Origin, drops: Vec<LayerId>, restores: Vec<LayerId>, orphans: Orphans) -> Self {
        let before = stack.fold();
        let changed = drops.iter().chain(&restores).copied();
        let uids = affected(stack, changed);
        let mut layer = Layer::stored(
            LayerId(stack.last().0 + 1),
            Some(stack.next_place()),
            NewLayer {
                created_at_us: 0,
                author: String::new(),
                comment: None,
                state: LayerState::Queued,
                origin,
                patches: Vec::new(),
                drops,
                restores,
                keeps: Vec::new(),
            },
        );
        let mut part = Fold::of_objects(stack.folding().chain([&layer]), &uids, |_, _| ());
        let found = OrphanPatch::all(stack, &before, &part);
        if orphans == Orphans::Keep {
            layer.keeps = OrphanPatch::keeps(stack, &found);
            part = Fold::of_objects(stack.folding().chain([&layer]), &uids, |_, _| ());
        }
        let mut after = Fold::clone(&before);
        uids.iter().for_each(|uid| after.adopt(&part, *uid));
        let mut rows = rows(&before, &after);
        rows.extend(found.into_iter().map(|orphan| orphan.row(&before, &after)));
        let breaks = broken::all(&after);
        rows.extend(breaks.iter().map(|one| broken_row(one, &before, &after)));
        let Layer { drops, restores, keeps, .. } = layer;
        Self { origin, drops, restores, keeps, rows, breaks, orphans, base: stack.base(), after }
    }

    /// Whether nothing would change.
    pub fn is_empty(&self) -> bool {
        self.drops.is_empty() && self.restores.is_empty()
    }

    /// The layer that does what the plan says.
    ///
    /// # Errors
    /// [`LayerError::PlanMoved`] if the layers are not those that the plan rests on, [`LayerError::Orphans`] if there are
    /// orphans and nobody said what to do, [`LayerError::Broken`] while something would not hold together.
    pub fn into_layer(
        self,
        stack: &LayerStack,
        author: &str,
        comment: Option<&str>,
        state: LayerState,
        created_at_us: i64,
    ) -> Result<NewLayer, LayerError> {
        if self.base != stack.base() {
            return Err(LayerError::PlanMoved);
        }
        if self.orphans == Orphans::Refuse {
            let mut orphans = self.rows.iter().filter(|row| row.kind == PlanKind::Orphan);
            if let Some(first) = orphans.next() {
                return Err(LayerError::Orphans {
                    count: 1 + orphans.count(),
                    key: first.key.clone(),
                    path: first.path.to_string(),
                    by: first.by,
                });
            }
        }
        let count = self.breaks.len();
        if let Some(first) = self.breaks.into_iter().next() {
            return Err(LayerError::Broken { first, count });
        }
        Ok(NewLayer {
            created_at_us,
            author: author.to_owned(),
            comment: comment.map(str::to_owned),
            state,
            origin: self.origin,
            patches: Vec::new(),
            drops: self.drops,
            restores: self.restores,
            keeps: self.keeps,
        })
    }
}

/// Objects that may change when these layers come or go: those that they patch or keep, and for a layer that says what others
/// count for, those of the others too.
fn affected(stack: &LayerStack, layers: impl IntoIterator<Item = LayerId>) -> BTreeSet<Uid> {
    let mut seen = BTreeSet::new();
    let mut open: Vec<LayerId> = layers.into_iter().collect();
    let mut uids = BTreeSet::new();
    while let Some(id) = open.pop() {
        let Ok(layer) = stack.layer(id) else { continue };
        if seen.insert(id) {
            uids.extend(layer.patches.iter().map(|patch| patch.uid).chain(layer.keeps.iter().map(|keep| keep.uid)));
            open.extend(layer.drops.iter().chain(&layer.restores));
            // An object that was kept for this layer's sake goes with it.
            let keeps = stack.folding().flat_map(|other| &other.keeps);
            uids.extend(keeps.filter(|keep| keep.at == id).map(|keep| keep.uid));
        }
    }
    uids
}

fn rows(before: &Fold, after: &Fold) -> Vec<PlanRow> {
    let row = |delta: Delta| {
        let (kind, by) = match delta.new {
            Some(_) => (PlanKind::Restored, change::set_by(after, &delta)),
            None => (PlanKind::Removed, change::set_by(before, &delta)),
        };
        let Change { relation, key, path, old, new, .. } = Change::shown(delta, before, after, LayerId::NONE);
        PlanRow { relation, key, path, before: old, after: new, by: by.unwrap_or(LayerId::NONE), kind }
    };
    delta::between_folds(before, after).into_iter().map(row).collect()
}

fn broken_row(one: &Break, before: &Fold, after: &Fold) -> PlanRow {
    let path = FieldPath::of(one.field());
    let value = |fold: &Fold| {
        let found = fold.get(one.uid).and_then(|object| object.get(&path))?.value();
        Some(change::shown(fold, one.relation, &path, found))
    };
    let (relation, key, by) = (one.relation, one.key.clone(), one.by);
    PlanRow { relation, key, before: value(before), after: value(after), path, by, kind: PlanKind::Broken }
}
