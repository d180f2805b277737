//! Records from bytes to Arrow, once.
//!
//! ```text
//! chunk of whole lines --line--> cells --row--> column builders --finish--> RecordBatch
//!                        │                │
//!                        └ not JSON       └ what is not declared, or does not fit: attrs
//! ```
//!
//! A line becomes cells that borrow from it; only when the whole line is known to be good are cells converted and appended,
//! so that a bad line leaves nothing behind. The parser expects the keys of the next line to come as in the last one and
//! then needs one comparison a key; a line that is different costs a little more and gives the same result.
//!
//! What comes in is outside input: nothing in it may panic, and every line is either a row, blank, or in
//! [`Parsed::rejected`] with a reason.

mod attrs;
mod cell;
mod column;
mod dictionary;
mod keys;
mod line;
mod number;
mod row;
mod text_column;
pub mod timestamp;

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{Field, Schema};
use strata_storage::schema::TopicSchema;

use line::{Fault, LineParser};
use row::RowWriter;

/// Largest chunk in bytes, so that offsets into a column's bytes fit 31 bits with room to spare.
pub const CHUNK_BYTES_MAX: usize = 512 << 20;

/// How lines are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParseOptions {
    /// Longest line in bytes, without its line feed. Longer ones are rejected.
    pub record_bytes_max: usize,
    /// Whether a line is a message as it stands, and not JSON.
    pub raw: bool,
}

/// What became of a chunk. Every line of it is a row, blank, or rejected.
#[derive(Debug)]
pub struct Parsed {
    /// The rows: the columns of `TopicSchema::stored()` with their field ids, in whatever physical type is smallest.
    /// `None` if there is no row.
    pub batch: Option<RecordBatch>,
    /// Rows of `batch`.
    pub rows: usize,
    /// Sequence numbers the chunk used up: one for every line, the blank and the rejected ones too.
    pub lines: u64,
    /// Line of each row, from 0; `None` when row i is line i.
    pub row_lines: Option<Vec<u32>>,
    /// The lines that are no records, in their order.
    pub rejected: Vec<Rejected>,
}

/// A line that is no record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// Number of the line in the chunk, from 1.
    pub line: u64,
    /// Why, for people.
    pub reason: String,
}

/// Turns chunks of one topic into batches. Keep one a connection: it remembers the order of keys and which columns repeat
/// their values.
#[derive(Debug)]
pub struct RecordParser {
    options: ParseOptions,
    fields: Vec<Field>,
    line_parser: LineParser,
    rows: RowWriter,
    /// Lines seen in this chunk.
    lines: u64,
    row_lines: RowLines,
    rejected: Vec<Rejected>,
}

impl RecordParser {
    /// A parser for records of a topic as it is defined now.
    pub fn new(schema: &TopicSchema, options: ParseOptions) -> Self {
        let rows = RowWriter::new(schema);
        Self {
            options,
            fields: schema.stored().fields().iter().map(|field| field.as_ref().clone()).collect(),
            line_parser: LineParser::new(rows.slot_names()),
            rows,
            lines: 0,
            row_lines: RowLines::default(),
            rejected: Vec::new(),
        }
    }

    /// Reads `chunk`, which holds whole lines; the last may lack its line feed. `now_us` is the time of records that have
    /// none, in microseconds since 1970.
    ///
    /// # Panics
    /// If `chunk` is longer than [`CHUNK_BYTES_MAX`].
    pub fn parse(&mut self, chunk: &[u8], now_us: i64) -> Parsed {
        assert!(chunk.len() <= CHUNK_BYTES_MAX, "a chunk has at most {CHUNK_BYTES_MAX} bytes");
        self.rows.begin(now_us);
        let mut rest = chunk;
        loop {
            match simdutf8::compat::from_utf8(rest) {
                Ok(text) => {
                    self.lines(text);
                    break;
                }
                Err(error) => {
                    // Good lines before the bad one, the bad one, and then again.
                    let bad = error.valid_up_to();
                    let start = memchr::memrchr(b'\n', &rest[..bad]).map_or(0, |newline| newline + 1);
                    let end = memchr::memchr(b'\n', &rest[bad..]).map_or(rest.len(), |newline| bad + newline);
                    if let Ok(text) = std::str::from_utf8(&rest[..start]) {
                        self.lines(text);
                    }
                    self.reject_undecodable(&rest[start..end]);
                    rest = rest.get(end + 1..).unwrap_or_default();
                    if rest.is_empty() {
                        break;
                    }
                }
            }
        }
        self.finish()
    }

