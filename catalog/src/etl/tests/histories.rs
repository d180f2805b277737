//! Random histories of commits, drops, restores, rollbacks and failures equal the slow fold after each step.
//!
//! Beside that, what people rely on is asked for directly: a rollback gives what was there, what was dropped comes back, and a
//! plan does what it says. `PROPTEST_CASES` sets how many histories there are.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::slow::{self, Objects};
use super::world::{World, row};
use crate::etl::{
    Fold, Layer, LayerError, LayerId, LayerState, Object, Orphans, Plan, Relation, Staging, Uid, broken, change, delta,
};

/// Histories by default, so that the whole suite stays quick.
const CASES: u32 = 1000;
/// Steps of a history at most.
const STEPS_MAX: usize = 16;

#[derive(Debug, Clone)]
enum Edit {
    Role(u8),
    Rule { role: usize, name: u8, parent: Option<usize> },
    Field { at: usize, value: Option<u8> },
    Key { at: usize, keys: Vec<u8>, value: Value },
    NoKey { at: usize, keys: Vec<u8> },
    Rename { at: usize, name: u8 },
    Parent { at: usize, parent: Option<usize> },
    Delete { at: usize },
}

#[derive(Debug, Clone)]
enum Step {
    Commit(Vec<Edit>),
    Draft(Vec<Edit>),
    Drop(usize, bool),
    Restore(usize, bool),
    Rollback(usize),
    Apply(usize),
    Fail(usize),
    Retry(usize),
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let at = || 0..12_usize;
    let keys = || prop::collection::vec(0..3_u8, 1..4);
    let value = prop_oneof![
        (0..4_u8).prop_map(|n| json!(n)),
        Just(Value::Null),
        Just(json!({})),
        (0..3_u8).prop_map(|n| json!({format!("k{n}"): n})),
        (0..3_u8).prop_map(|n| json!([n, {"k0": n}])),
    ];
    let edit = prop_oneof![
        2 => (0..4_u8).prop_map(Edit::Role),
        5 => (at(), 0..4_u8, prop::option::of(at())).prop_map(|(role, name, parent)| Edit::Rule { role, name, parent }),
        3 => (at(), prop::option::of(0..3_u8)).prop_map(|(at, value)| Edit::Field { at, value }),
        6 => (at(), keys(), value).prop_map(|(at, keys, value)| Edit::Key { at, keys, value }),
        3 => (at(), keys()).prop_map(|(at, keys)| Edit::NoKey { at, keys }),
        2 => (at(), 0..4_u8).prop_map(|(at, name)| Edit::Rename { at, name }),
        2 => (at(), prop::option::of(at())).prop_map(|(at, parent)| Edit::Parent { at, parent }),
        2 => at().prop_map(|at| Edit::Delete { at }),
    ];
    prop::collection::vec(edit, 1..6)
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let layer = || 0..STEPS_MAX;
    let step = prop_oneof![
        8 => edits().prop_map(Step::Commit),
        1 => edits().prop_map(Step::Draft),
        4 => (layer(), any::<bool>()).prop_map(|(layer, keep)| Step::Drop(layer, keep)),
        3 => (layer(), any::<bool>()).prop_map(|(layer, keep)| Step::Restore(layer, keep)),
        2 => layer().prop_map(Step::Rollback),
        1 => layer().prop_map(Step::Apply),
        1 => layer().prop_map(Step::Fail),
        1 => layer().prop_map(Step::Retry),
    ];
    prop::collection::vec(step, 4..STEPS_MAX)
}

/// Picks one of the objects there are.
fn pick(staging: &Staging, at: usize, relation: Option<Relation>) -> Option<Uid> {
    let found: Vec<&Object> = staging
        .fold()
        .objects()
        .map(|object| &**object)
        .filter(|object| relation.is_none_or(|relation| object.relation == relation))
        .collect();
    found.get(at.checked_rem(found.len())?).map(|object| object.uid)
}

fn name_of(staging: &Staging, uid: Uid) -> String {
    staging.fold().get(uid).unwrap().name().to_owned()
}

/// Settings with one key changed or removed.
fn settings(staging: &Staging, uid: Uid, keys: &[u8], new: Option<&Value>) -> Value {
    fn put(value: &mut Value, keys: &[u8], new: Option<&Value>) {
        let Some((key, rest)) = keys.split_first() else { return };
        if !value.is_object() {
            *value = json!({});
        }
        let map = value.as_object_mut().unwrap();
        let key = format!("k{key}");
        match (rest.is_empty(), new) {
            (true, Some(new)) => drop(map.insert(key, new.clone())),
            (true, None) => drop(map.shift_remove(&key)),
            (false, _) => put(map.entry(key).or_insert(json!({})), rest, new),
        }
    }
    let mut value = Value::Object(staging.fold().get(uid).unwrap().fields())["settings"].clone();
    put(&mut value, keys, new);
    value
}

