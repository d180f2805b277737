//! How rollouts end: layers arrive, are refused, fall silent, wait for each other, are cancelled and tried again.

use serde_json::Value;

use crate::world::World;
use crate::{QUICK, make_role, say, with_web};

/// What `etl.attempts` says of a layer: instance, outcome, detail.
fn attempts(server: &crate::world::Server, layer: i64) -> Vec<Vec<String>> {
    server.sql(&format!("SELECT instance, outcome, detail FROM etl.attempts WHERE layer = {layer} ORDER BY role, instance"))
}

/// State of a layer.
fn state(server: &crate::world::Server, layer: i64) -> String {
    server.sql(&format!("SELECT state FROM etl.layers WHERE id = {layer}")).remove(0).remove(0)
}

#[test]
fn a_layer_arrives_on_all_instances_and_one_that_changes_no_file_restarts_nothing() {
    let (world, server) = with_web(&["i1", "i2", "i3"]);
    server.sql(&say("web", "second"));
    assert!(["i1", "i2", "i3"].iter().all(|id| world.has(id) == "second"), "COMMIT returned when they had it");
    let ends: Vec<String> = attempts(&server, 2).into_iter().map(|row| row[..2].join(" ")).collect();
    assert_eq!(ends, ["i1 applied", "i2 applied", "i3 applied"]);
    world.assert_settled(&server);
    let all = "SELECT id, sync, health, applied_hash = desired_hash FROM etl.instances ORDER BY id";
    world.until("etl.instances", || {
        let rows = server.sql(all);
        rows == ["i1", "i2", "i3"].map(|id| vec![id.to_owned(), "synced".into(), "healthy".into(), "true".into()])
    });

    let loads = world.loads();
    server.sql("UPDATE etl.roles SET description = 'the shop' WHERE name = 'web'");
    server.sql("UPDATE etl.rules SET body = 'second' WHERE role = 'web'");
    assert_eq!((state(&server, 3).as_str(), world.loads()), ("active", loads));
    world.assert_settled(&server);
}

#[test]
fn a_layer_that_one_instance_does_not_bear_is_taken_back_everywhere() {
    for (word, outcome, detail) in [
        ("refuse@i2", "failed", "validate: line 1: refuse"),
        ("die@i2", "failed", "exited with status 1"),
        ("mute@i2", "silent", "not arrived within 3s; it is healthy"),
        ("vanish@i2", "silent", "nothing was heard of it within 3s"),
    ] {
        let (world, server) = with_web(&["i1", "i2", "i3"]);
        let error = server.try_sql(&say("web", word)).unwrap_err();
        assert!(error.contains("layer 2 was taken back: role \"web\", instance i2") && error.contains(detail), "{word}: {error}");
        assert_eq!(state(&server, 2), "failed", "{word}");
        assert_eq!(server.sql("SELECT body FROM etl.rules"), [["first"]], "a layer that failed is in no fold");
        let rows = attempts(&server, 2);
        assert_eq!(rows.len(), 3, "{word}: {rows:?}");
        assert_eq!(rows[1], ["i2", outcome, detail], "{word}");
        assert!([&rows[0], &rows[2]].iter().all(|row| row[1] == "restored"), "{word}: {rows:?}");
        assert!(["i1", "i3"].iter().all(|id| world.has(id) == "first"), "{word}");
        // It is not offered again by itself, not by a restart either.
        let loads = world.loads();
        drop(server);
        let server = world.server();
        std::thread::sleep(std::time::Duration::from_millis(1500));
        assert_eq!((world.loads(), state(&server, 2).as_str()), (loads, "failed"), "{word}");
    }
}

