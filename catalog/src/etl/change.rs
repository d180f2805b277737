//! What layers did, field by field, as people read it: the rows of `etl.changes`, `etl.diff` and `etl.history`.
//!
//! References are names, secrets are masked. What a layer did is told as it was when the layer was made, so the rows of a layer
//! stay the same when others are dropped later. A layer that drops or restores others did what its effect was.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Delta, FieldPath, Fold, Layer, LayerError, LayerId, LayerStack, Relation, Uid, delta, secret};

/// What happened to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// It was made.
    Create,
    /// A field got another value.
    Set,
    /// A key was removed.
    Unset,
    /// It was deleted.
    Delete,
}

impl Operation {
    /// `create`, `set`, `unset`, `delete`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Set => "set",
            Self::Unset => "unset",
            Self::Delete => "delete",
        }
    }
}

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The layer that did it; for `etl.diff`, the one that set what is there at last, or the one that did before.
    pub layer: LayerId,
    /// The object's relation.
    pub relation: Relation,
    /// The object.
    pub uid: Uid,
    /// What it was called before; a new one, what it is called.
    pub key: String,
    /// What happened.
    pub operation: Operation,
    /// The field; empty for a whole object.
    pub path: FieldPath,
    /// What it was.
    pub old: Option<Value>,
    /// What it is.
    pub new: Option<Value>,
}

impl Change {
    /// A difference between two folds as people read it.
    pub fn shown(delta: Delta, before: &Fold, after: &Fold, layer: LayerId) -> Self {
        let Delta { relation, uid, path, old, new } = delta;
        let operation = match (path.0.is_empty(), &new) {
            (true, Some(_)) => Operation::Create,
            (true, None) => Operation::Delete,
            (false, Some(_)) => Operation::Set,
            (false, None) => Operation::Unset,
        };
        let key = before.key(uid).or_else(|| after.key(uid)).unwrap_or_default();
        let old = old.map(|value| shown(before, relation, &path, value));
        let new = new.map(|value| shown(after, relation, &path, value));
        Self { layer, relation, uid, key, operation, path, old, new }
    }
}

/// A value with names for references and without secrets.
pub(super) fn shown(fold: &Fold, relation: Relation, path: &FieldPath, value: Value) -> Value {
    let named = match value {
        Value::Object(row) if path.0.is_empty() => Value::Object(fold.named_row(relation, row)),
        value => fold.named_value(path, relation, &value),
    };
    secret::masked(path, named)
}

/// What differs between two folds: `etl.diff`.
pub fn diff(before: &Fold, after: &Fold) -> Vec<Change> {
    let deltas = delta::between_folds(before, after).into_iter();
    deltas
        .map(|delta| {
            let by = set_by(after, &delta).or_else(|| set_by(before, &delta)).unwrap_or(LayerId::NONE);
            Change::shown(delta, before, after, by)
        })
        .collect()
}

/// Who set what a difference is about.
pub(super) fn set_by(fold: &Fold, delta: &Delta) -> Option<LayerId> {
    let object = fold.get(delta.uid)?;
    if delta.path.0.is_empty() { Some(object.made_by) } else { object.get(&delta.path).map(super::Node::by) }
}

/// What every layer did, in their order; drafts last. A failed layer's rows say what it would have done.
pub fn all(stack: &LayerStack) -> Vec<Change> {
    let mut found = Vec::new();
    walk(stack, |_, _, changes| found.extend(changes));
    found
}

/// What happened to the rules of that name in roles of that name, or to the role itself if `rule` is `None`: `etl.history`.
/// Objects are followed through their renames.
///
/// # Errors
/// [`LayerError::NoObject`] if none was ever called that.
pub fn history(stack: &LayerStack, role: &str, rule: Option<&str>) -> Result<Vec<Change>, LayerError> {
    let (relation, name) = match rule {
        Some(rule) => (Relation::Rules, rule),
        None => (Relation::Roles, role),
    };
    let mut called: BTreeSet<Uid> = BTreeSet::new();
    let mut found = Vec::new();
    walk(stack, |before, after, changes| {
        for fold in [before, after] {
            let role = fold.role(role);
            let object = match (rule, role) {
                (Some(rule), Some(role)) => fold.rule(role.uid, rule),
                (None, role) => role,
                (Some(_), None) => None,
            };
            called.extend(object.map(|object| object.uid));
        }
        found.extend(changes.into_iter().filter(|change| change.relation == relation));
    });
    found.retain(|change| called.contains(&change.uid));
    if called.is_empty() {
        let name = rule.map_or_else(|| name.to_owned(), |rule| format!("{role}/{rule}"));
        return Err(LayerError::NoObject { relation, name });
    }
    Ok(found)
}

/// Shows each layer: the fold before it, the fold with it, and what differs.
fn walk(stack: &LayerStack, mut visit: impl FnMut(&Fold, &Fold, Vec<Change>)) {
    let (mut before, mut after) = (Fold::default(), Fold::default());
    let mut counting: Vec<&Layer> = Vec::new();
    let drafts = stack.layers().filter(|layer| layer.place.is_none());
    for layer in stack.placed().chain(drafts) {
        // Most layers only lie on top; others change what the layers below them are worth, or are kept by a drop.
        let kept = counting.iter().any(|other| other.keeps.iter().any(|keep| keep.at == layer.id));
        let whole = layer.judges() || kept;
        let uids: BTreeSet<Uid> = if whole {
            after = Fold::of(counting.iter().copied().chain([&**layer]));
            before.objects().chain(after.objects()).map(|object| object.uid).collect()
        } else {
            after.lay(layer);
            layer.patches.iter().map(|patch| patch.uid).collect()
        };
        let deltas = uids.iter().flat_map(|uid| delta::of_object(&before, &after, *uid));
        let changes = deltas.map(|delta| Change::shown(delta, &before, &after, layer.id)).collect();
        visit(&before, &after, changes);
        if layer.state.folds() {
            counting.push(layer);
            uids.into_iter().for_each(|uid| before.adopt(&after, uid));
        } else {
            uids.into_iter().for_each(|uid| after.adopt(&before, uid));
        }
    }
}
