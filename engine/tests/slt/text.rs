//! Values as PostgreSQL's text format shows them, for UTC.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Date32Type, Float32Type, Float64Type, Schema, TimeUnit, TimestampMicrosecondType};
use arrow::util::display::{ArrayFormatter, FormatOptions};

/// Names of columns.
pub fn names(schema: &Schema) -> Vec<String> {
    schema.fields().iter().map(|field| field.name().clone()).collect()
}

/// The count of rows in a command tag.
pub fn count(tag: &str) -> u64 {
    tag.rsplit(' ').next().and_then(|count| count.parse().ok()).unwrap_or(0)
}

/// All rows of a batch.
pub fn rows(batch: &RecordBatch) -> Vec<Vec<String>> {
    (0..batch.num_rows()).map(|row| batch.columns().iter().map(|column| value(column.as_ref(), row)).collect()).collect()
}

fn value(array: &dyn Array, row: usize) -> String {
    if array.is_null(row) {
        return "NULL".to_owned();
    }
    let text = match array.data_type() {
        DataType::Boolean => if array.as_boolean().value(row) { "t" } else { "f" }.to_owned(),
        DataType::Float32 => float(
            f64::from(array.as_primitive::<Float32Type>().value(row)),
            array.as_primitive::<Float32Type>().value(row).to_string(),
        ),
        DataType::Float64 => {
            float(array.as_primitive::<Float64Type>().value(row), array.as_primitive::<Float64Type>().value(row).to_string())
        }
        DataType::Timestamp(TimeUnit::Microsecond, zone) => {
            let time = array.as_primitive::<TimestampMicrosecondType>().value_as_datetime(row).unwrap();
            let text = time.format("%Y-%m-%d %H:%M:%S%.f").to_string();
            if zone.is_some() { format!("{text}+00") } else { text }
        }
        DataType::Date32 => array.as_primitive::<Date32Type>().value_as_date(row).unwrap().to_string(),
        DataType::List(_) => {
            let items = array.as_list::<i32>().value(row);
            let items: Vec<String> = (0..items.len()).map(|i| value(items.as_ref(), i)).collect();
            format!("{{{}}}", items.join(","))
        }
        DataType::Dictionary(..) => {
            let dictionary = array.as_any_dictionary();
            return value(dictionary.values().as_ref(), dictionary.normalized_keys()[row]);
        }
        _ => ArrayFormatter::try_new(array, &FormatOptions::default()).unwrap().value(row).to_string(),
    };
    if text.is_empty() { "(empty)".to_owned() } else { text }
}

fn float(value: f64, text: String) -> String {
    if value.is_infinite() {
        return if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    text
}
