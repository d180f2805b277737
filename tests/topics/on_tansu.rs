//! Topics on Tansu.

use strata_harness::Tansu;

use crate::world::World;

const SETTINGS: &str = r#"{"settle": "500 ms", "deadline": "20 s"}"#;
/// Nobody listens there.
const NOWHERE: &str = "127.0.0.1:9";

#[test]
fn topics_are_made_altered_and_put_back() {
    let mut world = World::new();
    let Some(mut tansu) = Tansu::installed(world.folder()) else { return };
    tansu.start().unwrap();
    world.add_sidecar("bus-1", &tansu.address());
    let made = topics_are_made(&world);
    settings_are_altered_and_taken_away(&world);
    what_cannot_be_done_changes_nothing(&world);
    layers_are_dropped_and_restored(&world);
    what_is_there_becomes_rules(&world);
    the_graph_goes_through_topics(&world);
    a_failure_elsewhere_puts_topics_back(&mut world);
    topics_go_when_their_rules_go_only_if_that_is_allowed(&world);
    a_broker_that_forgot_everything_is_seen_and_repaired(&mut world, &mut tansu);
    assert_eq!(world.value(&format!("SELECT state FROM etl.layers WHERE id = {made}")), "active");
}

fn topics_are_made(world: &World) -> i64 {
    world.sql(&format!(
        r#"BEGIN;
        INSERT INTO etl.roles (name, kind, settings) VALUES ('bus', 'kafka', '{SETTINGS}');
        INSERT INTO etl.rules (role, stage, name, settings) VALUES
          ('bus', 'topic', 'logs.web', '{{"partitions": 3, "retention": "7 days", "cleanup.policy": "delete"}}'),
          ('bus', 'topic', 'logs.db', '{{"partitions": 1}}');
        COMMIT"#
    ));
    let (layer, state) = world.last_layer();
    assert_eq!(state, "active");
    assert_eq!(world.attempts(layer), [["bus-1", "applied", ""]]);
    let topics = world.topics();
    assert_eq!(topics.keys().collect::<Vec<_>>(), ["logs.db", "logs.web"]);
    assert_eq!((topics["logs.web"].0, topics["logs.db"].0), (3, 1));
    assert_eq!(world.setting("logs.web", "retention.ms").unwrap(), "604800000");
    assert_eq!(world.setting("logs.web", "cleanup.policy").unwrap(), "delete");
    layer
}

