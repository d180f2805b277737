//! Plans at their edges: what is refused, and that whatever was done can be undone.

use serde_json::json;

use super::world::{Steps, World};
use crate::etl::{BreakKind, LayerError, LayerId, LayerState, Orphans, Plan, PlanKind, Relation, change};

fn three() -> World {
    let mut world = World::new();
    world.change(|t| t.role("web"));
    world.change(|t| t.rule("web", "a", json!({"port": 1})));
    world.change(|t| t.edit("web/a", json!({"settings": {"port": 2}})));
    world
}

#[test]
fn a_layer_is_dropped_once() {
    let mut world = three();
    world.drop(3, Orphans::Refuse).unwrap();
    let again = world.drop(3, Orphans::Refuse).unwrap_err();
    assert_eq!(again, LayerError::AlreadyDropped { layer: LayerId(3), by: LayerId(4) });
    assert!(again.hint().unwrap().contains("etl.restore_layer(3)"));
    assert_eq!(world.drop(9, Orphans::Refuse), Err(LayerError::NoLayer { layer: LayerId(9) }));
    assert!(matches!(world.restore(2), Err(LayerError::NotDropped { state: LayerState::Active, .. })));
}

#[test]
fn a_dropped_drop_brings_back_what_it_dropped() {
    let mut world = three();
    world.drop(3, Orphans::Refuse).unwrap();
    assert_eq!(world.value("web/a", "settings.port"), "1");
    world.drop(4, Orphans::Refuse).unwrap();
    assert_eq!(world.value("web/a", "settings.port"), "2");
    world.restore(4).unwrap();
    assert_eq!(world.value("web/a", "settings.port"), "1");
}

#[test]
fn a_rollback_can_be_rolled_back_and_undone_in_parts() {
    let mut world = three();
    assert_eq!(world.rollback(1).unwrap(), LayerId(4));
    assert_eq!(world.keys(), ["web"]);
    assert_eq!(world.stack.state(LayerId(2)).unwrap(), (LayerState::Dropped, Some(LayerId(4))));
    let mut parts = World { stack: world.stack.clone(), uids: world.uids.clone() };
    world.rollback(3).unwrap();
    assert_eq!(world.value("web/a", "settings.port"), "2");

    parts.restore(2).unwrap();
    assert_eq!(parts.value("web/a", "settings.port"), "1");
    parts.restore(3).unwrap();
    assert_eq!(parts.value("web/a", "settings.port"), "2");

    parts.rollback(0).unwrap();
    assert!(parts.keys().is_empty());
    assert!(Plan::rollback(&parts.stack, parts.stack.last()).unwrap().is_empty());
}

#[test]
fn a_plan_whose_base_moved_is_refused() {
    let mut world = three();
    let plan = Plan::drop(&world.stack, LayerId(3), Orphans::Refuse).unwrap();
    world.change(|t| t.role("db"));
    assert_eq!(world.carry_out(plan), Err(LayerError::PlanMoved));
    let plan = Plan::drop(&world.stack, LayerId(3), Orphans::Refuse).unwrap();
    assert_eq!(plan.base.to_string().len(), 32);
    world.carry_out(plan).unwrap();
}

fn check_break(world: &mut World, layer: i64, expected: BreakKind) {
    let plan = Plan::drop(&world.stack, LayerId(layer), Orphans::Drop).unwrap();
    assert_eq!(plan.breaks.iter().map(|one| one.kind).collect::<Vec<_>>(), [expected]);
    assert_eq!(plan.rows.iter().filter(|row| row.kind == PlanKind::Broken).count(), 1);
    let before = world.keys();
    assert!(matches!(world.carry_out(plan), Err(LayerError::Broken { count: 1, .. })));
    assert_eq!(world.keys(), before);
}

#[test]
fn a_drop_that_leaves_two_of_one_name_is_refused() {
    let mut world = three();
    world.change(|t| t.edit("web/a", json!({"name": "b"})));
    world.change(|t| t.rule("web", "a", json!({})));
    check_break(&mut world, 4, BreakKind::SameName);
    world.change(|t| t.edit("web/a", json!({"name": "c"})));
    world.drop(4, Orphans::Refuse).unwrap();
    assert_eq!(world.keys(), ["web", "web/a", "web/c"]);
}

#[test]
fn a_drop_that_leaves_a_rule_alone_is_refused() {
    let mut world = three();
    world.change(|t| t.role("db"));
    world.change(|t| t.rule("db", "x", json!({})));
    check_break(&mut world, 4, BreakKind::NoRole);

    let child = json!({"role": "web", "stage": "filter", "name": "child", "parent": "a"});
    world.change(|t| drop(t.insert(Relation::Rules, vec![super::world::row(child)]).unwrap()));
    check_break(&mut world, 2, BreakKind::NoParent);
}

