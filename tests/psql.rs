//! The real psql against the real binary: what a person types on the first day.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use strata_harness::psql::Said;
use strata_harness::{Psql, Server, ServerOptions};
use tempfile::TempDir;

struct World {
    server: Server,
    _folder: TempDir,
}

impl World {
    /// A server with a topic, records in it and a view over them.
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(&ServerOptions::in_folder(env!("CARGO_BIN_EXE_strata"), folder.path())).unwrap();
        let world = Self { server, _folder: folder };
        world.run(
            "CREATE TABLE logs.app (ts timestamptz NOT NULL, service text, level text, message text, status int)
               WITH (time_column = 'ts', sort_by = 'service, ts', retention = '30 days');
             COMMENT ON TABLE logs.app IS 'what the app says';
             INSERT INTO logs.app (ts, service, level, message, status)
               SELECT to_timestamp(1772323200 + n), 'web', 'INFO', concat('hello ', n), 200
               FROM generate_series(1, 100) AS t(n);
             CREATE VIEW logs.slow AS SELECT ts, message, (attrs ->> 'ms')::int AS ms FROM logs.app WHERE (attrs ->> 'ms')::int > 100;",
        );
        let line =
            b"{\"ts\":\"2026-03-01T12:00:00Z\",\"service\":\"db\",\"message\":\"slow query\",\"ms\":1500,\"user\":{\"id\":7}}\n";
        assert_eq!(world.server.http().records("logs.app", &[], line).unwrap().status, 200);
        world
    }

    fn try_run(&self, arguments: &[&str], input: &str) -> Said {
        let server = format!("postgresql://strata@{}/strata", self.server.pg_addr());
        Psql::to(&server).stopping().args(arguments).run(input)
    }

    /// What psql prints for input that must succeed.
    #[track_caller]
    fn run(&self, input: &str) -> String {
        let Said { code, out, err } = self.try_run(&[], input);
        assert_eq!(code, Some(0), "{input}\n{out}{err}");
        out
    }

    #[track_caller]
    fn shows(&self, input: &str, parts: &[&str]) {
        let out = self.run(input);
        for part in parts {
            assert!(out.contains(part), "{input} does not show {part}:\n{out}");
        }
    }
}

#[test]
fn the_describing_commands_show_what_is_there() {
    let world = World::start();
    world.shows("\\l", &["strata", "UTF8"]);
    world.shows("\\dn", &["logs"]);
    world.shows("\\dt logs.*", &["logs", "app", "table"]);
    world.shows("\\d logs.*", &["app", "slow"]);
    world.shows(
        "\\d logs.app",
        &["timestamp with time zone", "not null", "message", "attrs", "jsonb", "_offset", "bigint", "_ingested_at"],
    );
    world.shows("\\d+ logs.app", &["Description", "sort_by=service, ts"]);
    world.shows("\\dt+ logs.*", &["what the app says"]);
    world.shows("\\dv logs.*", &["slow", "view"]);
    world.shows("\\d+ logs.slow", &["View definition", "ms"]);
    world.shows("\\du", &["strata"]);
    world.shows("\\conninfo", &["strata"]);
    world.shows("\\df+ sys.*", &["optimize", "topic text", "proc", "seal, merge and index all of a topic"]);
    world.shows("\\dfp etl.*", &["drop_layer", "layer bigint, orphans text"]);
    for command in ["\\d", "\\dt", "\\di", "\\df", "\\dT", "\\dt+", "\\dn+", "\\l+"] {
        world.run(command);
    }
}

#[test]
fn columns_are_named_as_postgresql_names_them() {
    let world = World::start();
    world.shows("SELECT 1", &["?column?"]);
    world.shows(
        "SELECT count(*), max(status), lower(service), status::text FROM logs.app GROUP BY 3, 4",
        &["count", "max", "lower", "status"],
    );
    world.shows("SELECT version()", &["PostgreSQL"]);
}

