//! `strata etl export` and `strata etl apply`, run as a user runs them against a real server.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use strata_harness::{Rows, Server, ServerOptions, Sql};
use tempfile::TempDir;

struct Fixture {
    server: Server,
    sql: Sql,
    folder: TempDir,
}

impl Fixture {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(&ServerOptions::in_folder(env!("CARGO_BIN_EXE_strata"), folder.path())).unwrap();
        let sql = server.sql().unwrap();
        Self { server, sql, folder }
    }

    /// A server with roles of several kinds and all that can be in a row.
    fn configured() -> Self {
        let fixture = Self::start();
        for statement in [
            "INSERT INTO etl.roles (name, kind, description, settings, enabled) VALUES
               ('web', 'logstash', 'it''s the front', '{\"settle\": \"1 s\"}', true), ('odd/näme', 'generic', NULL, '{}', false)",
            "CALL etl.import('web', 'input { beats { port => 5044 } }
             filter { # why
               if [type] == \"nginx\" { grok { match => { \"message\" => \"%{WORD:w}\" } } } else { drop { } } }
             output { kafka { topic_id => \"logs\" } }')",
            "INSERT INTO etl.rules (role, stage, name, position, body, inputs, comment) VALUES
               ('odd/näme', 'file', 'a.txt', 1.5, E'two\\nlines\\\\ and ''quotes''', ARRAY['x', 'y z', 'a,\"b'], 'c')",
        ] {
            fixture.sql.rows(statement).unwrap();
        }
        fixture
    }

    fn etl(&self, arguments: &[&str]) -> (i32, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_strata"))
            .arg("etl")
            .args(arguments)
            .args(["--server", &self.server.pg_addr().to_string()])
            .current_dir(self.folder.path())
            .output()
            .unwrap();
        let told = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
        (output.status.code().unwrap(), told)
    }

    fn files(&self, dir: &str) -> BTreeMap<String, String> {
        let entries = fs::read_dir(self.folder.path().join(dir)).unwrap().map(|entry| entry.unwrap().path());
        let text = |path: &Path| (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(path).unwrap());
        entries.map(|path| text(&path)).collect()
    }

    fn everything(&self) -> Rows {
        let roles = "SELECT name, kind, description, settings, enabled FROM etl.roles ORDER BY name";
        let rules = "SELECT role, stage, name, parent, position, construct, plugin, condition, settings, inputs, body, comment,
                            enabled FROM etl.rules ORDER BY role, name";
        [self.sql.rows(roles).unwrap(), self.sql.rows(rules).unwrap()].concat()
    }

    fn layers(&self) -> Rows {
        self.sql.rows("SELECT id, comment FROM etl.layers ORDER BY id").unwrap()
    }
}

#[test]
fn what_is_exported_makes_another_server_the_same() {
    let one = Fixture::configured();
    assert_eq!(one.etl(&["export", "conf"]), (0, "2 roles in conf: 2 files written, 0 removed\n".to_owned()));
    let files = one.files("conf");
    assert_eq!(files.keys().collect::<Vec<_>>(), ["odd%2Fn%C3%A4me.sql", "web.sql"]);
    assert_eq!(one.etl(&["export", "conf"]).1, "2 roles in conf: 0 files written, 0 removed\n", "again: nothing");

    // On the server that it came from, nothing is to be done.
    let layers = one.layers();
    assert_eq!(one.etl(&["apply", "conf", "--plan"]), (0, "nothing to change\n".to_owned()));
    assert_eq!(one.etl(&["apply", "conf"]), (0, "nothing to change\n".to_owned()));
    assert_eq!(one.layers(), layers);

    let other = Fixture::start();
    fs::rename(one.folder.path().join("conf"), other.folder.path().join("conf")).unwrap();
    let (code, told) = other.etl(&["apply", "conf", "--plan"]);
    assert_eq!(code, 2, "{told}");
    assert!(told.contains("+ role web (logstash)\n") && told.ends_with("this is a plan\n"), "{told}");
    assert!(other.everything().is_empty(), "a plan changes nothing");
    let (code, told) = other.etl(&["apply", "conf", "--comment", "from git"]);
    assert!(code == 0 && told.ends_with("layer 1\n"), "{code} {told}");
    assert_eq!(other.everything(), one.everything());
    assert_eq!(other.layers(), [[Some("1".to_owned()), Some("from git".to_owned())]]);
    assert_eq!(other.etl(&["apply", "conf"]), (0, "nothing to change\n".to_owned()));
    other.etl(&["export", "again"]);
    assert_eq!(other.files("again"), files);
    let rendered = |fixture: &Fixture| fixture.sql.rows("SELECT path, content FROM etl.render('web')").unwrap();
    assert_eq!(rendered(&one), rendered(&other));
}

#[test]
fn the_server_holds_exactly_what_the_files_say() {
    let fixture = Fixture::configured();
    fixture.etl(&["export", "conf"]);
    let before = fixture.everything();
    for change in [
        "UPDATE etl.rules SET settings = settings || '{\"port\": 5045, \"ssl_key_passphrase\": \"old\"}' WHERE plugin = 'beats'",
        "INSERT INTO etl.roles (name, kind) VALUES ('new', 'generic')",
        "INSERT INTO etl.rules (role, stage, name) VALUES ('new', 'file', 'x')",
        "DELETE FROM etl.rules WHERE plugin = 'drop'",
        "UPDATE etl.roles SET description = 'changed' WHERE name = 'web'",
    ] {
        fixture.sql.rows(change).unwrap();
    }
    let (code, told) = fixture.etl(&["apply", "conf", "--plan"]);
    assert_eq!(code, 2);
    let expected = [
        "- role new",
        "~ role web, description: \"changed\" -> \"it's the front\"",
        "- rule new/x",
        "+ rule web/filter_drop (drop)",
        "~ rule web/input_beats, settings.port: 5045 -> 5044",
        "~ rule web/input_beats, settings.ssl_key_passphrase: \"********\" -> null",
        "nothing was changed: this is a plan",
    ];
    assert_eq!(told.lines().collect::<Vec<_>>(), expected);
    assert_eq!(fixture.etl(&["apply", "conf"]).0, 0);
    assert_eq!(fixture.everything(), before);

    // A role that is gone takes its file along; a file of somebody else stays.
    fs::write(fixture.folder.path().join("conf/mine.sql"), "SELECT 1").unwrap();
    for change in ["DELETE FROM etl.rules WHERE role <> 'web'", "DELETE FROM etl.roles WHERE name <> 'web'"] {
        fixture.sql.rows(change).unwrap();
    }
    assert_eq!(fixture.etl(&["export", "conf"]).1, "1 roles in conf: 0 files written, 1 removed\n");
    assert_eq!(fixture.files("conf").into_keys().collect::<Vec<_>>(), ["mine.sql", "web.sql"]);
}

#[test]
fn bad_folders_change_nothing_and_are_told() {
    let fixture = Fixture::configured();
    fixture.etl(&["export", "conf"]);
    let before = (fixture.everything(), fixture.layers());
    let conf = fixture.folder.path().join("conf");
    for (file, content, expected) in [
        ("other.sql", "SELECT 1", "other.sql does not make role \"other\""),
        ("a b.sql", "SELECT 1", "is not named after a role"),
        ("bad.sql", "INSERT INTO etl.rules (role, stage, name) VALUES ('nowhere', 'file', 'x')", "bad.sql: "),
        ("end.sql", "INSERT INTO etl.roles (name, kind) VALUES ('end', 'generic'); ROLLBACK", "end.sql ends the transaction"),
    ] {
        fs::write(conf.join(file), content).unwrap();
        let (code, told) = fixture.etl(&["apply", "conf"]);
        assert!(code == 1 && told.contains(expected), "{file}: {code} {told}");
        fs::remove_file(conf.join(file)).unwrap();
    }
    fs::create_dir(fixture.folder.path().join("empty")).unwrap();
    assert!(fixture.etl(&["apply", "empty"]).1.contains("holds no .sql files"));
    assert!(fixture.etl(&["apply", "nowhere"]).1.contains("cannot read nowhere"));
    assert_eq!((fixture.everything(), fixture.layers()), before);
    assert_eq!(fixture.etl(&["apply", "conf", "--plan"]).0, 0);
}
