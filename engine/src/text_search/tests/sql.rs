//! Operators and functions in statements.

use std::sync::Arc;

use arrow::array::{RecordBatch, StringViewArray};
use arrow::datatypes::{DataType, Field, FieldRef, Schema};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::execution::SessionStateBuilder;
use datafusion::logical_expr::planner::TypePlanner;
use datafusion::physical_plan::displayable;
use datafusion::prelude::{SessionConfig, SessionContext};
use datafusion::sql::sqlparser::ast::DataType as SqlType;

use super::super::{cast_field, register};
use crate::EngineError;

/// What a session does for casts.
#[derive(Debug)]
struct CastTypes;

impl TypePlanner for CastTypes {
    fn plan_type_field(&self, sql_type: &SqlType) -> datafusion::error::Result<Option<FieldRef>> {
        Ok(cast_field(sql_type))
    }
}

fn context() -> SessionContext {
    let mut config = SessionConfig::new();
    config.options_mut().sql_parser.dialect = datafusion::config::Dialect::PostgreSQL;
    let state =
        SessionStateBuilder::new().with_config(config).with_default_features().with_type_planner(Arc::new(CastTypes)).build();
    let context = SessionContext::new_with_state(state);
    crate::jsonb::register(&context).unwrap();
    register(&context).unwrap();
    let rows = [Some("Connection refused by db-7"), Some("refused: no connection"), Some("disk full"), None];
    let schema = Arc::new(Schema::new(vec![Field::new("message", DataType::Utf8View, true)]));
    let batch = RecordBatch::try_new(schema, vec![Arc::new(StringViewArray::from_iter(rows))]).unwrap();
    context.register_batch("t", batch).unwrap();
    context
}

