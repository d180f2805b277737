//! Runs every file of `tests/slt` over the wire, each on a server of its own. The engine's own runner runs them in process: what a file
//! expects holds for both. Those of its folders need what only the binary has: `pg_catalog`, kinds of components, instances.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "rollout/simulator.rs"]
mod simulator;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use simulator::Simulator;
use sqllogictest::{DBOutput, DefaultColumnType, Runner};
use strata_catalog::etl::config_store::ConfigStore;
use strata_connectors::config_store::remote::RemoteStore;
use strata_harness::{Server, ServerOptions, Sql};

/// Folders of the files, relative to the project.
const FOLDERS: [&str; 3] = ["tests/slt", "tests/slt/clients", "tests/slt/components"];
/// A file whose roles have instances.
const COMPANY: &str = "tests/slt/company/graphs.slt";
/// How many instances each of its roles has.
const INSTANCES: [(&str, u8); 12] = [
    ("edge-web", 8),
    ("edge-app", 6),
    ("edge-db", 4),
    ("edge-net", 2),
    ("parse-web", 3),
    ("parse-app", 3),
    ("parse-db", 2),
    ("parse-net", 2),
    ("enrich", 3),
    ("index", 3),
    ("security", 2),
    ("alert", 2),
];

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
    let entries = FOLDERS.into_iter().flat_map(|folder| std::fs::read_dir(folder).unwrap());
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|found| found == "slt") && file.to_string_lossy().contains(&only));
    files.sort();
    assert!(!files.is_empty(), "{FOLDERS:?} hold no files");
    let mut broken = Vec::new();
    for file in &files {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(&ServerOptions::in_folder(env!("CARGO_BIN_EXE_strata"), folder.path())).unwrap();
        broken.extend(run(&server, file).err());
    }
    assert!(broken.is_empty(), "{}", broken.join("\n\n"));
}

/// Runs a file; what does not hold.
fn run(server: &Server, file: &Path) -> Result<(), String> {
    let mut runner = Runner::new(async || Ok(Wire(server.sql().expect("the server takes connections"))));
    if cfg!(feature = "vrl") {
        runner.add_label("vrl");
    }
    runner.run_file(file).map_err(|error| error.to_string())
}

#[test]
fn a_company_with_instances_is_drawn_as_graphs() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&ServerOptions::in_folder(env!("CARGO_BIN_EXE_strata"), folder.path())).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let store: Arc<dyn ConfigStore> = Arc::new(RemoteStore::new(&format!("http://{}", server.http_addr())).unwrap());
    let mut sidecars = Vec::new();
    for (net, (role, count)) in (1..).zip(INSTANCES) {
        for number in 1..=count {
            let (id, address) = (format!("{role}-{number}"), format!("10.{net}.0.{number}"));
            sidecars.push(runtime.block_on(Simulator::start(store.clone(), role, &id, &address)));
        }
    }
    let sql = server.sql().unwrap();
    let began = Instant::now();
    while sql.rows("SELECT count(*) FROM etl.instances").unwrap() != [[Some(sidecars.len().to_string())]] {
        assert!(began.elapsed() < Duration::from_secs(30), "the instances are not told");
        std::thread::sleep(Duration::from_millis(20));
    }
    run(&server, Path::new(COMPANY)).unwrap();
    assert!(sidecars.iter().all(|sidecar| sidecar.seen().loads == 1), "every instance got its files once");
    for sidecar in &sidecars {
        let files = sidecar.seen().files;
        assert!(files.values().any(|content| content.contains("seen 23")), "{} of {}: {files:?}", sidecar.id, sidecar.role);
    }
}
