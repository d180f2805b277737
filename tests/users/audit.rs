//! What is recorded of what people do.

use super::psql::World;

fn recorded(classes: &str) -> World {
    let world = World::with(|_, options| options.flag("--audit", classes));
    world.guard();
    world.run("user=strata", "CREATE USER ann PASSWORD 'ann'");
    world
}

#[test]
fn who_came_and_what_he_did_is_in_a_topic() {
    let world = recorded("login, change,write,read");
    world.run(
        "user=strata",
        "CREATE TABLE logs.app (ts timestamptz, message text);
         /* not what it does */ INSERT INTO logs.app VALUES (now(), 'hello');
         INSERT INTO etl.roles (name, kind) VALUES ('web', 'generic');
         PREPARE p AS SELECT count(*) FROM logs.app; EXECUTE p;
         COPY logs.app TO STDOUT;
         SET TimeZone = 'UTC'; BEGIN; COMMIT;
         ALTER USER ann PASSWORD 'a secret';",
    );
    world.fails("user=ann", Some("wrong"), "SELECT 1");
    world.fails("user=ann", Some("a secret"), "DROP TABLE logs.app");
    let seen = "SELECT class, user_name, action FROM audit.events WHERE detail NOT LIKE '%audit.events%' AND detail NOT LIKE '%server_version%' ORDER BY _offset";
    assert_eq!(
        world.run("user=strata", seen),
        "login|strata|login\n\
         change|strata|ALTER ROLE\n\
         login|strata|login\n\
         change|strata|CREATE ROLE\n\
         login|strata|login\n\
         change|strata|CREATE TABLE\n\
         write|strata|INSERT INTO\n\
         change|strata|INSERT INTO\n\
         read|strata|SELECT\n\
         read|strata|COPY\n\
         change|strata|ALTER ROLE\n\
         login|ann|login refused\n\
         login|ann|login\n\
         change|ann|DROP TABLE\n\
         login|strata|login\n"
    );
    assert_eq!(
        world.run("user=strata", "SELECT count(*) FROM audit.events WHERE class <> 'read' AND detail LIKE '%secret%'"),
        "0\n"
    );
    let refused = world.server.http().records("logs.app", &[("Authorization", "Basic YW5uOmFubg==")], b"{}\n").unwrap();
    assert_eq!(refused.status, 401);
    let by_http = "SELECT user_name, detail FROM audit.events WHERE action = 'request refused'";
    assert_eq!(world.run("user=strata", by_http), "ann|password authentication failed for user \"ann\"\n");
    // Whoever may not read topics may not read this one.
    assert!(
        world.fails("user=ann", Some("a secret"), "SELECT * FROM audit.events").contains("permission denied for schema audit")
    );
}

#[test]
fn only_what_was_asked_for_is_recorded() {
    let world = recorded("change");
    world.run("user=strata", "SELECT 1; CREATE TABLE logs.app (ts timestamptz); INSERT INTO logs.app VALUES (now())");
    let seen = "SELECT string_agg(action, ', ' ORDER BY _offset) FROM audit.events";
    assert_eq!(world.run("user=strata", seen), "ALTER ROLE, CREATE ROLE, CREATE TABLE\n");
    // A topic that somebody changed takes what it still has a place for; one that he dropped is made again.
    world.run("user=strata", "ALTER TABLE audit.events DROP COLUMN address; CREATE SCHEMA other; DROP TABLE audit.events");
    world.run("user=strata", "DROP SCHEMA other");
    assert_eq!(world.run("user=strata", seen), "DROP SCHEMA\n");
}
