//! What a front end does with a session beyond text: parameters, COPY data, requests to stop, notifications.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::sync::Arc;
use std::time::Duration;

use arrow::array::{ArrayRef, Int32Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, FieldRef, Schema};
use datafusion::common::ScalarValue;
use futures::TryStreamExt;
use strata_engine::session::{Outcome, Prepared, Session, SessionOptions, TransactionStatus};
use strata_engine::{Engine, EngineConfig, EngineError};

async fn engine(folder: &std::path::Path) -> Arc<Engine> {
    let mut config = EngineConfig::for_folder(folder, 256 << 20);
    config.wal_file_bytes = 4 << 20;
    config.free_bytes_min = 0;
    Engine::open_folder(config).await.unwrap()
}

fn session(engine: &Arc<Engine>) -> Session {
    let options = SessionOptions { user: "strata".into(), database: "strata".into(), ..SessionOptions::default() };
    Session::new(engine.clone(), options).unwrap()
}

async fn run(session: &Session, sql: &str) -> Result<Outcome, EngineError> {
    let mut last = Outcome::Empty;
    for parsed in session.parse(sql)? {
        let prepared = session.prepare(&parsed, &[]).await?;
        last = session.execute(&prepared, Vec::new()).await?;
    }
    Ok(last)
}

async fn one_number(session: &Session, sql: &str) -> i64 {
    let Outcome::Rows { stream, .. } = run(session, sql).await.unwrap() else { panic!("{sql}: no rows") };
    let batches: Vec<RecordBatch> = stream.try_collect().await.unwrap();
    let batch = batches.iter().find(|batch| batch.num_rows() > 0).unwrap();
    let ScalarValue::Int64(Some(number)) =
        ScalarValue::try_from_array(batch.column(0), 0).unwrap().cast_to(&DataType::Int64).unwrap()
    else {
        panic!("{sql}: no number")
    };
    number
}

fn batch(from: i32, rows: i32) -> RecordBatch {
    let schema = Schema::new(vec![Field::new("a", DataType::Int32, true), Field::new("b", DataType::Utf8, true)]);
    let numbers: ArrayRef = Arc::new(Int32Array::from_iter_values(from..from + rows));
    let texts: ArrayRef = Arc::new(StringArray::from_iter_values((from..from + rows).map(|n| format!("text number {n}"))));
    RecordBatch::try_new(Arc::new(schema), vec![numbers, texts]).unwrap()
}

