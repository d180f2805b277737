//! What a transaction sees and leaves behind.

use serde_json::{Value, json};

use super::world::{Steps, World, row};
use crate::etl::{BreakKind, FieldKind, LayerError, PatchOp, Relation, Staging};

fn staging() -> Staging {
    let mut world = World::new();
    world.change(|t| {
        t.role("web");
        t.role("db");
        t.rule("web", "a", json!({"port": 1}));
    });
    world.begin()
}

fn insert(staging: &mut Staging, rows: &[Value]) -> Result<Vec<Value>, LayerError> {
    let made = staging.insert(Relation::Rules, rows.iter().cloned().map(row).collect())?;
    Ok(made.into_iter().map(|uid| Value::Object(staging.fold().row(uid).unwrap())).collect())
}

#[test]
fn a_new_rule_gets_every_field() {
    let made = insert(&mut staging(), &[json!({"role": "web", "stage": "filter", "name": "b"})]).unwrap();
    let expected = json!({
        "role": "web", "stage": "filter", "name": "b", "parent": null, "position": "2", "construct": null, "plugin": null,
        "condition": null, "settings": {}, "inputs": [], "body": null, "comment": null, "enabled": true,
    });
    assert_eq!(made, [expected]);
    let names: Vec<&str> = Relation::Rules.fields().iter().map(|field| field.name).collect();
    assert_eq!(made[0].as_object().unwrap().keys().collect::<Vec<_>>(), names);
}

#[test]
fn positions_count_within_role_stage_and_parent() {
    let rule = |stage: &str, name: &str, parent: Value| json!({"role": "web", "stage": stage, "name": name, "parent": parent});
    let mut staging = staging();
    let made = insert(
        &mut staging,
        &[
            rule("filter", "if", Value::Null),
            rule("filter", "in1", json!("if")),
            rule("filter", "in2", json!("if")),
            rule("output", "out", Value::Null),
            json!({"role": "web", "stage": "filter", "name": "between", "position": "1.50"}),
            rule("filter", "last", Value::Null),
        ],
    );
    let positions: Vec<Value> = made.unwrap().iter().map(|row| row["position"].clone()).collect();
    assert_eq!(positions, ["2", "1", "2", "1", "1.5", "3"]);
}

#[test]
fn bad_rows_are_refused_and_leave_nothing() {
    let good = json!({"role": "web", "stage": "filter", "name": "b"});
    let with = |key: &str, value: Value| {
        let mut row = good.clone();
        row[key] = value;
        row
    };
    let without = |key: &str| {
        let mut row = good.as_object().unwrap().clone();
        row.remove(key);
        Value::Object(row)
    };
    let check = |row: Value, expected: &dyn Fn(&LayerError) -> bool| {
        let mut staging = staging();
        let error = insert(&mut staging, &[good.clone(), row]).unwrap_err();
        assert!(expected(&error), "{error}");
        assert!(staging.patches().is_empty());
    };
    check(without("role"), &|error| matches!(error, LayerError::NullField { field: "role", .. }));
    check(without("stage"), &|error| matches!(error, LayerError::NullField { field: "stage", .. }));
    check(with("role", json!("none")), &|error| matches!(error, LayerError::NoReference { field: "role", .. }));
    check(with("parent", json!("none")), &|error| matches!(error, LayerError::NoReference { field: "parent", .. }));
    check(with("parent", json!(3)), &|error| matches!(error, LayerError::WrongType { expected: FieldKind::Reference(_), .. }));
    check(with("port", json!(1)), &|error| matches!(error, LayerError::NoField { .. }));
    check(with("position", json!("x")), &|error| matches!(error, LayerError::BadPosition(_)));
    check(with("enabled", Value::Null), &|error| matches!(error, LayerError::NullField { field: "enabled", .. }));
    let same_name =
        |error: &LayerError| matches!(error, LayerError::Constraint { first, .. } if first.kind == BreakKind::SameName);
    check(good.clone(), &same_name);
    check(with("name", json!("a")), &same_name);
}

#[test]
fn names_may_be_exchanged_in_one_statement() {
    let mut staging = staging();
    staging.rule("web", "b", json!({}));
    let (a, b) = (staging.find("web/a"), staging.find("web/b"));
    let name = |name: &str| row(json!({ "name": name }));
    assert!(staging.update(Relation::Rules, vec![(a, name("b"))]).is_err());
    staging.update(Relation::Rules, vec![(a, name("b")), (b, name("a"))]).unwrap();
    assert_eq!((staging.find("web/b"), staging.find("web/a")), (a, b));
}

#[test]
fn a_role_goes_with_its_rules_or_not_at_all() {
    let mut staging = staging();
    let (role, rule) = (staging.find("web"), staging.find("web/a"));
    let error = staging.delete(&[role]).unwrap_err();
    assert!(matches!(&error, LayerError::Constraint { first, .. } if first.kind == BreakKind::NoRole), "{error}");
    staging.delete(&[role, rule]).unwrap();
    assert_eq!(staging.patches().len(), 2);
}

#[test]
fn a_rule_that_moves_leaves_its_parent() {
    let mut staging = staging();
    staging.rule("web", "child", json!({}));
    staging.edit("web/child", json!({"parent": "a"}));
    let child = staging.find("web/child");
    let error = staging.update(Relation::Rules, vec![(child, row(json!({"role": "db"})))]).unwrap_err();
    assert!(matches!(&error, LayerError::Constraint { first, .. } if first.kind == BreakKind::ForeignParent), "{error}");
    staging.update(Relation::Rules, vec![(child, row(json!({"role": "db", "parent": null})))]).unwrap();
    assert_eq!(staging.fold().key(child).unwrap(), "db/child");
}

#[test]
fn only_what_differs_at_the_end_is_a_patch() {
    let mut staging = staging();
    staging.edit("web/a", json!({"comment": "x", "settings": {"port": 1, "host": null}}));
    let savepoint = staging.clone();
    staging.rule("web", "gone", json!({}));
    staging.edit("web/a", json!({"comment": null}));
    let gone = staging.find("web/gone");
    staging.delete(&[gone]).unwrap();
    let paths = |staging: &Staging| -> Vec<String> {
        staging.patches().iter().map(|patch| format!("{} {}", patch.op.name(), patch.op.path().unwrap())).collect()
    };
    assert_eq!(paths(&staging), ["set settings.host"]);
    assert_eq!(paths(&savepoint), ["set settings.host", "set comment"]);
    staging.edit("web/a", json!({"settings": {}}));
    assert_eq!(paths(&staging), ["unset settings.port"]);
}

#[test]
fn made_again_is_another_object() {
    let mut staging = staging();
    let old = staging.find("web/a");
    staging.delete(&[old]).unwrap();
    staging.rule("web", "a", json!({"port": 1}));
    let patches = staging.patches();
    assert!(matches!((&patches[0].op, &patches[1].op), (PatchOp::Delete, PatchOp::Create { .. })));
    assert_ne!(patches[0].uid, patches[1].uid);
}
