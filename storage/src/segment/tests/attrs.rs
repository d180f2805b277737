//! `attrs` comes back byte for byte, and every field as `#>>` takes it.

use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use proptest::prelude::*;
use serde_json::Value;

use super::super::{ColumnRef, MergeJob, SealBatch, SealJob, SegmentMeta, SegmentReader, SegmentStore, to_logical};
use super::model::{run, store};
use crate::ids::{ColumnId, TopicId};
use crate::received::Received;
use crate::schema::{FIELD_ID, TopicSchema};

const KEYS: [&str; 12] = ["a", "b", "user", "user.id", "", "\"q\"", "云", "A b", "0", "tab\t", "levels", "x"];

fn text() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["", "on", "12", "a\"b\\c", "云梦\n", "\u{1}", "0a1b", "长长长"]).prop_map(str::to_owned)
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        text().prop_map(Value::String),
        (-3_i64..1000).prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            3 => object(inner.clone()),
            1 => prop::collection::vec(inner, 0..3).prop_map(Value::Array),
        ]
    })
}

fn object(inner: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    prop::collection::vec((prop::sample::select(KEYS.to_vec()), inner), 0..5)
        .prop_map(|members| Value::Object(members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()))
}

/// A row: mostly objects, now and then NULL or another value.
fn row() -> impl Strategy<Value = Option<Value>> {
    prop_oneof![1 => Just(None), 1 => value().prop_map(Some), 10 => object(value()).prop_map(Some)]
}

/// As PostgreSQL prints jsonb.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by(|a, b| a.0.len().cmp(&b.0.len()).then_with(|| a.0.cmp(b.0)));
            let members = members.iter().map(|(key, value)| format!("{}: {}", quoted(key), canonical(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
        Value::Array(elements) => format!("[{}]", elements.iter().map(canonical).collect::<Vec<_>>().join(", ")),
        Value::String(text) => quoted(text),
        other => other.to_string(),
    }
}

fn quoted(text: &str) -> String {
    let mut out = "\"".to_owned();
    for char in text.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\u{1}' => out.push_str("\\u0001"),
            other => out.push(other),
        }
    }
    out + "\""
}

/// `value #>> path`.
fn field(value: &Value, path: &[&str]) -> Option<String> {
    let found = path.iter().try_fold(value, |value, key| match value {
        Value::Object(members) => members.get(*key),
        Value::Array(elements) => elements.get(key.parse::<usize>().ok()?),
        _ => None,
    })?;
    match found {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(canonical(other)),
    }
}

async fn seal(store: &SegmentStore, rows: &[Option<String>], base_offset: i64) -> Arc<SegmentMeta> {
    let id = [(FIELD_ID.to_owned(), "-1".to_owned())].into();
    let schema = Schema::new(vec![Field::new("attrs", DataType::Utf8, true).with_metadata(id)]);
    let batch = RecordBatch::try_new(Arc::new(schema), vec![Arc::new(rows.iter().collect::<StringArray>())]).unwrap();
    let job = SealJob {
        topic: TopicId(1),
        schema: TopicSchema { declared: Vec::new(), time_column: None, sort_by: Vec::new() },
        batches: vec![SealBatch { base_offset, records: Received::together(batch, 0) }],
        writer: String::new(),
        producers: Vec::new(),
        topic_definition: String::new(),
        indexes: Vec::new(),
        created_at_us: 0,
    };
    Arc::new(store.seal(job).await.unwrap())
}

async fn texts(reader: &SegmentReader, column: &ColumnRef) -> Vec<Option<String>> {
    let array = to_logical(&reader.chunk(column, 0).await.unwrap(), &DataType::Utf8View).unwrap();
    array.as_string_view().iter().map(|text| text.map(str::to_owned)).collect()
}

