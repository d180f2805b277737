//! Results of functions, from rows to Arrow.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Builder, Float64Builder, Int32Array, Int64Builder,
    IntervalMonthDayNanoArray, ListArray, ListBuilder, StringViewBuilder, Time64MicrosecondArray, TimestampMicrosecondArray,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, FieldRef, IntervalMonthDayNano};
use datafusion::common::Result;
use strata_engine::error::DataFault;

use super::value::{Value, overflow, rescaled};
use crate::dialect::fault;

/// The results of all rows.
pub(super) struct Results {
    field: FieldRef,
    built: Built,
    /// A `numeric` is below it.
    most: u128,
}

/// Results of the commonest types are built as they come.
enum Built {
    Longs(Int64Builder),
    Floats(Float64Builder),
    Numerics(Decimal128Builder),
    Texts(StringViewBuilder),
    Others(Vec<Value>),
}

impl Results {
    pub fn new(field: &FieldRef, rows: usize) -> Self {
        let built = match field.data_type() {
            DataType::Int64 => Built::Longs(Int64Builder::with_capacity(rows)),
            DataType::Float64 => Built::Floats(Float64Builder::with_capacity(rows)),
            DataType::Decimal128(..) => {
                Built::Numerics(Decimal128Builder::with_capacity(rows).with_data_type(field.data_type().clone()))
            }
            DataType::Utf8View => Built::Texts(StringViewBuilder::with_capacity(rows)),
            _ => Built::Others(Vec::with_capacity(rows)),
        };
        let most = match field.data_type() {
            DataType::Decimal128(precision, _) => 10_u128.pow(u32::from(*precision)),
            _ => u128::MAX,
        };
        Self { field: field.clone(), built, most }
    }

    pub fn scale(&self) -> i8 {
        match self.field.data_type() {
            DataType::Decimal128(_, scale) => *scale,
            _ => 0,
        }
    }

    pub fn push(&mut self, value: Value) -> Result<()> {
        let wanted = self.scale();
        match (&mut self.built, value) {
            // One of an array, which may be of the same type.
            (Built::Others(values), Value::Int(value))
                if *self.field.data_type() == DataType::Int32 && i32::try_from(value).is_err() =>
            {
                values.clear();
                return Err(fault::data(DataFault::NumericOutOfRange, "integer out of range"));
            }
            (Built::Others(values), value) => values.push(value),
            (_, value @ Value::Array(_)) => self.others(value)?,
            (Built::Longs(values), Value::Int(value)) => values.append_value(value),
            (Built::Floats(values), Value::Float(value)) => values.append_value(value),
            (Built::Numerics(values), Value::Numeric(value, scale)) => {
                let value = if scale == wanted { Some(value) } else { rescaled(value, scale, wanted) };
                let value = value.filter(|value| value.unsigned_abs() < self.most).ok_or_else(overflow)?;
                values.append_value(value);
            }
            (Built::Texts(values), Value::Text(value)) => values.append_value(value),
            (Built::Longs(values), _) => values.append_null(),
            (Built::Floats(values), _) => values.append_null(),
            (Built::Numerics(values), _) => values.append_null(),
            (Built::Texts(values), _) => values.append_null(),
        }
        Ok(())
    }

    /// An element of an array, among what came before.
    fn others(&mut self, value: Value) -> Result<()> {
        let before: ArrayRef = match &mut self.built {
            Built::Longs(values) => Arc::new(values.finish()),
            Built::Floats(values) => Arc::new(values.finish()),
            Built::Numerics(values) => Arc::new(values.finish()),
            Built::Texts(values) => Arc::new(values.finish()),
            Built::Others(_) => arrow::array::new_empty_array(&DataType::Null),
        };
        let one = |row: usize| if before.is_null(row) { Value::Null } else { Value::Array(before.slice(row, 1)) };
        let mut values: Vec<Value> = (0..before.len()).map(one).collect();
        values.push(value);
        self.built = Built::Others(values);
        Ok(())
    }

