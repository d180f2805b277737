//! COPY formats: rows come back through every format, however the bytes are cut; bad data names its place.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int32Array, RecordBatch, StringViewArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use bytes::BytesMut;
use proptest::prelude::*;
use strata_engine::session::{CopyFormat, CopyOptions};
use strata_pgwire::copy::{self, Decoder, Encoder, RowBuilder};
use strata_pgwire::sqlstate;
use strata_pgwire::types::Style;

fn options(format: CopyFormat) -> CopyOptions {
    let csv = format == CopyFormat::Csv;
    CopyOptions {
        format,
        delimiter: if csv { b',' } else { b'\t' },
        null: if csv { String::new() } else { "\\N".to_owned() },
        quote: b'"',
        escape: b'"',
        header: false,
    }
}

fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("id", DataType::Int32, true),
        Field::new("name", DataType::Utf8View, true),
        Field::new("value", DataType::Float64, true),
        Field::new("ts", DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), true),
    ]))
}

type Row = (Option<i32>, Option<String>, Option<f64>, Option<i64>);

fn batch(rows: &[Row]) -> RecordBatch {
    let columns: Vec<ArrayRef> = vec![
        Arc::new(rows.iter().map(|row| row.0).collect::<Int32Array>()),
        Arc::new(rows.iter().map(|row| row.1.clone()).collect::<StringViewArray>()),
        Arc::new(rows.iter().map(|row| row.2).collect::<Float64Array>()),
        Arc::new(rows.iter().map(|row| row.3).collect::<TimestampMicrosecondArray>().with_timezone("UTC")),
    ];
    RecordBatch::try_new(schema(), columns).unwrap()
}

fn encode(options: &CopyOptions, batch: &RecordBatch) -> Vec<u8> {
    let mut out = BytesMut::new();
    let mut encoder = Encoder::new(options.clone(), Style::default());
    let names: Vec<String> = batch.schema().fields().iter().map(|field| field.name().clone()).collect();
    encoder.begin(&names.iter().map(String::as_str).collect::<Vec<_>>(), &mut out);
    let columns = copy::columns(batch).unwrap();
    for row in 0..batch.num_rows() {
        encoder.row(&columns, row, &mut out).unwrap();
    }
    encoder.end(&mut out);
    out.to_vec()
}

fn decode(options: &CopyOptions, pieces: &[&[u8]]) -> strata_pgwire::Result<Vec<RecordBatch>> {
    let mut rows = RowBuilder::new("t", schema(), Style::default())?;
    let mut decoder = Decoder::new(options, 1 << 20);
    for piece in pieces {
        decoder.feed(piece, &mut rows)?;
    }
    decoder.end(&mut rows)?;
    rows.cut()?;
    Ok(std::iter::from_fn(|| rows.take()).collect())
}

fn joined(batches: &[RecordBatch]) -> RecordBatch {
    arrow::compute::concat_batches(&schema(), batches).unwrap()
}

fn any_row() -> impl Strategy<Value = Row> {
    let text = prop_oneof![
        any::<String>().prop_map(|text| text.replace('\0', "0")),
        "[\\\\\"',\t\n\rNn.]{0,6}",
        Just("\\N".to_owned()),
        Just("\\.".to_owned()),
        Just(String::new()),
    ];
    (
        any::<Option<i32>>(),
        prop::option::of(text),
        prop::option::of(any::<f64>().prop_filter("NaN is not equal to itself", |value| !value.is_nan())),
        prop::option::of(-100_000_000_000_000_000i64..100_000_000_000_000_000),
    )
}

proptest! {
    #[test]
    fn rows_come_back(rows in prop::collection::vec(any_row(), 0..20), cut in 1usize..40) {
        let batch = batch(&rows);
        for format in [CopyFormat::Text, CopyFormat::Csv, CopyFormat::Binary] {
            for header in [false, true] {
                for (quote, escape) in [(b'"', b'"'), (b'"', b'\\'), (b'\'', b'\'')] {
                    let options = CopyOptions { header: header && format != CopyFormat::Binary, quote, escape, ..options(format) };
                    let bytes = encode(&options, &batch);
                    let pieces: Vec<&[u8]> = bytes.chunks(cut).collect();
                    let back = joined(&decode(&options, &pieces).unwrap());
                    prop_assert_eq!(&back, &batch, "{:?}: {:?}", options, String::from_utf8_lossy(&bytes));
                }
            }
        }
    }

    #[test]
    fn garbage_never_panics(bytes: Vec<u8>, cut in 1usize..10) {
        for format in [CopyFormat::Text, CopyFormat::Csv, CopyFormat::Binary] {
            let pieces: Vec<&[u8]> = bytes.chunks(cut).collect();
            let _ = decode(&options(format), &pieces);
        }
    }
}