fn types(prepared: &Prepared) -> Vec<DataType> {
    prepared.parameters.iter().map(|field| field.data_type().clone()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn types_of_parameters_are_found_and_values_bound() {
    let folder = tempfile::tempdir().unwrap();
    let engine = engine(folder.path()).await;
    let session = session(&engine);
    run(&session, "CREATE TABLE t (a int, b text)").await.unwrap();
    let prepare = async |sql: &str, given: &[Option<FieldRef>]| {
        let parsed = session.parse(sql).unwrap().remove(0);
        session.prepare(&parsed, given).await
    };

    let insert = prepare("INSERT INTO t VALUES ($1, $2)", &[]).await.unwrap();
    assert_eq!(types(&insert), [DataType::Int32, DataType::Utf8View]);
    assert!(insert.columns.is_none());
    for n in 0..3 {
        let values = vec![ScalarValue::Int32(Some(n)), ScalarValue::Utf8(Some(format!("b{n}")))];
        let Outcome::Done { tag } = session.execute(&insert, values).await.unwrap() else { panic!("no tag") };
        assert_eq!(tag, "INSERT 0 1");
    }

    let select = prepare("SELECT a + 1, b FROM t WHERE a > $1 AND b = $2 ORDER BY a LIMIT $3", &[]).await.unwrap();
    assert_eq!(types(&select), [DataType::Int32, DataType::Utf8View, DataType::Int64]);
    let columns = select.columns.clone().unwrap();
    assert_eq!(columns.fields().iter().map(|field| field.name().as_str()).collect::<Vec<_>>(), ["?column?", "b"]);
    let values = vec![ScalarValue::Int64(Some(0)), ScalarValue::from("b2"), ScalarValue::Int64(Some(5))];
    let Outcome::Rows { stream, .. } = session.execute(&select, values).await.unwrap() else { panic!("no rows") };
    let rows: usize = stream.try_collect::<Vec<_>>().await.unwrap().iter().map(RecordBatch::num_rows).sum();
    assert_eq!(rows, 1);

    let text = prepare("SELECT $1", &[]).await.unwrap();
    assert_eq!(types(&text), [DataType::Utf8View]);
    let given = prepare("SELECT $1 + 1", &[Some(Arc::new(Field::new("", DataType::Int32, true)))]).await.unwrap();
    assert_eq!(types(&given), [DataType::Int32]);
    assert!(matches!(session.execute(&given, Vec::new()).await, Err(EngineError::Refused { .. })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_is_all_or_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let engine = engine(folder.path()).await;
    let session = session(&engine);
    run(&session, "CREATE TABLE t (a int NOT NULL, b text)").await.unwrap();
    let copy = async || match run(&session, "COPY t FROM STDIN").await.unwrap() {
        Outcome::CopyIn(copy) => copy,
        _ => panic!("no COPY"),
    };

    let mut whole = copy().await;
    whole.sink.push(batch(0, 10)).await.unwrap();
    assert_eq!(one_number(&self::session(&engine), "SELECT count(*) FROM t").await, 0);
    whole.sink.push(batch(10, 10)).await.unwrap();
    assert_eq!(whole.sink.finish().await.unwrap(), 20);
    assert_eq!(one_number(&session, "SELECT count(*) FROM t").await, 20);

    let mut left = copy().await;
    left.sink.push(batch(20, 10)).await.unwrap();
    drop(left);
    let mut wrong = copy().await;
    let nulls: ArrayRef = Arc::new(Int32Array::from(vec![None::<i32>]));
    let null_row = RecordBatch::try_new(batch(0, 1).schema(), vec![nulls, batch(0, 1).column(1).clone()]).unwrap();
    assert!(matches!(wrong.sink.push(null_row).await, Err(EngineError::Data { .. })));
    drop(wrong);
    assert_eq!(one_number(&session, "SELECT count(*) FROM t").await, 20);

    run(&session, "BEGIN").await.unwrap();
    let mut inside = copy().await;
    inside.sink.push(batch(20, 5)).await.unwrap();
    inside.sink.finish().await.unwrap();
    assert_eq!(one_number(&session, "SELECT count(*) FROM t").await, 20);
    run(&session, "COMMIT").await.unwrap();
    assert_eq!(one_number(&session, "SELECT count(*) FROM t").await, 25);

    run(&session, "BEGIN").await.unwrap();
    drop(copy().await);
    assert_eq!(session.transaction_status(), TransactionStatus::Failed);
    run(&session, "ROLLBACK").await.unwrap();
    let spilled =
        std::fs::read_dir(folder.path().join("spill")).unwrap().filter(|entry| entry.as_ref().unwrap().path().is_file());
    assert_eq!(spilled.count(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_copy_goes_over_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let engine = engine(folder.path()).await;
    let session = session(&engine);
    run(&session, "CREATE TABLE t (a int, b text)").await.unwrap();
    let Outcome::CopyIn(mut copy) = run(&session, "COPY t FROM STDIN").await.unwrap() else { panic!("no COPY") };
    let (batches, rows) = (60, 10_000);
    for n in 0..batches {
        copy.sink.push(batch(n * rows, rows)).await.unwrap();
        let ingest = engine.memory().used_by(strata_storage::memory::Consumer::Ingest);
        assert!(ingest <= 33 << 20, "{ingest} bytes wait in memory");
    }
    assert_eq!(copy.sink.finish().await.unwrap(), 600_000);
    let count = one_number(&session, "SELECT count(*) FROM t").await;
    let sum = one_number(&session, "SELECT sum(a) FROM t").await;
    assert_eq!((count, sum), (600_000, 600_000 * 599_999 / 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_to_stop_ends_the_running_statement() {
    let folder = tempfile::tempdir().unwrap();
    let engine = engine(folder.path()).await;
    let session = session(&engine);
    let handle = session.cancel_handle();
    run(&session, "BEGIN").await.unwrap();
    let Outcome::Rows { stream, .. } = run(&session, "SELECT pg_sleep(60)").await.unwrap() else { panic!("no rows") };
    let reader = tokio::spawn(stream.try_collect::<Vec<RecordBatch>>());
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(engine.sessions().queries().list().len(), 1);
    handle.cancel();
    let error = tokio::time::timeout(Duration::from_secs(10), reader).await.unwrap().unwrap().unwrap_err();
    assert!(matches!(EngineError::from(error), EngineError::Cancelled { .. }));
    assert_eq!(session.transaction_status(), TransactionStatus::Failed);
    assert!(engine.sessions().queries().list().is_empty());
    run(&session, "ROLLBACK").await.unwrap();
    assert_eq!(one_number(&session, "SELECT 1").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn notifications_arrive_at_commit() {
    let folder = tempfile::tempdir().unwrap();
    let engine = engine(folder.path()).await;
    let (listener, sender) = (session(&engine), session(&engine));
    run(&listener, "LISTEN news").await.unwrap();
    run(&sender, "BEGIN; NOTIFY news, 'a'; NOTIFY news, 'a'; NOTIFY news, 'b'").await.unwrap();
    assert!(listener.info().mailbox.drain().0.is_empty());
    run(&sender, "COMMIT").await.unwrap();
    let (arrived, lost) = listener.info().mailbox.drain();
    assert_eq!((arrived.iter().map(|note| note.payload.as_str()).collect::<Vec<_>>(), lost), (vec!["a", "b"], 0));
    run(&sender, "BEGIN; NOTIFY news, 'c'; ROLLBACK").await.unwrap();
    assert!(listener.info().mailbox.drain().0.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_are_listed_while_they_live() {
    let folder = tempfile::tempdir().unwrap();
    let engine = engine(folder.path()).await;
    let first = session(&engine);
    assert_eq!(one_number(&first, "SELECT count(*) FROM sys.sessions").await, 1);
    let second = session(&engine);
    assert_ne!(first.info().id, second.info().id);
    assert_eq!(one_number(&first, "SELECT count(*) FROM sys.sessions").await, 2);
    drop(second);
    assert_eq!(one_number(&first, "SELECT count(*) FROM sys.sessions").await, 1);
}
