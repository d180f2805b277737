//! Later changes that a plan leaves without their object, and what keeping the object means.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{PlanKind, PlanRow};
use crate::etl::{FieldPath, Fold, Keep, LayerId, LayerStack, Node, PatchOp, Relation, Uid, change};

/// A later change of an object that would be gone.
pub(super) struct OrphanPatch {
    layer: LayerId,
    relation: Relation,
    uid: Uid,
    path: FieldPath,
    value: Option<Value>,
}

impl OrphanPatch {
    /// Patches that count, have their object and would not have it any more, though it is there now; in their order.
    pub(super) fn all(stack: &LayerStack, before: &Fold, after: &Fold) -> Vec<Self> {
        let standing = stack.standing();
        let mut found = Vec::new();
        for layer in stack.folding().filter(|layer| standing.counts(layer.id)) {
            let lost = |i: usize| after.ignored().contains(&(layer.id, i)) && !before.ignored().contains(&(layer.id, i));
            for patch in layer.patches.iter().enumerate().filter(|(i, _)| lost(*i)).map(|(_, patch)| patch) {
                let (path, value) = match &patch.op {
                    PatchOp::Set { path, value } => (path, Some(value.clone())),
                    PatchOp::Unset { path } => (path, None),
                    PatchOp::Create { .. } | PatchOp::Delete => continue,
                };
                if before.get(patch.uid).is_some() {
                    let (relation, uid, path) = (patch.relation, patch.uid, path.clone());
                    found.push(Self { layer: layer.id, relation, uid, path, value });
                }
            }
        }
        found
    }

    /// Each object as it is before the first of these patches.
    pub(super) fn keeps(stack: &LayerStack, orphans: &[Self]) -> Vec<Keep> {
        let mut seen = BTreeSet::new();
        let mut wanted: BTreeMap<LayerId, Vec<Uid>> = BTreeMap::new();
        for orphan in orphans.iter().filter(|orphan| seen.insert(orphan.uid)) {
            wanted.entry(orphan.layer).or_default().push(orphan.uid);
        }
        let mut keeps = Vec::new();
        Fold::of_objects(stack.folding(), &seen, |layer, fold| {
            let objects = wanted.get(&layer).into_iter().flatten().filter_map(|uid| fold.get(*uid));
            keeps.extend(objects.map(|object| Keep {
                at: layer,
                relation: object.relation,
                uid: object.uid,
                fields: object.fields(),
            }));
        });
        keeps
    }

    pub(super) fn row(self, before: &Fold, after: &Fold) -> PlanRow {
        let Self { layer, relation, uid, path, value } = self;
        let stays = after.get(uid).and_then(|object| object.get(&path)).map(Node::value);
        PlanRow {
            relation,
            key: before.key(uid).unwrap_or_default(),
            before: value.map(|value| change::shown(before, relation, &path, value)),
            after: stays.map(|value| change::shown(after, relation, &path, value)),
            path,
            by: layer,
            kind: PlanKind::Orphan,
        }
    }
}
