//! The worked example: an overlapped layer in the middle is dropped and brought back.
//!
//! Layer 1 makes r1, r2, r3. Layer 2 edits r1.hosts, r1.port and r3.port and makes r4. Layer 3 edits r2. Layer 4 edits
//! r1.hosts.

use serde_json::json;

use super::world::{Steps, World};
use crate::etl::{LayerError, LayerId, LayerState, Orphans, Plan, Staging, blame, change};

fn world() -> World {
    let mut world = World::new();
    world.change(|t| {
        t.role("web");
        t.rule("web", "r1", json!({"hosts": ["a1"], "port": 1}));
        t.rule("web", "r2", json!({"port": 1}));
        t.rule("web", "r3", json!({"port": 1}));
    });
    world.change(|t| {
        t.edit("web/r1", json!({"settings": {"hosts": ["a2"], "port": 2}}));
        t.edit("web/r3", json!({"settings": {"port": 2}}));
        t.rule("web", "r4", json!({"port": 2}));
    });
    world.change(|t| t.edit("web/r2", json!({"settings": {"port": 3}})));
    world.change(|t| t.edit("web/r1", json!({"settings": {"hosts": ["a4"], "port": 2}})));
    world
}

fn values(world: &World) -> Vec<String> {
    let fields = [("r1", "hosts"), ("r1", "port"), ("r2", "port"), ("r3", "port"), ("r4", "port")];
    fields.iter().map(|(rule, field)| world.value(&format!("web/{rule}"), &format!("settings.{field}"))).collect()
}

fn rows(plan: &Plan) -> Vec<String> {
    let text = |value: &Option<serde_json::Value>| value.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string);
    let row = |row: &crate::etl::PlanRow| {
        let (before, after) = if row.path.0.is_empty() { Default::default() } else { (text(&row.before), text(&row.after)) };
        format!("{} {} {}: {before} -> {after} by {}", row.kind.name(), row.key, row.path, row.by)
    };
    plan.rows.iter().map(row).collect()
}

#[test]
fn what_the_dropped_layer_set_goes_and_nothing_else() {
    let mut world = world();
    assert_eq!(values(&world), ["[\"a4\"]", "2", "3", "2", "2"]);

    let plan = Plan::drop(&world.stack, LayerId(2), Orphans::Refuse).unwrap();
    assert_eq!(
        rows(&plan),
        [
            "restored web/r1 settings.port: 2 -> 1 by 1",
            "restored web/r3 settings.port: 2 -> 1 by 1",
            "removed web/r4 :  ->  by 2",
        ]
    );
    assert_eq!(world.carry_out(plan).unwrap(), LayerId(5));
    assert_eq!(values(&world), ["[\"a4\"]", "1", "3", "1", "-"]);
    assert_eq!(world.stack.state(LayerId(2)).unwrap(), (LayerState::Dropped, Some(LayerId(5))));

    assert_eq!(world.restore(2).unwrap(), LayerId(6));
    assert_eq!(values(&world), ["[\"a4\"]", "2", "3", "2", "2"]);
    assert_eq!(world.stack.state(LayerId(2)).unwrap(), (LayerState::Active, None));
}

#[test]
fn an_orphan_is_refused_with_a_hint_until_somebody_decides() {
    let edited = |orphans| {
        let mut world = world();
        world.change(|t: &mut Staging| t.edit("web/r4", json!({"comment": "kept", "settings": {"port": 5}})));
        let plan = Plan::drop(&world.stack, LayerId(2), orphans).unwrap();
        (world, plan)
    };

    let (mut world, plan) = edited(Orphans::Refuse);
    assert_eq!(rows(&plan)[3..], ["orphan web/r4 settings.port: 5 -> - by 5", "orphan web/r4 comment: \"kept\" -> - by 5"]);
    let error = world.carry_out(plan).unwrap_err();
    assert!(matches!(error, LayerError::Orphans { count: 2, .. }), "{error}");
    assert!(error.hint().unwrap().contains("orphans => 'keep'"));
    assert_eq!(values(&world)[4], "5");

    let (mut world, plan) = edited(Orphans::Drop);
    world.carry_out(plan).unwrap();
    assert_eq!(values(&world)[4], "-");
    world.restore(2).unwrap();
    assert_eq!(values(&world)[4], "5", "the later change counts again");

    let (mut world, plan) = edited(Orphans::Keep);
    assert_eq!(
        rows(&plan)[2..],
        ["orphan web/r4 settings.port: 5 -> 5 by 5", "orphan web/r4 comment: \"kept\" -> \"kept\" by 5"]
    );
    world.carry_out(plan).unwrap();
    assert_eq!(values(&world)[4], "5");
    let fold = world.stack.fold();
    assert_eq!(fold.objects().find(|rule| rule.name() == "r4").unwrap().made_by, LayerId(5));
    // What the first orphan's layer made goes with that layer.
    world.drop(5, Orphans::Refuse).unwrap();
    assert_eq!(values(&world)[4], "-");
}

#[test]
fn blame_and_history_tell_which_layer_set_what() {
    let mut world = world();
    world.drop(2, Orphans::Refuse).unwrap();
    let fold = world.stack.fold();
    let blame = blame::of_role(&fold, "web").unwrap();
    let by = |key: &str, path: &str| {
        let found = blame.iter().find(|row| row.key == key && row.path.to_string() == path);
        found.map(|row| row.layer.0)
    };
    assert_eq!(by("web/r1", "settings.hosts"), Some(4));
    assert_eq!(by("web/r1", "settings.port"), Some(1));
    assert_eq!(by("web/r2", "settings.port"), Some(3));
    assert_eq!(by("web", "kind"), Some(1));

    let history = change::history(&world.stack, "web", Some("r1")).unwrap();
    let told: Vec<String> = history.iter().map(|row| format!("{} {} {}", row.layer, row.operation.name(), row.path)).collect();
    assert_eq!(told, ["1 create ", "2 set settings.hosts", "2 set settings.port", "4 set settings.hosts", "5 set settings.port"]);
    assert!(matches!(change::history(&world.stack, "web", Some("r9")), Err(LayerError::NoObject { .. })));

    let at = |id| world.stack.fold_at(LayerId(id)).unwrap();
    let diff = change::diff(&at(2), &at(4));
    assert_eq!(
        diff.iter().map(|row| format!("{} {}", row.key, row.path)).collect::<Vec<_>>(),
        ["web/r1 settings.hosts", "web/r2 settings.port"]
    );
    assert_eq!((diff[0].layer, diff[1].layer), (LayerId(4), LayerId(3)));
}
