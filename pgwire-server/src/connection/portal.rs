//! A statement with values, and how far it was read.
//!
//! ```text
//! Bind ──▶ New ──Execute──▶ Reading ──all rows──▶ Done
//!                              │ ▲
//!                              └─┘ Execute with a row limit: suspended, the rest is neither read nor held
//! ```

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::execution::SendableRecordBatchStream;
use futures::StreamExt;
use strata_engine::EngineError;
use strata_engine::session::{CancelHandle, Parameters};

use super::statement::Statement;
use crate::error::{Error, Result};
use crate::types::Style;
use crate::types::encode::Column;
use crate::wire::{Incoming, Outgoing};

/// A bound statement.
pub struct Portal {
    /// The statement.
    pub statement: Arc<Statement>,
    /// Values of its parameters; taken by the first Execute.
    pub parameters: Parameters,
    /// Formats of the answer's columns as the Bind gave them.
    pub formats: Vec<i16>,
    /// How far it is.
    pub state: State,
}

/// How far a portal was read.
pub enum State {
    /// Not run yet.
    New,
    /// Rows are left.
    Reading(Rows),
    /// Nothing is left.
    Done,
}

/// Rows on their way to the client.
pub struct Rows {
    stream: SendableRecordBatchStream,
    /// First word of the command tag.
    pub verb: &'static str,
    binary: Vec<bool>,
    /// The batch that is being sent, and its next row.
    batch: Option<(Vec<Column>, usize, usize)>,
}

/// What waits while rows are sent.
pub struct Wires<'a> {
    /// Watched for a client that goes away.
    pub reader: &'a mut Incoming,
    /// Takes the rows.
    pub writer: &'a mut Outgoing,
    /// Stops the statement of a client that went away.
    pub cancel: &'a CancelHandle,
}

impl Wires<'_> {
    /// Waits for `work`. If the client goes away the statement is asked to stop, and then waited for, so that nothing is
    /// left half done.
    ///
    /// # Errors
    /// The client is gone.
    pub async fn unless_gone<T>(&mut self, work: impl Future<Output = T>) -> Result<T> {
        let mut work = std::pin::pin!(work);
        tokio::select! {
            biased;
            result = &mut work => Ok(result),
            () = self.reader.gone() => {
                self.cancel.cancel();
                work.await;
                Err(gone())
            }
        }
    }
}

/// The error of a connection whose other end left.
pub fn gone() -> Error {
    Error::Io(std::io::Error::new(std::io::ErrorKind::ConnectionReset, "client is gone"))
}

impl Rows {
    /// Rows of a statement; `binary` has one entry a column.
    pub fn new(stream: SendableRecordBatchStream, verb: &'static str, binary: Vec<bool>) -> Self {
        Self { stream, verb, binary, batch: None }
    }

    /// Sends at most `limit` rows, all if it is 0; how many were sent, and whether that was all there is.
    ///
    /// # Errors
    /// The statement's own; a broken connection.
    pub async fn send(&mut self, limit: usize, style: Style, wires: &mut Wires<'_>) -> Result<(u64, bool)> {
        let mut sent: u64 = 0;
        loop {
            if self.batch.is_none() && !self.read(wires).await? {
                return Ok((sent, true));
            }
            let Some((columns, rows, next)) = &mut self.batch else { continue };
            while *next < *rows {
                if limit > 0 && sent >= limit as u64 {
                    return Ok((sent, false));
                }
                wires.writer.row(columns, &self.binary, *next, style)?;
                *next += 1;
                sent += 1;
                if wires.writer.is_full() {
                    wires.writer.flush().await?;
                }
            }
            self.batch = None;
        }
    }

    async fn read(&mut self, wires: &mut Wires<'_>) -> Result<bool> {
        let Some(batch) = wires.unless_gone(self.stream.next()).await? else { return Ok(false) };
        let batch: RecordBatch = batch.map_err(EngineError::from)?;
        let schema: SchemaRef = batch.schema();
        let columns = schema.fields().iter().zip(batch.columns()).map(|(field, column)| Column::new(field, column));
        let columns = columns.collect::<strata_engine::Result<Vec<_>>>()?;
        self.batch = Some((columns, batch.num_rows(), 0));
        Ok(true)
    }
}

/// `SELECT 3`, `FETCH 3`, `INSERT 0 3`; or the verb alone, for answers that nobody counts.
pub fn tag(verb: &str, rows: u64) -> String {
    match verb {
        "SELECT" | "FETCH" | "MOVE" | "INSERT 0" | "COPY" => format!("{verb} {rows}"),
        "INSERT" => format!("INSERT 0 {rows}"),
        _ => verb.to_owned(),
    }
}
