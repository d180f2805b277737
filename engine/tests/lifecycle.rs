//! Records on their way through the engine: append, see, restart, seal, merge, expire; exactly once all the way.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use strata_catalog::{NewTopic, TopicOptions};
use strata_engine::ingest::{ProducerSpan, TopicAppend};
use strata_engine::topics::{TopicSnapshot, TopicState};
use strata_engine::{Engine, EngineConfig};
use strata_storage::ColumnId;
use strata_storage::schema::{Column, TopicSchema, column_by_id, timestamptz};
use strata_storage::segment::{ColumnRef, to_logical};

fn columns() -> TopicSchema {
    let column =
        |id, name: &str, data_type| Column { id: ColumnId(id), name: name.to_owned(), data_type, nullable: true, sql_type: None };
    TopicSchema {
        declared: vec![
            column(1, "ts", timestamptz()),
            column(2, "message", arrow::datatypes::DataType::Utf8View),
            column(3, "n", arrow::datatypes::DataType::Int64),
        ],
        time_column: Some(ColumnId(1)),
        sort_by: vec![ColumnId(1)],
    }
}

/// `count` records whose `n` counts up from `first` and whose time counts down, so that sorting changes their order.
fn records(first: i64, count: i64) -> RecordBatch {
    let field = |i: usize| columns().declared[i].field();
    let ts = TimestampMicrosecondArray::from_iter_values((first..first + count).map(|n| 1_000_000_000 - n * 1000));
    let message = StringArray::from_iter_values((first..first + count).map(|n| format!("record {n}")));
    let n = Int64Array::from_iter_values(first..first + count);
    let arrays: Vec<ArrayRef> = vec![Arc::new(ts.with_timezone("UTC")), Arc::new(message), Arc::new(n)];
    let fields = vec![field(0), field(1).with_data_type(arrow::datatypes::DataType::Utf8), field(2)];
    RecordBatch::try_new(Arc::new(arrow::datatypes::Schema::new(fields)), arrays).unwrap()
}

async fn open(folder: &Path, change: impl FnOnce(&mut EngineConfig)) -> Arc<Engine> {
    let mut config = EngineConfig::for_folder(folder, 256 << 20);
    config.wal_file_bytes = 1 << 20;
    config.free_bytes_min = 0;
    change(&mut config);
    Engine::open_folder(config).await.unwrap()
}

async fn topic(engine: &Arc<Engine>) -> Arc<TopicState> {
    if let Some(topic) = engine.topics().get("logs", "t") {
        return topic;
    }
    let topic = NewTopic {
        schema: "logs".to_owned(),
        name: "t".to_owned(),
        columns: columns(),
        options: TopicOptions::default(),
        indexes: Vec::new(),
        created_at_us: 0,
    };
    engine.topics().create_topic(topic).await.unwrap()
}

/// All (offset, n) of a snapshot in offset order.
async fn contents(engine: &Arc<Engine>, snapshot: &TopicSnapshot) -> Vec<(i64, i64)> {
    let mut rows = Vec::new();
    for meta in snapshot.segments.iter() {
        let reader = engine.segments().open(meta).await.unwrap();
        for chunk in 0..reader.rows().div_ceil(strata_storage::segment::CHUNK_ROWS) {
            let offsets = reader.chunk(&ColumnRef::Column(ColumnId::OFFSET), chunk).await.unwrap();
            let ns = reader.chunk(&ColumnRef::Column(ColumnId(3)), chunk).await.unwrap();
            let int = |array: &ArrayRef| {
                let array = to_logical(array, &arrow::datatypes::DataType::Int64).unwrap();
                array.as_any().downcast_ref::<Int64Array>().unwrap().values().to_vec()
            };
            rows.extend(int(&offsets).into_iter().zip(int(&ns)));
        }
    }
    for batch in &snapshot.buffer {
        let (_, ns) = column_by_id(batch.records.batch(), ColumnId(3)).unwrap();
        let ns = ns.as_any().downcast_ref::<Int64Array>().unwrap();
        rows.extend((0..ns.len()).map(|row| (batch.base_offset + row as i64, ns.value(row))));
    }
    rows.sort_unstable();
    rows
}

fn counted(count: i64) -> Vec<(i64, i64)> {
    (0..count).map(|n| (n, n)).collect()
}

