//! What a user without SUPERUSER may do: nothing but what was granted, by SQL and by HTTP.

use super::psql::{PASSWORD, World};

/// A server with two topics, a view, and user ann, who may nothing.
fn world() -> World {
    let world = World::guarded();
    world.run(
        "user=strata",
        "CREATE TABLE logs.app (ts timestamptz, message text) WITH (time_column = 'ts');
         CREATE TABLE logs.secret (ts timestamptz, message text) WITH (time_column = 'ts');
         INSERT INTO logs.app VALUES (now(), 'hello');
         INSERT INTO logs.secret VALUES (now(), 'hidden');
         CREATE VIEW logs.hints AS SELECT length(message) AS n FROM logs.secret;
         CREATE USER ann PASSWORD 'ann';
         CREATE ROLE readers;",
    );
    world
}

#[track_caller]
fn refused(world: &World, sql: &str, message: &str) {
    let said = world.fails("user=ann", Some("ann"), sql);
    assert!(said.contains("ERROR:  42501") && said.contains(message), "{sql}: {said}");
}

#[track_caller]
fn allowed(world: &World, sql: &str) -> String {
    let said = world.psql("user=ann", Some("ann"), sql);
    assert_eq!(said.code, Some(0), "{sql}: {said:?}");
    said.out
}

#[test]
fn without_rights_nothing_is_read_written_or_changed() {
    let world = world();
    for sql in [
        "SELECT * FROM logs.app",
        "SELECT count(*) FROM app",
        "SELECT 1 WHERE EXISTS (SELECT 1 FROM logs.app)",
        "WITH a AS (SELECT * FROM logs.app) SELECT * FROM a",
        "EXPLAIN SELECT * FROM logs.app",
        "EXPLAIN ANALYZE SELECT * FROM logs.app",
        "BEGIN; DECLARE c CURSOR FOR SELECT * FROM logs.app; FETCH 1 FROM c",
        "PREPARE p AS SELECT * FROM logs.app; EXECUTE p",
        "COPY logs.app TO STDOUT",
        "COPY (SELECT * FROM logs.app) TO STDOUT",
        "INSERT INTO logs.app VALUES (now(), 'x')",
        "COPY logs.app FROM STDIN",
        "SELECT * FROM logs.hints",
        "SELECT * FROM strata.logs.app",
    ] {
        refused(&world, sql, "permission denied for schema logs");
    }
    for sql in ["SELECT * FROM sys.queries", "SELECT * FROM sys.users", "CALL sys.optimize('logs.app')"] {
        refused(&world, sql, "permission denied for schema sys");
    }
    for sql in [
        "SELECT * FROM etl.roles",
        "SELECT * FROM etl.blame('x')",
        "INSERT INTO etl.roles (name, kind) VALUES ('a', 'generic')",
        "UPDATE etl.roles SET enabled = false",
        "DELETE FROM etl.roles",
        "CALL etl.apply()",
    ] {
        refused(&world, sql, "permission denied for schema etl");
    }
    for sql in [
        "CREATE TABLE logs.other (a int)",
        "CREATE TABLE logs.other AS SELECT 1",
        "CREATE VIEW logs.other AS SELECT * FROM logs.app",
        "CREATE SCHEMA other",
        "CREATE INDEX ON logs.app USING bloom (message)",
        "ALTER TABLE logs.app ADD COLUMN a int",
        "ALTER TABLE logs.app SET (retention = '1 day')",
        "DROP TABLE logs.app",
        "TRUNCATE logs.app",
        "COMMENT ON TABLE logs.app IS 'mine'",
        "GRANT SELECT ON logs.app TO ann",
        "REVOKE SELECT ON logs.app FROM ann",
    ] {
        refused(&world, sql, "permission denied");
    }
    for sql in [
        "CREATE USER bob",
        "ALTER USER ann SUPERUSER",
        "ALTER USER strata PASSWORD 'mine'",
        "DROP USER strata",
        "GRANT strata TO ann",
        "SET ROLE strata",
    ] {
        refused(&world, sql, "");
    }
    let shown = allowed(&world, "SELECT count(*) > 10 FROM pg_class; SHOW server_version; SELECT current_user; \\dt logs.*");
    assert!(shown.starts_with("t\n15") && shown.contains("app"), "{shown}");
    allowed(&world, "ALTER USER ann PASSWORD 'ann'");
    assert_eq!(world.run("user=strata", "SELECT count(*) FROM logs.app"), "1\n");
}

