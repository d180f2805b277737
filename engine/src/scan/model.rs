//! The scan against a plain table in memory: random rows, random predicates, every place a record can lie.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, BooleanArray, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray, StringViewArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, SchemaRef, TimestampMicrosecondType};
use arrow::util::pretty::pretty_format_batches;
use async_trait::async_trait;
use datafusion::config::Dialect;
use datafusion::datasource::MemTable;
use datafusion::execution::SessionStateBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};
use object_store::memory::InMemory;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use strata_catalog::{Topic, TopicOptions};
use strata_storage::memory::Memory;
use strata_storage::schema::{Column, TopicSchema, timestamptz};
use strata_storage::segment::{MergeJob, SealBatch, SealJob, SegmentMeta, SegmentOptions, SegmentStore};
use strata_storage::wal::WalPosition;
use strata_storage::{ColumnId, Received, TopicId};

use super::fake::{FakeSource, joined};
use super::part::{Part, SegmentSource};
use super::{TopicTable, physical_rules};
use crate::topics::{BufferedBatch, TopicSnapshot};

/// Values of one record; the offset follows from its position.
#[derive(Debug, Clone)]
struct Row {
    ts: Option<i64>,
    service: Option<&'static str>,
    level: Option<&'static str>,
    message: Option<String>,
    trace_id: Option<&'static str>,
    status: Option<i32>,
    ratio: Option<f64>,
    flag: Option<bool>,
    attrs: Option<&'static str>,
}

/// Where records lie.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// A segment of a test's own making, in physical forms that a real one may or may not have.
    Fake,
    /// A real segment.
    Sealed,
    /// Two real segments that were merged.
    Merged,
    /// Batches that were received one after the other.
    Buffered,
    /// The same as one batch.
    Joined,
}

/// Fake segments and real ones.
#[derive(Debug)]
struct Segments {
    fake: FakeSource,
    store: SegmentStore,
}

#[async_trait]
impl SegmentSource for Segments {
    async fn open(&self, segment: &Arc<SegmentMeta>) -> datafusion::error::Result<Arc<dyn Part>> {
        if self.fake.has(segment) { self.fake.open(segment).await } else { SegmentSource::open(&self.store, segment).await }
    }
}

impl Segments {
    fn new() -> Self {
        let memory = Memory::with_limit(1 << 30);
        let store = SegmentStore::new(Arc::new(InMemory::new()), None, memory, SegmentOptions::for_memory(1 << 28));
        Self { fake: FakeSource::default(), store }
    }

    async fn seal(&self, columns: &TopicSchema, visible: &RecordBatch, offset: i64) -> Arc<SegmentMeta> {
        // The first as it was received, the others joined.
        let mut batches = buffered(visible, offset, columns);
        let others = batches.split_off(1);
        batches
            .extend(others.first().map(|first| BufferedBatch::new(first.base_offset, joined_records(&others), first.position)));
        let job = SealJob {
            topic: TopicId(1),
            schema: columns.clone(),
            batches: batches
                .into_iter()
                .map(|batch| SealBatch { base_offset: batch.base_offset, records: batch.records })
                .collect(),
            writer: String::new(),
            producers: Vec::new(),
            topic_definition: String::new(),
            indexes: Vec::new(),
            created_at_us: 0,
        };
        Arc::new(self.store.seal(job).await.unwrap())
    }

    async fn merge(&self, columns: &TopicSchema, segments: Vec<Arc<SegmentMeta>>) -> Arc<SegmentMeta> {
        let job = MergeJob {
            segments,
            schema: columns.clone(),
            topic_definition: String::new(),
            indexes: Vec::new(),
            writer: String::new(),
            created_at_us: 0,
        };
        Arc::new(self.store.merge(job).await.unwrap())
    }
}

