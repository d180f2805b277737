//! What two transactions at the same time did to the same thing.
//!
//! The one that commits second is checked: against what changed since it began, field by field, and against the
//! configuration that both together would make. Different fields of one object merge.

use std::collections::BTreeMap;
use std::fmt;

use super::{BreakKind, Delta, FieldPath, Fold, LayerError, LayerId, Patch, PatchOp, Relation, Uid, broken, change, delta};

/// Something that the other transaction did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The object's relation.
    pub relation: Relation,
    /// What it is called.
    pub key: String,
    /// What was done to it.
    pub what: ConflictKind,
    /// The layer that did it, where that can still be seen.
    pub by: Option<LayerId>,
}

/// What the other transaction did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConflictKind {
    /// It changed this field.
    Changed(FieldPath),
    /// It deleted the object.
    Deleted,
    /// It changed an object that this transaction deletes.
    ChangedWhatIsDeleted(FieldPath),
    /// Together, the two do not hold together.
    Broken(BreakKind),
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (noun, key) = (self.relation.noun(), &self.key);
        match &self.what {
            ConflictKind::Changed(path) => write!(f, "field \"{path}\" of {noun} \"{key}\" was changed")?,
            ConflictKind::Deleted => write!(f, "{noun} \"{key}\" was deleted")?,
            ConflictKind::ChangedWhatIsDeleted(path) => {
                write!(f, "field \"{path}\" of {noun} \"{key}\", which is to be deleted, was changed")?;
            }
            ConflictKind::Broken(BreakKind::SameName) => write!(f, "another {noun} was called \"{key}\"")?,
            ConflictKind::Broken(BreakKind::NoRole) => write!(f, "the role of {noun} \"{key}\" was deleted")?,
            ConflictKind::Broken(BreakKind::NoParent) => write!(f, "the parent of {noun} \"{key}\" was deleted")?,
            ConflictKind::Broken(BreakKind::ForeignParent) => write!(f, "{noun} \"{key}\" or its parent went to another role")?,
            ConflictKind::Broken(BreakKind::Circle) => write!(f, "the parents of {noun} \"{key}\" would form a circle")?,
        }
        match self.by {
            Some(by) => write!(f, " by layer {by}"),
            None => Ok(()),
        }
    }
}

/// Checks patches that were made on `base` against `now`, what is configured at the commit. `base` with the patches must
/// hold together.
///
/// # Errors
/// [`LayerError::Conflict`] with the first of all conflicts.
pub fn check(base: &Fold, now: &Fold, patches: &[Patch]) -> Result<(), LayerError> {
    let found = all(base, now, patches);
    let count = found.len();
    match found.into_iter().next() {
        Some(first) => Err(LayerError::Conflict { first, count }),
        None => Ok(()),
    }
}

/// All conflicts, in the order of the patches; what is broken comes last.
pub fn all(base: &Fold, now: &Fold, patches: &[Patch]) -> Vec<Conflict> {
    let mut theirs: BTreeMap<Uid, Vec<Delta>> = BTreeMap::new();
    for delta in delta::between_folds(base, now) {
        theirs.entry(delta.uid).or_default().push(delta);
    }
    let key = |uid: Uid| base.key(uid).or_else(|| now.key(uid)).unwrap_or_default();
    let mut found = Vec::new();
    for patch in patches {
        for delta in theirs.get(&patch.uid).into_iter().flatten() {
            let gone = delta.path.0.is_empty();
            let what = match &patch.op {
                // A new object has a new uid, which nobody else can have touched.
                PatchOp::Create { .. } => continue,
                _ if gone => ConflictKind::Deleted,
                PatchOp::Set { path, .. } | PatchOp::Unset { path } if path.overlaps(&delta.path) => {
                    ConflictKind::Changed(delta.path.clone())
                }
                PatchOp::Set { .. } | PatchOp::Unset { .. } => continue,
                PatchOp::Delete => ConflictKind::ChangedWhatIsDeleted(delta.path.clone()),
            };
            found.push(Conflict { relation: patch.relation, key: key(patch.uid), what, by: change::set_by(now, delta) });
        }
    }
    if found.is_empty() {
        let mut both = now.clone();
        for patch in patches {
            both.apply(patch, LayerId::NONE);
        }
        found.extend(broken::all(&both).into_iter().map(|one| Conflict {
            relation: one.relation,
            key: one.key,
            what: ConflictKind::Broken(one.kind),
            by: (one.by != LayerId::NONE).then_some(one.by),
        }));
    }
    found
}
