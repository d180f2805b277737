//! Damage to index files on the real binary: answers stay, `sys.indexes` says what happened, and the file is built anew.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use strata_harness::{Server, ServerOptions, Sql};
use tempfile::TempDir;

const ROWS: u64 = 4_000;
/// Each is answered with the help of one index or the other.
const QUESTIONS: [&str; 6] = [
    "SELECT count(*) FROM logs.damaged WHERE message @@ 'refused'",
    "SELECT count(*) FROM logs.damaged WHERE message @@ phraseto_tsquery('connection refused')",
    "SELECT count(*), min(status) FROM logs.damaged WHERE message @@ 'number 1777'",
    "SELECT count(*) FROM logs.damaged WHERE message @@ to_tsquery('renewed & !refused')",
    "SELECT status FROM logs.damaged WHERE id = '000000000000000000000000000007d0'",
    "SELECT count(*) FROM logs.damaged WHERE id = 'nowhere' OR message LIKE '% number 1234 %'",
];
const REBUILT_WITHIN: Duration = Duration::from_secs(60);

fn options(folder: &Path) -> ServerOptions {
    ServerOptions::in_folder(env!("CARGO_BIN_EXE_strata"), folder)
}

/// A stopped server's folder with two indexes, and the right answers.
fn written() -> (TempDir, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&options(folder.path())).unwrap();
    let sql = server.sql().unwrap();
    sql.rows("CREATE TABLE logs.damaged (message text, id text, status int)").unwrap();
    sql.rows("CREATE INDEX ON logs.damaged USING inverted (message)").unwrap();
    sql.rows("CREATE INDEX ON logs.damaged USING bloom (id)").unwrap();
    let lines: String = (0..ROWS)
        .map(|i| {
            let what = if i % 3 == 0 { "connection refused" } else { "lease renewed" };
            format!("{{\"message\":\"{what} by number {i} again\",\"id\":\"{i:032x}\",\"status\":{i}}}\n")
        })
        .collect();
    assert_eq!(server.http().records("logs.damaged", &[], lines.as_bytes()).unwrap().status, 200);
    sql.rows("CALL sys.optimize('logs.damaged')").unwrap();
    let answers = answers(&sql);
    let probes: i64 = sql.value("SELECT min(probes) FROM sys.indexes WHERE topic = 'logs.damaged'").unwrap();
    assert!(probes > 0, "both indexes are asked");
    drop(sql);
    server.stop(Duration::from_secs(30)).unwrap();
    (folder, answers)
}

fn answers(sql: &Sql) -> Vec<String> {
    QUESTIONS.iter().map(|question| format!("{:?}", sql.rows(question).unwrap())).collect()
}

fn index_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.join("data/segments")];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "index") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Starts a server on the damaged folder: answers are right at once, and the index is whole again soon. Whether the damage was
/// noticed.
fn survives(folder: &Path, right: &[String], what: &str) -> bool {
    let server = Server::start(&options(folder)).unwrap();
    let sql = server.sql().unwrap();
    assert_eq!(answers(&sql), right, "{what}");
    let problems: i64 = sql.value("SELECT count(problem) FROM sys.indexes WHERE topic = 'logs.damaged'").unwrap();
    let began = Instant::now();
    loop {
        let lacking = "SELECT sum(segments_total - segments_built)::bigint FROM sys.indexes WHERE topic = 'logs.damaged'";
        if sql.value::<i64>(lacking).unwrap() == 0 {
            break;
        }
        assert!(began.elapsed() < REBUILT_WITHIN, "{what}: the index was not built anew");
        std::thread::sleep(Duration::from_millis(200));
    }
    assert_eq!(answers(&sql), right, "{what}, rebuilt");
    drop(sql);
    server.stop(Duration::from_secs(30)).unwrap();
    problems > 0
}

#[test]
fn damage_to_an_index_costs_time_and_nothing_else() {
    let (folder, right) = written();
    let files = index_files(folder.path());
    assert_eq!(files.len(), 2, "{files:?}");
    for file in &files {
        let whole = fs::read(file).unwrap();
        let mut noticed = 0;
        let spots = 3;
        for spot in 0..spots {
            // The last bytes are the directory and its length, which every question reads.
            let at = if spot + 1 == spots { whole.len() - 20 } else { whole.len() * spot / spots + 9 };
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << (spot % 8);
            fs::write(file, bytes).unwrap();
            noticed +=
                usize::from(survives(folder.path(), &right, &format!("{} with a bit of byte {at} flipped", file.display())));
        }
        assert!(noticed > 0, "no flip in {} was noticed", file.display());
        for keep in [7, whole.len() - 1] {
            fs::write(file, &whole[..keep]).unwrap();
            assert!(survives(folder.path(), &right, &format!("{} cut to {keep} bytes", file.display())), "a cut is noticed");
        }
        fs::remove_file(file).unwrap();
        survives(folder.path(), &right, &format!("{} deleted", file.display()));
        assert_eq!(fs::read(file).unwrap(), whole, "the same index is built from the same rows");
    }
}
