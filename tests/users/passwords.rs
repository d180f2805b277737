//! Passwords: the first one, those of others, wrong ones, and that none of them shows up anywhere.

use std::time::{Duration, Instant};

use super::psql::{PASSWORD, World};

#[test]
fn loopback_is_trusted_until_the_first_password() {
    let world = World::fresh();
    let said = world.psql("user=anybody", None, "SELECT current_user, session_user");
    assert_eq!(said.out, "strata|strata\n", "{said:?}");
    let refused = world.fails("user=strata", None, "CREATE USER ann SUPERUSER PASSWORD 'x'");
    assert!(refused.contains("55000") && refused.contains("HINT:  Set one first, with \\password in psql"), "{refused}");
    assert_eq!(world.run("user=strata", "SELECT name FROM sys.users"), "strata\n");

    world.guard();
    for (user, password) in [("strata", "wrong"), ("anybody", PASSWORD), ("strata", "")] {
        let refused = world.fails(&format!("user={user}"), Some(password), "SELECT 1");
        assert!(
            refused.contains(&format!("password authentication failed for user \"{user}\"")) || password.is_empty(),
            "{refused}"
        );
    }
    assert_eq!(world.run("user=strata", "SELECT current_user"), "strata\n");
}

#[test]
fn users_come_change_and_go() {
    let world = World::guarded();
    world.run(
        "user=strata",
        "CREATE USER ann SUPERUSER PASSWORD 'secret' CONNECTION LIMIT 7 VALID UNTIL '2100-01-01';
         CREATE ROLE \"Team\" SUPERUSER NOLOGIN;
         GRANT \"Team\" TO ann WITH ADMIN OPTION;",
    );
    let ann = world.psql("user=ann", Some("secret"), "SELECT current_user; SET ROLE \"Team\"; SELECT current_user, session_user; RESET ROLE; SELECT current_user; BEGIN; SET LOCAL ROLE strata; SELECT current_user; ROLLBACK; SHOW role");
    assert_eq!(ann.out, "ann\nSET\nTeam|ann\nRESET\nann\nBEGIN\nSET\nstrata\nROLLBACK\nnone\n", "{ann:?}");
    let shown = world.run("user=strata", "\\pset format aligned\n\\du");
    assert!(shown.contains("ann") && shown.contains("{Team}") && shown.contains("Cannot login"), "{shown}");
    assert_eq!(
        world.run(
            "user=strata",
            "SELECT name, login, has_password, valid_until, connection_limit, member_of FROM sys.users ORDER BY 1"
        ),
        "Team|f|f|||{}\nann|t|t|2100-01-01 00:00:00+00|7|{Team}\nstrata|t|t|||{}\n"
    );
    assert_eq!(world.run("user=strata", "SELECT usename FROM pg_user ORDER BY 1"), "ann\nstrata\n");

    assert!(world.fails("user=Team", Some("secret"), "SELECT 1").contains("password authentication failed"));
    for (sql, code) in [
        ("CREATE USER ann SUPERUSER", "42710"),
        ("CREATE USER bob CREATEDB", "0A000"),
        ("CREATE USER pg_bob SUPERUSER", "42939"),
        ("ALTER USER bob PASSWORD 'x'", "42704"),
        ("ALTER USER ann PASSWORD ''", "22023"),
        ("ALTER USER ann PASSWORD 'SCRAM-SHA-256$x'", "22023"),
        ("GRANT ann TO \"Team\"", "0LP01"),
        ("DROP USER strata", "55006"),
        ("ALTER USER strata PASSWORD NULL", "55006"),
        ("ALTER USER strata NOLOGIN", "55006"),
        ("ALTER USER strata VALID UNTIL '2001-01-01'", "55006"),
        ("BEGIN; CREATE USER bob SUPERUSER", "25001"),
        ("SET ROLE nobody", "42704"),
        ("SELECT set_config('role', 'ann', false)", "55P02"),
    ] {
        let refused = world.fails("user=strata", Some(PASSWORD), sql);
        assert!(refused.contains(&format!("ERROR:  {code}")), "{sql}: {refused}");
    }

    world.run("user=strata", "ALTER USER ann VALID UNTIL '2001-01-01'");
    assert!(world.fails("user=ann", Some("secret"), "SELECT 1").contains("password authentication failed for user \"ann\""));
    world.run("user=strata", "ALTER USER ann VALID UNTIL 'infinity' NOLOGIN");
    assert!(world.fails("user=ann", Some("secret"), "SELECT 1").contains("is not permitted to log in"));
    world.run("user=strata", "ALTER USER ann LOGIN; ALTER USER ann RENAME TO anna");
    assert_eq!(world.psql("user=anna", Some("secret"), "SELECT current_user").out, "anna\n");
    world.run("user=strata", "REVOKE \"Team\" FROM anna; DROP USER IF EXISTS anna, bob; DROP ROLE \"Team\"");
    assert_eq!(world.run("user=strata", "SELECT count(*) FROM pg_roles; SELECT count(*) FROM pg_auth_members"), "1\n0\n");
    world.run("user=strata", "ALTER USER strata PASSWORD NULL");
    assert_eq!(
        world.psql("user=anybody", None, "SELECT 1").out,
        "1\n",
        "alone and without a password, loopback is trusted again"
    );
}