fn check_fault(format: CopyFormat, data: &[u8], code: &str, message: &str, context: &str) {
    let error = decode(&options(format), &[data]).unwrap_err();
    let report = sqlstate::report(&error);
    assert_eq!((report.code, report.message.as_str(), report.context.as_deref()), (code, message, Some(context)));
}

#[test]
fn faults_name_their_place() {
    check_fault(
        CopyFormat::Text,
        b"1\ta\t1\t\\N\nx\tb\t2\t\\N\n",
        "22P02",
        "invalid input syntax for type integer: \"x\"",
        "COPY t, line 2, column id: \"x\"",
    );
    check_fault(CopyFormat::Text, b"1\ta\n", "22P04", "missing data for column \"value\"", "COPY t, line 1");
    check_fault(CopyFormat::Text, b"1\ta\t1\t\\N\tmore\n", "22P04", "extra data after last expected column", "COPY t, line 1");
    check_fault(
        CopyFormat::Csv,
        b"1,\"two\nlines\",1,\n99999999999,b,,\n",
        "22003",
        "value \"99999999999\" is out of range for type integer",
        "COPY t, line 3, column id: \"99999999999\"",
    );
    check_fault(CopyFormat::Csv, b"1,\"open", "22P04", "unterminated CSV quoted field", "COPY t, line 1: \"1,\"open\"");
    check_fault(
        CopyFormat::Text,
        b"1\t\xff\t1\t\\N\n",
        "22021",
        "invalid byte sequence for encoding \"UTF8\": 0xff",
        "COPY t, line 1, column name: \"\u{fffd}\"",
    );
    check_fault(
        CopyFormat::Text,
        b"1\ta\t1\t2024-02-30\n",
        "22008",
        "date/time field value out of range: \"2024-02-30\"",
        "COPY t, line 1, column ts: \"2024-02-30\"",
    );
    check_fault(CopyFormat::Binary, b"not binary at all", "22P04", "COPY file signature not recognized", "COPY t, line 0");
}

#[test]
fn text_escapes_and_ends() {
    let error = decode(&options(CopyFormat::Text), &[b"1\ta\t\\N\t\\N\n2\tb\t\\N\t\\N\r\n"]).unwrap_err();
    assert!(error.to_string().contains("literal carriage return"), "{error}");
    let rows =
        decode(&options(CopyFormat::Text), &[b"1\ta\\tb\\x41\\101\\", b"\nc\t\\N\t\\N\n2\t\\\\N\t\\N\t\\N\n\\.\nrest"]).unwrap();
    let expected = [(Some(1), Some("a\tbAA\nc".to_owned()), None, None), (Some(2), Some("\\N".to_owned()), None, None)];
    assert_eq!(joined(&rows), batch(&expected));
    let rows = decode(&options(CopyFormat::Text), &[b"1\ta\t\\N\t\\N\r\n2\tb\t\\N\t\\N\r\n"]).unwrap();
    assert_eq!(joined(&rows).num_rows(), 2);
    assert_eq!(joined(&rows), batch(&[(Some(1), Some("a".to_owned()), None, None), (Some(2), Some("b".to_owned()), None, None)]));
}

#[test]
fn a_line_has_a_bound() {
    let mut rows = RowBuilder::new("t", schema(), Style::default()).unwrap();
    for format in [CopyFormat::Text, CopyFormat::Csv] {
        let mut decoder = Decoder::new(&options(format), 100);
        let error = (0..50).find_map(|_| decoder.feed(b"0123456789", &mut rows).err()).unwrap();
        assert_eq!(sqlstate::report(&error).code, "54000");
    }
}
