//! Columns of texts that are written plainly: a length of four bytes before each.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{ArrayRef, NullBufferBuilder, StringArray};
use arrow::buffer::{Buffer, OffsetBuffer, ScalarBuffer};
use bytes::Bytes;
use parquet::basic::Encoding;

use super::Decoder;
use super::page::Page;

/// Unused bytes of a finished array, at most, as a share of all.
const UNUSED_SHARE: usize = 16;

/// See the module.
#[derive(Debug)]
pub struct Texts {
    page: Option<Page>,
    /// Row of the page and byte of its values up to which was read.
    row: usize,
    byte: usize,
    offsets: Vec<i32>,
    bytes: Vec<u8>,
    nulls: NullBufferBuilder,
    batch: usize,
    /// What the texts of an array take, about.
    bytes_expected: usize,
}

impl Texts {
    /// Makes arrays of about `batch` rows with `bytes_expected` bytes of text.
    pub fn new(batch: usize, bytes_expected: usize) -> Self {
        let nulls = NullBufferBuilder::new(batch);
        Self { page: None, row: 0, byte: 0, offsets: Vec::new(), bytes: Vec::new(), nulls, batch, bytes_expected }
    }
}

/// The text at the start of `values`, and what is behind it.
fn text(values: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, behind) = values.split_first_chunk::<4>()?;
    behind.split_at_checked(u32::from_le_bytes(*length) as usize)
}

impl Decoder for Texts {
    fn dictionary(&mut self, _values: &Bytes) -> Result<(), String> {
        Err("a column of plain texts has a dictionary".to_owned())
    }

    fn begin(&mut self, page: Page) -> Result<(), String> {
        if page.encoding != Encoding::PLAIN {
            return Err(format!("a page of plain texts is encoded as {}", page.encoding));
        }
        (self.page, self.row, self.byte) = (Some(page), 0, 0);
        Ok(())
    }

    fn append(&mut self, rows: Range<usize>) -> Result<(), String> {
        let page = self.page.as_ref().ok_or("there is no page")?;
        let cut_off = "a text is cut off";
        let is_valid = |row: &usize| page.valid.as_ref().is_none_or(|valid| valid.value(*row));
        if self.offsets.is_empty() {
            self.offsets.reserve_exact(self.batch + 1);
            self.offsets.push(0);
            self.bytes.reserve_exact(self.bytes_expected);
        }
        let mut rest = page.values.get(self.byte..).ok_or(cut_off)?;
        for _ in (self.row..rows.start).filter(is_valid) {
            rest = text(rest).ok_or(cut_off)?.1;
        }
        let lengths = 4 * rows.len();
        if rows.len() == page.rows && self.bytes.capacity() - self.bytes.len() < rest.len().saturating_sub(lengths) {
            self.bytes.reserve_exact(rest.len() - lengths);
        }
        for row in rows.clone() {
            if is_valid(&row) {
                let (value, behind) = text(rest).ok_or(cut_off)?;
                self.bytes.extend_from_slice(value);
                rest = behind;
            }
            self.offsets.push(i32::try_from(self.bytes.len()).map_err(|_| "texts of more than 2 GiB in one array")?);
        }
        match &page.valid {
            None => self.nulls.append_n_non_nulls(rows.len()),
            Some(valid) => rows.clone().for_each(|row| self.nulls.append(valid.value(row))),
        }
        (self.row, self.byte) = (rows.end, page.values.len() - rest.len());
        Ok(())
    }

    fn finish(&mut self) -> Result<ArrayRef, String> {
        if self.bytes.capacity() - self.bytes.len() > self.bytes.len() / UNUSED_SHARE {
            self.bytes.shrink_to_fit();
        }
        let (offsets, bytes, nulls) = (std::mem::take(&mut self.offsets), std::mem::take(&mut self.bytes), self.nulls.finish());
        let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
        let array = StringArray::try_new(offsets, Buffer::from_vec(bytes), nulls);
        Ok(Arc::new(array.map_err(|error| error.to_string())?))
    }
}
