//! A server for one test.

use std::sync::Arc;
use std::time::Duration;

use strata_engine::audit::Class;
use strata_engine::{Engine, EngineConfig};
use strata_pgwire::PgOptions;
use tokio::sync::oneshot;
use tokio_postgres::{Client, NoTls};

/// A running server; stops when it is dropped.
pub struct Server {
    pub port: u16,
    pub engine: Arc<Engine>,
    stop: Option<oneshot::Sender<()>>,
    task: tokio::task::JoinHandle<strata_pgwire::Result<()>>,
    _folder: tempfile::TempDir,
}

impl Server {
    pub async fn start() -> Self {
        Self::with(PgOptions { shutdown_grace: Duration::from_secs(2), ..PgOptions::default() }).await
    }

    pub async fn with(options: PgOptions) -> Self {
        Self::recording(Vec::new(), options).await
    }

    /// One that records these classes in its audit.
    pub async fn recording(audit: Vec<Class>, options: PgOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = EngineConfig { audit, ..EngineConfig::for_folder(folder.path(), 512 << 20) };
        let engine = Engine::open_folder(config).await.unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (stop, stopped) = oneshot::channel();
        let shutdown = async move { drop(stopped.await) };
        let task = tokio::spawn(strata_pgwire::serve(listener, engine.clone(), options, shutdown));
        Self { port, engine, stop: Some(stop), task, _folder: folder }
    }

    pub async fn connect(&self) -> Client {
        self.try_connect("").await.unwrap()
    }

    pub async fn try_connect(&self, more: &str) -> Result<Client, tokio_postgres::Error> {
        let config = format!("host=127.0.0.1 port={} user=me dbname=strata {more}", self.port);
        let (client, connection) = tokio_postgres::connect(&config, NoTls).await?;
        tokio::spawn(connection);
        Ok(client)
    }

    /// Stops the server and waits for its end.
    pub async fn stop(mut self) {
        drop(self.stop.take());
        (&mut self.task).await.unwrap().unwrap();
    }
}

/// Rows of a simple query, columns by `|`.
pub async fn rows(client: &Client, sql: &str) -> Vec<String> {
    let messages = client.simple_query(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    messages
        .iter()
        .filter_map(|message| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => {
                Some((0..row.len()).map(|at| row.get(at).unwrap_or("NULL")).collect::<Vec<_>>().join("|"))
            }
            _ => None,
        })
        .collect()
}

/// SQLSTATE and message of a failing simple query.
pub async fn fault(client: &Client, sql: &str) -> (String, String) {
    let error = client.simple_query(sql).await.err().unwrap_or_else(|| panic!("no error: {sql}"));
    code(&error)
}

/// SQLSTATE and message.
pub fn code(error: &tokio_postgres::Error) -> (String, String) {
    let error = error.as_db_error().unwrap_or_else(|| panic!("not from the server: {error:?}"));
    (error.code().code().to_owned(), error.message().to_owned())
}
