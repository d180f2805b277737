//! Frames to write and a sink to see them in.

use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch, StringArray};
use bytes::Bytes;
use parking_lot::Mutex;

use crate::disk::Disk;
use crate::ids::TopicId;
use crate::range_set::RangeSet;
use crate::wal::{Frame, GroupSink, Wal, WalOptions, WalPosition, encode_body};
use crate::{Result, wal::RecoverySummary};

/// Small files and groups, so that a few transactions cross all borders.
pub fn options() -> WalOptions {
    WalOptions {
        file_bytes: 16 << 10,
        file_bytes_min: 8 << 10,
        group_bytes_max: 4 << 10,
        queue_bytes_max: 8 << 10,
        free_bytes_min: 0,
        salt_seed: 7,
    }
}

/// A frame of one row for topic `topic` that says `text`.
pub fn frame(topic: u64, base_offset: i64, text: &str) -> Frame {
    let batch = RecordBatch::try_from_iter([("m", Arc::new(StringArray::from(vec![text])) as _)]).unwrap();
    let body = encode_body(&batch).unwrap();
    let producer = (base_offset % 2 == 0).then(|| (Arc::from("producer"), RangeSet::of(base_offset as u64, base_offset as u64)));
    Frame { topic: TopicId(topic), base_offset, rows: 1, ingested_at_us: 5 + base_offset, producer, batch: Some(batch), body }
}

/// A frame that only remembers a producer's range.
pub fn bare_frame(topic: u64) -> Frame {
    let producer = Some((Arc::from("p"), RangeSet::from(vec![(1, 5), (9, 12)])));
    Frame { topic: TopicId(topic), base_offset: 0, rows: 0, ingested_at_us: 1, producer, batch: None, body: Bytes::new() }
}

/// What a frame says, for comparison: topic, offset, text.
pub fn said(frame: &Frame) -> (u64, i64, String) {
    let text = frame.batch.as_ref().map_or("", |batch| {
        assert_eq!(batch.column(0).len() as u64, frame.rows);
        batch.column(0).as_string::<i32>().value(0)
    });
    (frame.topic.0, frame.base_offset, text.to_owned())
}

/// Keeps everything it gets. Offsets stay as the test gave them.
#[derive(Debug, Default)]
pub struct Seen(pub Mutex<Vec<(WalPosition, Frame)>>, pub Mutex<Vec<Frame>>);

impl GroupSink for Seen {
    fn number(&self, _frame: &mut Frame) {}

    fn group_durable(&self, frames: Vec<(WalPosition, Frame)>) {
        self.0.lock().extend(frames);
    }

    fn group_refused(&self, frames: &[Frame]) {
        self.1.lock().extend_from_slice(frames);
    }
}

/// Starts a log whose frames nobody looks at.
pub fn start(disk: &Arc<dyn Disk>, epoch: u64) -> Wal {
    Wal::start(disk.clone(), options(), epoch, Arc::new(Seen::default())).unwrap()
}

/// Waits on a runtime of its own.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// Appends one transaction and waits for it.
pub async fn append(wal: &Wal, transaction: Vec<Frame>) -> Result<()> {
    let admission = wal.admit(transaction.iter().map(|frame| frame.body.len().max(256)).sum()).await?;
    wal.submit(transaction, admission)?.await
}

/// Everything that recovery hands out.
pub fn recover(disk: &Arc<dyn Disk>) -> Result<(Vec<(WalPosition, Frame)>, RecoverySummary)> {
    let mut frames = Vec::new();
    let summary = Wal::recover(disk, &mut |position, frame| {
        frames.push((position, frame));
        Ok(())
    })?;
    assert_eq!(frames.len() as u64, summary.frames);
    assert!(frames.is_sorted_by(|a, b| a.0 < b.0), "positions ascend");
    Ok((frames, summary))
}
