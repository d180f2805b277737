//! COPY's text format: lines of fields between delimiters, with backslash escapes.
//!
//! `\N` (or what `NULL` says) is NULL, compared before escapes are resolved. A line `\.` ends the data.

use bytes::{BufMut, BytesMut};
use strata_engine::session::CopyOptions;

use super::RowBuilder;
use crate::error::{Error, Result};
use crate::types::Style;
use crate::types::encode::Column;

/// Takes lines apart.
pub struct Decoder {
    delimiter: u8,
    null: Vec<u8>,
    skip_header: bool,
    line_bytes_max: usize,
    /// A line whose end has not come yet.
    partial: Vec<u8>,
    /// Whether lines end with `\r\n`: known from the first line on.
    crlf: Option<bool>,
    ended: bool,
    field: Vec<u8>,
}

impl Decoder {
    /// For a COPY's options.
    pub fn new(options: &CopyOptions, line_bytes_max: usize) -> Self {
        Self {
            delimiter: options.delimiter,
            null: options.null.clone().into_bytes(),
            skip_header: options.header,
            line_bytes_max,
            partial: Vec::new(),
            crlf: None,
            ended: false,
            field: Vec::new(),
        }
    }

    /// See [`super::Decoder::feed`].
    pub(super) fn feed(&mut self, mut data: &[u8], rows: &mut RowBuilder) -> Result<()> {
        while let Some(end) = memchr::memchr(b'\n', data) {
            let (line, rest) = (&data[..end], &data[end + 1..]);
            data = rest;
            if self.partial.is_empty() && !ends_escaped(line) {
                self.line(line, rows)?;
                continue;
            }
            self.append(line)?;
            if ends_escaped(&self.partial) {
                self.partial.push(b'\n');
                continue;
            }
            let line = std::mem::take(&mut self.partial);
            self.line(&line, rows)?;
            // Keep the allocation for the next line that is cut in two.
            self.partial = line;
            self.partial.clear();
        }
        self.append(data)
    }

    fn append(&mut self, data: &[u8]) -> Result<()> {
        if self.partial.len() + data.len() > self.line_bytes_max {
            return Err(Error::Limit(format!("COPY line is longer than {} bytes", self.line_bytes_max)));
        }
        self.partial.extend_from_slice(data);
        Ok(())
    }

    /// See [`super::Decoder::end`].
    pub(super) fn end(&mut self, rows: &mut RowBuilder) -> Result<()> {
        if !self.partial.is_empty() {
            let line = std::mem::take(&mut self.partial);
            self.line(&line, rows)?;
        }
        Ok(())
    }

    fn line(&mut self, mut line: &[u8], rows: &mut RowBuilder) -> Result<()> {
        if self.ended {
            return Ok(());
        }
        rows.next_line();
        let has_return = line.last() == Some(&b'\r');
        let crlf = *self.crlf.get_or_insert(has_return);
        if crlf && has_return {
            line = &line[..line.len() - 1];
        }
        if memchr::memchr(b'\r', line).is_some() {
            return Err(rows.malformed_line(
                "literal carriage return found in data",
                Some("Use \"\\r\" to represent carriage return."),
                line,
            ));
        }
        if line == b"\\." {
            self.ended = true;
            return Ok(());
        }
        if std::mem::take(&mut self.skip_header) {
            return Ok(());
        }
        if line.is_empty() && rows.width() == 0 {
            return rows.end_row(0);
        }
        if memchr::memchr(b'\\', line).is_none() { self.plain(line, rows) } else { self.escaped(line, rows) }
    }

    /// A line without a backslash: every field is a slice of it.
    fn plain(&self, mut line: &[u8], rows: &mut RowBuilder) -> Result<()> {
        let mut column = 0;
        loop {
            let end = memchr::memchr(self.delimiter, line);
            let field = &line[..end.unwrap_or(line.len())];
            rows.text(column, (field != self.null).then_some(field))?;
            column += 1;
            match end {
                Some(end) => line = &line[end + 1..],
                None => return rows.end_row(column),
            }
        }
    }

    fn escaped(&mut self, line: &[u8], rows: &mut RowBuilder) -> Result<()> {
        let mut column = 0;
        let mut at = 0;
        loop {
            let start = at;
            self.field.clear();
            while at < line.len() && line[at] != self.delimiter {
                if line[at] == b'\\' && at + 1 < line.len() {
                    at = self.unescape(line, at + 1);
                } else {
                    self.field.push(line[at]);
                    at += 1;
                }
            }
            let is_null = line[start..at] == self.null;
            rows.text(column, (!is_null).then_some(&self.field))?;
            column += 1;
            if at == line.len() {
                return rows.end_row(column);
            }
            at += 1;
        }
    }

    /// Appends what the escape whose letter stands at `at` means; where the text goes on.
    fn unescape(&mut self, line: &[u8], at: usize) -> usize {
        let letter = line[at];
        let digit = |at: usize, radix: u32| line.get(at).and_then(|byte| char::from(*byte).to_digit(radix));
        let simple = match letter {
            b'b' => 0x08,
            b'f' => 0x0c,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'v' => 0x0b,
            b'0'..=b'7' => {
                let mut value = 0;
                let mut next = at;
                while let (true, Some(digit)) = (next < at + 3, digit(next, 8)) {
                    value = value * 8 + digit;
                    next += 1;
                }
                self.field.push(u8::try_from(value & 0xff).unwrap_or_default());
                return next;
            }
            b'x' if digit(at + 1, 16).is_some() => {
                let mut value = 0;
                let mut next = at + 1;
                while let (true, Some(digit)) = (next < at + 3, digit(next, 16)) {
                    value = value * 16 + digit;
                    next += 1;
                }
                self.field.push(u8::try_from(value).unwrap_or_default());
                return next;
            }
            other => other,
        };
        self.field.push(simple);
        at + 1
    }
}

/// Whether the line end behind these bytes is escaped: an odd number of backslashes before it.
fn ends_escaped(line: &[u8]) -> bool {
    line.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1
}

/// Appends the header line.
pub(super) fn write_names(names: &[&str], options: &CopyOptions, out: &mut BytesMut) {
    for (nth, name) in names.iter().enumerate() {
        if nth > 0 {
            out.put_u8(options.delimiter);
        }
        write_escaped(name.as_bytes(), options.delimiter, out);
    }
    out.put_u8(b'\n');
}

/// Appends one line.
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
            write_escaped(value, options.delimiter, out);
        }
    }
    out.put_u8(b'\n');
    Ok(())
}

fn write_escaped(value: &[u8], delimiter: u8, out: &mut BytesMut) {
    let mut plain = 0;
    for (at, byte) in value.iter().enumerate() {
        let letter = match byte {
            b'\\' => b'\\',
            0x08 => b'b',
            0x0c => b'f',
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            0x0b => b'v',
            byte if *byte == delimiter => *byte,
            _ => continue,
        };
        out.put_slice(&value[plain..at]);
        out.put_u8(b'\\');
        out.put_u8(letter);
        plain = at + 1;
    }
    out.put_slice(&value[plain..]);
}