fn topic_schema() -> TopicSchema {
    let column = |id: i32, name: &str, data_type: DataType| Column {
        id: ColumnId(id),
        name: name.to_owned(),
        data_type,
        nullable: true,
        sql_type: None,
    };
    TopicSchema {
        declared: vec![
            column(1, "ts", timestamptz()),
            column(2, "service", DataType::Utf8View),
            column(3, "level", DataType::Utf8View),
            column(4, "message", DataType::Utf8View),
            column(5, "trace_id", DataType::Utf8View),
            column(6, "status", DataType::Int32),
            column(7, "ratio", DataType::Float64),
            column(9, "flag", DataType::Boolean),
        ],
        time_column: Some(ColumnId(1)),
        sort_by: vec![ColumnId(2), ColumnId(1)],
    }
}

fn batch_of(rows: &[Row], first_offset: i64, schema: &SchemaRef) -> RecordBatch {
    let text = |values: Vec<Option<&str>>| Arc::new(StringViewArray::from(values)) as ArrayRef;
    let ts: TimestampMicrosecondArray = rows.iter().map(|row| row.ts).collect();
    // Records came in a few batches.
    let batch = i64::try_from(rows.len().div_ceil(4)).unwrap();
    let received: TimestampMicrosecondArray =
        (first_offset..).take(rows.len()).map(|offset| Some(first_offset + (offset - first_offset) / batch)).collect();
    let columns: Vec<ArrayRef> = vec![
        Arc::new(ts.with_data_type(timestamptz())),
        text(rows.iter().map(|row| row.service).collect()),
        text(rows.iter().map(|row| row.level).collect()),
        text(rows.iter().map(|row| row.message.as_deref()).collect()),
        text(rows.iter().map(|row| row.trace_id).collect()),
        Arc::new(rows.iter().map(|row| row.status).collect::<Int32Array>()),
        Arc::new(rows.iter().map(|row| row.ratio).collect::<Float64Array>()),
        Arc::new(rows.iter().map(|row| row.flag).collect::<BooleanArray>()),
        text(rows.iter().map(|row| row.attrs).collect()),
        Arc::new(Int64Array::from_iter_values((first_offset..).take(rows.len()))),
        Arc::new(received.with_data_type(timestamptz())),
    ];
    RecordBatch::try_new(schema.clone(), columns).unwrap()
}

/// A session with the rows as table `t` (the scan) and `m` (the model).
struct Pair {
    context: SessionContext,
}

impl Pair {
    async fn new(parts: &[(Place, Vec<Row>)]) -> Self {
        let columns = topic_schema();
        let visible = columns.visible();
        let mut source = Segments::new();
        let (mut segments, mut buffer, mut all) = (Vec::new(), Vec::new(), vec![RecordBatch::new_empty(visible.clone())]);
        let mut offset = 0;
        for (place, rows) in parts.iter().filter(|(_, rows)| !rows.is_empty()) {
            let batch = batch_of(rows, offset, &visible);
            match place {
                Place::Fake => segments.push(source.fake.add(&columns, &batch)),
                Place::Sealed => segments.push(source.seal(&columns, &batch, offset).await),
                Place::Merged => {
                    let half = batch.num_rows() / 2;
                    let mut halves = Vec::new();
                    for (from, rows) in [(0, half), (half, batch.num_rows() - half)].into_iter().filter(|(_, rows)| *rows > 0) {
                        let from_offset = offset + i64::try_from(from).unwrap();
                        halves.push(source.seal(&columns, &batch.slice(from, rows), from_offset).await);
                    }
                    segments.push(source.merge(&columns, halves).await);
                }
                Place::Buffered => buffer.extend(buffered(&batch, offset, &columns).into_iter().map(Arc::new)),
                Place::Joined => {
                    let parts = buffered(&batch, offset, &columns);
                    buffer.push(Arc::new(BufferedBatch::new(offset, joined_records(&parts), parts[0].position)));
                }
            }
            offset += i64::try_from(rows.len()).unwrap();
            all.push(batch);
        }
        let topic = Topic {
            id: TopicId(1),
            schema: "logs".to_owned(),
            name: "t".to_owned(),
            next_column_id: 10,
            options: TopicOptions::default(),
            indexes: Vec::new(),
            first_offset: 0,
            next_offset: 0,
            created_at_us: 0,
            columns,
        };
        let snapshot = TopicSnapshot { topic: Arc::new(topic), segments: Arc::new(segments), buffer, next_offset: offset };
        let mut config = SessionConfig::new().with_target_partitions(3).with_batch_size(100);
        config.options_mut().sql_parser.dialect = Dialect::PostgreSQL;
        let state = SessionStateBuilder::new().with_config(config).with_default_features();
        let state = physical_rules().into_iter().fold(state, SessionStateBuilder::with_physical_optimizer_rule).build();
        let context = SessionContext::new_with_state(state);
        crate::jsonb::register(&context).unwrap();
        context.register_table("t", Arc::new(TopicTable::with_source(Arc::new(source), snapshot))).unwrap();
        context.register_table("m", Arc::new(MemTable::try_new(visible, vec![vec![joined(&all)]]).unwrap())).unwrap();
        Self { context }
    }