async fn check_field(reader: &SegmentReader, rows: &[Option<Value>], path: &[&str]) {
    let column = ColumnRef::Field(path.iter().map(|key| (*key).to_owned()).collect());
    let expected: Vec<Option<String>> = rows.iter().map(|row| field(row.as_ref()?, path)).collect();
    let picks: Vec<u32> = (0..rows.len() as u32).step_by(7).collect();
    let few = reader.rows_of(std::slice::from_ref(&column), &picks).await.unwrap().remove(0);
    let few: Vec<Option<String>> = match few.as_string_view_opt() {
        Some(few) => few.iter().map(|text| text.map(str::to_owned)).collect(),
        None => vec![None; few.len()],
    };
    assert_eq!(few, picks.iter().map(|row| expected[*row as usize].clone()).collect::<Vec<_>>(), "{path:?}");
    assert_eq!(texts(reader, &column).await, expected, "{path:?}");
    assert!(!reader.is_all_null(&column) || expected.iter().all(Option::is_none), "{path:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn columns_and_rest_give_the_text_back(
        rows in prop::collection::vec(row(), 150..400),
        paths in prop::collection::vec(prop::collection::vec(prop::sample::select(KEYS.to_vec()), 0..4), 12),
        cut in 1_usize..149,
    ) {
        run(async {
            let (store, _, _) = store();
            let canonical: Vec<Option<String>> = rows.iter().map(|row| row.as_ref().map(canonical)).collect();
            let whole = seal(&store, &canonical, 0).await;
            let parts = vec![seal(&store, &canonical[..cut], 0).await, seal(&store, &canonical[cut..], cut as i64).await];
            let schema = whole.schema.clone();
            let job = MergeJob { segments: parts, schema, topic_definition: String::new(), indexes: Vec::new(), writer: String::new(), created_at_us: 0 };
            let merged = Arc::new(store.merge(job).await.unwrap());
            for meta in [whole, merged] {
                let reader = store.open(&meta).await.unwrap();
                assert_eq!(texts(&reader, &ColumnRef::Column(ColumnId::ATTRS)).await, canonical);
                let nulls = canonical.iter().filter(|text| text.is_none()).count() as u64;
                let summary = meta.columns.iter().find(|summary| summary.id == ColumnId::ATTRS).unwrap();
                assert_eq!(summary.nulls, nulls);
                for path in &paths {
                    check_field(&reader, &rows, path).await;
                }
            }
        });
    }
}

#[test]
fn frequent_fields_become_columns_and_are_listed() {
    run(async {
        let (store, _, _) = store();
        let row = |n: usize| -> Value {
            serde_json::json!({
                "status": if n.is_multiple_of(10) { Value::String(n.to_string()) } else { Value::from(n) },
                "user": {"id": format!("u{n}"), "tags": [n]},
                "a.b": "dotted",
            })
        };
        let rows: Vec<Option<Value>> = (0..1000).map(|n| Some(row(n))).collect();
        let canonical: Vec<Option<String>> = rows.iter().map(|row| row.as_ref().map(canonical)).collect();
        let meta = seal(&store, &canonical, 0).await;
        let stored: Vec<&[String]> =
            meta.fields.iter().filter(|field| field.stored_as_column).map(|field| field.path.as_slice()).collect();
        assert_eq!(stored, [&["a.b".to_owned()][..], &["status".to_owned()], &["user".to_owned(), "id".to_owned()]]);
        let status = meta.fields.iter().find(|field| field.path == ["status"]).unwrap();
        assert_eq!((status.types.as_slice(), status.rows), (&["string".to_owned(), "number".to_owned()][..], 1000));
        let reader = store.open(&meta).await.unwrap();
        for path in [&["status"][..], &["user", "id"], &["user"], &["user", "tags", "0"], &["a.b"], &["a", "b"], &["absent"]] {
            check_field(&reader, &rows, path).await;
        }
        assert!(reader.is_all_null(&ColumnRef::Field(vec!["absent".to_owned()])));
        assert!(!reader.is_all_null(&ColumnRef::Field(vec!["user".to_owned()])));
    });
}

#[test]
fn thousands_of_distinct_fields_stay_readable() {
    run(async {
        let (store, _, _) = store();
        let row = |n: usize| Some(serde_json::json!({"common": n, format!("k{n}"): n, "deep": {format!("d{n}"): {"x": n}}}));
        let rows: Vec<Option<Value>> = (0..5000).map(row).collect();
        let canonical: Vec<Option<String>> = rows.iter().map(|row| row.as_ref().map(canonical)).collect();
        let meta = seal(&store, &canonical, 0).await;
        assert!(meta.fields.len() <= super::super::FIELDS_MAX);
        let reader = store.open(&meta).await.unwrap();
        assert_eq!(texts(&reader, &ColumnRef::Column(ColumnId::ATTRS)).await, canonical);
        for path in [&["common"][..], &["k17"], &["k4999"], &["deep", "d4999", "x"], &["deep", "d3"], &["nothing"]] {
            check_field(&reader, &rows, path).await;
        }
    });
}

#[test]
fn text_that_is_no_json_survives() {
    run(async {
        let (store, _, _) = store();
        let broken = ["{\"a\": 1", "{\"a\" 1, }", "", "{", "[1, 2", "{\"a\": {\"b\": }}", "nonsense", "{\"a\": 1}}"];
        let mut rows: Vec<Option<String>> = broken.iter().map(|text| Some((*text).to_owned())).collect();
        rows.extend((0..100).map(|n| Some(format!("{{\"a\": {n}}}"))));
        let meta = seal(&store, &rows, 0).await;
        let reader = store.open(&meta).await.unwrap();
        assert_eq!(texts(&reader, &ColumnRef::Column(ColumnId::ATTRS)).await, rows);
        let field = texts(&reader, &ColumnRef::Field(vec!["a".to_owned()])).await;
        assert_eq!(field[broken.len()..], (0..100).map(|n| Some(n.to_string())).collect::<Vec<_>>());
    });
}
