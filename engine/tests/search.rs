//! Whatever can be pushed into a scan finds the rows that an obvious evaluation finds: with every set of indexes, before and after
//! sealing and merging, for rows of all kinds.
//!
//! `STRATA_SEARCH_CASES=20000` asks for more than the few that every run does; `STRATA_SEARCH_SEED` repeats one.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "search/predicate.rs"]
mod predicate;
#[path = "search/rows.rs"]
mod rows;

use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use futures::TryStreamExt;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use strata_engine::session::{Outcome, Session, SessionOptions};
use strata_engine::{Engine, EngineConfig, EngineError};

use predicate::Predicate;
use rows::Row;

/// Predicates for one set of rows in one state.
const PREDICATES: usize = 40;

const INDEXES: &[&str] = &[
    "inverted (message)",
    "inverted (message) WITH (tokenizer = 'ngram')",
    "inverted (message) WITH (tokenizer = 'whitespace')",
    "inverted (message) WITH (tokenizer = 'cjk')",
    "bloom (id)",
    "bloom (n)",
    "bloom (message)",
    "inverted (id)",
];

async fn engine(folder: &std::path::Path) -> Arc<Engine> {
    let mut config = EngineConfig::for_folder(folder, 512 << 20);
    config.wal_file_bytes = 4 << 20;
    config.free_bytes_min = 0;
    Engine::open_folder(config).await.unwrap()
}

async fn run(session: &Session, sql: &str) -> Result<Vec<RecordBatch>, EngineError> {
    let mut batches = Vec::new();
    for parsed in session.parse(sql)? {
        let prepared = session.prepare(&parsed, &[]).await?;
        match session.execute(&prepared, Vec::new()).await? {
            Outcome::Rows { stream, .. } => batches = stream.try_collect().await.map_err(EngineError::from)?,
            Outcome::CopyIn(_) => panic!("{sql}: a COPY"),
            _ => {}
        }
    }
    Ok(batches)
}

async fn numbers(session: &Session, sql: &str) -> Vec<i64> {
    let batches = run(session, sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    batches.iter().flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values().to_vec()).collect()
}

async fn insert(session: &Session, rows: &[Row]) {
    for rows in rows.chunks(4096) {
        let parsed = session.parse("COPY t (ts, id, n, message) FROM STDIN").unwrap().remove(0);
        let prepared = session.prepare(&parsed, &[]).await.unwrap();
        let Outcome::CopyIn(mut copy) = session.execute(&prepared, Vec::new()).await.unwrap() else { panic!("no COPY") };
        copy.sink.push(rows::batch(rows)).await.unwrap();
        copy.sink.finish().await.unwrap();
    }
}

/// Asks every predicate in several ways and compares with what the rows themselves say. How many questions it asked.
async fn check(session: &Session, rows: &[Row], random: &mut StdRng, what: &str) -> usize {
    for _ in 0..PREDICATES {
        let predicate = Predicate::random(random, rows, 2);
        let condition = predicate.sql();
        let wanted: Vec<i64> =
            rows.iter().zip(0..).filter(|(row, _)| predicate.holds(row) == Some(true)).map(|(_, at)| at).collect();
        let found = numbers(session, &format!("SELECT _offset FROM t WHERE {condition} ORDER BY _offset")).await;
        assert!(found == wanted, "{what}: WHERE {condition}\n found {found:?}\nwanted {wanted:?}");
        let count = numbers(session, &format!("SELECT count(*) FROM t WHERE {condition}")).await;
        assert_eq!(count, [i64::try_from(wanted.len()).unwrap()], "{what}: count(*) WHERE {condition}");
        let latest = numbers(session, &format!("SELECT _offset FROM t WHERE {condition} ORDER BY ts DESC LIMIT 5")).await;
        let mut newest = wanted;
        newest.reverse();
        newest.truncate(5);
        assert_eq!(latest, newest, "{what}: latest WHERE {condition}");
    }
    3 * PREDICATES
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scan_finds_what_the_rows_say() {
    let number = |name: &str, default: u64| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    let wanted = usize::try_from(number("STRATA_SEARCH_CASES", 600)).unwrap();
    let seed = number("STRATA_SEARCH_SEED", 1);
    let mut done = 0;
    let mut round = 0;
    while done < wanted {
        let mut random = StdRng::seed_from_u64(seed + round);
        let what = |state: &str| format!("seed {}, {state}", seed + round);
        let folder = tempfile::tempdir().unwrap();
        let engine = engine(folder.path()).await;
        let options = SessionOptions { user: "strata".into(), database: "strata".into(), ..SessionOptions::default() };
        let session = Session::new(engine.clone(), options).unwrap();
        let ddl = "CREATE TABLE t (ts timestamptz NOT NULL, id text, n bigint, message text) WITH (time_column = 'ts')";
        run(&session, ddl).await.unwrap();
        // Every fourth set is larger than a block.
        let size = if round % 4 == 3 { 12_000 } else { random.random_range(1..1500) };
        let rows = rows::random(&mut random, size);
        let early: Vec<&str> = INDEXES.iter().copied().filter(|_| random.random_bool(0.4)).collect();
        for index in &early {
            run(&session, &format!("CREATE INDEX ON t USING {index}")).await.unwrap();
        }
        let half = rows.len() / 2;
        insert(&session, &rows[..half]).await;
        done += check(&session, &rows[..half], &mut random, &what("in the buffer")).await;
        run(&session, "CALL sys.optimize('t')").await.unwrap();
        done += check(&session, &rows[..half], &mut random, &what(&format!("sealed with {early:?}"))).await;
        insert(&session, &rows[half..]).await;
        let late = INDEXES.choose(&mut random).unwrap();
        run(&session, &format!("CREATE INDEX late ON t USING {late}")).await.unwrap();
        done += check(&session, &rows, &mut random, &what("half sealed")).await;
        run(&session, "CALL sys.optimize('t')").await.unwrap();
        done += check(&session, &rows, &mut random, &what(&format!("merged with {early:?} and {late}"))).await;
        run(&session, "SET enable_indexscan = off").await.unwrap();
        done += check(&session, &rows, &mut random, &what("without indexes")).await;
        engine.drain().await.unwrap();
        round += 1;
    }
    println!("{done} questions about {round} sets of rows, 0 differences");
}
