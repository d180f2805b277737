//! Appending to the log on the disk of the temporary folder: what a writer that is alone waits for.

use std::sync::Arc;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use strata_storage::TopicId;
use strata_storage::disk::{Disk, LocalDisk};
use strata_storage::wal::{Frame, GroupSink, Wal, WalOptions, WalPosition, encode_body};

use crate::records::{Text, batch};

/// Nobody reads what was written: the log alone is measured.
struct Nobody;

impl GroupSink for Nobody {
    fn number(&self, _frame: &mut Frame) {}
    fn group_durable(&self, _frames: Vec<(WalPosition, Frame)>) {}
    fn group_refused(&self, _frames: &[Frame]) {}
}

/// A batch to bytes, which happens before the log is entered.
#[divan::bench(args = [1, 1_000])]
fn encode(bencher: Bencher<'_, '_>, rows: usize) {
    let batch = batch(Text::Log, rows);
    bencher.counter(ItemsCount::new(rows)).bench_local(|| encode_body(black_box(&batch)).unwrap());
}

/// Admission, write, `fdatasync`, acknowledgement.
#[divan::bench(args = [1, 1_000], sample_count = 200, sample_size = 1)]
fn append(bencher: Bencher<'_, '_>, rows: usize) {
    let folder = tempfile::tempdir().unwrap();
    let disk: Arc<dyn Disk> = Arc::new(LocalDisk::new(folder.path()));
    let wal = Wal::start(disk, WalOptions::default(), 1, Arc::new(Nobody)).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let batch = batch(Text::Log, rows);
    let body = encode_body(&batch).unwrap();
    let frame = Frame {
        topic: TopicId(1),
        base_offset: 0,
        rows: rows as u64,
        ingested_at_us: 0,
        producer: None,
        batch: Some(batch),
        body,
    };
    bencher.counter(ItemsCount::new(rows)).bench_local(|| {
        runtime.block_on(async {
            let admission = wal.admit(frame.body.len()).await.unwrap();
            wal.submit(vec![frame.clone()], admission).unwrap().await.unwrap();
        });
        wal.trim(Some(wal.end()));
    });
    wal.close();
}
