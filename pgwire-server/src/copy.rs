//! COPY data: text, csv and binary, to batches and from batches.
//!
//! ```text
//! CopyData bytes ──Decoder──▶ RowBuilder ──▶ record batches ──▶ engine
//! engine ──▶ record batches ──Encoder──▶ one CopyData a row
//! ```
//!
//! Both directions stream: no more than one batch and one unfinished line are held. An error names line and column.

pub mod binary;
pub mod csv;
pub mod rows;
pub mod text;

use arrow::array::RecordBatch;
use bytes::BytesMut;
use strata_engine::session::{CopyFormat, CopyOptions};

use crate::error::Result;
use crate::types::Style;
use crate::types::encode::Column;

pub use rows::RowBuilder;

/// Takes COPY data apart.
pub enum Decoder {
    /// Tab-separated lines.
    Text(text::Decoder),
    /// Comma-separated lines.
    Csv(csv::Decoder),
    /// Length-prefixed fields.
    Binary(binary::Decoder),
}

impl Decoder {
    /// A decoder for a COPY's options. A line longer than `line_bytes_max` is refused.
    pub fn new(options: &CopyOptions, line_bytes_max: usize) -> Self {
        match options.format {
            CopyFormat::Text => Self::Text(text::Decoder::new(options, line_bytes_max)),
            CopyFormat::Csv => Self::Csv(csv::Decoder::new(options, line_bytes_max)),
            CopyFormat::Binary => Self::Binary(binary::Decoder::new(line_bytes_max)),
        }
    }

    /// Takes the next bytes and adds the rows that are whole.
    ///
    /// # Errors
    /// Data that does not fit the columns, with line and column.
    pub fn feed(&mut self, data: &[u8], rows: &mut RowBuilder) -> Result<()> {
        match self {
            Self::Text(decoder) => decoder.feed(data, rows),
            Self::Csv(decoder) => decoder.feed(data, rows),
            Self::Binary(decoder) => decoder.feed(data, rows),
        }
    }

    /// Ends the data: a last line without its end is a row.
    ///
    /// # Errors
    /// As [`Self::feed`]; data that stops in the middle of a row.
    pub fn end(&mut self, rows: &mut RowBuilder) -> Result<()> {
        match self {
            Self::Text(decoder) => decoder.end(rows),
            Self::Csv(decoder) => decoder.end(rows),
            Self::Binary(decoder) => decoder.end(rows),
        }
    }
}

/// Writes rows in one of the formats.
pub struct Encoder {
    options: CopyOptions,
    style: Style,
    value: BytesMut,
}

impl Encoder {
    /// An encoder for a COPY's options.
    pub fn new(options: CopyOptions, style: Style) -> Self {
        Self { options, style, value: BytesMut::new() }
    }

    /// Appends what comes before the first row: the header line or the binary signature. Nothing, if there is none.
    pub fn begin(&mut self, names: &[&str], out: &mut BytesMut) {
        match self.options.format {
            CopyFormat::Binary => binary::write_header(out),
            CopyFormat::Text if self.options.header => text::write_names(names, &self.options, out),
            CopyFormat::Csv if self.options.header => csv::write_names(names, &self.options, out),
            CopyFormat::Text | CopyFormat::Csv => {}
        }
    }

    /// Appends one row.
    ///
    /// # Errors
    /// A value that the format cannot hold.
    pub fn row(&mut self, columns: &[Column], row: usize, out: &mut BytesMut) -> Result<()> {
        match self.options.format {
            CopyFormat::Binary => binary::write_row(columns, row, self.style, out),
            CopyFormat::Text => text::write_row(columns, row, self.style, &self.options, &mut self.value, out),
            CopyFormat::Csv => csv::write_row(columns, row, self.style, &self.options, &mut self.value, out),
        }
    }

    /// Appends what comes behind the last row.
    pub fn end(&mut self, out: &mut BytesMut) {
        if self.options.format == CopyFormat::Binary {
            binary::write_trailer(out);
        }
    }
}

/// The columns of a batch, prepared for an encoder.
///
/// # Errors
/// Arrow's.
pub fn columns(batch: &RecordBatch) -> Result<Vec<Column>> {
    let fields = batch.schema_ref().fields().iter().zip(batch.columns());
    Ok(fields.map(|(field, column)| Column::new(field, column)).collect::<strata_engine::Result<_>>()?)
}