async fn append(engine: &Arc<Engine>, first: i64, count: i64) {
    let topic = topic(engine).await;
    let receipt = engine.ingest().append(TopicAppend::plain(topic.id(), records(first, count))).await.unwrap();
    assert_eq!((receipt.accepted, receipt.duplicates), (count as u64, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ack_is_visible_at_once_and_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    {
        let engine = open(folder.path(), |_| {}).await;
        append(&engine, 0, 100).await;
        append(&engine, 100, 1).await;
        let topic = topic(&engine).await;
        assert_eq!(contents(&engine, &topic.snapshot()).await, counted(101));
        engine.wal().close();
    }
    let engine = open(folder.path(), |_| {}).await;
    let topic = topic(&engine).await;
    assert_eq!(contents(&engine, &topic.snapshot()).await, counted(101));
    append(&engine, 101, 9).await;
    assert_eq!(contents(&engine, &topic.snapshot()).await, counted(110));
}

#[tokio::test(flavor = "multi_thread")]
async fn optimize_leaves_one_segment_an_empty_log_and_the_same_records() {
    let folder = tempfile::tempdir().unwrap();
    {
        let engine = open(folder.path(), |config| config.seal_rows = 1000).await;
        let topic = topic(&engine).await;
        for first in (0..10_000).step_by(500) {
            append(&engine, first, 500).await;
        }
        engine.optimize(&topic).await.unwrap();
        let snapshot = topic.snapshot();
        assert_eq!((snapshot.segments.len(), snapshot.buffer.len()), (1, 0));
        assert_eq!(contents(&engine, &snapshot).await, counted(10_000));
        assert_eq!(engine.segments().locations().await.unwrap().len(), 1, "merged files are gone");
        assert_eq!(engine.memory().used_by(strata_storage::memory::Consumer::Buffer), 0);
        engine.drain().await.unwrap();
    }
    let engine = open(folder.path(), |_| {}).await;
    assert_eq!(engine.recovery().unwrap().rows, 0, "nothing is left to replay");
    let topic = topic(&engine).await;
    append(&engine, 10_000, 5).await;
    assert_eq!(contents(&engine, &topic.snapshot()).await, counted(10_005));
}

#[tokio::test(flavor = "multi_thread")]
async fn sequence_numbers_are_stored_once_across_restart_and_seal() {
    let folder = tempfile::tempdir().unwrap();
    let send = async |engine: &Arc<Engine>, first: i64, count: i64| {
        let topic = topic(engine).await;
        let span = ProducerSpan { producer: "p".into(), first: first as u64 };
        let append = TopicAppend { producer: Some(span), ..TopicAppend::plain(topic.id(), records(first, count)) };
        let receipt = engine.ingest().append(append).await.unwrap();
        (receipt.accepted, receipt.duplicates)
    };
    {
        let engine = open(folder.path(), |_| {}).await;
        assert_eq!(send(&engine, 0, 100).await, (100, 0));
        assert_eq!(send(&engine, 50, 100).await, (50, 50));
        engine.wal().close();
    }
    {
        let engine = open(folder.path(), |_| {}).await;
        assert_eq!(send(&engine, 0, 150).await, (0, 150));
        engine.optimize(&topic(&engine).await).await.unwrap();
        engine.drain().await.unwrap();
    }
    let engine = open(folder.path(), |_| {}).await;
    assert_eq!(send(&engine, 100, 60).await, (10, 50));
    let snapshot = topic(&engine).await.snapshot();
    assert_eq!(contents(&engine, &snapshot).await, counted(160));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_batch_sent_twice_at_once_is_stored_once() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path(), |_| {}).await;
    let topic = topic(&engine).await;
    let mut sends = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let (engine, id) = (engine.clone(), topic.id());
        sends.spawn(async move {
            let span = ProducerSpan { producer: "p".into(), first: 0 };
            let append = TopicAppend { producer: Some(span), ..TopicAppend::plain(id, records(0, 50)) };
            engine.ingest().append(append).await.unwrap()
        });
    }
    let receipts = sends.join_all().await;
    assert_eq!(receipts.iter().map(|receipt| receipt.accepted).sum::<u64>(), 50);
    assert_eq!(receipts.iter().map(|receipt| receipt.duplicates).sum::<u64>(), 15 * 50);
    assert_eq!(contents(&engine, &topic.snapshot()).await, counted(50));
}

#[tokio::test(flavor = "multi_thread")]
async fn offsets_go_on_after_truncate() {
    let folder = tempfile::tempdir().unwrap();
    {
        let engine = open(folder.path(), |_| {}).await;
        append(&engine, 0, 10).await;
        engine.optimize(&topic(&engine).await).await.unwrap();
        append(&engine, 10, 10).await;
        assert_eq!(engine.topics().truncate_topic("logs", "t").await.unwrap(), 20);
        append(&engine, 20, 3).await;
        assert_eq!(contents(&engine, &topic(&engine).await.snapshot()).await, [(20, 20), (21, 21), (22, 22)]);
        engine.wal().close();
    }
    let engine = open(folder.path(), |_| {}).await;
    assert_eq!(contents(&engine, &topic(&engine).await.snapshot()).await, [(20, 20), (21, 21), (22, 22)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_writers_and_sealers_keep_offsets_dense() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path(), |config| config.seal_rows = 300).await;
    let topic = topic(&engine).await;
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..8 {
        let engine = engine.clone();
        writers.spawn(async move {
            for batch in 0..40 {
                append(&engine, writer * 1000 + batch * 25, 25).await;
            }
        });
    }
    let reader = {
        let (engine, topic) = (engine.clone(), topic.clone());
        tokio::spawn(async move {
            for _ in 0..50 {
                let snapshot = topic.snapshot();
                let rows = contents(&engine, &snapshot).await;
                assert!(rows.iter().map(|(offset, _)| *offset).eq(0..snapshot.next_offset), "a snapshot is dense");
            }
        })
    };
    writers.join_all().await;
    reader.await.unwrap();
    engine.optimize(&topic).await.unwrap();
    let mut ns: Vec<i64> = contents(&engine, &topic.snapshot()).await.into_iter().map(|(_, n)| n).collect();
    ns.sort_unstable();
    assert_eq!(ns, (0..8000).collect::<Vec<_>>());
}