async fn batches(sql: &str) -> Result<Vec<RecordBatch>, EngineError> {
    let frame = context().sql(sql).await?;
    Ok(frame.collect().await?)
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

async fn refused(sql: &str, part: &str) {
    let error = batches(sql).await.err().map(|error| error.to_string());
    assert!(error.as_ref().is_some_and(|error| error.contains(part)), "{sql}: {error:?}");
}

#[tokio::test]
async fn matching() {
    let count = |condition: &str| format!("SELECT count(*) FROM t WHERE {condition}");
    for (condition, expected) in [
        ("message @@ 'connection refused'", "2"),
        ("message @@ phraseto_tsquery('connection refused')", "1"),
        ("message @@ to_tsquery('conn:* & !db')", "1"),
        ("message @@ websearch_to_tsquery('\"disk full\" or db')", "2"),
        ("message @@ 'disk | full'", "1"),
        ("message @@ to_tsquery('simple', 'disk & full')", "1"),
        ("message @@ 'disk'::tsquery", "1"),
        ("message @@ 'Disk'::tsquery", "0"),
        ("message @@ ''", "0"),
        ("NOT message @@ ''", "3"),
        ("message @@ NULL", "0"),
        ("to_tsvector(message) @@ to_tsquery('disk')", "1"),
        ("to_tsvector('whitespace', message) @@ 'db-7'", "1"),
        ("to_tsvector('whitespace'::regconfig, message) @@ to_tsquery('whitespace', 'Connection')", "1"),
        ("to_tsvector('whitespace', message) @@ 'connection'", "1"),
        ("to_tsvector('ngram', message) @@ to_tsquery('ngram', 'efuse')", "2"),
        ("message @@ phraseto_tsquery('ngram', 'k FUL')", "1"),
        ("to_tsquery('disk') @@ to_tsvector(message)", "1"),
    ] {
        check(&count(condition), &[expected]).await;
    }
    check("SELECT 'a fat cat' @@ to_tsquery('cat & fat')", &["true"]).await;
    check("SELECT 'a:1 b:3'::tsvector @@ 'a <2> b'", &["true"]).await;
    check("SELECT 'a b'::tsvector @@ 'a <-> b'::tsquery", &["false"]).await;
    check("SELECT 'a & b'::tsquery @@ 'a b'", &["true"]).await;
    check(
        "SELECT v @@ q FROM (SELECT to_tsvector(message) AS v, to_tsquery('disk') AS q FROM t) x",
        &["false", "false", "true", "NULL"],
    )
    .await;
    // The tokenizer that was named for a query follows it.
    check("SELECT count(*) FROM t, (SELECT to_tsquery('ngram', 'efuse') AS q) x WHERE message @@ q", &["2"]).await;
}

#[tokio::test]
async fn functions() {
    check("SELECT to_tsquery('simple', 'The & Fat')::text", &["'the' & 'fat'"]).await;
    check("SELECT plainto_tsquery('The Fat Rats')", &["'the' & 'fat' & 'rats'"]).await;
    check("SELECT phraseto_tsquery('The Fat Rats')", &["'the' <-> 'fat' <-> 'rats'"]).await;
    check("SELECT to_tsvector('a fat cat, a rat')", &["'a':1,4 'cat':3 'fat':2 'rat':5"]).await;
    check("SELECT to_tsvector(NULL)", &["NULL"]).await;
    check("SELECT to_tsquery(NULL, 'a')", &["NULL"]).await;
    check("SELECT numnode('(fat & rat) | cat'::tsquery)", &["5"]).await;
    check("SELECT numnode(plainto_tsquery(''))", &["0"]).await;
    check("SELECT querytree('foo & ! bar'::tsquery)", &["'foo'"]).await;
    check("SELECT querytree('! bar'::tsquery)", &["T"]).await;
    check("SELECT ts_rank(to_tsvector('a b'), to_tsquery('a'))", &["0.06079271"]).await;
    check("SELECT ts_rank_cd(to_tsvector('a b c'), to_tsquery('a & c'), 2)", &["0.016666668"]).await;
    check("SELECT to_tsquery('a') && 'b|c' || 'd'::tsquery", &["'a' & ( 'b' | 'c' ) | 'd'"]).await;
    check("SELECT to_tsquery('a') <-> to_tsquery('b & c')", &["'a' <-> ( 'b' & 'c' )"]).await;
    check("SELECT tsquery_phrase('a'::tsquery, 'b'::tsquery, 10)", &["'a' <10> 'b'"]).await;
    check("SELECT to_tsvector('a b') || to_tsvector('b c')", &["'a':1 'b':2,3 'c':4"]).await;
    check("SELECT length(to_tsvector('a b a'))", &["2"]).await;
    check("SELECT length('a b a')", &["5"]).await;
    check("SELECT 'a' || 'b'", &["ab"]).await;
    check("SELECT ts_headline('disk full', to_tsquery('disk'))", &["<b>disk</b> full"]).await;
    check("SELECT ts_headline('simple', 'disk full', 'disk')", &["<b>disk</b> full"]).await;
    check("SELECT ts_headline('disk full', 'disk'::tsquery, 'StartSel=[, StopSel=]')", &["[disk] full"]).await;
    check(
        "SELECT ts_headline('ngram', message, to_tsquery('ngram', 'refuse'), 'StartSel=[, StopSel=]') FROM t LIMIT 1",
        &["Connection [refuse]d by db-7"],
    )
    .await;
}

#[tokio::test]
async fn errors() {
    refused("SELECT to_tsquery('a b') FROM t WHERE false", "syntax error in tsquery: \"a b\"").await;
    refused("SELECT message @@ 'a &'::tsquery FROM t WHERE false", "syntax error in tsquery").await;
    refused("SELECT to_tsvector('english', message) FROM t", "text search configuration \"english\" does not exist").await;
    refused("SELECT to_tsvector(message, message) FROM t", "must be constant").await;
    refused("SELECT 1 @@ 'a'", "operator \"bigint @@ text\" does not exist").await;
    refused("SELECT to_tsvector('a') @@ message FROM t", "operator \"tsvector @@ text\" does not exist").await;
    refused("SELECT ts_rank(message, to_tsquery('a')) FROM t", "function \"ts_rank(text, tsquery)\" does not exist").await;
    refused("SELECT to_tsquery('a') || to_tsvector('a')", "operator \"tsquery || tsvector\" does not exist").await;
    refused("SELECT to_tsquery('a') || message FROM t", "operator \"tsquery || text\" does not exist").await;
    refused("SELECT tsquery_phrase('a'::tsquery, 'b'::tsquery, -1)", "between zero and 16384").await;
    refused("SELECT numnode(message) FROM t", "function \"numnode(text)\" does not exist").await;
}

/// The form that a scan looks for.
#[tokio::test]
async fn plans_name_the_column_the_query_and_the_tokenizer() {
    for (condition, expected) in [
        ("message @@ 'Disk full'", "ts_match(message@0, 'disk' & 'full', simple)"),
        ("message @@ to_tsquery('disk & !x')", "ts_match(message@0, 'disk' & !'x', simple)"),
        ("message @@ websearch_to_tsquery('ngram', 'Disk')", "ts_match(message@0, 'dis' <-> 'isk', ngram)"),
        ("to_tsvector('whitespace', message) @@ 'Disk'", "ts_match(message@0, 'Disk', whitespace)"),
    ] {
        let frame = context().sql(&format!("SELECT message FROM t WHERE {condition}")).await.unwrap();
        let plan = displayable(frame.create_physical_plan().await.unwrap().as_ref()).indent(false).to_string();
        assert!(plan.contains(expected), "{condition}: {plan}");
    }
}
