//! Rows on their way from COPY data into batches, and the place in the data for error messages.

use std::collections::VecDeque;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::SchemaRef;
use strata_engine::EngineError;
use strata_engine::error::DataFault;

use crate::error::{Error, Result};
use crate::types::decode::ColumnBuilder;
use crate::types::{Style, string};

/// Rows of a batch, at most.
const BATCH_ROWS_MAX: usize = 8192;
/// Bytes of values of a batch, about, at most.
const BATCH_BYTES_MAX: usize = 4 << 20;
/// Bytes of a bad value that CONTEXT repeats, at most.
const CONTEXT_VALUE_CHARS_MAX: usize = 100;

/// Collects fields into rows and rows into batches.
pub struct RowBuilder {
    relation: String,
    schema: SchemaRef,
    columns: Vec<ColumnBuilder>,
    rows: usize,
    /// Line of the data that is being read, from 1.
    line: u64,
    full: VecDeque<RecordBatch>,
}

impl RowBuilder {
    /// For the columns of a COPY. `relation` is the name that messages give.
    ///
    /// # Errors
    /// A column whose type has no input form.
    pub fn new(relation: impl Into<String>, schema: SchemaRef, style: Style) -> Result<Self> {
        let columns = schema.fields().iter().map(|field| ColumnBuilder::new(field.clone(), style));
        let columns = columns.collect::<strata_engine::Result<_>>()?;
        Ok(Self { relation: relation.into(), schema, columns, rows: 0, line: 0, full: VecDeque::new() })
    }

    /// How many columns a row has.
    pub fn width(&self) -> usize {
        self.columns.len()
    }

    /// Moves on to the next line.
    pub fn next_line(&mut self) {
        self.line += 1;
    }

    /// Counts the line ends inside a quoted field.
    pub fn skip_lines(&mut self, lines: u64) {
        self.line += lines;
    }

    /// Adds a field in text form; `None` is NULL.
    ///
    /// # Errors
    /// A value that does not fit, with its place.
    pub fn text(&mut self, column: usize, value: Option<&[u8]>) -> Result<()> {
        let Some(builder) = self.columns.get_mut(column) else {
            return Err(self.malformed("extra data after last expected column"));
        };
        let result = match value {
            None => {
                builder.append_null();
                Ok(())
            }
            Some(value) => string::check(value).and_then(|text| builder.append_text(text)),
        };
        result.map_err(|source| self.bad_value(column, value.unwrap_or_default(), source))
    }

    /// Adds a field in binary form; `None` is NULL.
    ///
    /// # Errors
    /// As [`Self::text`].
    pub fn binary(&mut self, column: usize, value: Option<&[u8]>) -> Result<()> {
        let Some(builder) = self.columns.get_mut(column) else {
            return Err(self.malformed("extra data after last expected column"));
        };
        let result = match value {
            None => {
                builder.append_null();
                Ok(())
            }
            Some(value) => builder.append_binary(value),
        };
        result.map_err(|source| {
            let name = self.schema.field(column).name();
            Error::at(source, format!("COPY {}, line {}, column {name}", self.relation, self.line))
        })
    }

    /// Ends a row of `fields` fields; a full batch is put aside.
    ///
    /// # Errors
    /// Too few fields.
    pub fn end_row(&mut self, fields: usize) -> Result<()> {
        if fields < self.columns.len() {
            let name = self.schema.field(fields).name().clone();
            return Err(self.malformed(format!("missing data for column \"{name}\"")));
        }
        self.rows += 1;
        let bytes: usize = self.columns.iter().map(ColumnBuilder::bytes).sum();
        if self.rows >= BATCH_ROWS_MAX || bytes >= BATCH_BYTES_MAX {
            self.cut()?;
        }
        Ok(())
    }

    /// Puts the rows so far aside as a batch.
    ///
    /// # Errors
    /// Arrow's.
    pub fn cut(&mut self) -> Result<()> {
        if self.rows == 0 {
            return Ok(());
        }
        let arrays = self.columns.iter_mut().map(ColumnBuilder::finish).collect::<strata_engine::Result<_>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
        // Whether NULL is allowed is for the engine to say; the arrays carry what came.
        let fields: Vec<_> = self.schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true)).collect();
        let schema = arrow::datatypes::Schema::new_with_metadata(fields, self.schema.metadata().clone());
        let batch = RecordBatch::try_new_with_options(schema.into(), arrays, &options).map_err(EngineError::from)?;
        self.full.push_back(batch);
        self.rows = 0;
        Ok(())
    }

    /// Takes the next batch that is full.
    pub fn take(&mut self) -> Option<RecordBatch> {
        self.full.pop_front()
    }

    /// An error of the line that is being read.
    pub fn malformed(&self, message: impl Into<String>) -> Error {
        let source = EngineError::Data { reason: DataFault::BadCopyFormat, message: message.into(), hint: None };
        Error::at(source, format!("COPY {}, line {}", self.relation, self.line))
    }

    /// An error of the line that is being read, which shows it.
    pub fn malformed_line(&self, message: impl Into<String>, hint: Option<&str>, line: &[u8]) -> Error {
        let source =
            EngineError::Data { reason: DataFault::BadCopyFormat, message: message.into(), hint: hint.map(str::to_owned) };
        Error::at(source, format!("COPY {}, line {}: \"{}\"", self.relation, self.line, excerpt(line)))
    }

    fn bad_value(&self, column: usize, value: &[u8], source: EngineError) -> Error {
        let name = self.schema.field(column).name();
        Error::at(source, format!("COPY {}, line {}, column {name}: \"{}\"", self.relation, self.line, excerpt(value)))
    }
}

/// The start of a value for a message.
fn excerpt(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(&value[..value.len().min(CONTEXT_VALUE_CHARS_MAX * 4)]);
    match text.char_indices().nth(CONTEXT_VALUE_CHARS_MAX) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.into_owned(),
    }
}