    /// The answer as text, or the error.
    async fn ask(&self, sql: &str) -> Result<String, String> {
        let frame = self.context.sql(sql).await.map_err(|error| error.to_string())?;
        let mut batches = vec![RecordBatch::new_empty(Arc::new(frame.schema().as_arrow().clone()))];
        batches.extend(frame.collect().await.map_err(|error| error.to_string())?);
        Ok(pretty_format_batches(&[joined(&batches)]).unwrap().to_string())
    }

    /// Asks both tables; `{t}` stands for the table.
    async fn check(&self, sql: &str) {
        let of = |table: &str| sql.replace("{t}", &format!("{table} AS r")).replace("{other}", table);
        let (found, wanted) = (self.ask(&of("t")).await, self.ask(&of("m")).await);
        if found != wanted {
            let plan = self.ask(&format!("EXPLAIN {}", of("t"))).await;
            panic!("{sql}\nfound {}\nwanted {}\n{}", show(&found), show(&wanted), show(&plan));
        }
    }
}

fn show(answer: &Result<String, String>) -> &str {
    match answer {
        Ok(text) | Err(text) => text,
    }
}

fn joined_records(batches: &[BufferedBatch]) -> Received {
    Received::joined(&batches.iter().map(|batch| &batch.records).collect::<Vec<_>>()).unwrap()
}

/// As the log gives them back: physical types loose, one batch a time of receipt.
fn buffered(visible: &RecordBatch, offset: i64, columns: &TopicSchema) -> Vec<BufferedBatch> {
    let stored = columns.stored();
    let arrays: Vec<ArrayRef> = (0..stored.fields().len())
        .map(|at| match at {
            3 => Arc::new(
                arrow::compute::cast(visible.column(at), &DataType::Utf8)
                    .unwrap()
                    .as_any()
                    .downcast_ref::<StringArray>()
                    .unwrap()
                    .clone(),
            ),
            1 => arrow::compute::cast(
                visible.column(at),
                &DataType::Dictionary(Box::new(DataType::UInt16), Box::new(DataType::Utf8)),
            )
            .unwrap(),
            _ => visible.column(at).clone(),
        })
        .collect();
    let fields: Vec<_> = stored
        .fields()
        .iter()
        .zip(&arrays)
        .map(|(field, array)| field.as_ref().clone().with_data_type(array.data_type().clone()))
        .collect();
    let batch = RecordBatch::try_new(Arc::new(arrow::datatypes::Schema::new(fields)), arrays).unwrap();
    let received = visible.column(visible.num_columns() - 1).as_primitive::<TimestampMicrosecondType>().values();
    let mut from = 0;
    let together = received.chunk_by(|left, right| left == right).map(|times| {
        let records = Received::together(batch.slice(from, times.len()), times[0]);
        let base_offset = offset + i64::try_from(from).unwrap();
        from += times.len();
        BufferedBatch::new(base_offset, records, WalPosition { file: 0, byte: 0 })
    });
    together.collect()
}

const SERVICES: [&str; 5] = ["auth", "db", "", "数据", "zoo"];
const LEVELS: [&str; 3] = ["ERROR", "INFO", "warn"];
const ATTRS: [&str; 7] = [
    r#"{"code": 1.10, "kind": "x"}"#,
    r#"{"code": 7}"#,
    r#"{"code": "seven", "kind": "y"}"#,
    r#"{"code": null, "kind": {"of": "z"}}"#,
    r#"{"kind": [1, "2"]}"#,
    r#"{"kind": {"of": {"deep": true}}, "连接": "云"}"#,
    "{}",
];
const IDS: [&str; 4] = ["00ff", "abcd", "0a1b", "beef"];

