//! What lines become: by example, and against the slow model on random, mutated and hostile lines.

mod agreement;
mod examples;

use arrow::array::{Array, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use strata_storage::ids::ColumnId;
use strata_storage::schema::{Column, TopicSchema, timestamptz};

use super::model::Row;
use super::{ParseOptions, Parsed, RecordParser};

/// 2026-03-01T12:00:00Z
const NOW_US: i64 = 1_772_366_400_000_000;

fn column(id: i32, name: &str, data_type: DataType, nullable: bool) -> Column {
    Column { id: ColumnId(id), name: name.to_owned(), data_type, nullable, sql_type: None }
}

fn topic() -> TopicSchema {
    TopicSchema {
        declared: vec![
            column(1, "ts", timestamptz(), false),
            column(2, "message", DataType::Utf8View, true),
            column(3, "service", DataType::Utf8View, true),
            column(4, "status", DataType::Int32, true),
            column(5, "latency", DataType::Float64, true),
        ],
        time_column: Some(ColumnId(1)),
        sort_by: vec![ColumnId(3), ColumnId(1)],
    }
}

fn parser(raw: bool) -> RecordParser {
    RecordParser::new(&topic(), ParseOptions { record_bytes_max: 1 << 20, raw })
}

fn parse(text: &str) -> Parsed {
    parser(false).parse(text.as_bytes(), NOW_US)
}

/// The rows of a batch, NULLs left out, every value as text.
fn rows(batch: Option<&RecordBatch>) -> Vec<Row> {
    let Some(batch) = batch else { return Vec::new() };
    let mut rows = vec![Row::new(); batch.num_rows()];
    for (field, array) in batch.schema().fields().iter().zip(batch.columns()) {
        let texts: Vec<Option<String>> = match array.data_type() {
            DataType::Timestamp(_, _) => {
                let us = cast(array, &DataType::Int64).unwrap();
                us.as_any()
                    .downcast_ref::<arrow::array::PrimitiveArray<Int64Type>>()
                    .unwrap()
                    .iter()
                    .map(|v| v.map(|v| v.to_string()))
                    .collect()
            }
            DataType::Float64 => {
                let values = array.as_any().downcast_ref::<arrow::array::Float64Array>().unwrap();
                values.iter().map(|value| value.map(|value| format!("{value:?}"))).collect()
            }
            _ => {
                let texts = cast(array, &DataType::Utf8).unwrap();
                texts.as_any().downcast_ref::<StringArray>().unwrap().iter().map(|text| text.map(str::to_owned)).collect()
            }
        };
        for (row, text) in rows.iter_mut().zip(texts) {
            if let Some(text) = text {
                row.insert(field.name().clone(), text);
            }
        }
    }
    rows
}

/// The one row of a line, without its time.
fn row(line: &str) -> Row {
    let parsed = parse(line);
    assert_eq!(parsed.rejected, []);
    let mut row = rows(parsed.batch.as_ref()).remove(0);
    row.remove("ts");
    row
}
