//! pgjdbc, by programs in Java.

use std::process::Command;

use strata_harness::certificate;

use crate::events;
use crate::world::{World, beside, check, driver, is_heavy_wanted, run};

/// Java with the driver and a compiled program of this folder; `None`, and a word about it, if there is no JDK or no driver.
fn java(world: &World, program: &str, options: &[&str]) -> Option<Command> {
    let driver = driver()?;
    let classes = world.folder.path().join("classes");
    let sources = [beside("Checking.java"), beside(&format!("{program}.java"))];
    run(Command::new("javac").arg("-d").arg(&classes).arg("-cp").arg(&driver).args(sources));
    let mut java = Command::new("java");
    java.args(options).arg("-cp").arg(format!("{}:{}", driver.display(), classes.display())).arg(format!("clients.{program}"));
    Some(java)
}

#[test]
fn everything_that_jdbc_has() {
    let world = World::start();
    let Some(mut java) = java(&world, "PgJdbc", &[]) else { return };
    check(java.arg(world.jdbc()), 21);
}

/// Reads `rows` rows with a heap that does not hold them.
fn fetch(rows: u64, heap: &str) {
    let world = World::start();
    let Some(mut java) = java(&world, "PgJdbcFetch", &[heap]) else { return };
    events::fill(&world.sql(), rows);
    check(java.arg(world.jdbc()), 3);
}

#[test]
fn more_rows_than_a_small_heap_holds() {
    fetch(200_000, "-Xmx32m");
}

#[test]
fn five_million_rows_within_256_megabytes() {
    if !is_heavy_wanted() {
        return;
    }
    fetch(5_000_000, "-Xmx256m");
}

#[test]
fn tls_with_verified_names_and_client_certificates() {
    let world = World::with(|folder, options| options.encrypted(folder, true).unwrap());
    let hosts = world.folder.path().join("hosts");
    std::fs::write(&hosts, "127.0.0.1 localhost elsewhere\n").unwrap();
    let Some(mut java) = java(&world, "PgJdbcTls", &[&format!("-Djdk.net.hosts.file={}", hosts.display())]) else { return };
    world.sql().rows("ALTER USER strata PASSWORD 'a password'").unwrap();
    let address = world.jdbc().replace("127.0.0.1", "localhost");
    check(java.arg(address).arg(certificate::folder()).arg(world.folder.path()).arg("a password"), 5);
}