fn row() -> impl Strategy<Value = Row> {
    use proptest::option::weighted;
    use proptest::sample::select;
    let message = prop_oneof!["[ab %_\\\\.云]{0,8}", "(error|Error) [0-9]{1,3} 连接(失败)?", Just(String::new())];
    let ratio = prop_oneof![Just(f64::NAN), Just(-0.0), Just(0.0), Just(f64::INFINITY), -2.0..2.0];
    (
        weighted(0.95, 0i64..40),
        weighted(0.9, select(&SERVICES[..])),
        weighted(0.9, select(&LEVELS[..])),
        weighted(0.9, message),
        weighted(0.9, select(&IDS[..])),
        weighted(0.9, 0i32..6),
        weighted(0.9, ratio),
        weighted(0.9, any::<bool>()),
        weighted(0.8, select(&ATTRS[..])),
    )
        .prop_map(|(ts, service, level, message, trace_id, status, ratio, flag, attrs)| Row {
            ts: ts.map(|second| second * 1_000_000),
            service,
            level,
            message,
            trace_id,
            status,
            ratio,
            flag,
            attrs,
        })
}

fn parts() -> impl Strategy<Value = Vec<(Place, Vec<Row>)>> {
    let place =
        prop_oneof![Just(Place::Fake), Just(Place::Sealed), Just(Place::Merged), Just(Place::Buffered), Just(Place::Joined)];
    proptest::collection::vec((place, proptest::collection::vec(row(), 0..40)), 0..5)
}