#[test]
fn rights_are_granted_inherited_and_taken() {
    let world = world();
    world.run("user=strata", "GRANT USAGE ON SCHEMA logs TO ann; GRANT SELECT ON logs.app, logs.hints TO ann");
    assert_eq!(
        allowed(&world, "SELECT message FROM logs.app; SELECT n FROM logs.hints; SELECT count(*) FROM app"),
        "hello\n6\n1\n"
    );
    refused(&world, "SELECT * FROM logs.secret", "permission denied for table secret");
    refused(&world, "SELECT * FROM logs.hints JOIN logs.secret ON true", "permission denied for table secret");
    refused(&world, "SELECT * FROM logs.app, (SELECT n FROM logs.hints) h, logs.secret", "permission denied for table secret");
    refused(&world, "INSERT INTO logs.app VALUES (now(), 'x')", "permission denied for table app");
    let rights = "SELECT has_table_privilege('logs.app', 'SELECT'), has_table_privilege('logs.app', 'INSERT'), has_table_privilege('logs.secret', 'select'), has_schema_privilege('logs', 'USAGE'), has_schema_privilege('logs', 'CREATE'), has_table_privilege('strata', 'logs.secret', 'SELECT')";
    assert_eq!(allowed(&world, rights), "t|f|f|t|f|t\n");
    let shown = world.run("user=strata", "\\dp logs.app");
    assert!(shown.contains("ann=r/strata"), "{shown}");

    world.run("user=strata", "GRANT ALL ON ALL TABLES IN SCHEMA logs TO readers; GRANT readers TO ann");
    assert_eq!(
        allowed(&world, "SELECT message FROM logs.secret; INSERT INTO logs.app VALUES (now(), 'x')"),
        "hidden\nINSERT 0 1\n"
    );
    world.run("user=strata", "REVOKE readers FROM ann; REVOKE SELECT ON logs.app FROM ann");
    refused(&world, "SELECT message FROM logs.secret", "permission denied for table secret");
    refused(&world, "SELECT message FROM logs.app", "permission denied for table app");

    // A superuser who takes the place of somebody with less has less.
    let said = world.fails("user=strata", Some(PASSWORD), "SET ROLE ann; SELECT * FROM logs.app");
    assert!(said.contains("permission denied for table app"), "{said}");
    for sql in [
        "GRANT UPDATE ON logs.app TO ann",
        "GRANT SELECT (message) ON logs.app TO ann",
        "GRANT SELECT ON logs.app TO ann WITH GRANT OPTION",
        "GRANT CREATE ON SCHEMA logs TO ann",
        "GRANT INSERT ON logs.hints TO ann",
        "GRANT EXECUTE ON logs.app TO ann",
        "GRANT INSERT ON sys.topics TO ann",
        "GRANT UPDATE ON etl.layers TO ann",
        "GRANT SELECT ON PROCEDURE sys.optimize TO ann",
    ] {
        let said = world.fails("user=strata", Some(PASSWORD), sql);
        assert!(said.contains("ERROR:  0A000") || said.contains("ERROR:  42601"), "{sql}: {said}");
    }
    let said = world.fails("user=strata", Some(PASSWORD), "GRANT EXECUTE ON FUNCTION f() TO ann");
    assert!(said.contains("ERROR:  42883"), "{said}");
    world.run("user=strata", "DROP TABLE logs.app; DROP USER ann");
}

