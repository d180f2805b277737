//! What becomes of layers that are good, broken, bad on one instance, bad on all, or change nothing.

use std::time::{Duration, Instant};

use crate::world::{Prometheus, World};

const QUICK: &str = r#"{"settle": "1 s", "deadline": "20 s"}"#;

/// A rule that only the first edge can use: the port is taken on the second.
const BAD_ON_ONE: &str = "INSERT INTO etl.rules (role, stage, name, body) VALUES ('edge', 'file', 'conf.d/20-more.conf', \
     $$input(type=\"imtcp\" address=\"127.0.0.1\" port=\"${secret:extra}\")\n$$)";

#[test]
fn layers_arrive_or_are_taken_back_everywhere() {
    let Some(world) = World::new() else { return };
    a_good_layer_arrives(&world);
    a_broken_layer_is_refused(&world);
    a_layer_that_is_bad_on_one_instance_is_taken_back_everywhere(&world);
    a_layer_that_changes_no_file_restarts_nothing(&world);
    a_bad_layer_reaches_the_canary_only(&world);
    if let Some(prometheus) = world.prometheus() {
        prometheus_loads_without_a_restart(&world, &prometheus);
        two_roles_change_together_or_not_at_all(&world, &prometheus);
    }
}

fn a_good_layer_arrives(world: &World) {
    let begun = Instant::now();
    world.make_edge(QUICK);
    println!("a first layer arrived on two rsyslogds within {:?}, a second of it settling", begun.elapsed());
    assert_eq!(world.last_layer().1, "active");
    world.settled();
    world.edges.iter().for_each(|edge| edge.delivers("first"));
    let begun = Instant::now();
    world.sql("UPDATE etl.rules SET body = '# by the second layer\n' || body WHERE name = 'conf.d/90-out.conf'");
    println!("a second one within {:?}", begun.elapsed());
    world.settled();
    world.edges.iter().for_each(|edge| edge.delivers("second"));
    let outcomes: Vec<String> = world.attempts(world.last_layer().0).into_iter().map(|[_, outcome, _]| outcome).collect();
    assert_eq!(outcomes, ["applied", "applied"]);
}

fn a_broken_layer_is_refused(world: &World) {
    let before = (world.pids(), world.last_layer());
    // What the server itself can see makes no layer.
    let refused = world.try_sql("UPDATE etl.rules SET body = 'input(type=\"imtcp\"' WHERE name = 'conf.d/10-in.conf'");
    let refused = refused.unwrap_err();
    assert!(refused.contains("line 1"), "{refused}");
    assert_eq!(world.last_layer(), before.1);
    // What only rsyslog can see is refused by its own check on each machine.
    let refused =
        world.try_sql("UPDATE etl.rules SET body = body || 'input(type=\"imtcp\" prot=\"1\")' WHERE name = 'conf.d/10-in.conf'");
    let refused = refused.unwrap_err();
    assert!(refused.contains("parameter 'prot' not known"), "{refused}");
    let (layer, state) = world.last_layer();
    assert_eq!(state, "failed");
    let said = world.attempts(layer);
    let by_rsyslog =
        said.iter().filter(|[_, outcome, detail]| outcome == "failed" && detail.contains("parameter 'prot' not known"));
    assert!(by_rsyslog.count() >= 1, "{said:?}");
    world.settled();
    assert_eq!(world.pids(), before.0, "the old processes keep working");
    world.edges.iter().for_each(|edge| edge.delivers("after a refusal"));
}

fn a_layer_that_is_bad_on_one_instance_is_taken_back_everywhere(world: &World) {
    let begun = Instant::now();
    let error = world.try_sql(BAD_ON_ONE).unwrap_err();
    println!("a layer that is bad on one instance was taken back within {:?}", begun.elapsed());
    assert!(error.contains("instance edge-2") && error.contains("Address already in use"), "{error}");
    let (layer, state) = world.last_layer();
    assert_eq!(state, "failed");
    let said = world.attempts(layer);
    assert_eq!(said.len(), 2, "{said:?}");
    assert_eq!(said[0][1], "restored", "{said:?}");
    assert_eq!(said[1][1], "failed", "{said:?}");
    assert!(said[1][2].contains("rsyslogd: Error while binding tcp socket: Address already in use"), "{said:?}");
    world.settled();
    assert_eq!(world.value("SELECT count(*) FROM etl.rules WHERE name = 'conf.d/20-more.conf'"), "0");
    world.edges.iter().for_each(|edge| edge.delivers("after a restore"));
    // It is not offered again by itself.
    let pids = world.pids();
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!((world.pids(), world.last_layer()), (pids, (layer, state)));
}

