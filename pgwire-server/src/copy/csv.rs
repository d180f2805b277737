//! COPY's csv format: quoted fields may hold delimiters and line ends; NULL is an unquoted field that is the null text.

use bytes::{BufMut, BytesMut};
use strata_engine::session::CopyOptions;

use super::RowBuilder;
use crate::error::{Error, Result};
use crate::types::Style;
use crate::types::encode::Column;

/// Takes records apart.
pub struct Decoder {
    delimiter: u8,
    quote: u8,
    escape: u8,
    null: Vec<u8>,
    skip_header: bool,
    record_bytes_max: usize,
    /// A record whose end has not come yet.
    partial: Vec<u8>,
    /// How much of `partial` was looked at for its end, and whether that was inside quotes.
    scanned: usize,
    quoted: bool,
    ended: bool,
    field: Vec<u8>,
}

impl Decoder {
    /// For a COPY's options.
    pub fn new(options: &CopyOptions, record_bytes_max: usize) -> Self {
        Self {
            delimiter: options.delimiter,
            quote: options.quote,
            escape: options.escape,
            null: options.null.clone().into_bytes(),
            skip_header: options.header,
            record_bytes_max,
            partial: Vec::new(),
            scanned: 0,
            quoted: false,
            ended: false,
            field: Vec::new(),
        }
    }

    /// See [`super::Decoder::feed`].
    pub(super) fn feed(&mut self, data: &[u8], rows: &mut RowBuilder) -> Result<()> {
        let mut buffer = std::mem::take(&mut self.partial);
        buffer.extend_from_slice(data);
        let mut start = 0;
        while let Some(end) = self.record_end(&buffer) {
            self.record(&buffer[start..end], rows)?;
            start = end + 1;
        }
        buffer.drain(..start);
        self.scanned -= start;
        if buffer.len() > self.record_bytes_max {
            return Err(Error::Limit(format!("COPY line is longer than {} bytes", self.record_bytes_max)));
        }
        self.partial = buffer;
        Ok(())
    }

    /// The next line end that is not inside quotes, from where the last search stopped.
    fn record_end(&mut self, buffer: &[u8]) -> Option<usize> {
        while self.scanned < buffer.len() {
            let at = self.scanned;
            let byte = buffer[at];
            if self.quoted && byte == self.escape && self.escape != self.quote {
                // What follows is looked at together with it, so a cut between the two must wait.
                if at + 1 == buffer.len() {
                    return None;
                }
                let next = buffer[at + 1];
                self.scanned += if next == self.quote || next == self.escape { 2 } else { 1 };
                continue;
            }
            self.scanned += 1;
            if byte == self.quote {
                self.quoted = !self.quoted;
            } else if byte == b'\n' && !self.quoted {
                return Some(at);
            } else if !self.quoted || byte != b'\n' {
                // Jump over what can mean nothing.
                let rest = &buffer[self.scanned..];
                let next = if self.quoted {
                    memchr::memchr2(self.quote, self.escape, rest)
                } else {
                    memchr::memchr2(self.quote, b'\n', rest)
                };
                self.scanned += next.unwrap_or(rest.len());
            }
        }
        None
    }

    /// See [`super::Decoder::end`].
    pub(super) fn end(&mut self, rows: &mut RowBuilder) -> Result<()> {
        if self.partial.is_empty() {
            return Ok(());
        }
        let record = std::mem::take(&mut self.partial);
        if self.quoted && !self.ended {
            rows.next_line();
            return Err(rows.malformed_line("unterminated CSV quoted field", None, &record));
        }
        self.record(&record, rows)
    }

    fn record(&mut self, record: &[u8], rows: &mut RowBuilder) -> Result<()> {
        if self.ended {
            return Ok(());
        }
        rows.next_line();
        let record = record.strip_suffix(b"\r").unwrap_or(record);
        if record == b"\\." {
            self.ended = true;
            return Ok(());
        }
        if !std::mem::take(&mut self.skip_header) {
            self.fields(record, rows)?;
        }
        let inner = memchr::memchr_iter(b'\n', record).count();
        rows.skip_lines(u64::try_from(inner).unwrap_or_default());
        Ok(())
    }

    fn fields(&mut self, record: &[u8], rows: &mut RowBuilder) -> Result<()> {
        let mut column = 0;
        let mut at = 0;
        loop {
            let start = at;
            self.field.clear();
            let mut quoted = false;
            let mut had_quotes = false;
            while at < record.len() {
                let byte = record[at];
                let next = record.get(at + 1).copied();
                if quoted && byte == self.escape && next.is_some_and(|next| next == self.quote || next == self.escape) {
                    self.field.push(record[at + 1]);
                    at += 2;
                    continue;
                }
                at += 1;
                if byte == self.quote {
                    quoted = !quoted;
                    had_quotes = true;
                } else if byte == self.delimiter && !quoted {
                    at -= 1;
                    break;
                } else {
                    self.field.push(byte);
                }
            }
            let is_null = !had_quotes && record[start..at] == self.null;
            rows.text(column, (!is_null).then_some(&self.field))?;
            column += 1;
            if at >= record.len() {
                return rows.end_row(column);
            }
            at += 1;
        }
    }
}

/// Appends the header line.
pub(super) fn write_names(names: &[&str], options: &CopyOptions, out: &mut BytesMut) {
    for (nth, name) in names.iter().enumerate() {
        if nth > 0 {
            out.put_u8(options.delimiter);
        }
        write_quoted(name.as_bytes(), false, options, out);
    }
    out.put_u8(b'\n');
}

/// Appends one record.
pub(super) fn write_row(
    columns: &[Column],
    row: usize,
    style: Style,
    options: &CopyOptions,
    value: &mut BytesMut,
    out: &mut BytesMut,
) -> Result<()> {
    for (nth, column) in columns.iter().enumerate() {
        if nth > 0 {
            out.put_u8(options.delimiter);
        }
        if column.is_null(row) {
            out.put_slice(options.null.as_bytes());
        } else {
            value.clear();
            column.write_text(row, style, value)?;
            write_quoted(value, columns.len() == 1, options, out);
        }
    }
    out.put_u8(b'\n');
    Ok(())
}

/// Quotes what would be read differently otherwise. A lone `\.` would end the data.
fn write_quoted(value: &[u8], alone: bool, options: &CopyOptions, out: &mut BytesMut) {
    let special = |byte: &u8| *byte == options.delimiter || *byte == options.quote || matches!(byte, b'\n' | b'\r');
    if value != options.null.as_bytes() && !value.iter().any(special) && !(alone && value == b"\\.") {
        out.put_slice(value);
        return;
    }
    out.put_u8(options.quote);
    for byte in value {
        if *byte == options.quote || *byte == options.escape {
            out.put_u8(options.escape);
        }
        out.put_u8(*byte);
    }
    out.put_u8(options.quote);
}
