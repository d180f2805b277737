//! Starts a server on a crash image and compares what clients see with what they were promised.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use strata_harness::{Server, ServerOptions, Sql};

use crate::workload::{Account, Batch, TOPICS};

/// Everything that is wrong with the image in `folder`/data, in words.
///
/// `trace_bytes` is how much of the trace the crash lets happen: what was acknowledged by then must be there.
pub fn violations(folder: &Path, accounts: &[Account], trace_bytes: u64) -> anyhow::Result<Vec<String>> {
    let options = ServerOptions::in_folder(env!("CARGO_BIN_EXE_strata"), folder).flag("--free-space-min", "1MB");
    let server = match Server::start(&options) {
        Ok(server) => server,
        Err(error) => return Ok(vec![format!("the server does not start: {error:#}")]),
    };
    let sql = server.sql()?;
    let mut wrong = Vec::new();
    let mut stored = BTreeMap::new();
    for topic in TOPICS {
        let numbers = read(&sql, topic, accounts, &mut wrong)?;
        stored.extend(numbers);
    }
    let none = BTreeSet::new();
    let was_promised = |batch: &Batch| batch.acknowledged_at.is_some_and(|at| at <= trace_bytes);
    for account in accounts {
        let numbers = stored.get(&account.producer).unwrap_or(&none);
        for batch in &account.batches {
            let (rows, there) = (batch.last - batch.first + 1, numbers.range(batch.first..=batch.last).count() as u64);
            if there != rows && (there != 0 || was_promised(batch)) {
                let promised = if was_promised(batch) { "acknowledged" } else { "unacknowledged" };
                wrong.push(format!("{}: {there} of {rows} records of {promised} {batch:?} are there", account.producer));
            }
        }
    }
    wrong.extend(send_again(&server, accounts, &stored)?);
    for topic in TOPICS {
        read(&sql, topic, accounts, &mut wrong)?;
    }
    let ended = server.stop(Duration::from_secs(60))?;
    if !ended.success() {
        wrong.push(format!("the server stopped with {ended}"));
    }
    Ok(wrong)
}

/// Sends each producer's last batches again: what is there is a duplicate, what is not is taken.
fn send_again(server: &Server, accounts: &[Account], stored: &BTreeMap<String, BTreeSet<u64>>) -> anyhow::Result<Vec<String>> {
    let mut wrong = Vec::new();
    let http = server.http();
    for account in accounts {
        for batch in account.batches.iter().rev().take(2) {
            let is_there = stored.get(&account.producer).is_some_and(|numbers| numbers.contains(&batch.first));
            let rows = batch.last - batch.first + 1;
            let expected = if is_there { (0, rows) } else { (rows, 0) };
            let counts = account.send(&http, batch)?;
            if counts != expected {
                wrong.push(format!(
                    "{} sent {batch:?} again: accepted and duplicates {counts:?}, not {expected:?}",
                    account.producer
                ));
            }
        }
    }
    Ok(wrong)
}

/// Reads a topic: offsets must be dense, records known and there once. Numbers by producer.
fn read(
    sql: &Sql,
    topic: &str,
    accounts: &[Account],
    wrong: &mut Vec<String>,
) -> anyhow::Result<BTreeMap<String, BTreeSet<u64>>> {
    let rows = match sql.rows(&format!("SELECT _offset, message FROM {topic} ORDER BY _offset")) {
        Ok(rows) => rows,
        Err(error) if error.code().is_some_and(|code| *code == tokio_postgres::error::SqlState::UNDEFINED_TABLE) => Vec::new(),
        Err(error) => return Err(error).with_context(|| topic.to_owned()),
    };
    let mut numbers: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
    for (expected, row) in rows.into_iter().enumerate() {
        let [Some(offset), Some(message)] = row.as_slice() else {
            wrong.push(format!("{topic}: NULL at offset {expected}"));
            continue;
        };
        if *offset != expected.to_string() {
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
    Ok(numbers)
}
