//! Flipped bits and missing bytes in each kind of file, on the real binary: a repaired read or a clear error, never a wrong answer,
//! never a server that starts and dies in turn.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use strata_harness::{Server, ServerOptions, Sql};
use tempfile::TempDir;

const ROWS: u64 = 5_000;
/// What is asked of a damaged server; the sums notice a changed value.
const QUESTIONS: [&str; 4] = [
    "SELECT count(*), sum(status), min(status), max(status) FROM logs.flip",
    "SELECT count(*) FROM logs.flip WHERE message LIKE '%line 4%'",
    "SELECT sum(length(message)), count(DISTINCT message) FROM logs.flip",
    "SELECT sum((attrs ->> 'n')::bigint) FROM logs.flip",
];

fn options(folder: &Path) -> ServerOptions {
    ServerOptions::in_folder(env!("CARGO_BIN_EXE_strata"), folder).flag("--wal-file-size", "1MB").flag("--wal-size-max", "8MB")
}

/// A stopped server's folder with records, in segments or in the log alone, and the right answers.
fn written(in_segments: bool) -> (TempDir, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&options(folder.path())).unwrap();
    let sql = server.sql().unwrap();
    sql.rows("CREATE TABLE logs.flip (message text, status int)").unwrap();
    for batch in 0..5 {
        let lines: String = (batch * ROWS / 5..(batch + 1) * ROWS / 5)
            .map(|i| format!("{{\"message\":\"this is line {i}\",\"status\":{i},\"n\":{}}}\n", i * 7))
            .collect();
        assert_eq!(server.http().records("logs.flip", &[], lines.as_bytes()).unwrap().status, 200);
    }
    if in_segments {
        sql.rows("CALL sys.optimize('logs.flip')").unwrap();
    }
    let answers = QUESTIONS.map(|question| ask(&sql, question).unwrap()).to_vec();
    drop(sql);
    // Killed, so that nothing tidies up behind us.
    server.kill().unwrap();
    (folder, answers)
}

fn ask(sql: &Sql, question: &str) -> Result<String, String> {
    match sql.rows(question) {
        Ok(rows) => Ok(format!("{rows:?}")),
        Err(error) => {
            Err(error.as_db_error().unwrap_or_else(|| panic!("{question} broke the connection: {error:?}")).message().to_owned())
        }
    }
}

/// Files below `folder`, and their paths in it.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// The largest file with this extension, relative to the data folder.
fn largest(folder: &Path, extension: &str) -> PathBuf {
    let data = folder.join("data");
    let of_kind = files(&data).into_iter().filter(|file| file.extension().is_some_and(|found| found == extension));
    let file = of_kind.max_by_key(|file| fs::metadata(file).unwrap().len()).unwrap();
    file.strip_prefix(&data).unwrap().to_owned()
}

/// A copy of the data folder in which one file is changed: what a damaged server does to its files must not reach the next trial.
fn changed(folder: &Path, file: &Path, change: impl FnOnce(&mut Vec<u8>)) -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    for from in files(&folder.join("data")) {
        let to = copy.path().join(from.strip_prefix(folder).unwrap());
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(&from, &to).unwrap();
    }
    let path = copy.path().join("data").join(file);
    let mut bytes = fs::read(&path).unwrap();
    change(&mut bytes);
    fs::write(&path, bytes).unwrap();
    copy
}

/// Starts a server on damaged files. Either it is refused with a message, or every answer is right or an error.
fn never_wrong(folder: &Path, answers: &[String], what: &str) -> (bool, usize) {
    let mut options = options(folder);
    options.ready_within = Duration::from_secs(30);
    let server = match Server::start(&options) {
        Ok(server) => server,
        Err(_) => {
            let (status, said) = options.refused().unwrap();
            assert_eq!(status.code(), Some(1), "{what}: it must refuse, not crash: {said}");
            assert!(said.contains("corrupt") || said.contains("malformed") || said.contains("not a database"), "{what}: {said}");
            return (false, 0);
        }
    };
    let mut errors = 0;
    for (question, right) in QUESTIONS.iter().zip(answers) {
        match ask(&server.sql().unwrap(), question) {
            Ok(answer) => assert_eq!(&answer, right, "{what}: {question}"),
            Err(message) => {
                assert!(!message.is_empty());
                errors += 1;
            }
        }
    }
    assert_eq!(server.sql().unwrap().value::<i64>("SELECT 1").unwrap(), 1, "{what}: the server is still there");
    server.kill().unwrap();
    (true, errors)
}

