//! What differs between two values, and between two folds.
//!
//! JSON objects are compared key by key, recursively; anything else, arrays included, is one value. What is equal makes no
//! difference, in whatever order keys stand.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use super::{FieldPath, Fold, Patch, PatchOp, Relation, Row, Uid};

/// One difference: a field that was set or removed, or an object (empty path) that came or went.
#[derive(Debug, Clone, PartialEq)]
pub struct Delta {
    /// The object's relation.
    pub relation: Relation,
    /// The object.
    pub uid: Uid,
    /// The field; empty for the whole object.
    pub path: FieldPath,
    /// What it was, with uids in references; `None`: not there.
    pub old: Option<Value>,
    /// What it is; `None`: not there.
    pub new: Option<Value>,
}

impl Delta {
    /// The patch that makes this difference.
    pub fn into_patch(self) -> Patch {
        let op = match (self.path.0.is_empty(), self.new) {
            (true, Some(Value::Object(fields))) => PatchOp::Create { fields },
            (true, _) => PatchOp::Delete,
            (false, Some(value)) => PatchOp::Set { path: self.path, value },
            (false, None) => PatchOp::Unset { path: self.path },
        };
        Patch { relation: self.relation, uid: self.uid, op }
    }
}

/// Paths that differ between two objects, with both values, by the order of `after`, what was removed last.
pub fn between_rows(before: &Row, after: &Row) -> Vec<(FieldPath, Option<Value>, Option<Value>)> {
    let mut found = Vec::new();
    compare(&FieldPath::default(), before, after, &mut found);
    found
}

fn compare(at: &FieldPath, before: &Row, after: &Row, found: &mut Vec<(FieldPath, Option<Value>, Option<Value>)>) {
    for (key, new) in after {
        match (before.get(key), new) {
            (Some(old), new) if old == new => {}
            (Some(Value::Object(old)), Value::Object(new)) => compare(&at.below(key), old, new, found),
            // A new object is set key by key, so that others can set other keys of it.
            (None, Value::Object(new)) if !new.is_empty() => compare(&at.below(key), &Row::new(), new, found),
            (old, new) => found.push((at.below(key), old.cloned(), Some(new.clone()))),
        }
    }
    for (key, old) in before {
        if !after.contains_key(key) {
            found.push((at.below(key), Some(old.clone()), None));
        }
    }
}

/// What differs between two folds, by uid.
pub fn between_folds(before: &Fold, after: &Fold) -> Vec<Delta> {
    not_shared(before, after).into_iter().flat_map(|uid| of_object(before, after, uid)).collect()
}

/// Objects that differ between two folds, by uid.
pub fn touched(before: &Fold, after: &Fold) -> BTreeSet<Uid> {
    let mut uids = not_shared(before, after);
    uids.retain(|uid| match (before.get(*uid), after.get(*uid)) {
        (Some(old), Some(new)) => !between_rows(&old.fields(), &new.fields()).is_empty(),
        _ => true,
    });
    uids
}

/// Objects that two folds do not share: most of what is equal is left out without a look at it.
fn not_shared(before: &Fold, after: &Fold) -> BTreeSet<Uid> {
    let is_shared = |uid| matches!((before.get(uid), after.get(uid)), (Some(old), Some(new)) if Arc::ptr_eq(old, new));
    before.objects().chain(after.objects()).map(|object| object.uid).filter(|uid| !is_shared(*uid)).collect()
}

/// What differs for one object.
pub fn of_object(before: &Fold, after: &Fold, uid: Uid) -> Vec<Delta> {
    let whole = |row: Row| Some(Value::Object(row));
    match (before.get(uid), after.get(uid)) {
        (Some(old), Some(new)) => between_rows(&old.fields(), &new.fields())
            .into_iter()
            .map(|(path, old, value)| Delta { relation: new.relation, uid, path, old, new: value })
            .collect(),
        (Some(old), None) => {
            vec![Delta { relation: old.relation, uid, path: FieldPath::default(), old: whole(old.fields()), new: None }]
        }
        (None, Some(new)) => {
            vec![Delta { relation: new.relation, uid, path: FieldPath::default(), old: None, new: whole(new.fields()) }]
        }
        (None, None) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(before: Value, after: Value, expected: &[&str]) {
        let row = |value: Value| value.as_object().unwrap().clone();
        let text = |value: Option<Value>| value.map_or_else(|| "-".to_owned(), |value| value.to_string());
        let found = between_rows(&row(before), &row(after)).into_iter();
        let found: Vec<String> = found.map(|(path, old, new)| format!("{path}: {} -> {}", text(old), text(new))).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn objects_are_compared_key_by_key_and_arrays_as_one_value() {
        check(json!({"a": 1, "b": 2}), json!({"b": 2, "a": 1}), &[]);
        check(json!({"a": [1, 2]}), json!({"a": [1, 3]}), &["a: [1,2] -> [1,3]"]);
        check(json!({"s": {"a": {"x": 1, "y": 2}}}), json!({"s": {"a": {"x": 3, "y": 2}}}), &["s.a.x: 1 -> 3"]);
        check(json!({"s": {}}), json!({"s": {"a": {"x": 1, "y": {}}}}), &["s.a.x: - -> 1", "s.a.y: - -> {}"]);
    }

    #[test]
    fn a_removed_key_is_not_a_null() {
        check(json!({"s": {"a": 1}}), json!({"s": {"a": null}}), &["s.a: 1 -> null"]);
        check(json!({"s": {"a": 1}}), json!({"s": {}}), &["s.a: 1 -> -"]);
        check(json!({"s": {"a": null}}), json!({"s": {}}), &["s.a: null -> -"]);
    }

    #[test]
    fn a_value_that_becomes_an_object_is_replaced_as_a_whole() {
        check(json!({"s": {"a": 1}}), json!({"s": {"a": {"b": 2}}}), &["s.a: 1 -> {\"b\":2}"]);
        check(json!({"s": {"a": {"b": 2}}}), json!({"s": {"a": 1}}), &["s.a: {\"b\":2} -> 1"]);
    }
}