/// Does one edit; those that the configuration does not allow are refused, as they are for people.
fn edit(staging: &mut Staging, edit: &Edit) -> Option<Result<(), LayerError>> {
    let change = |staging: &mut Staging, uid: Uid, changes: Value| {
        let relation = staging.fold().get(uid).unwrap().relation;
        staging.update(relation, vec![(uid, row(changes))])
    };
    Some(match edit {
        Edit::Role(name) => {
            let new = json!({"name": format!("n{name}"), "kind": "generic"});
            staging.insert(Relation::Roles, vec![row(new)]).map(drop)
        }
        Edit::Rule { role, name, parent } => {
            let role = pick(staging, *role, Some(Relation::Roles))?;
            let parent = parent.and_then(|at| pick(staging, at, Some(Relation::Rules))).map(|uid| name_of(staging, uid));
            let role = name_of(staging, role);
            let new = json!({"role": role, "stage": "filter", "name": format!("n{name}"), "parent": parent});
            staging.insert(Relation::Rules, vec![row(new)]).map(drop)
        }
        Edit::Field { at, value } => {
            let uid = pick(staging, *at, Some(Relation::Rules))?;
            change(staging, uid, json!({"comment": value.map(|n| n.to_string())}))
        }
        Edit::Key { at, keys, value } => {
            let uid = pick(staging, *at, None)?;
            let settings = settings(staging, uid, keys, Some(value));
            change(staging, uid, json!({ "settings": settings }))
        }
        Edit::NoKey { at, keys } => {
            let uid = pick(staging, *at, None)?;
            let settings = settings(staging, uid, keys, None);
            change(staging, uid, json!({ "settings": settings }))
        }
        Edit::Rename { at, name } => {
            let uid = pick(staging, *at, None)?;
            change(staging, uid, json!({"name": format!("n{name}")}))
        }
        Edit::Parent { at, parent } => {
            let uid = pick(staging, *at, Some(Relation::Rules))?;
            let parent = parent.and_then(|at| pick(staging, at, Some(Relation::Rules))).map(|uid| name_of(staging, uid));
            change(staging, uid, json!({ "parent": parent }))
        }
        Edit::Delete { at } => {
            let uid = pick(staging, *at, None)?;
            staging.delete(&[uid])
        }
    })
}

fn objects(fold: &Fold) -> Objects {
    fold.objects().map(|object| (object.uid.0, (object.relation, Value::Object(object.fields())))).collect()
}

fn stored(world: &World) -> Vec<Layer> {
    world.stack.layers().map(|layer| Layer::clone(layer)).collect()
}

/// The layer that a number means in this history.
fn layer_at(world: &World, at: usize) -> LayerId {
    LayerId(at as i64 % (world.stack.last().0 + 1))
}

/// A history with what was there after each step.
struct History {
    world: World,
    /// What was configured once a layer was there; forgotten when a layer fails or changes its place.
    seen: BTreeMap<LayerId, Objects>,
    /// Changes of each layer as they were told when it was made; forgotten likewise.
    told: Vec<change::Change>,
}

impl History {
    fn new() -> Self {
        Self { world: World::new(), seen: BTreeMap::from([(LayerId::NONE, Objects::new())]), told: Vec::new() }
    }

    fn step(&mut self, step: &Step) -> Result<(), TestCaseError> {
        let before = objects(&self.world.stack.fold());
        let last_before = self.world.stack.last();
        let placed_otherwise = match step {
            Step::Commit(edits) | Step::Draft(edits) => {
                let mut staging = self.world.begin();
                for one in edits {
                    let before = staging.patches();
                    if let Some(Err(_)) = edit(&mut staging, one) {
                        prop_assert_eq!(staging.patches(), before, "a refused statement changes nothing");
                    }
                }
                let state = if matches!(step, Step::Draft(_)) { LayerState::Draft } else { LayerState::Queued };
                let patches = staging.patches_on(&self.world.stack.fold());
                // What failed or was applied out of turn can leave something broken behind; then commits are refused.
                let Ok(patches) = patches else {
                    prop_assert!(!broken::all(staging.fold()).is_empty());
                    return Ok(());
                };
                if !patches.is_empty() {
                    self.world.stack.push(super::world::layer(state, patches)).unwrap();
                    if state == LayerState::Queued {
                        prop_assert_eq!(objects(&self.world.stack.fold()), objects(staging.fold()));
                    }
                }
                false
            }
            Step::Drop(at, keep) => {
                let orphans = if *keep { Orphans::Keep } else { Orphans::Drop };
                self.carry_out(Plan::drop(&self.world.stack, layer_at(&self.world, *at), orphans), &before)?;
                false
            }
            Step::Restore(at, keep) => {
                let orphans = if *keep { Orphans::Keep } else { Orphans::Drop };
                self.carry_out(Plan::restore(&self.world.stack, layer_at(&self.world, *at), orphans), &before)?;
                false
            }
            Step::Rollback(at) => {
                let to = layer_at(&self.world, *at);
                if self.carry_out(Plan::rollback(&self.world.stack, to), &before)?
                    && let Some(expected) = self.seen.get(&to)
                {
                    prop_assert_eq!(&objects(&self.world.stack.fold()), expected, "a rollback gives what was there");
                }
                false
            }
            Step::Apply(at) | Step::Retry(at) => {
                self.world.stack.set_state(layer_at(&self.world, *at), LayerState::Queued).is_ok()
            }
            Step::Fail(at) => self.world.stack.set_state(layer_at(&self.world, *at), LayerState::Failed).is_ok(),
        };
        let last = self.world.stack.last();
        if placed_otherwise {
            self.seen = BTreeMap::from([(LayerId::NONE, Objects::new())]);
            self.told.clear();
        } else if last > last_before && self.world.stack.layer(last).is_ok_and(|layer| layer.place.is_some()) {
            self.seen.insert(last, objects(&self.world.stack.fold()));
        }
        self.check()
    }

