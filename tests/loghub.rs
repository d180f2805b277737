//! Real lines of sixteen systems, loaded with `strata load --format raw`: all rows, word for word, with their times, before and after a
//! restart. The samples are not part of this project; where they are not beside it the test says that it skips.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use strata_harness::{Server, ServerOptions, Sql};

const LINES: usize = 2_000;

/// (system, time of its first line as far as the line tells it). A year that the line does not have is not compared.
const SYSTEMS: [(&str, &str); 16] = [
    ("Android", "-03-17 16:13:38.811"),
    ("Apache", "2005-12-04 04:47:44"),
    ("BGL", "2005-06-03 "),
    ("HDFS", "2008-11-09 20:36:15"),
    ("HPC", "2004-02-26 "),
    ("Hadoop", "2015-10-18 18:01:47.978"),
    ("HealthApp", "2017-12-23 22:15:29.606"),
    ("Linux", "-06-14 15:16:01"),
    ("Mac", "-07-01 09:00:55"),
    ("OpenSSH", "-12-10 06:55:46"),
    ("OpenStack", "2017-05-16 00:00:00.008"),
    ("Proxifier", "-10-30 16:49:06"),
    ("Spark", "2017-06-09 20:10:40"),
    ("Thunderbird", "2005-11-09 "),
    ("Windows", "2016-09-28 04:30:30"),
    ("Zookeeper", "2015-07-29 17:41:44.747"),
];

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/loghub")
}

fn file_of(system: &str) -> PathBuf {
    samples().join(system).join(format!("{system}_2k.log"))
}

fn topic_of(system: &str) -> String {
    format!("logs.{}", system.to_lowercase())
}

/// The lines of a file as records: one carriage return at the end of a line belongs to the line end.
fn lines_of(system: &str) -> Vec<String> {
    let text = String::from_utf8(fs::read(file_of(system)).unwrap()).unwrap();
    let text = text.strip_suffix('\n').unwrap_or(&text);
    text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line).to_owned()).collect()
}

fn check(sql: &Sql) {
    for (system, first_time) in SYSTEMS {
        let (topic, lines) = (topic_of(system), lines_of(system));
        assert_eq!(lines.len(), LINES, "{system}");
        let stored = sql.rows(&format!("SELECT message FROM {topic} ORDER BY _offset")).unwrap();
        let stored: Vec<String> = stored.into_iter().map(|mut row| row.remove(0).unwrap_or_default()).collect();
        assert_eq!(stored.len(), LINES, "{system}");
        for (number, (stored, line)) in (1..).zip(stored.iter().zip(&lines)) {
            assert_eq!(stored, line, "{system}, line {number}");
        }

        let recognised: usize =
            sql.value(&format!("SELECT count(*) FROM {topic} WHERE ts < _ingested_at - INTERVAL '1 minute'")).unwrap();
        assert!(recognised * 100 >= LINES * 99, "{system}: only {recognised} times were recognised");
        let first: String = sql.value(&format!("SELECT ts FROM {topic} WHERE _offset = 0")).unwrap();
        assert!(first.contains(first_time), "{system}: {first_time} was expected, it is {first}");

        // A word of the last line, counted here and there.
        let word = lines[LINES - 1].split(|c: char| !c.is_ascii_alphabetic()).max_by_key(|word| word.len()).unwrap();
        let expected = lines.iter().filter(|line| line.contains(word)).count();
        let found: usize = sql.value(&format!("SELECT count(*) FROM {topic} WHERE message LIKE '%{word}%'")).unwrap();
        assert_eq!(found, expected, "{system}: {word}");
    }
}

#[test]
fn sixteen_systems_are_loaded_word_for_word() {
    if !samples().exists() {
        return println!("skipped: {} is not there", samples().display());
    }
    let folder = tempfile::tempdir().unwrap();
    let options = ServerOptions::in_folder(env!("CARGO_BIN_EXE_strata"), folder.path());
    let server = Server::start(&options).unwrap();
    for (system, _) in SYSTEMS {
        let output = Command::new(env!("CARGO_BIN_EXE_strata"))
            .args(["load", "--format", "raw", "--topic", &topic_of(system), "--url"])
            .arg(format!("http://{}", server.http_addr()))
            .arg(file_of(system))
            .output()
            .unwrap();
        assert!(output.status.success(), "{system}: {}", String::from_utf8_lossy(&output.stderr));
    }
    check(&server.sql().unwrap());

    server.kill().unwrap();
    let server = Server::start(&options).unwrap();
    check(&server.sql().unwrap());

    for (system, _) in SYSTEMS {
        server.sql().unwrap().rows(&format!("CALL sys.optimize('{}')", topic_of(system))).unwrap();
    }
    check(&server.sql().unwrap());
    assert!(server.stop(Duration::from_secs(60)).unwrap().success());
}
