//! Measures the log alone on a local disk: latency of one client, throughput of sixteen. Bodies are real: encoded batches of
//! 1,000 log lines.
//!
//! ```text
//! wal_bench FOLDER [SECONDS]
//! ```

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use arrow::array::{Int64Array, RecordBatch, StringArray};
use strata_storage::disk::{Disk, LocalDisk};
use strata_storage::wal::{Frame, GroupSink, Wal, WalOptions, WalPosition, encode_body};
use strata_storage::{Result, StorageError, TopicId};

const BATCH_ROWS: u64 = 1_000;

/// Looks at nothing: what is measured is the log.
struct Nobody;

impl GroupSink for Nobody {
    fn number(&self, _frame: &mut Frame) {}
    fn group_durable(&self, _frames: Vec<(WalPosition, Frame)>) {}
    fn group_refused(&self, _frames: &[Frame]) {}
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(folder), seconds) = (arguments.next(), arguments.next().and_then(|text| text.parse().ok()).unwrap_or(5)) else {
        println!("usage: wal_bench FOLDER [SECONDS]");
        return Ok(());
    };
    let disk: Arc<dyn Disk> = Arc::new(LocalDisk::new(Path::new(&folder)));
    let before = Wal::recover(&disk, &mut |_, _| Ok(()))?;
    let wal = Arc::new(Wal::start(disk, WalOptions::default(), before.epoch + 1, Arc::new(Nobody))?);
    let frame = log_lines()?;
    println!("a batch of {BATCH_ROWS} rows is {} bytes in the log", frame.body.len());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_time().build();
    let runtime = runtime.map_err(|e| StorageError::io("start a runtime", e))?;
    for clients in [1, 16] {
        let (rows, mut latencies_us) = runtime.block_on(run(&wal, &frame, clients, Duration::from_secs(seconds)))?;
        latencies_us.sort_unstable();
        let percentile = |p: usize| latencies_us.get(latencies_us.len() * p / 100).copied().unwrap_or(0);
        let (p50, p99, rate) = (percentile(50), percentile(99), rows / seconds);
        println!("{clients:2} clients: {rate} rows/s, p50 {p50} us, p99 {p99} us");
    }
    wal.trim(Some(wal.end()));
    wal.close();
    Ok(())
}

fn log_lines() -> Result<Frame> {
    let line =
        |i: u64| format!("GET /api/v1/items/{} from 10.0.{}.{} took {} ms", i * 7919 % 100_003, i % 256, i * 31 % 256, i % 977);
    let lines = StringArray::from_iter_values((0..BATCH_ROWS).map(line));
    let times = Int64Array::from_iter_values((0..BATCH_ROWS).map(|i| 1_700_000_000_000_000 + i.cast_signed() * 1_013));
    let batch = RecordBatch::try_from_iter([("ts", Arc::new(times) as _), ("message", Arc::new(lines) as _)])?;
    let body = encode_body(&batch)?;
    Ok(Frame { topic: TopicId(1), base_offset: 0, rows: BATCH_ROWS, ingested_at_us: 0, producer: None, batch: Some(batch), body })
}

async fn run(wal: &Arc<Wal>, frame: &Frame, clients: usize, time: Duration) -> Result<(u64, Vec<u64>)> {
    let rows = Arc::new(AtomicU64::new(0));
    let end = Instant::now() + time;
    let tasks = (0..clients).map(|_| {
        let (wal, frame, rows) = (wal.clone(), frame.clone(), rows.clone());
        tokio::spawn(async move {
            let mut latencies_us = Vec::new();
            while Instant::now() < end {
                let started = Instant::now();
                let admission = wal.admit(frame.body.len()).await?;
                wal.submit(vec![frame.clone()], admission)?.await?;
                latencies_us.push(started.elapsed().as_micros() as u64);
                rows.fetch_add(frame.rows, Ordering::Relaxed);
                wal.trim(Some(wal.end()));
            }
            Ok::<_, StorageError>(latencies_us)
        })
    });
    let mut latencies_us = Vec::new();
    for task in tasks.collect::<Vec<_>>() {
        latencies_us.extend(task.await.map_err(|e| StorageError::Internal(e.to_string()))??);
    }
    Ok((rows.load(Ordering::Relaxed), latencies_us))
}