#[test]
fn a_view_over_undeclared_fields_works() {
    let world = World::start();
    world.shows("SELECT * FROM logs.slow", &["slow query", "1500"]);
    world.shows("SELECT attrs FROM logs.app WHERE service = 'db'", &["{\"ms\": 1500, \"user\": {\"id\": 7}}"]);
    world.shows("SELECT attrs -> 'user' ->> 'id' FROM logs.app WHERE attrs @> '{\"ms\": 1500}'", &["7"]);
}

#[test]
fn copy_goes_in_and_out() {
    let world = World::start();
    world.run("CREATE TABLE logs.copied (ts timestamptz, service text, message text) WITH (time_column = 'ts')");
    let csv = "COPY logs.copied (ts, service, message) FROM STDIN WITH (FORMAT csv, HEADER);\n\
               ts,service,message\n2026-03-01 10:00:00+00,web,\"a, \"\"quoted\"\" one\"\n2026-03-01 10:00:01+00,,\n\\.\n";
    world.shows(csv, &["COPY 2"]);
    let out = world.run("COPY (SELECT service, message FROM logs.copied ORDER BY _offset) TO STDOUT WITH (FORMAT csv)");
    assert_eq!(out, "web,\"a, \"\"quoted\"\" one\"\n,\n");
    let text = world.run("COPY (SELECT service, message FROM logs.copied ORDER BY _offset) TO STDOUT");
    assert_eq!(text, "web\ta, \"quoted\" one\n\\N\t\\N\n");
    // A bad row takes the whole COPY with it.
    let Said { code, err, .. } =
        world.try_run(&[], "COPY logs.copied (ts, service) FROM STDIN;\n2026-03-01 10:00:02+00\tgood\nno time\tbad\n\\.\n");
    assert_eq!(code, Some(3), "{err}");
    world.shows("SELECT count(*) FROM logs.copied", &["2"]);
}

#[test]
fn explain_analyze_shows_what_was_pruned() {
    let world = World::start();
    world.run("CALL sys.optimize('logs.app')");
    let plan = world.run("EXPLAIN ANALYZE SELECT message FROM logs.app WHERE ts < TIMESTAMPTZ '2020-01-01 00:00:00Z'");
    assert!(plan.contains("segments"), "the plan counts segments:\n{plan}");
    assert!(plan.contains("pruned"), "the plan says what was pruned:\n{plan}");
}

#[test]
fn errors_have_a_state_a_message_and_a_hint() {
    let world = World::start();
    for (statement, state, part) in [
        ("SELECT * FROM logs.nothing", "42P01", "\"logs.nothing\" does not exist"),
        ("SELECT nothing FROM logs.app", "42703", "nothing"),
        ("SELEC 1", "42601", "syntax"),
        ("DELETE FROM logs.app", "42809", "append-only"),
        ("INSERT INTO logs.app (ts, _offset) VALUES (now(), 1)", "428C9", "_offset"),
        ("SELECT 1 / 0", "22012", "division by zero"),
        ("CREATE TABLE logs.app (a text)", "42P07", "already exists"),
    ] {
        let Said { code, out, err } = world.try_run(&["-v", "VERBOSITY=verbose"], statement);
        assert_ne!(code, Some(0), "{statement}: {out}");
        assert!(err.contains(state) && err.contains(part), "{statement}: {state} and {part} were expected:\n{err}");
    }
}

#[test]
fn a_transaction_appears_at_commit_and_vanishes_at_rollback() {
    let world = World::start();
    world.run("BEGIN; INSERT INTO logs.app (ts, message) VALUES (now(), 'rolled back'); ROLLBACK;");
    world.run("BEGIN; INSERT INTO logs.app (ts, message) VALUES (now(), 'committed'); COMMIT;");
    let out = world.run("SELECT message FROM logs.app WHERE message IN ('rolled back', 'committed')");
    assert!(out.contains("committed") && !out.contains("rolled back"), "{out}");
}