    /// Reads lines that are UTF-8.
    fn lines(&mut self, text: &str) {
        if self.options.raw {
            self.raw_lines(text);
        } else {
            self.json_lines(text);
        }
    }

    fn json_lines(&mut self, text: &str) {
        let bytes = text.as_bytes();
        let mut cells = self.line_parser.cells();
        let mut at = 0;
        while at < bytes.len() {
            let line = self.lines;
            self.lines += 1;
            let outcome = self.line_parser.line(text, at, &mut cells).and_then(|end| {
                if end - at > self.options.record_bytes_max {
                    return Err(Fault::TooLong);
                }
                self.rows.append(&cells, &self.line_parser)?;
                Ok(end)
            });
            at = match outcome {
                Ok(end) => {
                    self.row_lines.push(line);
                    end + 1
                }
                Err(fault) => {
                    let end = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |newline| at + newline);
                    self.reject(line, &text[at..end], &fault);
                    end + 1
                }
            };
        }
    }

    fn raw_lines(&mut self, text: &str) {
        let bytes = text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            let line = self.lines;
            self.lines += 1;
            let end = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |newline| at + newline);
            let message = &text[at..end];
            let message = message.strip_suffix('\r').unwrap_or(message);
            if message.is_empty() {
                // Blank.
            } else if end - at > self.options.record_bytes_max {
                self.reject(line, &text[at..end], &Fault::TooLong);
            } else if memchr::memchr(0, message.as_bytes()).is_some() {
                self.reject(line, message, &Fault::Nul);
            } else {
                match self.rows.append_message(message) {
                    Ok(()) => self.row_lines.push(line),
                    Err(fault) => self.reject(line, message, &fault),
                }
            }
            at = end + 1;
        }
    }

    /// A line that the parser did not take: blank, or rejected for the first of the reasons that hold.
    fn reject(&mut self, line: u64, text: &str, fault: &Fault) {
        let reason = if text.len() > self.options.record_bytes_max {
            self.too_long(text.len())
        } else if text.bytes().all(|byte| matches!(byte, b' ' | b'\t' | b'\r')) {
            return;
        } else if memchr::memchr(0, text.as_bytes()).is_some() {
            Fault::Nul.to_string()
        } else {
            fault.to_string()
        };
        self.rejected.push(Rejected { line: line + 1, reason });
    }

    fn reject_undecodable(&mut self, line: &[u8]) {
        self.lines += 1;
        let reason = if line.len() > self.options.record_bytes_max {
            self.too_long(line.len())
        } else {
            "the line is not valid UTF-8".to_owned()
        };
        self.rejected.push(Rejected { line: self.lines, reason });
    }

    fn too_long(&self, bytes: usize) -> String {
        format!("the line has {bytes} bytes, more than the {} that a record may have", self.options.record_bytes_max)
    }

    fn finish(&mut self) -> Parsed {
        let rows = self.rows.len();
        let columns = self.rows.finish();
        Parsed {
            batch: (rows > 0).then(|| batch(&self.fields, columns, rows)),
            rows,
            lines: std::mem::take(&mut self.lines),
            row_lines: std::mem::take(&mut self.row_lines).finish(),
            rejected: std::mem::take(&mut self.rejected),
        }
    }
}

fn batch(fields: &[Field], columns: Vec<ArrayRef>, rows: usize) -> RecordBatch {
    let fields: Vec<Field> =
        fields.iter().zip(&columns).map(|(field, array)| field.clone().with_data_type(array.data_type().clone())).collect();
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    #[allow(clippy::expect_used, reason = "types are taken from the arrays, lengths and NOT NULL are kept by the row writer")]
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options)
        .expect("the columns of a batch fit their fields")
}

/// Which line each row came from, stored only once a line was left out.
#[derive(Debug, Default)]
struct RowLines {
    rows: u32,
    lines: Option<Vec<u32>>,
}

impl RowLines {
    #[inline]
    fn push(&mut self, line: u64) {
        // A chunk is shorter than 4 GiB, so its lines can be counted in 32 bits.
        let line = line as u32;
        match &mut self.lines {
            Some(lines) => lines.push(line),
            None if line == self.rows => {}
            None => self.lines = Some((0..self.rows).chain([line]).collect()),
        }
        self.rows += 1;
    }

    fn finish(self) -> Option<Vec<u32>> {
        self.lines
    }
}

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
