//! Rollouts on simulated sidecars: layers arrive or are taken back, and a server that is killed at any write goes on.
//!
//! Servers, sidecars and the store are in this process; every role is of kind `generic`, where a rule is a file, or `logstash`.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod errors_around;
mod killed;
mod mortal;
mod outcomes;
mod random;
mod simulator;
mod store_away;
mod world;

use world::{Server, World};

/// What a role is told so that tests are quick.
const QUICK: &str = r#"{"settle": "150 ms", "deadline": "3 s"}"#;

/// A world with role `web` of one file `a`, its instances, and a server.
fn with_web(ids: &[&str]) -> (World, Server) {
    let mut world = World::new();
    let server = world.server();
    make_role(&server, "web", QUICK);
    world.instances("web", ids);
    world.assert_settled(&server);
    (world, server)
}

/// A role of one file `<role>.txt` that says `first`.
fn make_role(server: &Server, role: &str, settings: &str) {
    server.sql(&format!(
        "BEGIN;
         INSERT INTO etl.roles (name, kind, settings) VALUES ('{role}', 'generic', '{settings}');
         INSERT INTO etl.rules (role, stage, name, body) VALUES ('{role}', 'file', '{role}.txt', 'first');
         COMMIT"
    ));
}

/// The statement that gives the file of a role another content.
fn say(role: &str, words: &str) -> String {
    format!("UPDATE etl.rules SET body = '{words}' WHERE role = '{role}'")
}