fn leaf() -> impl Strategy<Value = String> {
    use proptest::sample::select;
    let text = select(&["service", "level", "message", "trace_id"][..]);
    let op = select(&["=", "<>", "<", "<=", ">", ">="][..]);
    let value = prop_oneof![
        select(&SERVICES[..]).prop_map(str::to_owned),
        select(&LEVELS[..]).prop_map(str::to_owned),
        select(&IDS[..]).prop_map(str::to_owned),
        Just("ABCD".to_owned()),
        "[ab%]{0,3}",
    ];
    let like = prop_oneof!["[ab%_\\\\云. ]{0,5}", "%(error|连接|a|b)%", "(error|E|a)%", "%(失败|b)", Just("a%b%".to_owned())];
    let regex = select(
        &["a.b", "^a", "b$", "error [0-9]+", "(?:a|云)+", "[0-9]{2} 连接", "连接(失败)?$", "^$", "", "E.ror", "a|b", "\\."][..],
    );
    let second = (0i64..41).prop_map(|second| format!("1970-01-01T00:00:{second:02}"));
    prop_oneof![
        (text.clone(), op.clone(), value.clone()).prop_map(|(column, op, value)| format!("{column} {op} '{value}'")),
        (value.clone(), op.clone(), text.clone()).prop_map(|(value, op, column)| format!("'{value}' {op} {column}")),
        (text.clone(), any::<bool>(), proptest::collection::vec(value.clone(), 1..4)).prop_map(|(column, not, values)| {
            format!("{column} {} IN ('{}')", if not { "NOT" } else { "" }, values.join("', '"))
        }),
        (text.clone(), select(&["LIKE", "NOT LIKE", "ILIKE", "NOT ILIKE"][..]), like)
            .prop_map(|(column, op, pattern)| format!("{column} {op} '{pattern}'")),
        (text.clone(), select(&["~", "~*", "!~", "!~*"][..]), regex)
            .prop_map(|(column, op, pattern)| format!("{column} {op} '{pattern}'")),
        (text.clone(), value).prop_map(|(column, value)| format!("starts_with({column}, '{value}')")),
        (select(&["ts", "service", "message", "trace_id", "status", "ratio", "flag", "attrs"][..]), any::<bool>())
            .prop_map(|(column, not)| format!("{column} IS {} NULL", if not { "NOT" } else { "" })),
        (op.clone(), 0i32..7).prop_map(|(op, value)| format!("status {op} {value}")),
        (op.clone(), 0i64..60).prop_map(|(op, value)| format!("_offset {op} {value}")),
        (op.clone(), 0i64..60).prop_map(|(op, value)| format!("_ingested_at {op} TIMESTAMPTZ '1970-01-01T00:00:00.{value:06}Z'")),
        (op.clone(), select(&["'NaN'::double", "0.0", "-0.0", "1.5", "'inf'::double"][..]))
            .prop_map(|(op, value)| format!("ratio {op} {value}")),
        (op.clone(), second.clone(), select(&["Z", "+02:00", "-00:30"][..]))
            .prop_map(|(op, at, zone)| format!("ts {op} TIMESTAMPTZ '{at}{zone}'")),
        (second.clone(), second).prop_map(|(from, to)| format!("ts BETWEEN '{from}Z' AND '{to}Z'")),
        (
            select(
                &["attrs ->> 'code'", "attrs ->> 'kind'", "attrs -> 'kind' ->> 'of'", "attrs ->> '连接'", "attrs ->> 'none'"][..]
            ),
            op
        )
            .prop_map(|(field, op)| format!("{field} {op} 'x'")),
        Just("attrs ->> 'code' IS NULL".to_owned()),
        Just("attrs -> 'kind' ->> 'of' LIKE '%z%'".to_owned()),
        Just("attrs ->> 'code' IN ('7', '1.10')".to_owned()),
        Just("attrs ->> 'kind' = service".to_owned()),
        Just("attrs ->> 'kind' ~ '[xz]'".to_owned()),
        Just("flag".to_owned()),
        Just("NOT flag".to_owned()),
        Just("flag = false".to_owned()),
        Just("service = level".to_owned()),
        Just("service < message".to_owned()),
        Just("length(message) > 4".to_owned()),
        Just("upper(level) = 'WARN'".to_owned()),
        Just("status % 2 = 0".to_owned()),
        Just("10 / (status + 1) > 3".to_owned()),
        Just("coalesce(level, 'none') = 'none'".to_owned()),
        Just("CASE WHEN flag THEN status > 2 ELSE level = 'INFO' END".to_owned()),
        Just("message IS DISTINCT FROM service".to_owned()),
    ]
}

