//! The config store is away: rollouts wait and say so, everything else goes on.

use crate::{say, with_web};

#[test]
fn a_rollout_waits_for_the_config_store_and_goes_on() {
    let (world, server) = with_web(&["i1"]);
    server.sql("SET etl.apply = 'async'");
    server.mortal.set_away(true);
    server.sql(&say("web", "second"));
    world.until("an error that says so", || {
        server.sql("SELECT coalesce(error, '') FROM etl.tasks WHERE layer = 2")[0][0].contains("it is away")
    });
    assert_eq!(server.sql("SELECT body FROM etl.rules"), [["second"]], "the configuration is read and written meanwhile");
    server.mortal.set_away(false);
    world.quiet();
    assert_eq!(server.sql("SELECT state, error FROM etl.tasks WHERE layer = 2"), [["done", "NULL"]]);
    assert_eq!(world.has("i1"), "second");
    world.assert_settled(&server);
}

#[test]
fn a_store_that_goes_away_while_instances_are_watched_is_waited_for() {
    let (world, server) = with_web(&["i1"]);
    server.sql("SET etl.apply = 'async'");
    server.sql(&say("web", "mute@i1"));
    world.until("a watch", || server.sql("SELECT steps FROM etl.tasks WHERE layer = 2")[0][0].contains("watch"));
    server.mortal.set_away(true);
    // Past the deadline: the restore cannot be written yet.
    std::thread::sleep(std::time::Duration::from_secs(4));
    assert_eq!(server.sql("SELECT state FROM etl.layers WHERE id = 2"), [["applying"]]);
    server.mortal.set_away(false);
    world.assert_settled(&server);
    assert_eq!(
        (world.has("i1").as_str(), server.sql("SELECT state FROM etl.layers WHERE id = 2")),
        ("first", vec![vec!["failed".into()]])
    );
}
