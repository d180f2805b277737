//! Columns of numbers and times of four and eight bytes: plain, as differences, or by a dictionary.

use std::fmt::Debug;
use std::ops::Range;

use arrow::array::{ArrayData, ArrayRef, NullBufferBuilder, make_array};
use arrow::buffer::{BooleanBuffer, Buffer};
use arrow::datatypes::{ArrowNativeType, DataType, TimeUnit};
use bytes::Bytes;
use parquet::basic::Encoding;

use super::page::Page;
use super::{Decoder, delta, hybrid};

/// Microseconds of a millisecond.
const MICROSECONDS: i64 = 1_000;

/// A decoder of columns that are written as `stored` and wanted as `wanted`, if there is one here.
pub fn decoder(stored: &DataType, wanted: &DataType, batch: usize) -> Option<Box<dyn Decoder>> {
    use DataType::{Date32, Float32, Float64, Int32, Int64, Timestamp};
    let wanted = wanted.clone();
    match (stored, &wanted) {
        (Int64, Int64) | (Timestamp(TimeUnit::Microsecond, _), Timestamp(TimeUnit::Microsecond, _)) => {
            Some(Box::new(Numbers::<i64>::new(wanted, 1, batch)))
        }
        (Timestamp(TimeUnit::Millisecond, _), Timestamp(TimeUnit::Microsecond, _)) => {
            Some(Box::new(Numbers::<i64>::new(wanted, MICROSECONDS, batch)))
        }
        (Int32, Int32) | (Date32, Date32) => Some(Box::new(Numbers::<i32>::new(wanted, 1, batch))),
        (Float64, Float64) => Some(Box::new(Numbers::<f64>::new(wanted, 1, batch))),
        (Float32, Float32) => Some(Box::new(Numbers::<f32>::new(wanted, 1, batch))),
        _ => None,
    }
}

/// A value as Parquet writes it plainly.
trait Number: ArrowNativeType + Debug {
    /// From its bytes, lowest first; as many as the type has.
    fn from_plain(bytes: &[u8]) -> Self;

    /// From a sum of differences; `None` for types that are not written so.
    fn from_delta(sum: i64) -> Option<Self>;

    /// So many times the value, if that fits.
    fn times(self, factor: i64) -> Option<Self>;
}

macro_rules! number {
    ($type:ty, $from_delta:expr, $times:expr) => {
        impl Number for $type {
            fn from_plain(bytes: &[u8]) -> Self {
                bytes.try_into().map_or_else(|_| Self::default(), Self::from_le_bytes)
            }

            fn from_delta(sum: i64) -> Option<Self> {
                $from_delta(sum)
            }

            fn times(self, factor: i64) -> Option<Self> {
                $times(self, factor)
            }
        }
    };
}

number!(i64, Some, i64::checked_mul);
number!(i32, |sum: i64| Some(sum as i32), |value: i32, factor: i64| value.checked_mul(i32::try_from(factor).ok()?));
number!(f64, |_| None, |value, factor| (factor == 1).then_some(value));
number!(f32, |_| None, |value, factor| (factor == 1).then_some(value));

#[derive(Debug)]
struct Numbers<T> {
    data_type: DataType,
    factor: i64,
    dictionary: Vec<T>,
    codes: Vec<u32>,
    sums: Vec<i64>,
    /// Of the page at hand, a value a row.
    page: Vec<T>,
    valid: Option<BooleanBuffer>,
    values: Vec<T>,
    nulls: NullBufferBuilder,
    batch: usize,
}

impl<T: Number> Numbers<T> {
    fn new(data_type: DataType, factor: i64, batch: usize) -> Self {
        Self {
            data_type,
            factor,
            dictionary: Vec::new(),
            codes: Vec::new(),
            sums: Vec::new(),
            page: Vec::new(),
            valid: None,
            values: Vec::new(),
            nulls: NullBufferBuilder::new(batch),
            batch,
        }
    }

    fn decode(&mut self, page: &Page) -> Result<(), String> {
        match page.encoding {
            Encoding::PLAIN => plain(&page.values, &mut self.page),
            Encoding::DELTA_BINARY_PACKED => {
                self.sums.clear();
                delta::decode(&page.values, page.values(), &mut self.sums)?;
                self.page.extend(self.sums.iter().filter_map(|sum| T::from_delta(*sum)));
            }
            Encoding::RLE_DICTIONARY => {
                self.codes.clear();
                hybrid::decode_numbers(page, &mut self.codes)?;
                self.page.extend(self.codes.iter().filter_map(|code| self.dictionary.get(*code as usize)));
            }
            other => return Err(format!("a page of numbers is encoded as {other}")),
        }
        let (found, wanted) = (self.page.len(), page.values());
        if found == wanted { Ok(()) } else { Err(format!("{found} numbers were decoded and not {wanted}")) }
    }
}

fn plain<T: Number>(values: &[u8], out: &mut Vec<T>) {
    out.extend(values.chunks_exact(size_of::<T>()).map(T::from_plain));
}

impl<T: Number> Decoder for Numbers<T> {
    fn dictionary(&mut self, values: &Bytes) -> Result<(), String> {
        plain(values, &mut self.dictionary);
        Ok(())
    }

    fn begin(&mut self, page: Page) -> Result<(), String> {
        self.page.clear();
        self.decode(&page)?;
        if self.factor != 1 {
            for value in &mut self.page {
                *value = value.times(self.factor).ok_or("a number is out of bounds")?;
            }
        }
        if let Some(valid) = &page.valid {
            // From behind, so that no value is overwritten before it has its place.
            let mut value = self.page.len();
            self.page.resize(page.rows, T::default());
            for row in (0..page.rows).rev() {
                self.page[row] = if valid.value(row) {
                    value -= 1;
                    self.page[value]
                } else {
                    T::default()
                };
            }
        }
        self.valid = page.valid;
        Ok(())
    }

    fn append(&mut self, rows: Range<usize>) -> Result<(), String> {
        if self.values.is_empty() {
            self.values.reserve_exact(self.batch);
        }
        self.values.extend_from_slice(&self.page[rows.clone()]);
        match &self.valid {
            None => self.nulls.append_n_non_nulls(rows.len()),
            Some(valid) => rows.for_each(|row| self.nulls.append(valid.value(row))),
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<ArrayRef, String> {
        self.values.shrink_to_fit();
        let values = std::mem::take(&mut self.values);
        let nulls = self.nulls.finish();
        let data = ArrayData::builder(self.data_type.clone()).len(values.len()).nulls(nulls).add_buffer(Buffer::from_vec(values));
        data.build().map(make_array).map_err(|error| error.to_string())
    }
}
