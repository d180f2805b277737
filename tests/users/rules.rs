//! Who may come from where, as a file in the form of a pg_hba.conf says it.

use super::psql::{PASSWORD, World};

fn ruled(rules: &str) -> World {
    World::with(|folder, options| {
        let file = folder.path().join("pg_hba.conf");
        std::fs::write(&file, rules).unwrap();
        options.flag("--hba-file", file.to_str().unwrap())
    })
}

#[test]
fn rules_decide_before_the_password_and_are_read_again() {
    let world =
        ruled("host all strata 127.0.0.0/8 scram-sha-256\nhost all +readers all scram-sha-256\nhost all bob all reject\n");
    world.guard();
    world.run("user=strata", "CREATE USER ann PASSWORD 'ann'; CREATE USER bob PASSWORD 'bob'; CREATE ROLE readers");
    let none = world.fails("user=ann", Some("ann"), "SELECT 1");
    let words = "no pg_hba.conf entry for host \"127.0.0.1\", user \"ann\", database \"strata\", no encryption";
    assert!(none.contains("FATAL") && none.contains(words), "{none}");
    world.run("user=strata", "GRANT readers TO ann");
    assert_eq!(world.psql("user=ann", Some("ann"), "SELECT current_user").out, "ann\n");
    let rejected = world.fails("user=bob", Some("bob"), "SELECT 1");
    assert!(rejected.contains("pg_hba.conf rejects connection for host"), "{rejected}");
    // By HTTP the same rules count. bob:bob, ann:ann
    let http = world.server.http();
    let asked = |credentials| http.records("logs.app", &[("Authorization", credentials)], b"{}\n").unwrap();
    let barred = asked("Basic Ym9iOmJvYg==");
    assert!(barred.status == 403 && barred.body.contains("rejects connection"), "{barred:?}");
    assert_eq!(asked("Basic YW5uOmFubg==").status, 403, "let near, but without the right");

    let shown = "SELECT line_number, type, database, user_name, address, netmask, auth_method FROM pg_hba_file_rules";
    assert_eq!(
        world.run("user=strata", shown),
        "1|host|{all}|{strata}|127.0.0.0|255.0.0.0|scram-sha-256\n\
         2|host|{all}|{+readers}|all||scram-sha-256\n\
         3|host|{all}|{bob}|all||reject\n"
    );
    assert_eq!(world.psql("user=ann", Some("ann"), shown).out, "");

    // What is no rule changes nothing; what is one counts from then on.
    let file = world.folder.path().join("pg_hba.conf");
    std::fs::write(&file, "host all all all trust\n").unwrap();
    world.hang_up();
    std::fs::write(&file, "host all strata,bob all scram-sha-256\n").unwrap();
    world.hang_up();
    assert!(strata_harness::eventually(|| world.psql("user=bob", Some("bob"), "SELECT 1").code == Some(0)));
    assert_ne!(world.psql("user=ann", Some("ann"), "SELECT 1").code, Some(0));
    assert_eq!(world.psql("user=strata", Some(PASSWORD), "SELECT 1").code, Some(0));
}

#[test]
fn a_server_does_not_start_with_what_is_no_rule() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pg_hba.conf");
    std::fs::write(&file, "# nobody\nhost all all all trust\n").unwrap();
    let options = strata_harness::ServerOptions::in_folder(env!("CARGO_BIN_EXE_strata"), folder.path());
    let (status, said) = options.flag("--hba-file", file.to_str().unwrap()).refused().unwrap();
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.contains("line 2") && said.contains("\"trust\" is no method here"), "{said}");
}