fn settings_are_altered_and_taken_away(world: &World) {
    world.sql(r#"UPDATE etl.rules SET settings = settings || '{"retention": "1 day"}' WHERE name = 'logs.web'"#);
    assert_eq!(world.setting("logs.web", "retention.ms").unwrap(), "86400000");
    world.sql(r#"UPDATE etl.rules SET settings = '{"partitions": 3, "retention": "1 day"}' WHERE name = 'logs.web'"#);
    assert_eq!(world.setting("logs.web", "cleanup.policy"), None, "what is no rule's business is the broker's");
    assert_eq!(world.setting("logs.web", "retention.ms").unwrap(), "86400000");
}

fn what_cannot_be_done_changes_nothing(world: &World) {
    let before = (world.topics(), world.last_layer());
    // The server itself sees these.
    for (settings, message, hint) in [
        (r#"{"partitions": 2}"#, "the topic has 3 partitions and cannot get fewer", "surplus_partitions"),
        (r#"{"retention": "long"}"#, "is not a time such as", "no hint"),
    ] {
        let refused = world.try_sql(&format!("UPDATE etl.rules SET settings = settings || '{settings}' WHERE name = 'logs.web'"));
        let refused = refused.unwrap_err();
        assert!(refused.contains(message) && refused.contains(hint), "{refused}");
    }
    assert_eq!((world.topics(), world.last_layer()), before);
    // This one only the broker does: it is refused before any of it is done.
    let more = r#"BEGIN;
        INSERT INTO etl.rules (role, stage, name, settings) VALUES ('bus', 'topic', 'logs.new', '{"partitions": 1}');
        UPDATE etl.rules SET settings = settings || '{"partitions": 6}' WHERE name = 'logs.web';
        COMMIT"#;
    let refused = world.try_sql(more).unwrap_err();
    assert!(refused.contains("topic logs.web") && refused.contains("does not know the request CreatePartitions"), "{refused}");
    let (layer, state) = world.last_layer();
    assert_eq!(state, "failed");
    let said = world.attempts(layer);
    assert_eq!(said[0][1], "failed");
    assert!(said[0][2].contains("does not know the request CreatePartitions"), "{said:?}");
    assert_eq!(world.topics(), before.0);
}

fn layers_are_dropped_and_restored(world: &World) {
    world.sql(r#"UPDATE etl.rules SET settings = settings || '{"retention": "2 days"}' WHERE name = 'logs.db'"#);
    let (layer, _) = world.last_layer();
    assert_eq!(world.setting("logs.db", "retention.ms").unwrap(), "172800000");
    world.sql(&format!("CALL etl.drop_layer({layer})"));
    assert_eq!(world.setting("logs.db", "retention.ms"), None);
    world.sql(&format!("CALL etl.restore_layer({layer})"));
    assert_eq!(world.setting("logs.db", "retention.ms").unwrap(), "172800000");
}

fn what_is_there_becomes_rules(world: &World) {
    world.sql("INSERT INTO etl.roles (name, kind) VALUES ('copy', 'kafka')");
    let present = world.present();
    world.sql(&format!("CALL etl.import('copy', $${present}$$)"));
    assert_eq!(world.value("SELECT content FROM etl.render('copy') WHERE path = 'topics.json'"), present);
    world.sql("BEGIN; DELETE FROM etl.rules WHERE role = 'copy'; DELETE FROM etl.roles WHERE name = 'copy'; COMMIT");
}

fn the_graph_goes_through_topics(world: &World) {
    world.sql(
        r#"BEGIN;
        INSERT INTO etl.roles (name, kind) VALUES ('shipper', 'logstash'), ('indexer', 'logstash');
        INSERT INTO etl.rules (role, stage, name, plugin, settings) VALUES
          ('shipper', 'output', 'out', 'kafka', '{"topic_id": "logs.web"}'),
          ('indexer', 'input', 'in', 'kafka', '{"topics": ["logs.web"]}');
        COMMIT"#,
    );
    let edges = world.sql("SELECT from_role, to_role, via FROM etl.role_graph ORDER BY 1, 2");
    let edges: Vec<Vec<String>> = edges.into_iter().map(|row| row.into_iter().map(Option::unwrap).collect()).collect();
    let via = "kafka logs.web";
    assert_eq!(edges, [["bus", "indexer", via], ["shipper", "bus", via], ["shipper", "indexer", via]]);
    world.sql("CALL etl.drop_layer((SELECT max(id) FROM etl.layers))");
}

fn a_failure_elsewhere_puts_topics_back(world: &mut World) {
    let before = world.topics();
    world.add_sidecar("bus-2", NOWHERE);
    let both = r#"BEGIN;
        INSERT INTO etl.rules (role, stage, name, settings) VALUES ('bus', 'topic', 'logs.late', '{"partitions": 1}');
        UPDATE etl.rules SET settings = settings || '{"retention": "9 days"}' WHERE name = 'logs.db';
        COMMIT"#;
    // One after the other, so that the first has changed the broker when the second fails.
    world.sql(r#"UPDATE etl.roles SET settings = settings || '{"max_in_flight": 1}' WHERE name = 'bus'"#);
    let error = world.try_sql(both).unwrap_err();
    assert!(error.contains("instance bus-2") && error.contains("broker 127.0.0.1:9: "), "{error}");
    let (layer, state) = world.last_layer();
    assert_eq!(state, "failed");
    let said = world.attempts(layer);
    assert_eq!((said[0][0].as_str(), said[0][1].as_str()), ("bus-1", "restored"), "{said:?}");
    assert_eq!(said[1][1], "failed", "{said:?}");
    let mut after = world.topics();
    assert!(after.remove("logs.late").is_some(), "a topic is not deleted unless that is allowed");
    assert_eq!(after, before);
    world.machines.pop().unwrap().stop().unwrap();
    world.until("bus-2 gone", || world.sql("SELECT id FROM etl.instances WHERE id = 'bus-2' AND health <> 'missing'").is_empty());
}

fn topics_go_when_their_rules_go_only_if_that_is_allowed(world: &World) {
    world.sql("DELETE FROM etl.rules WHERE name = 'logs.db'");
    assert!(world.topics().contains_key("logs.db"), "it stays");
    world.sql(
        r#"BEGIN;
        INSERT INTO etl.rules (role, stage, name, settings) VALUES ('bus', 'topic', 'logs.db', '{"partitions": 1}');
        UPDATE etl.roles SET settings = settings || '{"removed": "delete"}' WHERE name = 'bus';
        COMMIT"#,
    );
    world.sql("DELETE FROM etl.rules WHERE name = 'logs.db'");
    let topics = world.topics();
    assert!(!topics.contains_key("logs.db"), "{topics:?}");
    assert!(topics.contains_key("logs.late"), "what no rule named since is nobody's business");
}

fn a_broker_that_forgot_everything_is_seen_and_repaired(world: &mut World, tansu: &mut Tansu) {
    let good = world.machines[0].path("state/good.json");
    world.until("proven", || !std::fs::read_to_string(&good).unwrap_or_default().contains("logs.db"));
    tansu.kill().unwrap();
    let ill = |world: &World, words: &str| {
        let rows = world.sql("SELECT last_error FROM etl.instances WHERE id = 'bus-1' AND health = 'degraded'");
        rows.first().and_then(|row| row[0].clone()).is_some_and(|error| error.contains(words))
    };
    world.until("without a broker", || ill(world, "Connection refused"));
    tansu.start().unwrap();
    world.until("without topics", || ill(world, "topic logs.web is not there"));
    world.machines[0].kill().unwrap();
    world.machines[0].start(env!("CARGO_BIN_EXE_strata")).unwrap();
    world.until("repaired", || world.topics().contains_key("logs.web"));
    assert_eq!(world.setting("logs.web", "retention.ms").unwrap(), "86400000");
    world.until("well", || {
        !world.sql("SELECT id FROM etl.instances WHERE id = 'bus-1' AND (sync, health) = ('synced', 'healthy')").is_empty()
    });
}