#[test]
fn a_bad_layer_reaches_the_canary_only() {
    let (world, server) = with_web(&["i1", "i2", "i3"]);
    server.sql(r#"UPDATE etl.roles SET settings = '{"settle": "150 ms", "deadline": "3 s", "max_in_flight": 1}'"#);
    let loads = world.loads();
    server.try_sql(&say("web", "refuse@all")).unwrap_err();
    assert_eq!(attempts(&server, 3).len(), 1);
    assert_eq!(world.loads(), loads, "nobody loaded it");
    server.try_sql(&say("web", "die@i2")).unwrap_err();
    let rows: Vec<String> = attempts(&server, 4).into_iter().map(|row| row[..2].join(" ")).collect();
    assert_eq!(rows, ["i1 restored", "i2 failed"], "the third wave never came");
    assert_eq!(world.sidecar("i3").seen().loads, loads[2]);
    server.sql(&say("web", "good"));
    let waves = server.sql("SELECT steps FROM etl.tasks WHERE layer = 5").remove(0).remove(0);
    let waves: Vec<Value> = serde_json::from_str(&waves).unwrap();
    assert_eq!(waves.last().unwrap(), &serde_json::json!({"step": "watch", "role": "web", "wave": 3}));
    world.assert_settled(&server);
}

/// A pipeline that hands records of topic `logs` from `edge` to `store`.
fn pipelines(server: &crate::world::Server) {
    let settings = QUICK;
    server.sql(&format!(
        "INSERT INTO etl.roles (name, kind, settings) VALUES
           ('edge', 'logstash', '{settings}'), ('store', 'logstash', '{settings}'), ('alone', 'logstash', '{settings}')"
    ));
    server.sql("CALL etl.import('edge', 'input { stdin { } } output { kafka { topic_id => \"logs\" } }')");
    server.sql("CALL etl.import('store', 'input { kafka { topics => [\"logs\"] } } output { stdout { } }')");
    server.sql("CALL etl.import('alone', 'input { stdin { } } output { stdout { } }')");
}

#[test]
fn roles_of_a_layer_change_all_or_none_and_consumers_before_producers() {
    let mut world = World::new();
    let server = world.server();
    pipelines(&server);
    world.instances("edge", &["e1"]);
    world.instances("store", &["s1"]);
    world.instances("alone", &["a1"]);
    world.assert_settled(&server);
    let both = |edge: &str, store: &str| {
        format!(
            "BEGIN;
             UPDATE etl.rules SET settings = settings || '{{\"client_id\": \"{edge}\"}}' WHERE role = 'edge' AND plugin = 'kafka';
             UPDATE etl.rules SET settings = settings || '{{\"client_id\": \"{store}\"}}' WHERE role = 'store' AND plugin = 'kafka';
             COMMIT"
        )
    };
    let written = |layer: i64| -> Vec<String> {
        let steps = server.sql(&format!("SELECT steps FROM etl.tasks WHERE layer = {layer}")).remove(0).remove(0);
        let steps: Vec<Value> = serde_json::from_str(&steps).unwrap();
        let writes = steps.iter().filter(|step| step["step"] == "write");
        writes.map(|step| step["role"].as_str().unwrap().to_owned()).collect()
    };
    let loads = world.loads();
    server.sql(&both("x", "x"));
    assert_eq!(written(5), ["store", "edge"]);
    assert_eq!(world.loads(), [loads[0] + 1, loads[1] + 1, loads[2]], "who is not touched loads nothing");
    // The producer fails: the consumer, which had arrived, gets its files back.
    let error = server.try_sql(&both("refuse@e1", "y")).unwrap_err();
    assert!(error.contains("role \"edge\", instance e1"), "{error}");
    assert!(world.has("s1").contains("\"x\"") && world.has("e1").contains("\"x\""), "{}", world.has("s1"));
    // The consumer fails: the producer is never written.
    let loads = world.loads();
    server.try_sql(&both("y", "refuse@s1")).unwrap_err();
    assert_eq!(written(7), ["store"]);
    assert_eq!(world.loads(), loads);
    world.assert_settled(&server);
}

#[test]
fn layers_that_share_a_role_queue_up_and_what_is_behind_a_failure_stands_on_what_is_left() {
    let (world, server) = with_web(&["i1"]);
    make_role(&server, "db", QUICK);
    server.sql("SET etl.apply = 'async'");
    server.sql(&say("web", "mute@i1"));
    assert!(server.notices().iter().any(|notice| notice.starts_with("layer 3 is rolled out by task ")));
    server.sql("UPDATE etl.rules SET comment = 'of a later layer' WHERE role = 'web'");
    server.sql("INSERT INTO etl.rules (role, stage, name, body) VALUES ('web', 'file', 'other.txt', 'x')");
    server.sql(&say("db", "second"));
    assert_eq!(state(&server, 6), "active", "another role does not wait");
    assert_eq!(server.sql("SELECT body FROM etl.rules WHERE name = 'web.txt'"), [["mute@i1"]], "what is queued is shown");
    world.quiet();
    let states: Vec<String> = (3..=6).map(|layer| state(&server, layer)).collect();
    assert_eq!(states, ["failed", "active", "active", "active"]);
    let rows = server.sql("SELECT name, body, comment FROM etl.rules WHERE role = 'web' ORDER BY name");
    assert_eq!(rows, [["other.txt", "x", "NULL"], ["web.txt", "first", "of a later layer"]]);
    world.assert_settled(&server);
}

#[test]
fn a_layer_whose_object_failed_before_it_fails_too() {
    let (world, server) = with_web(&["i1"]);
    server.sql("SET etl.apply = 'async'");
    server.sql("INSERT INTO etl.rules (role, stage, name, body) VALUES ('web', 'file', 'new.txt', 'mute@i1')");
    server.sql("UPDATE etl.rules SET comment = 'x' WHERE name = 'new.txt'");
    world.quiet();
    assert_eq!((state(&server, 2).as_str(), state(&server, 3).as_str()), ("failed", "failed"));
    let error = server.sql("SELECT error FROM etl.tasks WHERE layer = 3").remove(0).remove(0);
    assert_eq!(error, "an object that it changes is gone");
    world.assert_settled(&server);
}

#[test]
fn a_draft_waits_until_it_is_applied() {
    let (world, server) = with_web(&["i1"]);
    server.sql("SET etl.apply = 'manual'");
    server.sql(&say("web", "second"));
    assert_eq!((state(&server, 2).as_str(), world.has("i1").as_str()), ("draft", "first"));
    server.sql("CALL etl.apply(2)");
    assert_eq!((state(&server, 2).as_str(), world.has("i1").as_str()), ("active", "second"));
    world.assert_settled(&server);
}

#[test]
fn a_rollout_can_be_cancelled_and_a_failed_one_tried_again() {
    let (world, server) = with_web(&["i1"]);
    server.sql("SET etl.apply = 'async'");
    server.sql(&say("web", "mute@i1"));
    world.until("a watch", || {
        let steps = server.sql("SELECT steps FROM etl.tasks WHERE layer = 2").remove(0).remove(0);
        steps.contains("watch")
    });
    let task: i64 = server.sql("SELECT id FROM etl.tasks WHERE layer = 2")[0][0].parse().unwrap();
    server.sql(&format!("CALL etl.cancel({task})"));
    world.quiet();
    let row = server.sql(&format!("SELECT state, error FROM etl.tasks WHERE id = {task}"));
    assert_eq!(row, [["failed", "it was cancelled"]]);
    world.assert_settled(&server);
    let error = server.try_sql(&format!("CALL etl.cancel({task})")).unwrap_err();
    assert!(error.contains("cannot be cancelled"), "{error}");

    server.sql("SET etl.apply = 'sync'");
    let error = server.try_sql(&format!("CALL etl.retry({task})")).unwrap_err();
    assert!(error.contains("i1: not arrived within 3s"), "it is tried: {error}");
    assert!(server.try_sql("CALL etl.retry(99)").unwrap_err().contains("there is no task 99"));
    world.assert_settled(&server);
}

#[test]
fn dropping_a_layer_is_rolled_out_and_a_drop_that_fails_leaves_it_in_force() {
    let (world, server) = with_web(&["i1"]);
    server.sql(&say("web", "second"));
    server.sql(&say("web", "third"));
    server.sql("CALL etl.drop_layer(3)");
    assert_eq!(world.has("i1"), "second");
    server.sql("CALL etl.restore_layer(3)");
    assert_eq!(world.has("i1"), "third");
    server.sql("CALL etl.rollback_to(1)");
    assert_eq!(world.has("i1"), "first");
    world.assert_settled(&server);
}

#[test]
fn a_role_that_was_disabled_keeps_its_files_and_gets_them_back_when_enabling_it_fails() {
    let (world, server) = with_web(&["i1"]);
    server.sql("UPDATE etl.roles SET enabled = false");
    server.sql(&say("web", "refuse@i1"));
    assert_eq!(world.has("i1"), "first", "a disabled role keeps its files");
    server.try_sql("UPDATE etl.roles SET enabled = true").unwrap_err();
    assert_eq!(world.has("i1"), "first");
    let rows = attempts(&server, 4);
    assert_eq!(rows, [["i1", "failed", "validate: line 1: refuse"]]);
    // What the config store offers is what was there when the role was enabled last.
    let held = server.sql("SELECT error FROM etl.tasks WHERE layer = 4").remove(0).remove(0);
    assert!(!held.contains("cannot be put back"), "{held}");
    drop((world, server));
}

#[test]
fn listeners_are_told_of_layers_tasks_and_instances() {
    let (world, server) = with_web(&["i1"]);
    server.sql("LISTEN etl_layers; LISTEN etl_tasks; LISTEN etl_instances");
    server.sql(&say("web", "second"));
    let mut told: Vec<(String, Value)> = Vec::new();
    world.until("news of the instance", || {
        told.extend(server.told().into_iter().map(|one| (one.channel, serde_json::from_str(&one.payload).unwrap())));
        told.iter().any(|(channel, payload)| channel == "etl_instances" && payload["sync"] == "synced")
    });
    let of = |channel: &str| told.iter().filter(|(found, _)| found == channel).map(|(_, payload)| payload).collect::<Vec<_>>();
    let states: Vec<&Value> = of("etl_layers").into_iter().map(|payload| &payload["state"]).collect();
    assert_eq!(states, ["queued", "applying", "active"]);
    let steps: Vec<&Value> = of("etl_tasks").into_iter().map(|payload| &payload["step"]).collect();
    for step in ["validate", "plan", "write", "watch"] {
        assert!(steps.contains(&&Value::from(step)), "{step} in {steps:?}");
    }
    assert_eq!(of("etl_tasks").last().unwrap()["state"], "done");
    assert!(of("etl_instances").iter().all(|payload| payload["role"] == "web" && payload["instance"] == "i1"));
}
