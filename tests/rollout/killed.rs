//! A server is killed at every write that a rollout makes: instead of it, and between it and its answer. After the next start
//! the layer arrives or is taken back, never half.

use strata_catalog::etl::{EtlCatalog, LayerId, LayerState};

use crate::make_role;
use crate::mortal::Death;
use crate::world::World;

/// More writes than any of these rollouts makes.
const WRITES_MAX: usize = 200;

/// Nothing dies later here, so that nobody needs to be watched for long.
const SETTINGS: &str = r#"{"settle": "10 ms", "deadline": "3 s"}"#;

/// Roles `a`, in waves, and `b` with two instances each.
fn two_roles() -> World {
    let mut world = World::new();
    {
        let server = world.server();
        make_role(&server, "a", &SETTINGS.replace('}', ", \"max_in_flight\": 1}"));
        make_role(&server, "b", SETTINGS);
        world.instances("a", &["a1", "a2"]);
        world.instances("b", &["b1", "b2"]);
        world.assert_settled(&server);
    }
    world
}

fn both(a: &str, b: &str) -> String {
    format!(
        "BEGIN; UPDATE etl.rules SET body = '{a}' WHERE role = 'a'; UPDATE etl.rules SET body = '{b}' WHERE role = 'b'; COMMIT"
    )
}

/// What became of layer 3; `None` if it was never made.
fn third(world: &World) -> Option<LayerState> {
    let (layers, _) = world.block_on(world.store.layers(LayerId(2))).unwrap();
    layers.first().map(|layer| layer.state)
}

/// Kills a server at one write of a rollout; whether the rollout made so many.
fn killed_at(death: Death, sql: &str, expected: LayerState) -> bool {
    let world = two_roles();
    let server = world.mortal_server(death);
    let survived = server.sql_or_death(sql).is_some();
    drop(server);
    let server = world.server();
    world.assert_settled(&server);
    match third(&world) {
        Some(state) => assert_eq!(state, expected, "{death:?}"),
        None => assert_eq!(death, Death::Before(0), "the layer is the first write"),
    }
    let arrived = third(&world) == Some(LayerState::Active);
    for (id, new) in [("a1", "second a"), ("a2", "second a"), ("b1", "second b"), ("b2", "second b")] {
        assert_eq!(world.has(id), if arrived { new } else { "first" }, "{death:?}, {id}");
    }
    !survived
}

fn killed_everywhere(sql: &str, expected: LayerState) {
    let mut writes = 0;
    while killed_at(Death::Before(writes), sql, expected) {
        assert!(killed_at(Death::After(writes), sql, expected), "write {writes} was there a moment ago");
        writes += 1;
        assert!(writes < WRITES_MAX, "the rollout never ends");
    }
    assert!(writes > 10, "a rollout of two roles makes more than {writes} writes");
}

#[test]
fn a_good_layer_arrives_wherever_the_server_was_killed() {
    killed_everywhere(&both("second a", "second b"), LayerState::Active);
}

#[test]
fn a_bad_layer_is_taken_back_wherever_the_server_was_killed() {
    killed_everywhere(&both("second a", "refuse@b2"), LayerState::Failed);
}

#[test]
fn two_kills_in_a_row_are_survived_too() {
    for (first, second) in [(3, 1), (5, 0), (6, 4), (9, 2), (11, 7), (14, 3)] {
        for (sql, expected) in
            [(both("second a", "second b"), LayerState::Active), (both("second a", "refuse@b1"), LayerState::Failed)]
        {
            let world = two_roles();
            let server = world.mortal_server(Death::After(first));
            let _ = server.sql_or_death(&sql);
            drop(server);
            let server = world.mortal_server(Death::Before(second));
            world.block_on(async {
                // It may get through before it comes to that write.
                let _ = tokio::time::timeout(std::time::Duration::from_secs(4), server.mortal.death()).await;
            });
            drop(server);
            let server = world.server();
            world.assert_settled(&server);
            assert_eq!(third(&world), Some(expected), "killed at {first} and {second}");
        }
    }
}

#[test]
fn what_somebody_else_wrote_into_the_config_store_is_put_right_at_the_start() {
    use strata_catalog::etl::config_store::{ConfigStore, Key, Part, Scope, Transaction};
    let world = two_roles();
    let loads = world.loads();
    let file = Key::file("a", "a.txt").unwrap();
    let stray = Key::file("b", "stray.txt").unwrap();
    world.block_on(world.store.commit(&Transaction::new().put(file, "tampered").put(stray, "x"))).unwrap();
    let manifest = Key::manifest("b").unwrap();
    world.block_on(world.store.commit(&Transaction::new().delete(manifest.clone()))).unwrap();
    let server = world.server();
    let held = |role: &str| -> Vec<String> {
        let listing = world.block_on(world.store.list(&Scope::Role(role.to_owned()))).unwrap();
        listing
            .entries
            .into_iter()
            .filter(|entry| !matches!(entry.key.part(), Part::Instance(_)))
            .map(|entry| entry.value)
            .collect()
    };
    let first = |role: &str| held(role).len() == 2 && held(role).iter().any(|text| text == "first");
    // Before, b has two entries as well: its file and the stray one.
    let again = || world.block_on(world.store.list(&Scope::Role("b".to_owned()))).unwrap().get(&manifest).is_some();
    world.until("repair", || first("a") && again() && first("b"));
    world.assert_settled(&server);
    assert_eq!(world.loads(), loads, "who has the right files loads nothing");
}