fn predicate() -> impl Strategy<Value = String> {
    leaf().prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 2..4).prop_map(|parts| format!("({})", parts.join(" AND "))),
            proptest::collection::vec(inner.clone(), 2..4).prop_map(|parts| format!("({})", parts.join(" OR "))),
            inner.prop_map(|part| format!("NOT ({part})")),
        ]
    })
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// Cases of each property; more with `STRATA_MODEL_CASES`.
fn cases() -> u32 {
    std::env::var("STRATA_MODEL_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(20)
}

#[test]
fn every_predicate_finds_what_a_plain_table_finds() {
    let runtime = runtime();
    let mut runner = TestRunner::new(Config { cases: cases(), max_shrink_iters: 30, ..Config::default() });
    let strategy = (parts(), proptest::collection::vec(predicate(), 8));
    let outcome = runner.run(&strategy, |(parts, predicates)| {
        runtime.block_on(async {
            let pair = Pair::new(&parts).await;
            for predicate in &predicates {
                pair.check(&format!("SELECT * FROM {{t}} WHERE {predicate} ORDER BY _offset")).await;
                pair.check(&format!("SELECT count(*) FROM {{t}} WHERE {predicate}")).await;
            }
        });
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn the_first_rows_are_the_first_rows() {
    let runtime = runtime();
    let mut runner = TestRunner::new(Config { cases: cases(), max_shrink_iters: 30, ..Config::default() });
    let direction = proptest::sample::select(&["DESC", "ASC", "DESC NULLS LAST", "ASC NULLS FIRST"][..]);
    let strategy = (parts(), predicate(), direction, 0usize..12, proptest::sample::select(&["ts", "_offset"][..]));
    let outcome = runner.run(&strategy, |(parts, predicate, direction, limit, key)| {
        runtime.block_on(async {
            let pair = Pair::new(&parts).await;
            // Ties are broken as one likes, so only the key is compared.
            pair.check(&format!("SELECT {key} FROM {{t}} WHERE {predicate} ORDER BY {key} {direction} LIMIT {limit}")).await;
            pair.check(&format!("SELECT {key} FROM {{t}} ORDER BY {key} {direction} LIMIT {limit}")).await;
            pair.check(&format!(
                "SELECT {key}, service FROM {{t}} WHERE {predicate} ORDER BY {key} {direction}, service, _offset LIMIT {limit}"
            ))
            .await;
            pair.check(&format!("SELECT count(*) FROM (SELECT message FROM {{t}} WHERE {predicate} LIMIT {limit})")).await;
        });
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn aggregates_agree() {
    let runtime = runtime();
    let mut runner = TestRunner::new(Config { cases: cases() / 2, max_shrink_iters: 30, ..Config::default() });
    let outcome = runner.run(&(parts(), predicate()), |(parts, predicate)| {
        runtime.block_on(async {
            let pair = Pair::new(&parts).await;
            for sql in [
                "SELECT count(*), min(ts), max(ts), min(_offset), max(_offset), min(_ingested_at), max(_ingested_at), min(status), max(status), count(level), min(ratio), max(ratio), min(message), max(message) FROM {t}",
                "SELECT count(*), count(ts) FROM {t}",
                "SELECT service, level, count(*), sum(status), min(ts), max(ts) FROM {t} WHERE {p} GROUP BY service, level ORDER BY 1, 2",
                "SELECT date_trunc('minute', ts) AS m, count(*) FROM {t} WHERE {p} GROUP BY m ORDER BY m",
                "SELECT message, status, trace_id, count(*), count(level), sum(_offset), min(status), max(_ingested_at) FROM {t} WHERE {p} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
                "SELECT date_trunc('second', ts), flag, count(*), count(flag) FROM {t} GROUP BY 1, 2 ORDER BY 1, 2",
                "SELECT ts, count(*) FROM {t} WHERE {p} GROUP BY ts ORDER BY ts",
                "SELECT count(*), count(message), sum(status), min(ts), max(status) FROM {t} WHERE {p}",
                "SELECT attrs ->> 'kind' AS k, count(*), max(attrs ->> 'code') FROM {t} WHERE {p} GROUP BY k ORDER BY k",
                "SELECT attrs -> 'kind' ->> 'of' AS k, upper(attrs ->> 'code') AS c, service FROM {t} WHERE {p} ORDER BY k, c, service",
                "SELECT r.service, count(*) FROM {t} JOIN {other} AS b ON r.trace_id = b.trace_id AND r.status = b.status WHERE r.level = 'ERROR' GROUP BY 1 ORDER BY 1",
            ] {
                pair.check(&sql.replace("{p}", &predicate)).await;
            }
        });
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn plans_show_what_the_scan_does() {
    let row = Row {
        ts: Some(1),
        service: Some("db"),
        level: None,
        message: None,
        trace_id: None,
        status: Some(1),
        ratio: None,
        flag: None,
        attrs: Some(ATTRS[0]),
    };
    let parts = [Place::Fake, Place::Buffered].map(|place| (place, vec![row.clone()]));
    runtime().block_on(async {
        let pair = Pair::new(&parts).await;
        for (sql, shown) in [
            ("SELECT message FROM t ORDER BY ts DESC LIMIT 3", "first=[ts DESC], top=3"),
            ("SELECT count(*) FROM t", "PlaceholderRowExec"),
            ("SELECT min(ts), max(_offset) FROM t", "PlaceholderRowExec"),
            ("SELECT service, count(*) FROM t GROUP BY 1", "TopicAggregateExec"),
            ("SELECT date_trunc('minute', ts), sum(status) FROM t GROUP BY 1", "TopicAggregateExec"),
            ("SELECT attrs ->> 'kind' FROM t", "columns=[attrs ->> 'kind']"),
            ("SELECT attrs ->> 'kind', count(*) FROM t GROUP BY 1", "columns=[attrs ->> 'kind']"),
            ("SELECT count(*) FROM t WHERE attrs ->> 'kind' = 'x'", "filters=[attrs ->> 'kind'@"),
            ("SELECT message FROM t WHERE message LIKE '%x%' LIMIT 5", "fetch=5"),
            ("SELECT message FROM t ORDER BY message LIMIT 5", "dynamic=[DynamicFilter"),
        ] {
            let plan = pair.ask(&format!("EXPLAIN {sql}")).await.unwrap();
            assert!(plan.contains(shown), "{sql} shows no {shown}:\n{plan}");
        }
        let analyzed = pair.ask("EXPLAIN ANALYZE SELECT * FROM t WHERE ts > '2020-01-01'").await.unwrap();
        assert!(analyzed.contains("segments_pruned_by_time=1"), "{analyzed}");
    });
}

/// Many chunks and blocks, so that bounds decide and binary search has something to do.
#[test]
fn large_segments_agree() {
    let rows = |from: usize, count: usize| {
        let row = |at: usize| Row {
            ts: Some(i64::try_from(at / 3).unwrap() * 1_000_000),
            service: Some(SERVICES[at * 7 % 5]),
            level: (!at.is_multiple_of(97)).then_some(LEVELS[at * 11 % 3]),
            message: Some(format!("message {} of worker {}", at, at % 17)),
            trace_id: Some(IDS[at % 4]),
            status: Some(i32::try_from(at % 600).unwrap()),
            ratio: Some(0.5),
            flag: Some(at.is_multiple_of(2)),
            attrs: Some(ATTRS[at % 3]),
        };
        (from..from + count).map(row).collect::<Vec<_>>()
    };
    let parts = [
        (Place::Sealed, rows(0, 150_000)),
        (Place::Fake, rows(150_000, 70_000)),
        (Place::Merged, rows(220_000, 70_000)),
        (Place::Buffered, rows(290_000, 3_000)),
        (Place::Joined, rows(293_000, 3_000)),
    ];
    runtime().block_on(async {
        let pair = Pair::new(&parts).await;
        for sql in [
            "SELECT count(*) FROM {t} WHERE ts >= '1970-01-01T10:00:00Z' AND ts < '1970-01-01T11:00:00Z'",
            "SELECT count(*) FROM {t} WHERE ts >= '1970-01-01T01:00:00Z' AND service = 'db'",
            "SELECT count(*), sum(status) FROM {t} WHERE service IN ('db', 'zoo') AND level IS NULL",
            "SELECT * FROM {t} WHERE message LIKE '%ge 14999%' ORDER BY _offset",
            "SELECT count(*) FROM {t} WHERE message ~ 'worker 1[0-3]$' OR status < 3",
            "SELECT ts FROM {t} WHERE service = 'auth' ORDER BY ts DESC LIMIT 100",
            "SELECT ts FROM {t} ORDER BY ts DESC LIMIT 1000",
            "SELECT service, level, count(*) FROM {t} GROUP BY 1, 2 ORDER BY 1, 2",
            "SELECT _offset, message FROM {t} WHERE _offset BETWEEN 149990 AND 150010 ORDER BY 1",
            "SELECT attrs ->> 'code' AS c, count(*) FROM {t} GROUP BY c ORDER BY c",
            "SELECT service, approx_percentile_cont(0.5) WITHIN GROUP (ORDER BY status) BETWEEN 290 AND 310, approx_percentile_cont(0.99) WITHIN GROUP (ORDER BY status) BETWEEN 580 AND 600 FROM {t} GROUP BY service ORDER BY service",
            "SELECT date_trunc('hour', ts) AS h, level, count(*), min(_offset) FROM {t} GROUP BY h, level ORDER BY h, level",
            "SELECT count(*), sum(c), min(n) FROM (SELECT message, _offset AS n, count(*) AS c FROM {t} GROUP BY 1, 2)",
            "SELECT count(*) FROM {t} WHERE NOT (service = 'db' OR ts > '1970-01-01T05:00:00Z')",
        ] {
            pair.check(sql).await;
        }
    });
}
