//! Everybody is killed with SIGKILL in the middle of rollouts. Each rollout comes to its end or is restored, never half.

use std::time::Duration;

use crate::world::World;

const SETTINGS: &str = r#"{"settle": "500 ms", "deadline": "8 s"}"#;

/// Every layer changes the files.
fn good(number: usize) -> String {
    format!("SET etl.apply = 'async'; UPDATE etl.rules SET body = '# {number}\n' || body WHERE name = 'conf.d/90-out.conf'")
}

/// Bad on the second edge.
fn bad(number: usize) -> String {
    format!(
        "SET etl.apply = 'async'; INSERT INTO etl.rules (role, stage, name, body) VALUES ('edge', 'file', 'conf.d/20-more.conf', \
         $$# {number}\ninput(type=\"imtcp\" address=\"127.0.0.1\" port=\"${{secret:extra}}\")\n$$)"
    )
}

/// The step that the newest rollout is at.
fn step(world: &World) -> String {
    let steps = world.value("SELECT steps FROM etl.tasks ORDER BY id DESC LIMIT 1");
    let steps: serde_json::Value = serde_json::from_str(&steps).unwrap();
    steps.as_array().and_then(|steps| steps.last()).map_or("none".to_owned(), |step| step["step"].to_string())
}

#[test]
fn a_server_that_is_killed_finishes_or_restores() {
    let Some(mut world) = World::new() else { return };
    world.make_edge(SETTINGS);
    for (number, after_ms) in [0, 20, 60, 200, 700].into_iter().enumerate() {
        for (statement, expected) in [(good(number), "active"), (bad(number), "failed")] {
            world.sql(&statement);
            std::thread::sleep(Duration::from_millis(after_ms));
            world.kill_server();
            let resumed_at = step(&world);
            assert_eq!(world.ended(), expected, "killed after {after_ms} ms");
            println!("killed after {after_ms} ms, resumed at {resumed_at}, ended {expected}");
            world.settled();
        }
    }
    let mut in_the_middle = 0;
    for number in 10..13 {
        world.sql(&bad(number));
        world.until("restoring", || step(&world) == "\"restore\"");
        world.kill_server();
        let state = world.last_layer().1;
        println!("killed while it restored, the layer was {state} after the start");
        in_the_middle += usize::from(state == "applying");
        assert_eq!(world.ended(), "failed", "killed while it restored");
        world.settled();
    }
    assert!(in_the_middle > 0, "every restore was over before its server was killed");
    world.edges.iter().for_each(|edge| edge.delivers("after all kills"));
}

#[test]
fn a_sidecar_that_is_killed_comes_back_or_fails_the_layer() {
    let Some(mut world) = World::new() else { return };
    world.make_edge(SETTINGS);
    for (number, after_ms) in [0, 150, 600].into_iter().enumerate() {
        world.sql(&good(number));
        std::thread::sleep(Duration::from_millis(after_ms));
        world.edges[0].machine.kill().unwrap();
        world.edges[0].start();
        assert_eq!(world.ended(), "active", "killed after {after_ms} ms");
        world.settled();
    }
    // One that does not come back is silent, which fails the layer; when it is back it has the files of before.
    world.edges[1].machine.kill().unwrap();
    world.sql(&good(10));
    assert_eq!(world.ended(), "failed");
    let said = world.attempts(world.last_layer().0);
    assert!(said.iter().any(|[id, outcome, _]| id == "edge-2" && outcome != "applied"), "{said:?}");
    world.edges[1].start();
    world.settled();
    world.edges.iter().for_each(|edge| edge.delivers("after all kills"));
}

#[test]
fn rollouts_wait_for_an_etcd_that_is_killed() {
    let Some(mut world) = World::new() else { return };
    world.make_edge(SETTINGS);
    let pids = world.pids();
    world.etcd.kill().unwrap();
    world.sql(&good(0));
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(world.pids(), pids, "nobody stops because etcd is away");
    world.edges.iter().for_each(|edge| edge.delivers("without etcd"));
    world.etcd.start().unwrap();
    assert_eq!(world.ended(), "active");
    world.settled();
    for (number, after_ms) in [(1, 50), (2, 400)] {
        for (statement, expected) in [(good(number), "active"), (bad(number), "failed")] {
            world.sql(&statement);
            std::thread::sleep(Duration::from_millis(after_ms));
            world.etcd.kill().unwrap();
            std::thread::sleep(Duration::from_millis(300));
            world.etcd.start().unwrap();
            assert_eq!(world.ended(), expected, "etcd killed after {after_ms} ms");
            world.settled();
        }
    }
}
