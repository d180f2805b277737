//! pgcli, as somebody types into it: it reads the catalog for its completions before anything is asked.

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::world::{World, python};

/// pgcli with this on its standard input; what it printed.
fn run(world: &World, mut pgcli: Command, input: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let mut child = pgcli
        .arg(world.address())
        .args(["--no-password", "--less-chatty", "--pgclirc"])
        .arg(folder.path().join("config"))
        .env("HOME", folder.path())
        .env("XDG_CONFIG_HOME", folder.path())
        .env("TERM", "dumb")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{printed}");
    printed
}

#[test]
fn queries_and_descriptions() {
    let Some(pgcli) = python("pgcli") else { return };
    let world = World::start();
    let printed = run(
        &world,
        pgcli,
        "CREATE TABLE logs.app (ts timestamptz, service text);\n\
         INSERT INTO logs.app (ts, service) VALUES ('2026-03-01', 'web');\n\
         SELECT service, count(*) FROM logs.app GROUP BY 1;\n\
         SELECT nothing FROM logs.app;\n\
         \\d logs.app\n\\dt logs.*\n\\l\n\\dn\n\\df now\n\\du\n\\dv\n\\di\n\\dT int4\n\\dx\n\\q\n",
    );
    for part in ["web", "\"nothing\" does not exist", "timestamp with time zone", "app", "UTF8"] {
        assert!(printed.contains(part), "{part} is not in\n{printed}");
    }
    for part in ["Traceback", "syntax error", "internal error", "XX000"] {
        assert!(!printed.contains(part), "{part} is in\n{printed}");
    }
}
