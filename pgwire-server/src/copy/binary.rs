//! COPY's binary format.
//!
//! ```text
//! "PGCOPY\n\xff\r\n\0" | flags i32 | extension length i32 | extension
//! fields i16 | (length i32, value)*        one a row; length -1 is NULL
//! -1 i16                                   the end
//! ```

use bytes::{BufMut, BytesMut};

use super::RowBuilder;
use crate::error::{Error, Result};
use crate::types::Style;
use crate::types::encode::Column;

const SIGNATURE: &[u8; 11] = b"PGCOPY\n\xff\r\n\0";
/// Flag bits that must be understood.
const CRITICAL_FLAGS: u32 = 0xFFFF_0000;

/// Takes rows apart.
pub struct Decoder {
    row_bytes_max: usize,
    partial: Vec<u8>,
    header_read: bool,
    ended: bool,
}

/// A step of reading: done up to here, or more bytes are needed.
enum Step {
    Done(usize),
    More,
}

impl Decoder {
    /// A row longer than `row_bytes_max` is refused.
    pub fn new(row_bytes_max: usize) -> Self {
        Self { row_bytes_max, partial: Vec::new(), header_read: false, ended: false }
    }

    /// See [`super::Decoder::feed`].
    pub(super) fn feed(&mut self, data: &[u8], rows: &mut RowBuilder) -> Result<()> {
        let mut buffer = std::mem::take(&mut self.partial);
        buffer.extend_from_slice(data);
        let mut start = 0;
        while start < buffer.len() {
            if self.ended {
                return Err(rows.malformed("received copy data after EOF marker"));
            }
            let step = if self.header_read { self.row(&buffer[start..], rows)? } else { header(&buffer[start..], rows)? };
            match step {
                Step::Done(bytes) => {
                    start += bytes;
                    self.header_read = true;
                }
                Step::More => break,
            }
        }
        buffer.drain(..start);
        if buffer.len() > self.row_bytes_max {
            return Err(Error::Limit(format!("COPY row is longer than {} bytes", self.row_bytes_max)));
        }
        self.partial = buffer;
        Ok(())
    }

    /// See [`super::Decoder::end`].
    pub(super) fn end(&mut self, rows: &mut RowBuilder) -> Result<()> {
        if !self.header_read {
            return Err(rows.malformed("COPY file signature not recognized"));
        }
        if !self.partial.is_empty() {
            return Err(rows.malformed("unexpected EOF in COPY data"));
        }
        Ok(())
    }

    fn row(&mut self, buffer: &[u8], rows: &mut RowBuilder) -> Result<Step> {
        let Some(count) = buffer.first_chunk::<2>() else { return Ok(Step::More) };
        let count = i16::from_be_bytes(*count);
        if count == -1 {
            self.ended = true;
            return Ok(Step::Done(2));
        }
        if usize::try_from(count) != Ok(rows.width()) {
            rows.next_line();
            return Err(rows.malformed(format!("row field count is {count}, expected {}", rows.width())));
        }
        // Look whether the row is whole before anything of it is taken.
        let mut fields = Vec::with_capacity(rows.width());
        let mut at = 2;
        for _ in 0..rows.width() {
            let Some(length) = buffer.get(at..).and_then(<[u8]>::first_chunk::<4>) else { return Ok(Step::More) };
            let length = i32::from_be_bytes(*length);
            at += 4;
            match usize::try_from(length) {
                Err(_) if length == -1 => fields.push(None),
                Err(_) => return Err(rows.malformed("invalid field size")),
                Ok(length) => {
                    let Some(value) = buffer.get(at..at + length) else { return Ok(Step::More) };
                    fields.push(Some(value));
                    at += length;
                }
            }
        }
        rows.next_line();
        for (column, field) in fields.into_iter().enumerate() {
            rows.binary(column, field)?;
        }
        rows.end_row(rows.width())?;
        Ok(Step::Done(at))
    }
}

fn header(buffer: &[u8], rows: &RowBuilder) -> Result<Step> {
    let known = buffer.len().min(SIGNATURE.len());
    if buffer[..known] != SIGNATURE[..known] {
        return Err(rows.malformed("COPY file signature not recognized"));
    }
    let Some(rest) = buffer.get(SIGNATURE.len()..).and_then(<[u8]>::first_chunk::<8>) else { return Ok(Step::More) };
    let [a, b, c, d, e, f, g, h] = *rest;
    if u32::from_be_bytes([a, b, c, d]) & CRITICAL_FLAGS != 0 {
        return Err(rows.malformed("unrecognized critical flags in COPY file header"));
    }
    let extension = usize::try_from(i32::from_be_bytes([e, f, g, h]));
    let extension = extension.map_err(|_| rows.malformed("invalid COPY file header (wrong length)"))?;
    let end = SIGNATURE.len() + 8 + extension;
    Ok(if buffer.len() >= end { Step::Done(end) } else { Step::More })
}

/// Appends signature, flags and an empty extension.
pub(super) fn write_header(out: &mut BytesMut) {
    out.put_slice(SIGNATURE);
    out.put_i32(0);
    out.put_i32(0);
}

/// Appends one row.
pub(super) fn write_row(columns: &[Column], row: usize, style: Style, out: &mut BytesMut) -> Result<()> {
    out.put_i16(i16::try_from(columns.len()).unwrap_or(i16::MAX));
    for column in columns {
        column.write_sized(row, true, style, out)?;
    }
    Ok(())
}

/// Appends the end.
pub(super) fn write_trailer(out: &mut BytesMut) {
    out.put_i16(-1);
}
