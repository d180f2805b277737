//! Any SQL value as text of type json or as canonical jsonb text.
//!
//! What Arrow cannot print is an error, and never a value.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Date32Type, Field, Float32Type, Float64Type, IntervalMonthDayNanoType, IntervalUnit, Time64MicrosecondType,
    TimeUnit, TimestampMicrosecondType,
};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::common::{DataFusionError, Result};
use strata_storage::schema::SQL_TYPE;

use crate::error::DataFault;
use crate::moment;

use super::canonical::canonical;
use super::function::{data_error, is_jsonb, is_text};
use super::quoted::quote;

/// Appends the value of `array` in `row`. Numbers and booleans are themselves, lists are arrays, jsonb stays as it is, json becomes
/// canonical, anything else is a string of its text.
///
/// # Errors
/// A value that cannot be printed.
pub(super) fn encode(array: &ArrayRef, field: &Field, row: usize, out: &mut String) -> Result<()> {
    Form::Jsonb.encode(array, field, row, out)
}

/// Appends the value as text of type json has it, where nothing stands between a comma and the next element, and json stays as it is.
///
/// # Errors
/// A value that cannot be printed.
pub(super) fn encode_json(array: &ArrayRef, field: &Field, row: usize, out: &mut String) -> Result<()> {
    Form::Json.encode(array, field, row, out)
}

/// Whether the value is NULL; an array of nothing but untyped NULLs does not say so itself.
pub(super) fn is_null(array: &ArrayRef, row: usize) -> bool {
    array.data_type().is_null() || array.is_null(row)
}

/// The type of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Jsonb,
}

impl Form {
    fn encode(self, array: &ArrayRef, field: &Field, row: usize, out: &mut String) -> Result<()> {
        if is_null(array, row) {
            out.push_str("null");
            return Ok(());
        }
        match array.data_type() {
            DataType::List(element) => {
                // The mark of a list is that of its elements.
                let mark = field.metadata().get(SQL_TYPE).map(|name| (SQL_TYPE.to_owned(), name.clone()));
                let marked = Field::clone(element).with_metadata(element.metadata().clone().into_iter().chain(mark).collect());
                let list = array.as_list::<i32>().value(row);
                out.push('[');
                for i in 0..list.len() {
                    if i > 0 {
                        out.push_str(if self == Self::Json { "," } else { ", " });
                    }
                    self.encode(&list, &marked, i, out)?;
                }
                out.push(']');
            }
            DataType::Float64 => number(array.as_primitive::<Float64Type>().value(row), &print(array, row)?, out),
            DataType::Float32 => number(array.as_primitive::<Float32Type>().value(row).into(), &print(array, row)?, out),
            number if number.is_numeric() || *number == DataType::Boolean => out.push_str(&print(array, row)?),
            text if is_text(text) && is_jsonb(field) => out.push_str(&print(array, row)?),
            text if is_text(text) && is_json(field) => {
                let text = print(array, row)?;
                match self {
                    Self::Json => out.push_str(&text),
                    Self::Jsonb => out.push_str(&canonical(&text).map_err(|fault| {
                        data_error(DataFault::InvalidJson, format!("invalid input syntax for type json: {fault}"))
                    })?),
                }
            }
            _ => quote(&text(array, row)?, out),
        }
        Ok(())
    }
}

/// Whether the field says that its text is JSON as it was written.
fn is_json(field: &Field) -> bool {
    field.metadata().get(SQL_TYPE).is_some_and(|name| name == "json")
}

/// What JSON has no number for is a string.
fn number(value: f64, printed: &str, out: &mut String) {
    match value {
        f64::INFINITY => out.push_str("\"Infinity\""),
        f64::NEG_INFINITY => out.push_str("\"-Infinity\""),
        nan if nan.is_nan() => out.push_str("\"NaN\""),
        _ => out.push_str(printed),
    }
}

/// The text of what is a string in JSON.
fn text(array: &ArrayRef, row: usize) -> Result<String> {
    Ok(match array.data_type() {
        DataType::Date32 => moment::date(array.as_primitive::<Date32Type>().value(row)).ok_or_else(out_of_range)?,
        DataType::Timestamp(_, zone) => {
            let micros = cast(&array.slice(row, 1), &DataType::Timestamp(TimeUnit::Microsecond, zone.clone()))?;
            let zone = zone.as_ref().map(|zone| zone.parse()).transpose()?;
            let us = micros.as_primitive::<TimestampMicrosecondType>().value(0);
            moment::timestamp(us, zone, moment::Form::Json).ok_or_else(out_of_range)?
        }
        DataType::Time32(_) | DataType::Time64(_) => {
            let micros = cast(&array.slice(row, 1), &DataType::Time64(TimeUnit::Microsecond))?;
            moment::time(micros.as_primitive::<Time64MicrosecondType>().value(0))
        }
        DataType::Interval(_) => {
            let interval = cast(&array.slice(row, 1), &DataType::Interval(IntervalUnit::MonthDayNano))?;
            moment::interval(interval.as_primitive::<IntervalMonthDayNanoType>().value(0))
        }
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            format!("\\x{}", print(array, row)?)
        }
        _ => print(array, row)?,
    })
}

fn print(array: &ArrayRef, row: usize) -> Result<String> {
    let options = FormatOptions::default().with_display_error(false);
    Ok(ArrayFormatter::try_new(array.as_ref(), &options)?.value(row).try_to_string()?)
}

fn out_of_range() -> DataFusionError {
    data_error(DataFault::DatetimeOverflow, "timestamp out of range".to_owned())
}
