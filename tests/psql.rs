//! The real psql against the real binary: what a person types on the first day.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::io::Write as _;
use std::process::{Command, Stdio};

use strata_harness::{Server, ServerOptions};
use tempfile::TempDir;

struct Psql {
    server: Server,
    _folder: TempDir,
}

impl Psql {
    /// A server with a topic, records in it and a view over them.
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(&ServerOptions::in_folder(env!("CARGO_BIN_EXE_strata"), folder.path())).unwrap();
        let psql = Self { server, _folder: folder };
        psql.run(
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
        assert_eq!(psql.server.http().records("logs.app", &[], line).unwrap().status, 200);
        psql
    }

    /// psql with this on its standard input; exit code, standard output, standard error.
    fn try_run(&self, arguments: &[&str], input: &str) -> (Option<i32>, String, String) {
        let address = self.server.pg_addr();
        let mut child = Command::new("psql")
            .args(["-X", "-v", "ON_ERROR_STOP=1", "-P", "pager=off", "-U", "strata", "-h", &address.ip().to_string()])
            .args(["-p", &address.port().to_string()])
            .args(arguments)
            .arg("strata")
            .env("PGTZ", "UTC")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("psql is installed (make setup)");
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    }

    /// What psql prints for input that must succeed.
    #[track_caller]
    fn run(&self, input: &str) -> String {
        let (code, out, err) = self.try_run(&[], input);
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
    let psql = Psql::start();
    psql.shows("\\l", &["strata", "UTF8"]);
    psql.shows("\\dn", &["logs"]);
    psql.shows("\\dt logs.*", &["logs", "app", "table"]);
    psql.shows("\\d logs.*", &["app", "slow"]);
    psql.shows(
        "\\d logs.app",
        &["timestamp with time zone", "not null", "message", "attrs", "jsonb", "_offset", "bigint", "_ingested_at"],
    );
    psql.shows("\\d+ logs.app", &["Description", "sort_by=service, ts"]);
    psql.shows("\\dt+ logs.*", &["what the app says"]);
    psql.shows("\\dv logs.*", &["slow", "view"]);
    psql.shows("\\d+ logs.slow", &["View definition", "ms"]);
    psql.shows("\\du", &["strata"]);
    psql.shows("\\conninfo", &["strata"]);
    psql.shows("\\df+ sys.*", &["optimize", "topic text", "proc", "seal, merge and index all of a topic"]);
    psql.shows("\\dfp etl.*", &["drop_layer", "layer bigint, orphans text"]);
    for command in ["\\d", "\\dt", "\\di", "\\df", "\\dT", "\\dt+", "\\dn+", "\\l+"] {
        psql.run(command);
    }
}

#[test]
fn columns_are_named_as_postgresql_names_them() {
    let psql = Psql::start();
    psql.shows("SELECT 1", &["?column?"]);
    psql.shows(
        "SELECT count(*), max(status), lower(service), status::text FROM logs.app GROUP BY 3, 4",
        &["count", "max", "lower", "status"],
    );
    psql.shows("SELECT version()", &["PostgreSQL"]);
}

#[test]
fn a_view_over_undeclared_fields_works() {
    let psql = Psql::start();
    psql.shows("SELECT * FROM logs.slow", &["slow query", "1500"]);
    psql.shows("SELECT attrs FROM logs.app WHERE service = 'db'", &["{\"ms\": 1500, \"user\": {\"id\": 7}}"]);
    psql.shows("SELECT attrs -> 'user' ->> 'id' FROM logs.app WHERE attrs @> '{\"ms\": 1500}'", &["7"]);
}

#[test]
fn copy_goes_in_and_out() {
    let psql = Psql::start();
    psql.run("CREATE TABLE logs.copied (ts timestamptz, service text, message text) WITH (time_column = 'ts')");
    let csv = "COPY logs.copied (ts, service, message) FROM STDIN WITH (FORMAT csv, HEADER);\n\
               ts,service,message\n2026-03-01 10:00:00+00,web,\"a, \"\"quoted\"\" one\"\n2026-03-01 10:00:01+00,,\n\\.\n";
    psql.shows(csv, &["COPY 2"]);
    let out = psql.run("COPY (SELECT service, message FROM logs.copied ORDER BY _offset) TO STDOUT WITH (FORMAT csv)");
    assert_eq!(out, "web,\"a, \"\"quoted\"\" one\"\n,\n");
    let text = psql.run("COPY (SELECT service, message FROM logs.copied ORDER BY _offset) TO STDOUT");
    assert_eq!(text, "web\ta, \"quoted\" one\n\\N\t\\N\n");
    // A bad row takes the whole COPY with it.
    let (code, _, err) =
        psql.try_run(&[], "COPY logs.copied (ts, service) FROM STDIN;\n2026-03-01 10:00:02+00\tgood\nno time\tbad\n\\.\n");
    assert_eq!(code, Some(3), "{err}");
    psql.shows("SELECT count(*) FROM logs.copied", &["2"]);
}

#[test]
fn explain_analyze_shows_what_was_pruned() {
    let psql = Psql::start();
    psql.run("CALL sys.optimize('logs.app')");
    let plan = psql.run("EXPLAIN ANALYZE SELECT message FROM logs.app WHERE ts < TIMESTAMPTZ '2020-01-01 00:00:00Z'");
    assert!(plan.contains("segments"), "the plan counts segments:\n{plan}");
    assert!(plan.contains("pruned"), "the plan says what was pruned:\n{plan}");
}

#[test]
fn errors_have_a_state_a_message_and_a_hint() {
    let psql = Psql::start();
    for (statement, state, part) in [
        ("SELECT * FROM logs.nothing", "42P01", "\"logs.nothing\" does not exist"),
        ("SELECT nothing FROM logs.app", "42703", "nothing"),
        ("SELEC 1", "42601", "syntax"),
        ("DELETE FROM logs.app", "42809", "append-only"),
        ("INSERT INTO logs.app (ts, _offset) VALUES (now(), 1)", "428C9", "_offset"),
        ("SELECT 1 / 0", "22012", "division by zero"),
        ("CREATE TABLE logs.app (a text)", "42P07", "already exists"),
    ] {
        let (code, out, err) = psql.try_run(&["-v", "VERBOSITY=verbose"], statement);
        assert_ne!(code, Some(0), "{statement}: {out}");
        assert!(err.contains(state) && err.contains(part), "{statement}: {state} and {part} were expected:\n{err}");
    }
}

#[test]
fn a_transaction_appears_at_commit_and_vanishes_at_rollback() {
    let psql = Psql::start();
    psql.run("BEGIN; INSERT INTO logs.app (ts, message) VALUES (now(), 'rolled back'); ROLLBACK;");
    psql.run("BEGIN; INSERT INTO logs.app (ts, message) VALUES (now(), 'committed'); COMMIT;");
    let out = psql.run("SELECT message FROM logs.app WHERE message IN ('rolled back', 'committed')");
    assert!(out.contains("committed") && !out.contains("rolled back"), "{out}");
}
