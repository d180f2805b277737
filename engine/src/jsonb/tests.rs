//! jsonb through SQL, with the answers PostgreSQL gives.

use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch, StringViewArray};
use arrow::datatypes::{DataType, FieldRef, Schema};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::execution::SessionStateBuilder;
use datafusion::logical_expr::planner::TypePlanner;
use datafusion::prelude::{SessionConfig, SessionContext};
use datafusion::sql::sqlparser::ast::DataType as SqlType;
use strata_storage::schema::Column;

use super::{attrs_field, is_jsonb, jsonb_field, register};

/// What a session does for casts.
#[derive(Debug)]
struct CastTypes;

impl TypePlanner for CastTypes {
    fn plan_type_field(&self, sql_type: &SqlType) -> datafusion::error::Result<Option<FieldRef>> {
        Ok(matches!(sql_type, SqlType::JSON | SqlType::JSONB).then(|| Arc::new(jsonb_field(""))))
    }
}

fn context() -> SessionContext {
    let mut config = SessionConfig::new();
    config.options_mut().sql_parser.dialect = datafusion::config::Dialect::PostgreSQL;
    let state =
        SessionStateBuilder::new().with_config(config).with_default_features().with_type_planner(Arc::new(CastTypes)).build();
    let context = SessionContext::new_with_state(state);
    register(&context).unwrap();
    let rows = [
        Some(r#"{"a": 1, "b": {"c": "x"}, "n": null, "list": [1, 2.50, "three"], "price": 1.10}"#),
        Some(r#"{"a": "text", "b": 7}"#),
        None,
    ];
    let schema = Arc::new(Schema::new(vec![Column::attrs().field()]));
    let batch = RecordBatch::try_new(schema, vec![Arc::new(StringViewArray::from_iter(rows))]).unwrap();
    context.register_batch("t", batch).unwrap();
    context
}

async fn batches(sql: &str) -> datafusion::error::Result<Vec<RecordBatch>> {
    context().sql(sql).await?.collect().await
}

async fn check(sql: &str, expected: &[&str]) {
    let batches = batches(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    let options = FormatOptions::default().with_null("NULL");
    let mut found = Vec::new();
    for batch in &batches {
        let column = ArrayFormatter::try_new(batch.column(0), &options).unwrap();
        found.extend((0..batch.num_rows()).map(|row| column.value(row).to_string()));
    }
    assert_eq!(found, expected, "{sql}");
}

#[tokio::test]
async fn getting() {
    check("SELECT attrs -> 'a' FROM t", &["1", "\"text\"", "NULL"]).await;
    check("SELECT attrs ->> 'a' FROM t", &["1", "text", "NULL"]).await;
    check("SELECT attrs ->> 'price' FROM t", &["1.10", "NULL", "NULL"]).await;
    check("SELECT attrs ->> 'n' FROM t", &["NULL", "NULL", "NULL"]).await;
    check("SELECT attrs -> 'n' FROM t", &["null", "NULL", "NULL"]).await;
    check("SELECT attrs -> 'b' ->> 'c' FROM t", &["x", "NULL", "NULL"]).await;
    check("SELECT attrs -> 'list' -> -1 FROM t", &["\"three\"", "NULL", "NULL"]).await;
    check("SELECT attrs #> '{list,1}' FROM t", &["2.50", "NULL", "NULL"]).await;
    check("SELECT attrs #>> '{b,c}' FROM t", &["x", "NULL", "NULL"]).await;
    check("SELECT jsonb_extract_path(attrs, 'b', 'c') FROM t", &["\"x\"", "NULL", "NULL"]).await;
    check("SELECT jsonb_extract_path_text(attrs, 'list', '2') FROM t", &["three", "NULL", "NULL"]).await;
    check("SELECT (attrs ->> 'a')::text FROM t WHERE attrs ->> 'b' = '7'", &["text"]).await;
    check("SELECT sum((attrs ->> 'b')::int) FROM t WHERE jsonb_typeof(attrs -> 'b') = 'number'", &["7"]).await;
    check("SELECT count(*) FROM t GROUP BY attrs ->> 'nothing'", &["3"]).await;
}

#[tokio::test]
async fn asking() {
    check("SELECT attrs @> '{\"b\":{}}' FROM t", &["true", "false", "NULL"]).await;
    check("SELECT '{\"b\":7}' <@ attrs FROM t", &["false", "true", "NULL"]).await;
    check("SELECT attrs ? 'list' FROM t", &["true", "false", "NULL"]).await;
    check("SELECT attrs ?| array['x','list'] FROM t", &["true", "false", "NULL"]).await;
    check("SELECT attrs ?& '{a,b}' FROM t", &["true", "true", "NULL"]).await;
    check("SELECT attrs -> 'b' = '{\"c\":\"x\"}' FROM t", &["true", "false", "NULL"]).await;
    check("SELECT jsonb_path_exists(attrs, '$.list[1]') FROM t", &["true", "false", "NULL"]).await;
    check("SELECT jsonb_path_query(attrs, '$.list[*]') FROM t", &["1", "NULL", "NULL"]).await;
    check("SELECT jsonb_path_query_array('[1,2]', '$[*]')", &["[1, 2]"]).await;
    check("SELECT jsonb_typeof(attrs -> 'n') FROM t", &["null", "NULL", "NULL"]).await;
    check("SELECT jsonb_array_length('[1,[2,3]]')", &["2"]).await;
    check("SELECT jsonb_object_keys(attrs -> 'b') FROM t LIMIT 1", &["[c]"]).await;
    check("SELECT array[1,2] @> array[1]", &["true"]).await;
}

#[tokio::test]
async fn making() {
    check(r#"SELECT '{"b":1,"a":[1,2],"b":3}'::jsonb"#, &[r#"{"a": [1, 2], "b": 3}"#]).await;
    check(r#"SELECT CAST(' [1.10 , "\u00e4"] ' AS jsonb)"#, &["[1.10, \"ä\"]"]).await;
    check(r#"SELECT jsonb '{"a":1}' -> 'a'"#, &["1"]).await;
    check(r#"SELECT '{"a":1}'::jsonb || '{"b":2,"a":3}'"#, &[r#"{"a": 3, "b": 2}"#]).await;
    check(r#"SELECT '[1]'::jsonb || '2'"#, &["[1, 2]"]).await;
    check("SELECT 'a' || 'b'", &["ab"]).await;
    check(r#"SELECT '{"a":1,"b":2}'::jsonb - 'a'"#, &[r#"{"b": 2}"#]).await;
    check(r#"SELECT '["a","b"]'::jsonb - 0"#, &[r#"["b"]"#]).await;
    check("SELECT to_jsonb(1.5), 1", &["1.5"]).await;
    check("SELECT to_jsonb('a\"b'::text)", &[r#""a\"b""#]).await;
    check(
        "SELECT jsonb_build_object('b', 1, 'a', array['x', NULL], 'c', '{\"z\":1}'::jsonb)",
        &[r#"{"a": ["x", null], "b": 1, "c": {"z": 1}}"#],
    )
    .await;
    check("SELECT jsonb_build_array(1, true, NULL, 'x')", &[r#"[1, true, null, "x"]"#]).await;
    check(r#"SELECT jsonb_pretty('{"a":[1],"b":{}}')"#, &["{\n    \"a\": [\n        1\n    ],\n    \"b\": {\n    }\n}"]).await;
    check("SELECT (attrs -> 'a')::text FROM t", &["1", "\"text\"", "NULL"]).await;
}

#[tokio::test]
async fn text_that_is_no_json_is_an_error() {
    for sql in ["SELECT '{a:1}'::jsonb", "SELECT 'x' -> 'a'", "SELECT attrs @> 'nope' FROM t", "SELECT jsonb_array_length('{}')"]
    {
        let error = batches(sql).await.unwrap_err().to_string();
        assert!(error.contains("json") || error.contains("array length"), "{sql}: {error}");
    }
}

#[tokio::test]
async fn the_type_is_kept() {
    let batches = batches("SELECT attrs -> 'a', attrs ->> 'a', '{}'::jsonb, to_jsonb(1) FROM t").await.unwrap();
    let schema = batches[0].schema();
    let kinds: Vec<bool> = schema.fields().iter().map(|field| is_jsonb(field)).collect();
    assert_eq!(kinds, [true, false, true, true]);
    assert!(schema.fields().iter().all(|field| field.data_type() == &DataType::Utf8View));
    assert_eq!(batches[0].column(0).as_string_view().len(), 3);
}

#[tokio::test]
async fn parameters_are_text() {
    let frame = context().sql("SELECT attrs ->> $1 FROM t WHERE attrs @> $2").await.unwrap();
    let frame = frame.with_param_values(vec![("1", "b".into()), ("2", "{\"b\":7}".into())]).unwrap();
    assert_eq!(frame.collect().await.unwrap()[0].column(0).as_string_view().value(0), "7");
}

#[tokio::test]
async fn a_field_is_known_in_every_spelling() {
    for sql in [
        "SELECT attrs -> 'a' ->> 'b' FROM t",
        "SELECT attrs #>> '{a,b}' FROM t",
        "SELECT attrs #> '{a}' ->> 'b' FROM t",
        "SELECT jsonb_extract_path_text(attrs, 'a', 'b') FROM t",
        "SELECT jsonb_extract_path(attrs, 'a') ->> 'b' AS x FROM t",
    ] {
        let plan = context().sql(sql).await.unwrap().into_unoptimized_plan();
        let (column, path) = attrs_field(&plan.expressions()[0]).unwrap_or_else(|| panic!("{sql}"));
        assert_eq!((column.name.as_str(), path), ("attrs", vec!["a".to_owned(), "b".to_owned()]), "{sql}");
    }
    for sql in
        ["SELECT attrs -> 'a' FROM t", "SELECT attrs #>> '{a,0}' FROM t", "SELECT attrs ->> 0 FROM t", "SELECT attrs FROM t"]
    {
        let plan = context().sql(sql).await.unwrap().into_unoptimized_plan();
        assert_eq!(attrs_field(&plan.expressions()[0]), None, "{sql}");
    }
}
