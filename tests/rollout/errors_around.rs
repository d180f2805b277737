//! What configuration and logs in one database are for: one statement that asks both.

use crate::{say, with_web};

/// Error lines a minute in the five minutes before and after layer 2, by instance.
const STATEMENT: &str = "
SELECT instance.id AS instance,
       round(count(log.ts) FILTER (WHERE log.ts < attempt.started_at) / 5.0, 1) AS before,
       round(count(log.ts) FILTER (WHERE log.ts >= attempt.finished_at) / 5.0, 1) AS after
FROM etl.layers AS layer
JOIN etl.attempts AS attempt ON attempt.layer = layer.id AND attempt.outcome = 'applied'
JOIN etl.instances AS instance ON instance.role = attempt.role AND instance.id = attempt.instance
LEFT JOIN logs.app AS log ON log.host = instance.id AND log.level = 'error'
  AND log.ts >= attempt.started_at - interval '5 minutes' AND log.ts < attempt.finished_at + interval '5 minutes'
WHERE layer.id = 2
GROUP BY instance.id ORDER BY instance.id";

#[test]
fn errors_before_and_after_a_layer_by_instance() {
    let (world, server) = with_web(&["i1", "i2", "i3"]);
    server.sql(&say("web", "second"));
    world.until("etl.instances", || server.sql("SELECT count(*) FROM etl.instances") == [["3"]]);
    server.sql("CREATE TABLE logs.app (ts timestamptz NOT NULL, host text, level text, message text) WITH (time_column = 'ts')");
    // Host, level, minutes from now, lines.
    for (host, level, minutes, lines) in [
        ("i1", "error", -3, 10),
        ("i1", "error", -20, 40),
        ("i1", "info", -3, 40),
        ("i1", "error", 2, 5),
        ("i2", "error", -1, 5),
        ("i2", "error", 30, 40),
        ("elsewhere", "error", -1, 40),
    ] {
        let row = format!("(now() + interval '{minutes} minutes', '{host}', '{level}', 'x')");
        server.sql(&format!("INSERT INTO logs.app (ts, host, level, message) VALUES {}", vec![row; lines].join(", ")));
    }
    assert_eq!(server.sql(STATEMENT), [["i1", "2.0", "1.0"], ["i2", "1.0", "0.0"], ["i3", "0.0", "0.0"]]);
    // The documents show the same statement.
    let documented = include_str!("../../docs/etl.md");
    assert!(documented.contains(STATEMENT.trim()), "docs/etl.md shows another statement");
}
