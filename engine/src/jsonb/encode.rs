//! Any SQL value as canonical jsonb text.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Field, Float32Type, Float64Type, TimeUnit};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::common::Result;

use super::function::{is_jsonb, is_text};
use super::quoted::quote;

/// Appends the value of `array` in `row`. Numbers and booleans are themselves, lists are arrays, jsonb stays as it is, anything
/// else is a string of its text.
///
/// # Errors
/// A value that Arrow cannot print.
pub(super) fn encode(array: &ArrayRef, field: &Field, row: usize, out: &mut String) -> Result<()> {
    separated(array, field, row, ", ", out)
}

/// Appends the value as text of type json has it, where nothing stands between a comma and the next element.
///
/// # Errors
/// A value that Arrow cannot print.
pub(super) fn encode_json(array: &ArrayRef, field: &Field, row: usize, out: &mut String) -> Result<()> {
    separated(array, field, row, ",", out)
}

fn separated(array: &ArrayRef, field: &Field, row: usize, comma: &str, out: &mut String) -> Result<()> {
    if is_null(array, row) {
        out.push_str("null");
        return Ok(());
    }
    match array.data_type() {
        DataType::List(element) => {
            let list = array.as_list::<i32>().value(row);
            out.push('[');
            for i in 0..list.len() {
                if i > 0 {
                    out.push_str(comma);
                }
                separated(&list, element, i, comma, out)?;
            }
            out.push(']');
        }
        DataType::Float64 if !array.as_primitive::<Float64Type>().value(row).is_finite() => string(array, row, out)?,
        DataType::Float32 if !array.as_primitive::<Float32Type>().value(row).is_finite() => string(array, row, out)?,
        number if number.is_numeric() || *number == DataType::Boolean => out.push_str(&print(array, row)?),
        text if is_text(text) && is_jsonb(field) => out.push_str(&print(array, row)?),
        _ => string(array, row, out)?,
    }
    Ok(())
}

/// Whether the value is NULL; an array of nothing but untyped NULLs does not say so itself.
pub(super) fn is_null(array: &ArrayRef, row: usize) -> bool {
    array.data_type().is_null() || array.is_null(row)
}

fn string(array: &ArrayRef, row: usize, out: &mut String) -> Result<()> {
    quote(&print(array, row)?, out);
    Ok(())
}

/// Times are printed as JSON usually has them, with a T.
fn print(array: &ArrayRef, row: usize) -> Result<String> {
    let options = match array.data_type() {
        DataType::Timestamp(TimeUnit::Second | TimeUnit::Millisecond | TimeUnit::Microsecond | TimeUnit::Nanosecond, _) => {
            FormatOptions::default()
                .with_timestamp_format(Some("%Y-%m-%dT%H:%M:%S%.f"))
                .with_timestamp_tz_format(Some("%Y-%m-%dT%H:%M:%S%.f%:z"))
        }
        _ => FormatOptions::default(),
    };
    Ok(ArrayFormatter::try_new(array.as_ref(), &options)?.value(row).to_string())
}