#[test]
fn users_outlive_the_server() {
    let world = World::guarded();
    world.run("user=strata", "CREATE USER ann SUPERUSER PASSWORD 'pässwörd'");
    let world = world.restarted();
    assert_eq!(world.psql("user=ann", Some("pässwörd"), "SELECT current_user").out, "ann\n");
    assert!(world.fails("user=strata", None, "SELECT 1").contains("password"));
}

/// `\password` asks on a terminal; what it sends is a verifier that libpq has made. This is the example of RFC 7677.
#[test]
fn a_verifier_from_the_client_is_taken() {
    let world = World::guarded();
    let verifier = "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";
    assert_eq!(world.run("user=strata", "SHOW password_encryption"), "scram-sha-256\n");
    world.run("user=strata", &format!("ALTER USER strata PASSWORD '{verifier}'"));
    assert_eq!(world.psql("user=strata", Some("pencil"), "SELECT 1").out, "1\n");
    assert!(world.fails("user=strata", Some(verifier), "SELECT 1").contains("password authentication failed"));
}

#[test]
fn guesses_are_slowed_down() {
    let world = World::guarded();
    let timed = |password: &str| {
        let start = Instant::now();
        let said = world.psql("user=strata", Some(password), "SELECT 1");
        (said.code, start.elapsed())
    };
    for guess in 0..5 {
        assert_ne!(timed(&format!("guess {guess}")).0, Some(0));
    }
    // Five failures: 100 ms doubled four times.
    let (code, took) = timed(PASSWORD);
    assert_eq!(code, Some(0));
    assert!(took >= Duration::from_millis(1500), "{took:?}");
    assert!(timed(PASSWORD).1 < Duration::from_millis(1500), "a good password forgets them");
}

#[test]
fn a_password_shows_up_nowhere() {
    let world = World::guarded();
    let shown = world.run(
        "user=strata",
        "CREATE USER ann SUPERUSER PASSWORD 'tell-nobody';
         SELECT query FROM sys.sessions;
         ALTER USER ann PASSWORD 'tell-nobody'; SELECT query FROM pg_stat_activity;
         SELECT * FROM pg_authid; SELECT * FROM pg_user; SELECT * FROM sys.users;",
    );
    assert!(!shown.contains("tell-nobody") && !shown.contains("SCRAM-SHA-256"), "{shown}");
    let failed = world.fails("user=strata", Some(PASSWORD), "CREATE USER strata SUPERUSER PASSWORD 'tell-nobody'");
    assert!(failed.contains("42710"));
    let own = world.run("user=strata", "ALTER USER ann PASSWORD 'tell-nobody' \\; SELECT query FROM sys.sessions");
    assert!(own.contains("ALTER ROLE") && !own.contains("tell-nobody"), "{own}");
    let mut files = vec![world.folder.path().join("server.log")];
    files.extend(std::fs::read_dir(world.folder.path().join("data")).unwrap().map(|entry| entry.unwrap().path()));
    for file in files.iter().filter(|path| path.is_file()) {
        let bytes = std::fs::read(file).unwrap();
        assert!(!bytes.windows(11).any(|window| window == b"tell-nobody"), "{}", file.display());
    }
}

#[test]
fn the_last_session_of_a_dropped_user_ends() {
    let world = World::guarded();
    world.run("user=strata", "CREATE USER ann SUPERUSER PASSWORD 'secret'");
    let address = world.server.pg_addr();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let config = format!("host=127.0.0.1 port={} user=ann password=secret dbname=strata", address.port());
        let (client, connection) = tokio_postgres::connect(&config, tokio_postgres::NoTls).await.unwrap();
        let ended = tokio::spawn(connection);
        client.simple_query("SELECT 1").await.unwrap();
        world.run("user=strata", "DROP USER ann");
        let error = tokio::time::timeout(Duration::from_secs(20), ended).await.unwrap().unwrap().unwrap_err();
        assert_eq!(error.code().map(tokio_postgres::error::SqlState::code), Some("57P01"), "{error:?}");
    });
}
