//! What clients send wrongly, on the real binary and the real wires: every bad line is told, every good one is kept, and the
//! server goes on.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod clients;
mod fields;
mod lines;
mod times;

use serde_json::Value;
use strata_harness::{Answer, Http, Server, ServerOptions, Sql};
use tempfile::TempDir;

/// A server of its own for each test, with one topic `logs.bad`.
struct Fixture {
    server: Server,
    sql: Sql,
    http: Http,
    /// Removed last.
    _folder: TempDir,
}

const TOPIC: &str = "logs.bad";

impl Fixture {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(&ServerOptions::in_folder(env!("CARGO_BIN_EXE_strata"), folder.path())).unwrap();
        let sql = server.sql().unwrap();
        sql.rows("CREATE TABLE logs.bad (ts timestamptz, level text, message text, status int) WITH (time_column = 'ts')")
            .unwrap();
        let http = server.http();
        Self { server, sql, http, _folder: folder }
    }

    /// Sends NDJSON that the server takes; what it answered.
    #[track_caller]
    fn send(&self, ndjson: impl AsRef<[u8]>) -> Value {
        let answer = self.http.records(TOPIC, &[], ndjson.as_ref()).unwrap();
        assert_eq!(answer.status, 200, "{answer:?}");
        serde_json::from_str(&answer.body).unwrap()
    }

    /// Whatever the server answers.
    fn try_send(&self, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        self.http.records(TOPIC, headers, body).unwrap()
    }

    /// Rows of a query as text, NULL as `NULL`.
    #[track_caller]
    fn rows(&self, query: &str) -> Vec<Vec<String>> {
        let rows = self.sql.rows(query).unwrap_or_else(|error| panic!("{query}: {error:?}"));
        rows.into_iter().map(|row| row.into_iter().map(|cell| cell.unwrap_or_else(|| "NULL".to_owned())).collect()).collect()
    }

    /// The single value of a query.
    #[track_caller]
    fn value(&self, query: &str) -> String {
        let rows = self.rows(query);
        assert!(rows.len() == 1 && rows[0].len() == 1, "{query}: {rows:?}");
        rows[0][0].clone()
    }

    /// Seals everything, so that the same questions are answered from segments.
    fn optimize(&self) {
        self.rows("CALL sys.optimize('logs.bad')");
    }

    /// The server still answers, old connections and new.
    fn is_well(&self) {
        assert_eq!(self.http.get("/health").unwrap().status, 200);
        let sql = self.server.sql().unwrap();
        assert_eq!(sql.value::<i64>("SELECT 1").unwrap(), 1);
    }
}

/// Asks again until the answer is `expected`: for what happens after a connection broke.
#[track_caller]
fn eventually(expected: &str, mut ask: impl FnMut() -> String) {
    let mut last = String::new();
    for _ in 0..200_u8 {
        last = ask();
        if last == expected {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("{expected} was expected within 10 s, it is {last}");
}
