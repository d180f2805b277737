//! Every backslash command of psql 15 that reads the server, and what its answer must contain.
//!
//! Answers that are empty in both say so; docs/clients.md has the table of all commands beside PostgreSQL's.

use strata_harness::Psql;
use strata_harness::psql::Said;

use crate::world::World;

/// A command and a part of its answer.
const COMMANDS: &[(&str, &str)] = &[
    ("\\d", "logs   | app    | table | strata"),
    ("\\d+", "the app"),
    ("\\dS", "pg_catalog | pg_class"),
    ("\\d logs.app", "ts           | timestamp with time zone"),
    ("\\d+ logs.app", "retention"),
    ("\\d logs.errors", "View \"logs.errors\""),
    ("\\d+ logs.errors", "View definition"),
    ("\\d logs.app_by_words", "Index \"logs.app_by_words\""),
    ("\\daS sum", "sum"),
    ("\\dA", "heap"),
    ("\\dA+", "heap"),
    ("\\db", "pg_default"),
    ("\\db+", "pg_default"),
    ("\\dc", "(0 rows)"),
    ("\\dconfig *timeout*", "statement_timeout"),
    ("\\dconfig+ TimeZone", "UTC"),
    ("\\dC", "(0 rows)"),
    ("\\dC+", "(0 rows)"),
    ("\\dd", "(0 rows)"),
    ("\\dD", "(0 rows)"),
    ("\\dDS+", "(0 rows)"),
    ("\\ddp", "(0 rows)"),
    ("\\dE", "Did not find any relations."),
    ("\\des+", "(0 rows)"),
    ("\\det+", "(0 rows)"),
    ("\\deu+", "(0 rows)"),
    ("\\dew+", "(0 rows)"),
    ("\\dfS now", "now"),
    ("\\df+ sys.optimize", "seal, merge and index all of a topic"),
    ("\\dfp sys.*", "optimize"),
    ("\\dfaS count", "count"),
    ("\\dft", "(0 rows)"),
    ("\\dfn sys.*", "(0 rows)"),
    ("\\dF", "List of text search configurations"),
    ("\\dFt+", "(0 rows)"),
    ("\\dFd", "(0 rows)"),
    ("\\dg", "Superuser"),
    ("\\du+", "strata"),
    ("\\di", "app_by_words"),
    ("\\di+", "app_by_words"),
    ("\\dl", "(0 rows)"),
    ("\\dL", "(0 rows)"),
    ("\\dL+", "(0 rows)"),
    ("\\dLS", "internal"),
    ("\\dm", "Did not find any relations."),
    ("\\dn", "logs"),
    ("\\dn+", "logs"),
    ("\\dnS", "pg_catalog"),
    ("\\do", "(0 rows)"),
    ("\\dO", "(0 rows)"),
    ("\\dp logs.*", "app"),
    ("\\dP", "(0 rows)"),
    ("\\dP+", "(0 rows)"),
    ("\\drds", "Did not find any settings."),
    ("\\dRp", "(0 rows)"),
    ("\\dRs", "(0 rows)"),
    ("\\dRs+", "(0 rows)"),
    ("\\ds", "Did not find any relations."),
    ("\\dt", "app"),
    ("\\dt+ logs.*", "the app"),
    ("\\dTS int*", "integer"),
    ("\\dv", "errors"),
    ("\\dv+ logs.*", "errors"),
    ("\\dx", "(0 rows)"),
    ("\\dy+", "(0 rows)"),
    ("\\l", "UTF8"),
    ("\\l+", "pg_default"),
    ("\\sf sys.optimize", "CREATE OR REPLACE PROCEDURE sys.optimize(topic text)"),
    ("\\sf+ sys.optimize", "CREATE OR REPLACE PROCEDURE sys.optimize(topic text)"),
    ("\\sf now", "CREATE OR REPLACE FUNCTION pg_catalog.now"),
    ("\\sv logs.errors", "CREATE OR REPLACE VIEW logs.errors AS"),
    ("\\sv+ logs.errors", "1       CREATE OR REPLACE VIEW"),
    ("\\z logs.*", "app"),
    ("\\lo_list", "(0 rows)"),
    ("\\conninfo", "connected to database \"strata\""),
    ("\\encoding", "UTF8"),
    ("SELECT service, level, n FROM logs.app \\crosstabview", "web     |    1 |"),
    ("SELECT ts, service, n, 1 AS one FROM logs.app \\gdesc", "one     | integer"),
    ("SELECT 'SELECT 41 + ' || n FROM generate_series(1, 2) AS t(n) \\gexec", "43"),
    ("SELECT 42 AS answer \\gset\n\\echo the answer is :answer", "the answer is 42"),
    ("SELECT service FROM logs.app WHERE n = 1 \\gx", "-[ RECORD 1 ]"),
    ("\\copy (SELECT service FROM logs.app ORDER BY n) TO STDOUT WITH (FORMAT csv, HEADER)", "service\nweb\ndb\n"),
    ("\\copy logs.app (ts, service) FROM PSTDIN", "COPY 0"),
    ("\\set FETCH_COUNT 7\nSELECT n FROM generate_series(1, 20) AS t(n);", "20"),
    ("BEGIN;\nSELECT nothing FROM logs.app;\n\\errverbose\nROLLBACK;", "ROLLBACK"),
];

/// What psql prints for this, errors included.
fn printed(world: &World, input: &str) -> String {
    let Said { out, err, .. } = Psql::to(&world.address()).run(input);
    out + &err
}

fn world() -> World {
    let world = World::start();
    let said = Psql::to(&world.address()).stopping().run(
        "CREATE TABLE logs.app (ts timestamptz NOT NULL, service text, level text, n int) WITH (retention = '30 days');\n\
         COMMENT ON TABLE logs.app IS 'the app';\n\
         CREATE INDEX app_by_words ON logs.app USING inverted (service);\n\
         CREATE VIEW logs.errors AS SELECT ts, service FROM logs.app WHERE level = 'error';\n\
         INSERT INTO logs.app (ts, service, level, n) VALUES ('2026-03-01', 'web', 'info', 1), ('2026-03-01', 'db', 'error', 2);\n",
    );
    assert_eq!(said.code, Some(0), "{said:?}");
    world
}

#[test]
fn every_command_that_reads_the_server() {
    let world = world();
    let mut wrong = Vec::new();
    for (command, part) in COMMANDS {
        let printed = printed(&world, &format!("{command}\n"));
        let expects_error = command.starts_with("BEGIN");
        if !printed.contains(part) || (!expects_error && printed.contains("ERROR:")) {
            wrong.push(format!("{command} does not print {part:?} but\n{printed}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn mistakes_are_pointed_at() {
    let world = world();
    let printed = |input| printed(&world, input);
    let several = printed("SELECT n,\n  nothing FROM logs.app;\n");
    assert!(several.contains("LINE 2:   nothing FROM logs.app;\n          ^"), "{several}");
    let one = printed("SELECT n;\n");
    assert!(one.contains("LINE 1: SELECT n;\n               ^"), "{one}");
}
