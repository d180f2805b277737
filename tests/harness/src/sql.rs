//! A SQL connection for straight-line code: one statement, one answer as text.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context as _;
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::{Client, Config, NoTls, SimpleQueryMessage};

/// Rows as text; `None` is NULL.
pub type Rows = Vec<Vec<Option<String>>>;

/// What statements brought back.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Columns of the last statement that returns rows, even none.
    pub columns: Option<usize>,
    /// All rows.
    pub rows: Rows,
    /// The count in the last command tag.
    pub count: u64,
}

/// A connection over the PostgreSQL protocol, driven by the calls of its owner.
pub struct Sql {
    runtime: Runtime,
    client: Client,
}

impl std::fmt::Debug for Sql {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sql").finish_non_exhaustive()
    }
}

impl Sql {
    /// Connects as user `strata` to database `strata`.
    ///
    /// # Errors
    /// The connection's.
    pub fn connect(server: SocketAddr) -> anyhow::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let client = runtime.block_on(async {
            let mut config = Config::new();
            config.host(server.ip().to_string()).port(server.port()).user("strata").dbname("strata");
            config.connect_timeout(Duration::from_secs(10));
            let (client, connection) = config.connect(NoTls).await?;
            // The connection's end is seen by the next call on the client.
            tokio::spawn(connection);
            anyhow::Ok(client)
        })?;
        Ok(Self { runtime, client })
    }

    /// Runs statements with the simple protocol; the rows of all of them.
    ///
    /// # Errors
    /// The server's, with SQLSTATE, or the connection's.
    pub fn rows(&self, statements: &str) -> Result<Rows, tokio_postgres::Error> {
        Ok(self.run(statements)?.rows)
    }

    /// Runs statements with the simple protocol; all that came back.
    ///
    /// # Errors
    /// As [`Sql::rows`].
    pub fn run(&self, statements: &str) -> Result<Reply, tokio_postgres::Error> {
        let mut reply = Reply::default();
        for message in self.runtime.block_on(self.client.simple_query(statements))? {
            match message {
                SimpleQueryMessage::RowDescription(columns) => reply.columns = Some(columns.len()),
                SimpleQueryMessage::Row(row) => {
                    reply.rows.push((0..row.len()).map(|i| row.get(i).map(str::to_owned)).collect());
                }
                SimpleQueryMessage::CommandComplete(count) => reply.count = count,
                _ => {}
            }
        }
        Ok(reply)
    }

    /// Runs a query for one value.
    ///
    /// # Errors
    /// As [`Sql::rows`]; no row; a NULL; text that is no `T`.
    pub fn value<T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>>(&self, query: &str) -> anyhow::Result<T> {
        let rows = self.rows(query).with_context(|| query.to_owned())?;
        let value = rows.first().and_then(|row| row.first()).with_context(|| format!("no row: {query}"))?;
        let text = value.as_deref().with_context(|| format!("NULL: {query}"))?;
        text.parse().with_context(|| format!("{query}: {text}"))
    }

    /// Runs a `COPY ... FROM STDIN`; how many rows the server took.
    ///
    /// # Errors
    /// As [`Sql::rows`].
    pub fn copy_in(&self, statement: &str, data: Vec<u8>) -> Result<u64, tokio_postgres::Error> {
        self.runtime.block_on(async {
            let sink = self.client.copy_in(statement).await?;
            let mut sink = std::pin::pin!(sink);
            futures::SinkExt::send(&mut sink, bytes::Bytes::from(data)).await?;
            sink.finish().await
        })
    }

    /// The asynchronous client, with the runtime that drives it.
    pub fn parts(&self) -> (&Runtime, &Client) {
        (&self.runtime, &self.client)
    }
}