fn a_layer_that_changes_no_file_restarts_nothing(world: &World) {
    let before = world.pids();
    world.sql("UPDATE etl.roles SET description = 'the edge of the network' WHERE name = 'edge'");
    assert_eq!(world.last_layer().1, "active");
    world.settled();
    assert_eq!(world.pids(), before);
}

fn a_bad_layer_reaches_the_canary_only(world: &World) {
    world.sql("UPDATE etl.roles SET settings = settings || '{\"max_in_flight\": 1}' WHERE name = 'edge'");
    let before = world.pids();
    let taken = world.taken.as_ref().unwrap().local_addr().unwrap().port();
    let bad = format!(
        "INSERT INTO etl.rules (role, stage, name, body) VALUES \
         ('edge', 'file', 'conf.d/20-more.conf', $$input(type=\"imtcp\" address=\"127.0.0.1\" port=\"{taken}\")\n$$)"
    );
    let error = world.try_sql(&bad).unwrap_err();
    assert!(error.contains("instance edge-1") && error.contains("Address already in use"), "{error}");
    let (layer, state) = world.last_layer();
    assert_eq!(state, "failed");
    let said = world.attempts(layer);
    assert_eq!(said.len(), 1, "{said:?}");
    world.settled();
    assert_eq!(world.pids()[1], before[1], "the second one never heard of it");
}

fn prometheus_loads_without_a_restart(world: &World, prometheus: &Prometheus) {
    let begun = Instant::now();
    world.sql(&format!(
        "BEGIN;
         INSERT INTO etl.roles (name, kind, settings) VALUES ('metrics', 'generic', '{QUICK}');
         INSERT INTO etl.rules (role, stage, name, body) VALUES ('metrics', 'file', 'prometheus.yml', 'global:\n  scrape_interval: 33s\n');
         COMMIT"
    ));
    println!("a first layer arrived on a Prometheus within {:?}", begun.elapsed());
    assert!(prometheus.configuration().contains("scrape_interval: 33s"));
    let before = prometheus.machine.daemon().unwrap();
    world.sql("UPDATE etl.rules SET body = 'global:\n  scrape_interval: 44s\n' WHERE role = 'metrics'");
    assert!(prometheus.configuration().contains("scrape_interval: 44s"), "{}", prometheus.configuration());
    let error =
        world.try_sql("UPDATE etl.rules SET body = 'global:\n  scrape_intervall: 44s\n' WHERE role = 'metrics'").unwrap_err();
    assert!(error.contains("field scrape_intervall not found"), "{error}");
    assert!(prometheus.configuration().contains("scrape_interval: 44s"));
    assert_eq!(prometheus.machine.daemon().unwrap(), before);
}

fn two_roles_change_together_or_not_at_all(world: &World, prometheus: &Prometheus) {
    let both = |interval: &str| {
        world.try_sql(&format!(
            "BEGIN;
             UPDATE etl.rules SET body = '# both\n' || body WHERE name = 'conf.d/90-out.conf';
             UPDATE etl.rules SET body = 'global:\n  scrape_interval: {interval}\n' WHERE role = 'metrics';
             COMMIT"
        ))
    };
    let error = both("soon").unwrap_err();
    assert!(error.contains("metrics-1") && error.contains("not a valid duration"), "{error}");
    world.settled();
    assert!(!world.edges[0].machine.file("conf.d/90-out.conf").contains("# both"));
    assert!(prometheus.configuration().contains("scrape_interval: 44s"));
    both("55s").unwrap();
    world.settled();
    assert!(world.edges.iter().all(|edge| edge.machine.file("conf.d/90-out.conf").contains("# both")));
    assert!(prometheus.configuration().contains("scrape_interval: 55s"));
}
