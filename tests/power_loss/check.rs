//! Opens a crash image and compares what is there with what clients were promised; then sends again what they would send
//! again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use strata_engine::ingest::{ProducerSpan, TopicAppend};
use strata_engine::records::{ParseOptions, RecordParser};
use strata_engine::{Engine, EngineConfig};
use strata_harness::{Server, ServerOptions};

use crate::stored::{self, Records};
use crate::workload::{Account, Batch};

/// Memory of an engine that is only looked at.
const MEMORY_BYTES: usize = 256 << 20;
/// How many of a producer's last batches are sent again.
const SENT_AGAIN: usize = 2;

/// Sequence numbers that are stored, by producer.
type Numbers = BTreeMap<String, BTreeSet<u64>>;

/// Everything that is wrong with the image in `folder`/data, in words.
///
/// `trace_bytes` is how much of the trace the crash lets happen: what was acknowledged by then must be there. With
/// `through_server` a real server takes what is sent again, else an engine in this process.
pub fn violations(folder: &Path, accounts: &[Account], trace_bytes: u64, through_server: bool) -> anyhow::Result<Vec<String>> {
    let was_promised = |batch: &Batch| batch.acknowledged_at.is_some_and(|at| at <= trace_bytes);
    let (mut wrong, numbers) = match look(folder, accounts, !through_server) {
        Ok(seen) => seen,
        Err(error) => return Ok(vec![format!("the engine does not open: {error:#}")]),
    };
    wrong.extend(missing(accounts, &numbers, was_promised));
    if through_server {
        wrong.extend(send_to_server(folder, accounts, &numbers)?);
    }
    let (again, numbers) = look(folder, accounts, false).context("opening it once more")?;
    wrong.extend(again);
    wrong.extend(missing(accounts, &numbers, was_promised));
    Ok(wrong)
}

/// Opens the folder, reads everything, sends again if asked to, and closes it.
fn look(folder: &Path, accounts: &[Account], send_again: bool) -> anyhow::Result<(Vec<String>, Numbers)> {
    // The engine, and with it the folder's lock, goes with the tasks of this runtime.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let mut config = EngineConfig::for_folder(folder.join("data"), MEMORY_BYTES);
        config.wal_file_bytes = 256 << 10;
        config.free_bytes_min = 1 << 20;
        let engine = Engine::open_folder(config).await?;
        let (mut wrong, mut numbers) = (Vec::new(), Numbers::new());
        for (topic, records) in stored::read(&engine)? {
            compare(&topic, &records, accounts, &mut wrong, &mut numbers);
        }
        if send_again {
            wrong.extend(send_to_engine(&engine, accounts, &numbers).await?);
        }
        engine.drain().await?;
        Ok((wrong, numbers))
    })
}

/// Offsets must be dense, records known and there once.
fn compare(topic: &str, records: &Records, accounts: &[Account], wrong: &mut Vec<String>, numbers: &mut Numbers) {
    for (expected, (offset, message)) in (0..).zip(records) {
        if *offset != expected {
            wrong.push(format!("{topic}: offset {offset} where {expected} belongs"));
        }
        let mut words = message.split(' ');
        let producer = words.next().unwrap_or_default();
        let number = words.next().and_then(|word| word.parse().ok()).unwrap_or(0);
        let account = accounts.iter().find(|account| account.producer == producer && account.topic == topic);
        if account.is_none_or(|account| account.message(number) != *message) {
            wrong.push(format!("{topic}: offset {offset} holds what nobody sent: {message}"));
        }
        if !numbers.entry(producer.to_owned()).or_default().insert(number) {
            wrong.push(format!("{topic}: record {number} of {producer} is there twice, again at offset {offset}"));
        }
    }
}

/// Batches that are there in part, or not at all although they were promised.
fn missing(accounts: &[Account], numbers: &Numbers, was_promised: impl Fn(&Batch) -> bool) -> Vec<String> {
    let none = BTreeSet::new();
    let mut wrong = Vec::new();
    for account in accounts {
        let numbers = numbers.get(&account.producer).unwrap_or(&none);
        for batch in &account.batches {
            let there = numbers.range(batch.first..=batch.last).count() as u64;
            if there != batch.rows() && (there != 0 || was_promised(batch)) {
                let promised = if was_promised(batch) { "acknowledged" } else { "unacknowledged" };
                wrong.push(format!(
                    "{}: {there} of {} records of {promised} {batch:?} are there",
                    account.producer,
                    batch.rows()
                ));
            }
        }
    }
    wrong
}

/// What sending a batch again must bring: accepted and duplicates.
fn expected(account: &Account, batch: &Batch, numbers: &Numbers) -> (u64, u64) {
    let is_there = numbers.get(&account.producer).is_some_and(|numbers| numbers.contains(&batch.first));
    if is_there { (0, batch.rows()) } else { (batch.rows(), 0) }
}

fn sent_again(accounts: &[Account]) -> impl Iterator<Item = (&Account, &Batch)> {
    accounts.iter().flat_map(|account| account.batches.iter().rev().take(SENT_AGAIN).map(move |batch| (account, batch)))
}

fn surprise(account: &Account, batch: &Batch, counts: (u64, u64), expected: (u64, u64)) -> Option<String> {
    (counts != expected)
        .then(|| format!("{} sent {batch:?} again: accepted and duplicates {counts:?}, not {expected:?}", account.producer))
}

async fn send_to_engine(engine: &Arc<Engine>, accounts: &[Account], numbers: &Numbers) -> anyhow::Result<Vec<String>> {
    let mut wrong = Vec::new();
    for (account, batch) in sent_again(accounts) {
        let (schema, name) = account.topic.split_once('.').context("a schema and a name")?;
        // The topic's creation may be what was lost; then nothing of it was promised.
        let Some(topic) = engine.topics().get(schema, name) else { continue };
        let options = ParseOptions { record_bytes_max: 1 << 20, raw: false };
        let now_us = engine.clock().now_us();
        let parsed = RecordParser::new(&topic.definition().columns, options).parse(account.lines(batch).as_bytes(), now_us);
        let append = TopicAppend {
            topic: topic.id(),
            batches: parsed.batch.into_iter().collect(),
            lines: parsed.lines,
            row_lines: parsed.row_lines,
            producer: Some(ProducerSpan { producer: account.producer.as_str().into(), first: batch.first }),
        };
        let receipt = engine.ingest().append(append).await?;
        wrong.extend(surprise(account, batch, (receipt.accepted, receipt.duplicates), expected(account, batch, numbers)));
    }
    Ok(wrong)
}

fn send_to_server(folder: &Path, accounts: &[Account], numbers: &Numbers) -> anyhow::Result<Vec<String>> {
    let options = ServerOptions::in_folder(env!("CARGO_BIN_EXE_strata"), folder);
    let server = Server::start(&options)?;
    let http = server.http();
    let mut wrong = Vec::new();
    for (account, batch) in sent_again(accounts) {
        let counts = account.send(&http, batch)?;
        wrong.extend(surprise(account, batch, counts, expected(account, batch, numbers)));
    }
    let ended = server.stop(Duration::from_secs(60))?;
    if !ended.success() {
        wrong.push(format!("the server stopped with {ended}"));
    }
    Ok(wrong)
}