#[test]
fn the_configuration_has_rights_of_its_own() {
    let world = world();
    world.run(
        "user=strata",
        "GRANT USAGE ON SCHEMA etl TO PUBLIC;
         GRANT SELECT, INSERT ON etl.rules TO ann;
         GRANT SELECT, INSERT ON etl.roles TO readers;
         GRANT readers TO ann;",
    );
    let role = "INSERT INTO etl.roles (name, kind) VALUES ('web', 'generic')";
    assert_eq!(allowed(&world, role), "INSERT 0 1\n");
    assert_eq!(allowed(&world, "SELECT name FROM etl.roles"), "web\n");
    let again = format!("{role} ON CONFLICT (name) DO UPDATE SET kind = 'generic'");
    for sql in ["UPDATE etl.roles SET enabled = false", "DELETE FROM etl.roles", &again] {
        refused(&world, sql, "permission denied for table roles");
    }
    refused(&world, "SELECT * FROM etl.blame('web')", "permission denied for table layers");
    refused(&world, "CALL etl.drop_layer(1)", "permission denied for procedure drop_layer");
    let may = "SELECT has_function_privilege('etl.drop_layer', 'execute'), has_function_privilege('abs(int)', 'execute')";
    assert_eq!(allowed(&world, may), "f|t\n");
    world.run(
        "user=strata",
        "GRANT UPDATE, DELETE ON etl.roles TO ann; GRANT SELECT ON etl.layers TO ann; GRANT EXECUTE ON PROCEDURE etl.drop_layer TO ann;",
    );
    assert_eq!(allowed(&world, may), "t|t\n");
    assert_eq!(allowed(&world, "UPDATE etl.roles SET enabled = false"), "UPDATE 1\n");
    allowed(&world, "SELECT * FROM etl.blame('web')");
    allowed(&world, "CALL etl.drop_layer(2)");
    assert_eq!(allowed(&world, "SELECT enabled FROM etl.roles"), "t\n");
    let shown = world.run("user=strata", "\\dp etl.roles\n\\dn+ etl");
    assert!(shown.contains("ann=wd/strata") && shown.contains("readers=ar/strata") && shown.contains("=U/strata"), "{shown}");
    // Rights on what is built in outlive the server as others do.
    let world = world.restarted();
    refused(&world, "CALL etl.apply()", "permission denied for procedure apply");
    world.run("user=strata", "REVOKE USAGE ON SCHEMA etl FROM PUBLIC");
    refused(&world, "SELECT * FROM etl.roles", "permission denied for schema etl");
}

#[test]
fn http_asks_for_insert() {
    let world = world();
    let http = world.server.http();
    // ann:ann
    let ann = [("Authorization", "Basic YW5uOmFubg==")];
    let line = b"{\"message\":\"by http\"}\n";
    assert_eq!(http.records("logs.app", &ann, line).unwrap().status, 403);
    assert_eq!(http.records("logs.fresh", &ann, line).unwrap().status, 403);
    assert_eq!(http.post("/v1/config/list", &[ann[0], ("Content-Type", "application/json")], b"{}").unwrap().status, 403);
    world.run("user=strata", "GRANT USAGE ON SCHEMA logs TO ann; GRANT INSERT ON logs.app TO ann");
    assert_eq!(http.records("logs.app", &ann, line).unwrap().status, 200);
    assert_eq!(http.records("logs.secret", &ann, line).unwrap().status, 403);
    assert_eq!(
        world.run("user=strata", "SELECT count(*) FROM logs.app; SELECT count(*) FROM sys.topics WHERE topic = 'logs.fresh'"),
        "2\n0\n"
    );
}

/// Prepared statements ask again each time they are bound.
#[test]
fn the_extended_protocol_asks_too() {
    let world = world();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let config = format!("host=127.0.0.1 port={} user=ann password=ann dbname=strata", world.server.pg_addr().port());
        let (client, connection) = tokio_postgres::connect(&config, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        let code = |error: tokio_postgres::Error| error.code().map(|code| code.code().to_owned()).unwrap_or_default();
        assert_eq!(code(client.prepare("SELECT message FROM logs.app").await.err().unwrap()), "42501");
        assert_eq!(code(client.prepare("INSERT INTO logs.app (message) VALUES ($1)").await.err().unwrap()), "42501");
        assert_eq!(code(client.query("CALL sys.optimize('logs.app')", &[]).await.err().unwrap()), "42501");
        world.run("user=strata", "GRANT USAGE ON SCHEMA logs TO ann; GRANT SELECT ON logs.app TO ann");
        let statement = client.prepare("SELECT message FROM logs.app WHERE message <> $1").await.unwrap();
        assert_eq!(client.query(&statement, &[&"x"]).await.unwrap().len(), 1);
        world.run("user=strata", "REVOKE SELECT ON logs.app FROM ann");
        assert_eq!(code(client.query(&statement, &[&"x"]).await.err().unwrap()), "42501");
    });
}