    pub fn finish(self) -> Result<ArrayRef> {
        let values = match self.built {
            Built::Longs(mut values) => return Ok(Arc::new(values.finish())),
            Built::Floats(mut values) => return Ok(Arc::new(values.finish())),
            Built::Numerics(mut values) => return Ok(Arc::new(values.finish())),
            Built::Texts(mut values) => return Ok(Arc::new(values.finish())),
            Built::Others(values) => values,
        };
        let arrays = values.iter().any(|value| matches!(value, Value::Array(_)));
        if arrays && !matches!(self.field.data_type(), DataType::List(_)) {
            return elements(self.field.data_type(), &values);
        }
        // Arrays of text that came as texts.
        let of_texts =
            !arrays && matches!(self.field.data_type(), DataType::List(element) if *element.data_type() == DataType::Utf8View);
        let rows = values.into_iter();
        let int = |value: Value| match value {
            Value::Int(value) => Some(value),
            _ => None,
        };
        Ok(match self.field.data_type() {
            DataType::Boolean => Arc::new(
                rows.map(|value| match value {
                    Value::Bool(value) => Some(value),
                    _ => None,
                })
                .collect::<BooleanArray>(),
            ),
            DataType::Int32 => {
                Arc::new(rows.map(|value| int(value).and_then(|value| i32::try_from(value).ok())).collect::<Int32Array>())
            }
            DataType::Date32 => {
                Arc::new(rows.map(|value| int(value).and_then(|value| i32::try_from(value).ok())).collect::<Date32Array>())
            }
            DataType::Time64(_) => Arc::new(rows.map(int).collect::<Time64MicrosecondArray>()),
            DataType::Timestamp(_, zone) => {
                Arc::new(rows.map(int).collect::<TimestampMicrosecondArray>().with_timezone_opt(zone.clone()))
            }
            DataType::Binary => {
                let values: Vec<Option<Vec<u8>>> = rows
                    .map(|value| match value {
                        Value::Bytes(value) => Some(value),
                        _ => None,
                    })
                    .collect();
                Arc::new(values.iter().map(Option::as_deref).collect::<BinaryArray>())
            }
            DataType::Interval(_) => {
                let values = rows.map(|value| match value {
                    Value::Interval(value) => {
                        Some(IntervalMonthDayNano::new(value.months, value.days, value.time_us.saturating_mul(1000)))
                    }
                    _ => None,
                });
                Arc::new(values.collect::<IntervalMonthDayNanoArray>())
            }
            DataType::List(element) if of_texts => {
                let mut lists = ListBuilder::new(StringViewBuilder::new()).with_field(element.clone());
                for value in rows {
                    match value {
                        Value::Texts(texts) => lists.append_value(texts),
                        _ => lists.append_null(),
                    }
                }
                Arc::new(lists.finish())
            }
            DataType::List(element) => lists(element, rows)?,
            // Whatever else has no values here.
            other => arrow::array::new_null_array(other, rows.len()),
        })
    }
}

/// One element of an array a row.
fn elements(data_type: &DataType, values: &[Value]) -> Result<ArrayRef> {
    let null = arrow::array::new_null_array(data_type, 1);
    let one = |value: &Value| match value {
        Value::Array(array) => Ok(cast(array, data_type)?),
        _ => Ok(null.clone()),
    };
    let parts = values.iter().map(one).collect::<Result<Vec<_>>>()?;
    let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
    Ok(arrow::compute::concat(&parts)?)
}

fn lists(element: &FieldRef, rows: impl Iterator<Item = Value>) -> Result<ArrayRef> {
    let mut lengths = Vec::new();
    let mut valid = Vec::new();
    let mut parts: Vec<ArrayRef> = Vec::new();
    for value in rows {
        match value {
            Value::Array(array) => {
                lengths.push(array.len());
                valid.push(true);
                parts.push(cast(&array, element.data_type())?);
            }
            _ => {
                lengths.push(0);
                valid.push(false);
            }
        }
    }
    let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
    let values =
        if parts.is_empty() { arrow::array::new_empty_array(element.data_type()) } else { arrow::compute::concat(&parts)? };
    let offsets = arrow::buffer::OffsetBuffer::from_lengths(lengths);
    Ok(Arc::new(ListArray::try_new(element.clone(), offsets, values, Some(valid.into()))?))
}
