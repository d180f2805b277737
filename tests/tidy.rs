//! Rules about the source itself, as a test: which crate may know which, what a file is called and how long it gets, where
//! SQLSTATEs stand, and that the documents tell the truth about folders.
//!
//! A rule that is broken is listed with file and line. An exception needs a reason in the lists below.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Which crates of ours a crate may depend on, tests and build scripts included. The binary may use all of them.
const ARROWS: [(&str, &[&str]); 7] = [
    ("strata-storage", &[]),
    ("strata-catalog", &["strata-storage"]),
    ("strata-engine", &["strata-storage", "strata-catalog"]),
    ("strata-pgwire", &["strata-storage", "strata-catalog", "strata-engine"]),
    ("strata-connectors", &["strata-storage", "strata-catalog", "strata-engine"]),
    ("strata-harness", &[]),
    ("strata", &["strata-storage", "strata-catalog", "strata-engine", "strata-pgwire", "strata-connectors", "strata-harness"]),
];

/// Names that say nothing about what is in the file.
const EMPTY_NAMES: [&str; 8] = ["util", "utils", "helper", "helpers", "misc", "common", "shared", "stuff"];

/// A file past this many lines needs a reason.
const LINES_MAX: usize = 800;

/// Longer files, and why.
const LONG_FILES: [(&str, &str); 0] = [];

/// The only file that spells SQLSTATEs.
const SQLSTATE_FILE: &str = "pgwire-server/src/sqlstate.rs";

/// The classes of PostgreSQL's error codes: what a five-character text must begin with to be one.
const SQLSTATE_CLASSES: [&str; 42] = [
    "00", "01", "02", "03", "08", "09", "0A", "0B", "0F", "0L", "0P", "0Z", "20", "21", "22", "23", "24", "25", "26", "27", "28",
    "2B", "2D", "2F", "34", "38", "39", "3B", "3D", "3F", "40", "42", "44", "53", "54", "55", "57", "58", "F0", "HV", "P0", "XX",
];

/// Words that promise something unfinished or hide something, cut in two so that this file does not contain them.
const UNFINISHED: [(&str, &str); 7] = [
    ("tod", "o!"),
    ("unimple", "mented!"),
    ("FIX", "ME"),
    ("CONTRACT SKEL", "ETON"),
    ("#[ign", "ore"),
    ("allow(dead", "_code"),
    ("allow(unu", "sed"),
];

/// Beginnings of paths that exist on one machine only.
const MACHINE_PATHS: [(&str, &str); 3] = [("/wo", "rk/"), ("/ro", "ot/"), ("/ho", "me/")];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file of the project, relative to its root, build output and version control left out.
fn files() -> Vec<PathBuf> {
    fn walk(folder: &Path, into: &mut Vec<PathBuf>) {
        let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        for path in entries {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                let ours = !matches!(name.as_str(), "target" | ".git" | ".venv" | "proptest-regressions");
                // Data folders of servers that were tried out here.
                if ours && !name.starts_with("strata-") {
                    walk(&path, into);
                }
            } else {
                into.push(path.strip_prefix(root()).unwrap().to_owned());
            }
        }
    }
    let mut files = Vec::new();
    walk(root(), &mut files);
    assert!(files.len() > 20, "the walk found only {files:?}");
    files
}

fn with_extension(extensions: &[&str]) -> Vec<(String, String)> {
    files()
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extensions.iter().any(|wanted| extension == *wanted)))
        .map(|path| (path.to_string_lossy().into_owned(), fs::read_to_string(root().join(&path)).unwrap()))
        .collect()
}

fn rust_files() -> Vec<(String, String)> {
    with_extension(&["rs"])
}

/// Places where a line of `text` contains one of `needles`.
fn places<'a>(file: &'a str, text: &'a str, needles: &'a [(&str, &str)]) -> impl Iterator<Item = String> + 'a {
    text.lines().enumerate().flat_map(move |(i, line)| {
        needles
            .iter()
            .map(|(head, tail)| format!("{head}{tail}"))
            .filter(|needle| line.contains(needle.as_str()))
            .map(move |needle| format!("{file}:{}: {needle}", i + 1))
    })
}

#[track_caller]
fn none(rule: &str, broken: impl IntoIterator<Item = String>) {
    let broken: Vec<String> = broken.into_iter().collect();
    assert!(broken.is_empty(), "{rule}:\n  {}", broken.join("\n  "));
}

#[test]
fn arrows_between_crates_point_one_way() {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let arrows: BTreeMap<&str, &[&str]> = ARROWS.into_iter().collect();
    let packages = metadata["packages"].as_array().unwrap();
    let mut broken = Vec::new();
    for package in packages {
        let name = package["name"].as_str().unwrap();
        let Some(allowed) = arrows.get(name) else {
            broken.push(format!("{name} has no line in ARROWS"));
            continue;
        };
        for dependency in package["dependencies"].as_array().unwrap() {
            let to = dependency["name"].as_str().unwrap();
            if dependency["path"].is_string() && !allowed.contains(&to) {
                broken.push(format!("{name} depends on {to}"));
            }
        }
    }
    assert_eq!(packages.len(), ARROWS.len(), "every crate has its line in ARROWS");
    none("arrows between crates", broken);
}

