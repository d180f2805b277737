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
    let text = ArrayFormatter::try_new(array.as_ref(), &options)?.value(row).to_string();
    Ok(if matches!(array.data_type(), DataType::Timestamp(..)) { without_zeros(text) } else { text })
}

/// A time without the zeros at the end of its fraction of a second.
fn without_zeros(mut time: String) -> String {
    if let Some(point) = time.find('.') {
        let digits = time[point + 1..].bytes().take_while(u8::is_ascii_digit).count();
        let end = point + 1 + digits;
        let kept = time[..end].trim_end_matches('0').trim_end_matches('.').len();
        time.replace_range(kept..end, "");
    }
    time
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_end_with_a_digit_that_counts() {
        for (time, expected) in [
            ("2026-03-01T10:00:00.680170+00:00", "2026-03-01T10:00:00.68017+00:00"),
            ("2026-03-01T10:00:10.500", "2026-03-01T10:00:10.5"),
            ("2026-03-01T10:00:10.000+00:00", "2026-03-01T10:00:10+00:00"),
            ("2026-03-01T10:00:00+00:00", "2026-03-01T10:00:00+00:00"),
        ] {
            assert_eq!(without_zeros(time.to_owned()), expected);
        }
    }
}