/// Flips a bit at `spots` places spread over the first `used` bytes of the file, one at a time; how many were noticed.
fn flip_over(folder: &Path, file: &Path, answers: &[String], spots: usize, used: usize) -> usize {
    let noticed = (0..spots).filter(|spot| {
        let (at, bit) = (used * spot / spots + used / spots / 2, spot % 8);
        let copy = changed(folder, file, |bytes| bytes[at] ^= 1 << bit);
        let what = format!("{} with bit {bit} of byte {at} flipped", file.display());
        let (started, errors) = never_wrong(copy.path(), answers, &what);
        !started || errors > 0
    });
    let noticed = noticed.count();
    assert_eq!(never_wrong(folder, answers, "the files as they were"), (true, 0));
    noticed
}

#[test]
fn a_flipped_bit_in_a_segment_never_changes_an_answer() {
    let (folder, answers) = written(true);
    let file = largest(folder.path(), "parquet");
    let bytes = fs::read(folder.path().join("data").join(&file)).unwrap().len();
    let noticed = flip_over(folder.path(), &file, &answers, 12, bytes);
    assert!(noticed > 0, "no flip was noticed");
}

#[test]
fn a_cut_or_missing_segment_is_an_error_and_no_wrong_answer() {
    let (folder, answers) = written(true);
    let file = largest(folder.path(), "parquet");
    for keep in [1.0, 0.5, 0.0] {
        let copy = changed(folder.path(), &file, |bytes| bytes.truncate(((bytes.len() - 1) as f64 * keep) as usize));
        let (started, errors) = never_wrong(copy.path(), &answers, &format!("a segment cut to {keep}"));
        assert!(!started || errors > 0, "a cut to {keep} was not noticed");
    }
    let copy = changed(folder.path(), &file, |_| {});
    fs::remove_file(copy.path().join("data").join(&file)).unwrap();
    let (started, errors) = never_wrong(copy.path(), &answers, "a missing segment");
    assert!(!started || errors > 0, "a missing segment was not noticed");
}

#[test]
fn a_flipped_bit_in_the_log_never_changes_an_answer() {
    let (folder, answers) = written(false);
    let file = largest(folder.path(), "wal");
    // Space is reserved ahead: what was written lies before the zeros. A changed last group cannot be told from a torn one, which was
    // never acknowledged, so it is left alone: five groups or more were written.
    let bytes = fs::read(folder.path().join("data").join(&file)).unwrap();
    let used = bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    let noticed = flip_over(folder.path(), &file, &answers, 10, used * 7 / 10);
    assert!(noticed > 0, "no flip was noticed");
}

#[test]
fn a_flipped_bit_in_the_catalog_never_changes_an_answer() {
    let (folder, answers) = written(true);
    // A gentle stop leaves all of the catalog in its main file.
    Server::start(&options(folder.path())).unwrap().stop(Duration::from_secs(30)).unwrap();
    let file = largest(folder.path(), "db");
    let bytes = fs::read(folder.path().join("data").join(&file)).unwrap().len();
    let noticed = flip_over(folder.path(), &file, &answers, 10, bytes);
    println!("{noticed} of 10 flips were noticed, the others hit unused bytes");
}

#[test]
fn a_lost_catalog_is_rebuilt_from_the_segments() {
    let (folder, answers) = written(true);
    Server::start(&options(folder.path())).unwrap().stop(Duration::from_secs(30)).unwrap();
    let data = folder.path().join("data");
    let file = data.join(largest(folder.path(), "db"));
    for suffix in ["", "-wal", "-shm"] {
        let file = PathBuf::from(format!("{}{suffix}", file.display()));
        if file.exists() {
            fs::remove_file(file).unwrap();
        }
    }
    let binary = env!("CARGO_BIN_EXE_strata");
    let output = Command::new(binary).args(["rebuild-catalog", "--data-dir"]).arg(&data).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(never_wrong(folder.path(), &answers, "the rebuilt catalog"), (true, 0));
}
