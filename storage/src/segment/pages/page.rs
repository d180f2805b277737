//! One data page, decompressed: which rows have a value, and the values still encoded.

use arrow::buffer::BooleanBuffer;
use bytes::Bytes;
use parquet::basic::Encoding;
use parquet::column::page::Page as ParquetPage;

use super::hybrid;

/// See the module.
#[derive(Debug)]
pub struct Page {
    /// Rows.
    pub rows: usize,
    /// Which rows have a value; all of them without.
    pub valid: Option<BooleanBuffer>,
    /// How the values are written.
    pub encoding: Encoding,
    /// The values of the rows that have one, in their order.
    pub values: Bytes,
}

impl Page {
    /// From a data page of a column without nesting.
    ///
    /// # Errors
    /// A reason in words.
    pub fn of(page: ParquetPage) -> Result<Self, String> {
        let ParquetPage::DataPageV2 { buf, num_rows, num_nulls, encoding, def_levels_byte_len, rep_levels_byte_len: 0, .. } =
            page
        else {
            return Err("a page is none of a flat column, version 2".to_owned());
        };
        let (rows, levels) = (num_rows as usize, def_levels_byte_len as usize);
        if levels > buf.len() || num_nulls > num_rows {
            return Err("a page is cut off".to_owned());
        }
        let valid = if num_nulls == 0 { None } else { Some(validity(&buf[..levels], rows, num_nulls as usize)?) };
        Ok(Self { rows, valid, encoding, values: buf.slice(levels..) })
    }

    /// Rows that have a value.
    pub fn values(&self) -> usize {
        self.valid.as_ref().map_or(self.rows, BooleanBuffer::count_set_bits)
    }
}

fn validity(levels: &[u8], rows: usize, nulls: usize) -> Result<BooleanBuffer, String> {
    let mut defined = Vec::with_capacity(rows);
    hybrid::decode(levels, 1, rows, &mut defined)?;
    let valid = BooleanBuffer::collect_bool(rows, |row| defined[row] == 1);
    if valid.count_set_bits() + nulls == rows { Ok(valid) } else { Err("a page counts other NULLs than it has".to_owned()) }
}
