//! The clients whose test is a program in their own language.

use std::process::Command;

use crate::world::{World, beside, java, node, python};

/// Runs `script` with the interpreter, if that is there. Every part of it must have passed.
#[track_caller]
fn check(interpreter: Option<Command>, script: &str, parts: usize) {
    let Some(mut program) = interpreter else { return };
    program.arg(beside(script));
    let printed = World::start().run(program);
    let passed = printed.lines().filter(|line| line.starts_with("passed: ")).count();
    assert_eq!(passed, parts, "{script} printed\n{printed}");
}

#[test]
fn psycopg() {
    check(python("python"), "psycopg_client.py", 11);
}

#[test]
fn asyncpg() {
    check(python("python"), "asyncpg_client.py", 9);
}

#[test]
fn sqlalchemy_and_pandas() {
    check(python("python"), "sqlalchemy_client.py", 13);
}

#[test]
fn node_postgres() {
    check(node(), "node_client.js", 7);
}

#[test]
fn pgjdbc() {
    check(java(), "PgJdbc.java", 21);
}