#[test]
fn file_names_say_what_is_in_them() {
    let broken = files().into_iter().filter(|path| {
        path.extension().is_some_and(|extension| extension == "rs")
            && path
                .iter()
                .any(|part| EMPTY_NAMES.contains(&Path::new(part).file_stem().unwrap_or_default().to_string_lossy().as_ref()))
    });
    none("name the noun, or move the code beside its only caller", broken.map(|path| path.display().to_string()));
}

#[test]
fn every_module_says_what_it_is() {
    let silent = rust_files().into_iter().filter(|(_, text)| {
        let first = text.lines().find(|line| !line.trim().is_empty());
        !first.is_some_and(|line| line.starts_with("//! "))
    });
    none("a module opens with //!", silent.map(|(file, _)| file));
}

#[test]
fn long_files_have_a_reason() {
    let broken = rust_files().into_iter().filter_map(|(file, text)| {
        let lines = text.lines().count();
        let excused = LONG_FILES.iter().any(|(name, reason)| *name == file && !reason.is_empty());
        (lines > LINES_MAX && !excused).then(|| format!("{file}: {lines} lines"))
    });
    none("look for the second noun", broken);
}

#[test]
fn sqlstates_stand_in_one_file() {
    let broken = rust_files()
        .into_iter()
        .filter(|(file, _)| file.contains("src/") && !file.starts_with("tests/") && file != SQLSTATE_FILE)
        .flat_map(|(file, text)| {
            let found: Vec<String> = text
                .lines()
                .enumerate()
                .flat_map(|(i, line)| sqlstates(line).into_iter().map(move |code| (i, code)))
                .map(|(i, code)| format!("{file}:{}: {code}", i + 1))
                .collect();
            found
        });
    none("SQLSTATEs are given at the edge", broken);
}

/// Text literals of a line that are error codes.
fn sqlstates(line: &str) -> Vec<&str> {
    let code = |text: &&str| {
        text.len() == 5
            && text.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
            && text.bytes().any(|byte| byte.is_ascii_digit())
            && SQLSTATE_CLASSES.contains(&&text[..2])
            // A size, such as 256MB.
            && !text.ends_with("MB")
            && !text.ends_with("GB")
    };
    line.split('"').filter(code).collect()
}

#[test]
fn sqlstates_are_told_from_other_texts() {
    let one = |text: &str| format!("let code = \"{text}\";");
    for text in ["42P01", "53200", "0A000", "XX000", "P0001", "00000"] {
        assert_eq!(sqlstates(&one(text)), [text]);
    }
    for text in ["HELLO", "INT64", "12345", "4200", "42p01", "256MB", "SELECT 1"] {
        assert_eq!(sqlstates(&one(text)), Vec::<&str>::new(), "{text}");
    }
}

#[test]
fn nothing_is_left_unfinished() {
    let broken: Vec<String> =
        rust_files().iter().flat_map(|(file, text)| places(file, text, &UNFINISHED).collect::<Vec<_>>()).collect();
    none("finish it, or leave it out and say so in the documents", broken);
}

#[test]
fn no_path_of_one_machine() {
    let texts = with_extension(&["rs", "md", "toml", "slt", "sh", "py", "sql"]);
    let broken: Vec<String> =
        texts.iter().flat_map(|(file, text)| places(file, text, &MACHINE_PATHS).collect::<Vec<_>>()).collect();
    none("paths are relative, or given by the caller", broken);
}

#[test]
fn every_sql_file_is_run() {
    let sources = rust_files();
    let broken = files().into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "slt")).filter(|path| {
        // A runner names a folder that the file lies in, as a text literal: "tests/sql" or one below the crate, "sql".
        !path.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty()).any(|folder| {
            sources.iter().filter(|(file, _)| file.contains("tests/")).any(|(file, text)| {
                let below = Path::new(file).ancestors().find_map(|base| folder.strip_prefix(base).ok());
                let named = |folder: &Path| !folder.as_os_str().is_empty() && text.contains(&format!("{}\"", folder.display()));
                text.contains("sqllogictest") && (named(folder) || below.is_some_and(named))
            })
        })
    });
    none("no runner names the folder of", broken.map(|path| path.display().to_string()));
}

#[test]
fn the_documents_name_what_is_there() {
    let mut broken = Vec::new();
    for (file, text) in with_extension(&["md"]) {
        let folder = root().join(&file).parent().unwrap().to_owned();
        let links = text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link);
        for link in links.filter(|link| !link.contains("://") && !link.starts_with('#')) {
            let path = link.split('#').next().unwrap_or_default();
            if !folder.join(path).exists() {
                broken.push(format!("{file}: link {link}"));
            }
        }
    }
    let architecture = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let (_, table) = architecture.split_once("## Where do I find").expect("ARCHITECTURE.md tells where things are");
    for path in table.split('`').skip(1).step_by(2).filter(|text| text.contains('/')) {
        if !root().join(path).exists() {
            broken.push(format!("ARCHITECTURE.md: {path}"));
        }
    }
    none("a document names what is not there", broken);
}

#[test]
fn every_make_target_says_what_it_does() {
    let makefile = fs::read_to_string(root().join("Makefile")).unwrap();
    let targets = makefile.lines().filter(|line| {
        line.split_once(':').is_some_and(|(name, rest)| {
            !name.is_empty() && !rest.starts_with('=') && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
        })
    });
    none("a target has a comment after ##", targets.filter(|line| !line.contains(" ## ")).map(str::to_owned));
}
