//! The fold as it is described, word by word: slow, and written without the code that it checks.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::etl::{Layer, LayerId, LayerState, PatchOp, Relation};

/// Uid to relation and fields.
pub(super) type Objects = BTreeMap<i64, (Relation, Value)>;

/// A layer counts unless it is in the wrong state, or the last of the layers behind it that count and name it drops it.
fn counts(order: &[&Layer], i: usize) -> bool {
    if !matches!(order[i].state, LayerState::Queued | LayerState::Applying | LayerState::Active) {
        return false;
    }
    let id = order[i].id;
    let names = |layer: &Layer| layer.drops.contains(&id) || layer.restores.contains(&id);
    let last = (i + 1..order.len()).rev().find(|&j| names(order[j]) && counts(order, j));
    last.is_none_or(|j| !order[j].drops.contains(&id))
}

/// Layers that count, by id.
pub(super) fn counting(layers: &[Layer]) -> Vec<LayerId> {
    let order = in_order(layers);
    (0..order.len()).filter(|&i| counts(&order, i)).map(|i| order[i].id).collect()
}

fn in_order(layers: &[Layer]) -> Vec<&Layer> {
    let mut order: Vec<&Layer> = layers.iter().filter(|layer| layer.place.is_some()).collect();
    order.sort_by_key(|layer| layer.place);
    order
}

/// The objects that those layers make, one patch after the other.
pub(super) fn fold(layers: &[Layer]) -> Objects {
    let counting = counting(layers);
    let order: Vec<&Layer> = in_order(layers).into_iter().filter(|layer| counting.contains(&layer.id)).collect();
    let mut objects = Objects::new();
    for layer in &order {
        for keep in order.iter().flat_map(|other| &other.keeps).filter(|keep| keep.at == layer.id) {
            objects.entry(keep.uid.0).or_insert_with(|| (keep.relation, Value::Object(keep.fields.clone())));
        }
        for patch in &layer.patches {
            let uid = patch.uid.0;
            match &patch.op {
                PatchOp::Create { fields } => {
                    objects.entry(uid).or_insert((patch.relation, Value::Object(fields.clone())));
                }
                PatchOp::Delete => {
                    objects.remove(&uid);
                }
                PatchOp::Set { path, value } => {
                    if let Some((_, object)) = objects.get_mut(&uid) {
                        *object = with(object.clone(), &path.0, Some(value));
                    }
                }
                PatchOp::Unset { path } => {
                    if let Some((_, object)) = objects.get_mut(&uid) {
                        *object = with(object.clone(), &path.0, None);
                    }
                }
            }
        }
    }
    objects
}

/// A value in which what lies at a path is another, or not there.
fn with(whole: Value, path: &[String], new: Option<&Value>) -> Value {
    let [key, rest @ ..] = path else { return new.cloned().unwrap_or(whole) };
    let mut map = match (whole, new) {
        (Value::Object(map), _) => map,
        (_, Some(_)) => Map::new(),
        (other, None) => return other,
    };
    match (map.get(key).cloned(), new) {
        (None, None) => {}
        (Some(_), None) if rest.is_empty() => {
            map.shift_remove(key);
        }
        (found, new) => {
            map.insert(key.clone(), with(found.unwrap_or_else(|| Value::Object(Map::new())), rest, new));
        }
    }
    Value::Object(map)
}
