//! Two transactions at the same time: the second is refused where it touched the same thing, and merges where it did not.

use serde_json::json;

use super::world::{Steps, World, row};
use crate::etl::{LayerError, Orphans, Relation, Staging};

fn base() -> World {
    let mut world = World::new();
    world.change(|t| {
        t.role("web");
        t.role("db");
        t.rule("web", "a", json!({"port": 1, "tls": {"cert": "x"}}));
        t.rule("web", "b", json!({}));
    });
    world
}

/// Runs both at the same time. The second's error, or nothing.
fn race(first: impl FnOnce(&mut Staging), second: impl FnOnce(&mut Staging)) -> Option<String> {
    let mut world = base();
    let (mut one, mut two) = (world.begin(), world.begin());
    first(&mut one);
    second(&mut two);
    world.commit(&one).unwrap();
    match world.commit(&two) {
        Ok(_) => None,
        Err(error @ LayerError::Conflict { .. }) => {
            assert!(error.hint().is_some());
            Some(error.to_string())
        }
        Err(error) => panic!("{error}"),
    }
}

fn refused(found: Option<String>, what: &str) {
    let found = found.unwrap_or_else(|| panic!("not refused: {what}"));
    assert!(found.ends_with(what), "{found}");
}

#[test]
fn different_fields_merge() {
    let edit = |changes| move |t: &mut Staging| t.edit("web/a", changes);
    assert_eq!(race(edit(json!({"comment": "x"})), edit(json!({"enabled": false}))), None);
    let port = json!({"settings": {"port": 2, "tls": {"cert": "x"}}});
    let key = json!({"settings": {"port": 1, "tls": {"cert": "x", "key": "y"}}});
    assert_eq!(race(edit(port), edit(key)), None);
    assert_eq!(race(|t| t.rule("web", "c", json!({})), |t| t.rule("web", "d", json!({}))), None);
    assert_eq!(race(|t| t.edit("web", json!({"name": "www"})), |t| t.rule("web", "c", json!({}))), None);
}

#[test]
fn the_same_field_does_not() {
    let edit = |changes| move |t: &mut Staging| t.edit("web/a", changes);
    refused(
        race(edit(json!({"comment": "x"})), edit(json!({"comment": "y"}))),
        "field \"comment\" of rule \"web/a\" was changed by layer 2",
    );
    let off = json!({"settings": {"port": 1, "tls": false}});
    let key = json!({"settings": {"port": 1, "tls": {"cert": "z"}}});
    refused(race(edit(off.clone()), edit(key.clone())), "field \"settings.tls\" of rule \"web/a\" was changed by layer 2");
    refused(race(edit(key), edit(off)), "field \"settings.tls.cert\" of rule \"web/a\" was changed by layer 2");
}

#[test]
fn deleted_objects_do_not() {
    let delete = |t: &mut Staging| {
        let uid = t.find("web/a");
        t.delete(&[uid]).unwrap();
    };
    refused(race(delete, |t| t.edit("web/a", json!({"comment": "y"}))), "rule \"web/a\" was deleted");
    refused(
        race(|t| t.edit("web/a", json!({"comment": "y"})), delete),
        "field \"comment\" of rule \"web/a\", which is to be deleted, was changed by layer 2",
    );
    refused(race(delete, delete), "rule \"web/a\" was deleted");
}

#[test]
fn what_would_not_hold_together_does_not() {
    refused(race(|t| t.role("new"), |t| t.role("new")), "another role was called \"new\"");
    refused(
        race(|t| t.edit("web/a", json!({"name": "c"})), |t| t.rule("web", "c", json!({}))),
        "another rule was called \"web/c\"",
    );
    let delete_db = |t: &mut Staging| {
        let uid = t.find("db");
        t.delete(&[uid]).unwrap();
    };
    refused(race(delete_db, |t| t.rule("db", "x", json!({}))), "the role of rule \"?/x\" was deleted");
    refused(
        race(|t| t.edit("web/a", json!({"parent": "b"})), |t| t.edit("web/b", json!({"parent": "a"}))),
        "the parents of rule \"web/a\" would form a circle by layer 2 (and 1 more)",
    );
}

#[test]
fn a_layer_that_was_dropped_in_the_meantime_counts_as_a_change() {
    let mut world = base();
    world.change(|t| t.edit("web/a", json!({"comment": "x"})));
    let (mut same, mut other) = (world.begin(), world.begin());
    same.edit("web/a", json!({"comment": "y"}));
    let c = json!({"role": "web", "stage": "filter", "name": "c"});
    other.insert(Relation::Rules, vec![row(c)]).unwrap();
    world.drop(2, Orphans::Refuse).unwrap();
    assert!(matches!(world.commit(&same), Err(LayerError::Conflict { .. })));
    world.commit(&other).unwrap();
}
