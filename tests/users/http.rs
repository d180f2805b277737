//! The same users by HTTP, and in the tools that call it.

use std::process::Command;

use super::psql::{PASSWORD, World};

const LINE: &[u8] = b"{\"message\":\"hello\"}\n";

/// Base64 of `strata:first password`.
const BASIC: &str = "Basic c3RyYXRhOmZpcnN0IHBhc3N3b3Jk";

#[test]
fn http_asks_for_the_same_users() {
    let world = World::fresh();
    let http = world.server.http();
    assert_eq!(http.records("logs.app", &[], LINE).unwrap().status, 200, "loopback is trusted");
    world.guard();
    let refused = http.records("logs.app", &[], LINE).unwrap();
    assert_eq!(refused.status, 401);
    for (value, status) in [(BASIC, 200), ("Basic c3RyYXRhOndyb25n", 401), ("Basic YW5uOng=", 401), ("Bearer x", 401)] {
        let answer = http.records("logs.app", &[("Authorization", value)], LINE).unwrap();
        assert_eq!(answer.status, status, "{value}");
    }
    assert_eq!(world.run("user=strata", "SELECT count(*) FROM logs.app"), "2\n");
    assert_eq!(http.get("/health").unwrap().status, 200);
    assert_eq!(http.get("/ready").unwrap().status, 200);
    assert_eq!(http.get("/metrics").unwrap().status, 401);
    assert_eq!(http.post("/v1/config/list", &[("Content-Type", "application/json")], b"{}").unwrap().status, 401);
}

#[test]
fn tools_take_a_user_along() {
    let world = World::guarded();
    let file = world.folder.path().join("app.ndjson");
    std::fs::write(&file, LINE).unwrap();
    let load = |authority: &str| {
        let url = format!("http://{authority}{}", world.server.http_addr());
        let mut command = Command::new(env!("CARGO_BIN_EXE_strata"));
        command.args(["load", "--url", &url, "--topic", "logs.app", "--retry-seconds", "1"]).arg(&file);
        command.output().unwrap()
    };
    assert!(load("strata:first%20password@").status.success());
    let refused = load("");
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("a user and a password are needed"), "{refused:?}");
    assert_eq!(world.run("user=strata", "SELECT count(*) FROM logs.app"), "1\n");

    let export = |password: &str| {
        let folder = world.folder.path().join("exported");
        let server = world.server.pg_addr().to_string();
        let mut command = Command::new(env!("CARGO_BIN_EXE_strata"));
        command.args(["etl", "export", "--server", &server]).arg(folder).env("PGPASSWORD", password).output().unwrap()
    };
    assert!(export(PASSWORD).status.success());
    assert!(!export("wrong").status.success());
}
