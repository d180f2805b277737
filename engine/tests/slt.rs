//! Runs every `.slt` file of `tests/slt` in process, each on a fresh engine in a folder of its own. Those of its folders need
//! kinds of components, which only the binary has; they are run over the wire.
//!
//! `connection name` opens another session of the same engine. What a file expects is what PostgreSQL's text format
//! shows, so the same files hold over the wire.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "slt/text.rs"]
mod text;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use futures::TryStreamExt;
use sqllogictest::{DBOutput, DefaultColumnType};
use strata_engine::session::{Outcome, Session, SessionOptions};
use strata_engine::{Engine, EngineConfig, EngineError};

/// One session.
struct Connection(Session);

/// An error as a client sees it: message and hint.
#[derive(Debug)]
struct Shown(String);

impl std::fmt::Display for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Shown {}

impl From<EngineError> for Shown {
    fn from(error: EngineError) -> Self {
        Self(error.to_string())
    }
}

#[async_trait]
impl sqllogictest::AsyncDB for Connection {
    type Error = Shown;
    type ColumnType = DefaultColumnType;

    async fn run(&mut self, sql: &str) -> Result<DBOutput<DefaultColumnType>, Shown> {
        let mut output = DBOutput::StatementComplete(0);
        for parsed in self.0.parse(sql)? {
            let prepared = self.0.prepare(&parsed, &[]).await?;
            let outcome = self.0.execute(&prepared, Vec::new()).await?;
            let expected = prepared.columns;
            output = match outcome {
                Outcome::Rows { columns, stream, .. } => {
                    assert_eq!(expected.as_ref().map(|schema| text::names(schema)), Some(text::names(&columns)), "{sql}");
                    let batches: Vec<_> = stream.try_collect().await.map_err(|error| Shown::from(EngineError::from(error)))?;
                    let rows: Vec<Vec<String>> = batches.iter().flat_map(text::rows).collect();
                    DBOutput::Rows { types: vec![DefaultColumnType::Text; columns.fields().len()], rows }
                }
                Outcome::CopyOut { columns, stream, .. } => {
                    let batches: Vec<_> = stream.try_collect().await.map_err(|error| Shown::from(EngineError::from(error)))?;
                    let rows: Vec<Vec<String>> = batches.iter().flat_map(text::rows).collect();
                    DBOutput::Rows { types: vec![DefaultColumnType::Text; columns.fields().len()], rows }
                }
                Outcome::Done { tag } => DBOutput::StatementComplete(text::count(&tag)),
                Outcome::CopyIn(_) | Outcome::Empty => DBOutput::StatementComplete(0),
            };
        }
        Ok(output)
    }

    async fn shutdown(&mut self) {
        // A client that goes away in the middle of a block leaves nothing behind; an error here has nobody to be told to.
        let _ = self.0.close().await;
    }

    fn engine_name(&self) -> &str {
        "strata"
    }

    async fn sleep(duration: std::time::Duration) {
        tokio::time::sleep(duration).await;
    }
}

fn open_session(engine: &Arc<Engine>) -> Result<Connection, EngineError> {
    let options = SessionOptions { user: "strata".into(), database: "strata".into(), ..SessionOptions::default() };
    Session::new(engine.clone(), options).map(Connection)
}

async fn run_file(path: &Path) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let mut config = EngineConfig::for_folder(folder.path(), 256 << 20);
    config.threads = 2;
    config.wal_file_bytes = 4 << 20;
    config.free_bytes_min = 0;
    let engine = Engine::open_folder(config).await.map_err(|error| error.to_string())?;
    let mut runner = sqllogictest::Runner::new(|| async { open_session(&engine).map_err(Shown::from) });
    let outcome = runner.run_file_async(path).await.map_err(|error| error.display(false).to_string());
    runner.shutdown_async().await;
    drop(runner);
    engine.drain().await.map_err(|error| error.to_string())?;
    outcome
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "slt") {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_slt_file_holds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/slt");
    let only = std::env::var("SLT").unwrap_or_default();
    let files: Vec<PathBuf> = files(&folder).into_iter().filter(|path| path.to_string_lossy().contains(&only)).collect();
    assert!(!files.is_empty(), "no .slt file in {}", folder.display());
    let mut failures = Vec::new();
    for path in files {
        if let Err(error) = run_file(&path).await {
            failures.push(format!("{}: {error}", path.display()));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}