    /// Whether a plan became a layer. It does what it says, and can be undone in both ways.
    fn carry_out(&mut self, plan: Result<Plan, LayerError>, before: &Objects) -> Result<bool, TestCaseError> {
        let Ok(plan) = plan else { return Ok(false) };
        let changed = plan.rows.iter().any(|row| !matches!(row.kind.name(), "orphan" | "broken"));
        let (drops, breaks) = (plan.drops.clone(), !plan.breaks.is_empty());
        let new = plan.into_layer(&self.world.stack, "tester", None, LayerState::Active, 1);
        prop_assert_eq!(new.is_err(), breaks);
        let Ok(new) = new else { return Ok(false) };
        let id = self.world.stack.push(new).unwrap();
        let after = objects(&self.world.stack.fold());
        prop_assert_eq!(changed, after != *before, "rows say whether something changes");

        let mut undone = self.world.stack.clone();
        let undo = Plan::drop(&undone, id, Orphans::Drop).unwrap();
        if let Ok(new) = undo.into_layer(&undone, "tester", None, LayerState::Active, 1) {
            undone.push(new).unwrap();
            prop_assert_eq!(&objects(&undone.fold()), before, "a drop that is dropped leaves no trace");
        }
        if let [dropped] = drops.as_slice() {
            let mut restored = self.world.stack.clone();
            let restore = Plan::restore(&restored, *dropped, Orphans::Drop).unwrap();
            if let Ok(new) = restore.into_layer(&restored, "tester", None, LayerState::Active, 1) {
                restored.push(new).unwrap();
                prop_assert_eq!(&objects(&restored.fold()), before, "what was dropped comes back");
            }
        }
        Ok(true)
    }

    fn check(&mut self) -> Result<(), TestCaseError> {
        let layers = stored(&self.world);
        let fold = self.world.stack.fold();
        prop_assert_eq!(&objects(&fold), &slow::fold(&layers));
        let standing = self.world.stack.standing();
        let mut counting: Vec<LayerId> = layers.iter().map(|layer| layer.id).filter(|id| standing.counts(*id)).collect();
        let mut expected = slow::counting(&layers);
        counting.sort();
        expected.sort();
        prop_assert_eq!(counting, expected);
        for (id, expected) in self.seen.iter().filter(|(id, _)| **id <= self.world.stack.last()) {
            prop_assert_eq!(&objects(&self.world.stack.fold_at(*id).unwrap()), expected, "what was there stays known");
        }
        // What was told of a layer is told again.
        let told = change::all(&self.world.stack);
        let placed: Vec<_> = told.into_iter().filter(|row| self.world.stack.layer(row.layer).unwrap().place.is_some()).collect();
        prop_assert!(placed.starts_with(&self.told));
        self.told = placed;
        Ok(())
    }
}

fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_shrink_iters: 4000, ..ProptestConfig::default() })]

    #[test]
    fn every_history_equals_the_slow_fold(steps in steps()) {
        let mut history = History::new();
        for step in &steps {
            history.step(step)?;
        }
    }

    #[test]
    fn patches_lead_from_one_fold_to_the_other(one in edits(), two in edits()) {
        let world = World::new();
        let mut staging = world.begin();
        for one in &one { edit(&mut staging, one); }
        let before = staging.fold().clone();
        for two in &two { edit(&mut staging, two); }
        let mut patched = Fold::clone(&before);
        for found in delta::between_folds(&before, staging.fold()) {
            prop_assert!(patched.apply(&found.into_patch(), LayerId(1)));
        }
        prop_assert_eq!(objects(&patched), objects(staging.fold()));
        prop_assert!(delta::between_folds(&patched, staging.fold()).is_empty());
        prop_assert!(broken::all(&patched).is_empty());
    }
}
