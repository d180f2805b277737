//! The clients whose test is a script in their own language.

use std::process::Command;

use crate::world::{World, beside, check, node, python};

/// Runs `script` with the interpreter, if that is there. Every part of it must have passed.
#[track_caller]
fn script(interpreter: Option<Command>, script: &str, parts: usize) {
    let Some(mut program) = interpreter else { return };
    let world = World::start();
    check(program.arg(beside(script)).arg(world.address()), parts);
}

#[test]
fn psycopg() {
    script(python("python"), "psycopg_client.py", 11);
}

#[test]
fn asyncpg() {
    script(python("python"), "asyncpg_client.py", 9);
}

#[test]
fn sqlalchemy_and_pandas() {
    script(python("python"), "sqlalchemy_client.py", 13);
}

#[test]
fn psql_completes_names() {
    script(python("python"), "psql_completion.py", 2);
}

#[test]
fn node_postgres() {
    script(node(), "node_client.js", 7);
}
