//! What clients do while the record runs: numbered batches over HTTP, each remembered with the length of the trace at the
//! moment when it was acknowledged.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use strata_harness::{Http, Server};

/// Topics, each written by several producers.
pub const TOPICS: [&str; 2] = ["logs.power_a", "logs.power_b"];
/// Producers, dealt to the topics in turn.
const PRODUCERS: usize = 6;
/// Rows of a batch.
const BATCH_ROWS: std::ops::Range<u64> = 1..150;
/// Pause between two batches of every second producer, in milliseconds.
const PAUSE_MS: std::ops::Range<u64> = 0..60;

/// What one producer sent.
#[derive(Debug, Clone)]
pub struct Account {
    /// Its name.
    pub producer: String,
    /// Its topic.
    pub topic: &'static str,
    /// In the order in which they were sent; only the last one may be without an acknowledgement.
    pub batches: Vec<Batch>,
}

/// A batch of consecutive sequence numbers.
#[derive(Debug, Clone)]
pub struct Batch {
    /// First sequence number.
    pub first: u64,
    /// Last one.
    pub last: u64,
    /// Bytes of the trace when the answer was there.
    pub acknowledged_at: Option<u64>,
}

impl Batch {
    /// Records in it.
    pub fn rows(&self) -> u64 {
        self.last - self.first + 1
    }
}

impl Account {
    /// The message of record `number`.
    pub fn message(&self, number: u64) -> String {
        format!("{} {number} {}", self.producer, "words ".repeat((number % 13) as usize))
    }

    /// A batch as NDJSON.
    pub fn lines(&self, batch: &Batch) -> String {
        let line = |number: u64| {
            let (message, level) = (self.message(number), ["info", "warn", "error"][(number % 3) as usize]);
            format!("{{\"message\":\"{message}\",\"level\":\"{level}\",\"n\":{number}}}\n")
        };
        (batch.first..=batch.last).map(line).collect()
    }

    /// Sends a batch; how many records the server took, and how many it had.
    pub fn send(&self, http: &Http, batch: &Batch) -> anyhow::Result<(u64, u64)> {
        let sequence = format!("{}-{}", batch.first, batch.last);
        let headers = [("Strata-Producer", self.producer.as_str()), ("Strata-Sequence", &sequence)];
        let answer = http.records(self.topic, &headers, self.lines(batch).as_bytes())?;
        if answer.status != 200 {
            bail!("status {}: {}", answer.status, answer.body);
        }
        let answer: serde_json::Value = serde_json::from_str(&answer.body)?;
        let count = |name: &str| answer[name].as_u64().with_context(|| format!("{name} in {answer}"));
        Ok((count("accepted")?, count("duplicates")?))
    }
}

/// Lets all producers write for `time`, then kills the server in the middle of it.
pub fn run(server: Server, trace: &Path, time: Duration, seed: u64) -> anyhow::Result<Vec<Account>> {
    let (address, stop) = (server.http_addr(), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let producers = (0..PRODUCERS).map(|number| {
            let stop = &stop;
            scope.spawn(move || produce(number, &Http::new(address), trace, stop, seed))
        });
        let producers: Vec<_> = producers.collect();
        std::thread::sleep(time);
        server.kill()?;
        stop.store(true, Ordering::Relaxed);
        producers.into_iter().map(|producer| producer.join().expect("a producer panicked")).collect()
    })
}

fn produce(number: usize, http: &Http, trace: &Path, stop: &AtomicBool, seed: u64) -> anyhow::Result<Account> {
    let mut random = SmallRng::seed_from_u64(seed ^ (number as u64) << 32);
    let mut account = Account { producer: format!("p{number}"), topic: TOPICS[number % TOPICS.len()], batches: Vec::new() };
    let mut first = 1;
    while !stop.load(Ordering::Relaxed) {
        let batch = Batch { first, last: first + random.random_range(BATCH_ROWS) - 1, acknowledged_at: None };
        account.batches.push(batch.clone());
        let begun = Instant::now();
        match account.send(http, &batch) {
            Ok(counts) => anyhow::ensure!(counts == (batch.rows(), 0), "{batch:?} gave {counts:?}"),
            // The kill; whether the batch was taken is not known.
            Err(error) => {
                tidy_end(&error, begun)?;
                return Ok(account);
            }
        }
        let acknowledged_at = std::fs::metadata(trace)?.len();
        if let Some(batch) = account.batches.last_mut() {
            batch.acknowledged_at = Some(acknowledged_at);
        }
        first = batch.last + 1;
        if number % 2 == 1 {
            std::thread::sleep(Duration::from_millis(random.random_range(PAUSE_MS)));
        }
    }
    Ok(account)
}

/// A refusal is an answer, and not what a killed server gives.
fn tidy_end(error: &anyhow::Error, begun: Instant) -> anyhow::Result<()> {
    let text = error.to_string();
    anyhow::ensure!(!text.starts_with("status "), "the server refused a batch: {text}");
    anyhow::ensure!(begun.elapsed() < Duration::from_secs(60), "a batch hung: {text}");
    Ok(())
}
