//! What Tansu cannot show: a topic gets more partitions, which nothing takes away again. And that nothing is called without need.

use crate::simulator::SimulatedBroker;
use crate::world::World;

#[test]
fn partitions_only_come() {
    let broker = SimulatedBroker::start();
    let mut world = World::new();
    world.add_sidecar("bus-1", &broker.address());
    world.sql(
        r#"BEGIN;
        INSERT INTO etl.roles (name, kind, settings) VALUES ('bus', 'kafka', '{"settle": "500 ms", "deadline": "20 s"}');
        INSERT INTO etl.rules (role, stage, name, settings) VALUES
          ('bus', 'topic', 'logs.web', '{"partitions": 3, "replication_factor": 1, "retention": "7 days"}');
        COMMIT"#,
    );
    assert_eq!(broker.changes(), [19], "one request makes it");
    world.sql(r#"UPDATE etl.rules SET settings = settings || '{"partitions": 6, "retention": "1 day"}'"#);
    let (layer, _) = world.last_layer();
    assert_eq!(broker.changes(), [37, 44]);
    assert_eq!(world.topics()["logs.web"].0, 6);

    // Nothing is called for a layer that changes no topic, nor by looking.
    world.sql("UPDATE etl.roles SET description = 'the bus' WHERE name = 'bus'");
    assert_eq!(broker.changes(), [] as [i16; 0]);

    let drop = format!("CALL etl.drop_layer({layer})");
    let planned = world.sql(&format!("SELECT key, path, before, after FROM etl.plan_drop({layer}) WHERE kind = 'broken'"));
    let planned: Vec<Vec<String>> = planned.into_iter().map(|row| row.into_iter().map(Option::unwrap).collect()).collect();
    assert_eq!(planned, [["bus/logs.web", "settings.partitions", "6", "3"]]);
    let before = world.last_layer();
    let refused = world.try_sql(&drop).unwrap_err();
    assert!(
        refused.contains("the topic has 6 partitions and cannot get fewer") && refused.contains("surplus_partitions"),
        "{refused}"
    );
    assert_eq!(world.last_layer(), before, "no layer was made");
    assert_eq!(broker.changes(), [] as [i16; 0]);

    world.sql(r#"UPDATE etl.roles SET settings = settings || '{"surplus_partitions": "keep"}' WHERE name = 'bus'"#);
    world.sql(&drop);
    assert_eq!(world.setting("logs.web", "retention.ms").unwrap(), "604800000");
    assert_eq!(world.topics()["logs.web"].0, 6, "it keeps what it has");
    assert_eq!(broker.changes(), [44]);
    world.sql(&format!("CALL etl.restore_layer({layer})"));
    assert_eq!(world.setting("logs.web", "retention.ms").unwrap(), "86400000");
    assert_eq!(broker.changes(), [44]);
}

#[test]
fn the_controller_is_found_behind_any_broker() {
    let controller = SimulatedBroker::start();
    let other = SimulatedBroker::start_beside(&controller);
    let mut world = World::new();
    world.add_sidecar("bus-1", &other.address());
    world.sql(
        r#"BEGIN;
        INSERT INTO etl.roles (name, kind, settings) VALUES ('bus', 'kafka', '{"settle": "500 ms", "deadline": "20 s"}');
        INSERT INTO etl.rules (role, stage, name, settings)
          SELECT 'bus', 'topic', 'topic-' || n, '{"partitions": 1, "retention": "1 day"}' FROM generate_series(1, 450) AS s(n);
        COMMIT"#,
    );
    assert_eq!(world.topics().len(), 450);
    assert_eq!((other.changes(), controller.changes()), (vec![], vec![19, 19, 19]), "in requests of at most 200 topics");
}
