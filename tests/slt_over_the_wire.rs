//! Runs every file of `tests/slt` over the wire, each on a server of its own. The engine's own runner runs them in process: what a file
//! expects holds for both.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use sqllogictest::{DBOutput, DefaultColumnType, Runner};
use strata_harness::{Server, ServerOptions, Sql};

/// Folder of the files, relative to the project.
const FOLDER: &str = "tests/slt";

/// A connection as `sqllogictest` wants it.
struct Wire(Sql);

/// An error as psql shows it.
#[derive(Debug)]
struct Shown(String);

impl std::fmt::Display for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Shown {}

impl From<tokio_postgres::Error> for Shown {
    fn from(error: tokio_postgres::Error) -> Self {
        Self(error.as_db_error().map_or_else(|| error.to_string(), |said| said.message().to_owned()))
    }
}

impl sqllogictest::DB for Wire {
    type Error = Shown;
    type ColumnType = DefaultColumnType;

    fn run(&mut self, sql: &str) -> Result<DBOutput<DefaultColumnType>, Shown> {
        let reply = self.0.run(sql)?;
        let Some(columns) = reply.columns else { return Ok(DBOutput::StatementComplete(reply.count)) };
        let cell = |cell: Option<String>| match cell {
            None => "NULL".to_owned(),
            Some(text) if text.is_empty() => "(empty)".to_owned(),
            Some(text) => text,
        };
        let rows = reply.rows.into_iter().map(|row| row.into_iter().map(cell).collect()).collect();
        Ok(DBOutput::Rows { types: vec![DefaultColumnType::Text; columns], rows })
    }

    fn engine_name(&self) -> &str {
        "strata"
    }
}

#[test]
fn every_slt_file_holds_over_the_wire() {
    let only = std::env::var("SLT").unwrap_or_default();
    let mut files: Vec<_> = std::fs::read_dir(FOLDER).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|found| found == "slt") && file.to_string_lossy().contains(&only));
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
