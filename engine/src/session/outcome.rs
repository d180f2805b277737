//! What statements bring back, and the shape of COPY data.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{FieldRef, SchemaRef};
use async_trait::async_trait;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::scalar::ScalarValue;

use super::statement::Command;
use crate::Result;

/// The letter of `ReadyForQuery`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransactionStatus {
    /// No transaction block.
    Idle,
    /// In a block.
    Open,
    /// In a block that failed.
    Failed,
}

/// A statement that was parsed and, where it brings rows, described.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// The statement; `None` for empty text.
    pub statement: Option<Arc<Command>>,
    /// Its text.
    pub sql: Arc<str>,
    /// Types of `$1`, `$2` ... as given by the client or inferred, with their marks (`strata_storage::schema::SQL_TYPE`).
    pub parameters: Vec<FieldRef>,
    /// Columns of the answer; `None` if the statement returns no rows.
    pub columns: Option<SchemaRef>,
}

/// What a statement brings back.
pub enum Outcome {
    /// Rows. The tag is `SELECT n` with n counted by the reader.
    Rows {
        /// Columns; jsonb and the like are told by field metadata (`strata_storage::schema::SQL_TYPE`).
        columns: SchemaRef,
        /// Batches.
        stream: SendableRecordBatchStream,
        /// `SELECT`, `FETCH`, `SHOW`, `EXPLAIN`, `CALL` ...: the first word of the tag.
        verb: &'static str,
    },
    /// No rows; the whole tag: `INSERT 0 3`, `CREATE TABLE`, `BEGIN` ...
    Done {
        /// The command tag.
        tag: String,
    },
    /// `COPY ... FROM STDIN`: the client sends now.
    CopyIn(CopyIn),
    /// `COPY ... TO STDOUT`.
    CopyOut {
        /// Columns.
        columns: SchemaRef,
        /// Batches.
        stream: SendableRecordBatchStream,
        /// Format and its options.
        options: CopyOptions,
    },
    /// Nothing was asked (empty text).
    Empty,
}

impl Outcome {
    /// No rows and this tag.
    pub(crate) fn done(tag: impl Into<String>) -> Self {
        Self::Done { tag: tag.into() }
    }
}

/// Format of COPY data. The front end encodes and decodes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyOptions {
    /// text, csv or binary.
    pub format: CopyFormat,
    /// Between columns; one byte.
    pub delimiter: u8,
    /// Stands for NULL.
    pub null: String,
    /// Quote character of csv.
    pub quote: u8,
    /// Escape character of csv.
    pub escape: u8,
    /// Whether the first line names the columns.
    pub header: bool,
}

/// The three formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopyFormat {
    /// Tab-separated with backslash escapes.
    Text,
    /// RFC 4180 with PostgreSQL's quirks.
    Csv,
    /// Length-prefixed.
    Binary,
}

/// A running `COPY ... FROM STDIN`. All or nothing: dropped without [`CopySink::finish`], it leaves no trace.
pub struct CopyIn {
    /// The columns that are sent, in their order, with logical types.
    pub columns: SchemaRef,
    /// Format and its options.
    pub options: CopyOptions,
    /// Takes the rows.
    pub sink: Box<dyn CopySink>,
}

/// Where COPY rows go.
#[async_trait]
pub trait CopySink: Send {
    /// Takes a batch of the COPY's columns. Waits when memory is short; spills large ones.
    async fn push(&mut self, batch: RecordBatch) -> Result<()>;
    /// Makes all rows durable and visible (or, in a transaction block, part of it); how many rows.
    async fn finish(self: Box<Self>) -> Result<u64>;
}

/// A message for the client beside the answer: NOTICE, WARNING.
#[derive(Debug, Clone)]
pub struct Notice {
    /// `NOTICE`, `WARNING`, `INFO`.
    pub severity: &'static str,
    /// The message.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

/// Values of `$1`, `$2` ...
pub type Parameters = Vec<ScalarValue>;
