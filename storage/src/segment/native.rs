//! Columns that are no text on their way into a segment: numbers, times, booleans, bytes, intervals.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, UInt32Array};
use arrow::compute::{cast, concat, max, min, take};
use arrow::datatypes::{
    DataType, Float32Type, Float64Type, Int64Type, IntervalMonthDayNanoType, IntervalUnit, TimeUnit, TimestampMicrosecondType,
};
use parquet::basic::Encoding;

use super::logical::{INTERVAL_BYTES, interval_bytes};
use super::meta::Bound;
use super::sample::distinct;
use super::to_logical;
use crate::Result;

/// Rows that a value of a Parquet dictionary must serve on average.
const ROWS_A_VALUE_MIN: usize = 4;
/// Distinct values of a column that is given a Parquet dictionary, at most.
const DICTIONARY_VALUES_MAX: usize = 1 << 17;

/// A column of all rows, in offset order, in its logical type.
#[derive(Debug)]
pub struct NativeColumn {
    array: ArrayRef,
    milliseconds: bool,
    /// Whether Parquet should try a dictionary.
    pub dictionary: bool,
    /// Encoding where there is no dictionary.
    pub encoding: Encoding,
    /// Whether a floating-point value is NaN.
    pub has_nan: bool,
}

impl NativeColumn {
    /// Joins the parts, made of the type `data_type`.
    ///
    /// # Errors
    /// Arrow's, when a part has another type that cannot become it.
    pub fn of(parts: &[ArrayRef], data_type: &DataType) -> Result<Self> {
        let parts = parts.iter().map(|part| to_logical(part, data_type)).collect::<Result<Vec<_>, _>>()?;
        let array = concat(&parts.iter().map(AsRef::as_ref).collect::<Vec<_>>())?;
        let milliseconds = matches!(data_type, DataType::Timestamp(TimeUnit::Microsecond, _)) && is_whole_milliseconds(&array);
        let dictionary = few_distinct(&array);
        let encoding = match data_type {
            DataType::Int8
            | DataType::Int16
            | DataType::Int32
            | DataType::Int64
            | DataType::Date32
            | DataType::Time32(_)
            | DataType::Time64(_)
            | DataType::Timestamp(..) => Encoding::DELTA_BINARY_PACKED,
            _ => Encoding::PLAIN,
        };
        let has_nan = has_nan(&array);
        Ok(Self { array, milliseconds, dictionary, encoding, has_nan })
    }

    /// The rows in offset order.
    pub fn array(&self) -> &ArrayRef {
        &self.array
    }

    /// The Arrow type that is written.
    pub fn file_type(&self) -> DataType {
        match self.array.data_type() {
            DataType::Timestamp(TimeUnit::Microsecond, zone) if self.milliseconds => {
                DataType::Timestamp(TimeUnit::Millisecond, zone.clone())
            }
            // Parquet's own intervals have neither signs nor microseconds.
            DataType::Interval(IntervalUnit::MonthDayNano) => DataType::FixedSizeBinary(INTERVAL_BYTES),
            other => other.clone(),
        }
    }

    /// Whether the order of what is written is the order of the values, so that pages can have bounds.
    pub fn is_ordered(&self) -> bool {
        !matches!(self.array.data_type(), DataType::Interval(_))
    }

    /// The rows `rows`, in that order, in the type that is written.
    pub fn gather(&self, rows: &[u32]) -> Result<ArrayRef> {
        let gathered = take(&self.array, &UInt32Array::from(rows.to_vec()), None)?;
        match gathered.data_type() {
            DataType::Interval(IntervalUnit::MonthDayNano) => {
                Ok(Arc::new(interval_bytes(gathered.as_primitive::<IntervalMonthDayNanoType>())?))
            }
            _ => Ok(cast(&gathered, &self.file_type())?),
        }
    }
}

fn is_whole_milliseconds(array: &ArrayRef) -> bool {
    array.as_primitive::<TimestampMicrosecondType>().iter().flatten().all(|time| time % 1000 == 0)
}

fn has_nan(array: &ArrayRef) -> bool {
    match array.data_type() {
        DataType::Float64 => array.as_primitive::<Float64Type>().iter().flatten().any(f64::is_nan),
        DataType::Float32 => array.as_primitive::<Float32Type>().iter().flatten().any(f32::is_nan),
        _ => false,
    }
}

/// Whether values repeat so often that a dictionary is smaller.
fn few_distinct(array: &ArrayRef) -> bool {
    let data = array.to_data();
    let Some(width) = data.data_type().primitive_width().filter(|_| !data.is_empty()) else {
        return matches!(data.data_type(), DataType::Binary | DataType::LargeBinary | DataType::BinaryView);
    };
    let bytes = &data.buffers()[0].as_slice()[data.offset() * width..][..data.len() * width];
    let distinct = distinct(bytes.chunks_exact(width));
    distinct * ROWS_A_VALUE_MIN <= data.len() && distinct <= DICTIONARY_VALUES_MAX
}

/// Smallest and largest value, if the type has bounds and they are known.
pub fn bounds(column: &NativeColumn) -> Option<(Bound, Bound)> {
    let array = column.array();
    match array.data_type() {
        DataType::Float32 | DataType::Float64 => {
            let floats = cast(array, &DataType::Float64).ok()?;
            let floats = floats.as_primitive::<Float64Type>();
            let bounds = Some((Bound::Float(min(floats)?), Bound::Float(max(floats)?)));
            bounds.filter(|_| !column.has_nan)
        }
        DataType::Boolean
        | DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::Date32
        | DataType::Time32(_)
        | DataType::Time64(_)
        | DataType::Timestamp(..) => {
            let numbers = cast(array, &DataType::Int64).ok()?;
            let numbers = numbers.as_primitive::<Int64Type>();
            Some((Bound::Int(min(numbers)?), Bound::Int(max(numbers)?)))
        }
        _ => None,
    }
}
