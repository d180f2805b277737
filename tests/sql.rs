//! Runs every file of `tests/sql` over the wire, each on a server of its own: what clients see is what is promised.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use sqllogictest::{DBOutput, DefaultColumnType, Runner};
use strata_harness::{Server, ServerOptions, Sql};

/// Folder of the files, relative to the project.
const FOLDER: &str = "tests/sql";

/// A connection as `sqllogictest` wants it.
struct Wire(Sql);

impl sqllogictest::DB for Wire {
    type Error = tokio_postgres::Error;
    type ColumnType = DefaultColumnType;

    fn run(&mut self, sql: &str) -> Result<DBOutput<DefaultColumnType>, Self::Error> {
        let rows = self.0.rows(sql)?;
        let Some(first) = rows.first() else { return Ok(DBOutput::StatementComplete(0)) };
        let types = vec![DefaultColumnType::Any; first.len()];
        let cell = |cell: Option<String>| match cell {
            None => "NULL".to_owned(),
            Some(text) if text.is_empty() => "(empty)".to_owned(),
            Some(text) => text,
        };
        Ok(DBOutput::Rows { types, rows: rows.into_iter().map(|row| row.into_iter().map(cell).collect()).collect() })
    }
}

#[test]
fn every_file_holds_over_the_wire() {
    let mut files: Vec<_> = std::fs::read_dir(FOLDER).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "slt"));
    files.sort();
    assert!(!files.is_empty(), "{FOLDER} holds no files");
    let mut broken = Vec::new();
    for file in &files {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(&ServerOptions::in_folder(env!("CARGO_BIN_EXE_strata"), folder.path())).unwrap();
        let mut runner = Runner::new(async || Ok(Wire(server.sql().expect("the server takes connections"))));
        if let Err(error) = runner.run_file(file) {
            broken.push(format!("{error}"));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n\n"));
}