#[test]
fn a_drop_that_closes_a_circle_is_refused() {
    let mut world = three();
    world.change(|t| {
        t.rule("web", "b", json!({}));
        t.edit("web/b", json!({"parent": "a"}));
    });
    world.change(|t| t.edit("web/b", json!({"parent": null})));
    world.change(|t| t.edit("web/a", json!({"parent": "b"})));
    let plan = Plan::drop(&world.stack, LayerId(5), Orphans::Refuse).unwrap();
    assert_eq!(
        plan.breaks.iter().map(|one| (one.kind, one.key.as_str())).collect::<Vec<_>>(),
        [(BreakKind::Circle, "web/a"), (BreakKind::Circle, "web/b")]
    );
}

#[test]
fn a_deletion_that_comes_back_lists_what_changed_the_object_since() {
    let mut world = three();
    world.change(|t| {
        let uid = t.find("web/a");
        t.delete(&[uid]).unwrap();
    });
    world.drop(4, Orphans::Refuse).unwrap();
    world.change(|t| t.edit("web/a", json!({"comment": "still needed"})));
    assert!(matches!(world.restore(4), Err(LayerError::Orphans { count: 1, .. })));
    let mut keep = World { stack: world.stack.clone(), uids: world.uids.clone() };
    keep.carry_out(Plan::restore(&keep.stack, LayerId(4), Orphans::Keep).unwrap()).unwrap();
    assert_eq!(keep.value("web/a", "settings.port"), "2");
    world.carry_out(Plan::restore(&world.stack, LayerId(4), Orphans::Drop).unwrap()).unwrap();
    assert_eq!(world.keys(), ["web"]);
}

#[test]
fn a_failed_layer_and_a_draft_are_in_no_fold() {
    let mut world = three();
    let staged = |world: &World, port: i64| {
        let mut staging = world.begin();
        staging.edit("web/a", json!({"settings": {"port": port}}));
        staging.patches()
    };
    let draft = world.stack.push(super::world::layer(LayerState::Draft, staged(&world, 7))).unwrap();
    let failing = world.stack.push(super::world::layer(LayerState::Queued, staged(&world, 8))).unwrap();
    assert_eq!(world.value("web/a", "settings.port"), "8");
    let rendered = |world: &World, id| {
        let fold = world.stack.fold_rendered(id).unwrap();
        fold.objects().find_map(|rule| rule.get(&super::world::path("settings.port"))).unwrap().value()
    };
    assert_eq!(rendered(&world, None), json!(2));
    assert_eq!(rendered(&world, Some(failing)), json!(8));
    world.stack.set_state(failing, LayerState::Failed).unwrap();
    assert_eq!(world.value("web/a", "settings.port"), "2");
    assert!(matches!(world.drop(failing.0, Orphans::Refuse), Err(LayerError::NotInFold { state: LayerState::Failed, .. })));
    assert!(matches!(world.drop(draft.0, Orphans::Refuse), Err(LayerError::NotInFold { state: LayerState::Draft, .. })));
    assert!(matches!(world.rollback(draft.0), Err(LayerError::NotInFold { .. })));

    world.stack.set_state(draft, LayerState::Queued).unwrap();
    world.stack.set_state(failing, LayerState::Queued).unwrap();
    assert_eq!(world.value("web/a", "settings.port"), "8", "a retried layer lies behind the draft that was applied");
    assert!(matches!(world.stack.set_state(draft, LayerState::Draft), Err(LayerError::Transition { .. })));
    let told = change::all(&world.stack).into_iter().filter(|row| row.layer == failing).map(|row| row.old);
    assert_eq!(told.collect::<Vec<_>>(), [Some(json!(7))]);
}

#[test]
fn secrets_are_in_no_row_that_people_read() {
    let mut world = three();
    world.change(|t| t.edit("web/a", json!({"settings": {"port": 2, "password": "hunter2"}})));
    let told = format!("{:?}", change::all(&world.stack));
    assert!(!told.contains("hunter2") && told.contains("****"));
    let plan = Plan::drop(&world.stack, LayerId(4), Orphans::Refuse).unwrap();
    assert!(!format!("{:?}", plan.rows).contains("hunter2"));
    let blame = crate::etl::blame::of_role(&world.stack.fold(), "web").unwrap();
    assert!(!format!("{blame:?}").contains("hunter2"));
    assert_eq!(world.value("web/a", "settings.password"), "\"hunter2\"");
}
