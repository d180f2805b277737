//! A topic's buffer: what is durable in the log and not yet published as a segment.
//!
//! Batches stay in it, and visible, while they are being sealed. A claim marks a prefix that one sealer works on; claims
//! are published in offset order.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow::compute::concat_batches;
use strata_storage::memory::Reservation;
use strata_storage::wal::WalPosition;
use strata_storage::{Offset, RangeSet};

use super::BufferedBatch;

/// Records of a batch that was put together from small ones, at most.
const JOINED_ROWS_MAX: usize = 1024;

/// Sequence numbers that are durable in the log and not yet in the catalog.
#[derive(Debug, Clone)]
pub(super) struct UnpublishedRange {
    pub position: WalPosition,
    pub producer: Arc<str>,
    pub numbers: RangeSet,
    pub seen_us: i64,
}

/// Batches and producer ranges of one topic that only the log holds.
#[derive(Debug)]
pub(super) struct Buffer {
    batches: VecDeque<Arc<BufferedBatch>>,
    ranges: VecDeque<UnpublishedRange>,
    /// How many batches from the front are being sealed.
    claimed: usize,
    rows: u64,
    bytes: usize,
    waiting: Waiting,
    memory: Reservation,
}

/// What nobody seals yet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Waiting {
    /// Records.
    pub rows: u64,
    /// Bytes of memory.
    pub bytes: usize,
    /// Time of receipt of the oldest.
    pub since_us: Option<i64>,
}

impl Buffer {
    pub fn new(memory: Reservation) -> Self {
        Self {
            batches: VecDeque::new(),
            ranges: VecDeque::new(),
            claimed: 0,
            rows: 0,
            bytes: 0,
            waiting: Waiting::default(),
            memory,
        }
    }

    /// Appends a durable batch. Small ones that came in together become one batch.
    pub fn push(&mut self, batch: BufferedBatch) {
        debug_assert!(self.batches.back().is_none_or(|last| last.end_offset() == batch.base_offset), "offsets are dense");
        let batch = match self.joined_with_last(&batch) {
            Some(joined) => {
                self.pop_last();
                joined
            }
            None => batch,
        };
        self.rows += batch.batch.num_rows() as u64;
        self.bytes += batch.bytes;
        self.memory.grow(batch.bytes);
        self.waiting.rows += batch.batch.num_rows() as u64;
        self.waiting.bytes += batch.bytes;
        self.waiting.since_us.get_or_insert(batch.ingested_at_us);
        self.batches.push_back(Arc::new(batch));
    }

    /// The last batch and `next` as one, if that is possible and worth it: a row of its own costs a hundred times its bytes.
    fn joined_with_last(&self, next: &BufferedBatch) -> Option<BufferedBatch> {
        let last = self.batches.back().filter(|_| self.batches.len() > self.claimed)?;
        let schema = last.batch.schema_ref();
        let joinable = last.ingested_at_us == next.ingested_at_us
            && last.batch.num_rows() + next.batch.num_rows() <= JOINED_ROWS_MAX
            && schema == next.batch.schema_ref();
        let batch = joinable.then(|| concat_batches(schema, [&last.batch, &next.batch])).transpose().ok()??;
        let bytes = batch.get_array_memory_size();
        Some(BufferedBatch { batch, bytes, ..BufferedBatch::clone(last) })
    }

    fn pop_last(&mut self) {
        let Some(last) = self.batches.pop_back() else { return };
        self.rows -= last.batch.num_rows() as u64;
        self.bytes -= last.bytes;
        self.memory.shrink(last.bytes);
        self.waiting.rows -= last.batch.num_rows() as u64;
        self.waiting.bytes -= last.bytes;
    }

    /// Remembers sequence numbers until they are in the catalog.
    pub fn push_range(&mut self, range: UnpublishedRange) {
        self.ranges.push_back(range);
    }

    /// All batches in offset order.
    pub fn snapshot(&self) -> Vec<Arc<BufferedBatch>> {
        self.batches.iter().cloned().collect()
    }

    /// Records in it, claimed ones included.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Bytes of memory it holds.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// What nobody seals yet.
    pub fn waiting(&self) -> Waiting {
        self.waiting
    }

    /// Whether sequence numbers wait and no records do.
    pub fn has_only_ranges(&self) -> bool {
        self.batches.is_empty() && !self.ranges.is_empty()
    }

    /// Oldest position in the log that is still needed.
    pub fn oldest_position(&self) -> Option<WalPosition> {
        let batch = self.batches.front().map(|batch| batch.position);
        let range = self.ranges.front().map(|range| range.position);
        batch.into_iter().chain(range).min()
    }

    /// Marks the next unclaimed batches, at most `rows_max` records but at least one batch, as being sealed.
    pub fn claim(&mut self, rows_max: u64) -> Vec<Arc<BufferedBatch>> {
        let mut rows = 0;
        let mut claim = Vec::new();
        for batch in self.batches.iter().skip(self.claimed) {
            let more = batch.batch.num_rows() as u64;
            if !claim.is_empty() && rows + more > rows_max {
                break;
            }
            rows += more;
            claim.push(batch.clone());
        }
        self.claimed += claim.len();
        self.count_waiting();
        claim
    }

    /// Gives the latest claims back, from the batch at `base_offset` on: sealing failed.
    pub fn unclaim(&mut self, base_offset: Offset) {
        let keep = self.batches.iter().take_while(|batch| batch.base_offset < base_offset).count();
        self.claimed = self.claimed.min(keep);
        self.count_waiting();
    }

    /// Sequence numbers whose frames lie before the first unclaimed batch: they go into the catalog with the latest claim.
    pub fn ranges_of_claim(&self) -> Vec<UnpublishedRange> {
        let end = self.batches.get(self.claimed).map(|batch| batch.position);
        self.ranges.iter().filter(|range| end.is_none_or(|end| range.position < end)).cloned().collect()
    }

    /// Position of the newest sequence numbers that wait.
    pub fn last_range(&self) -> Option<WalPosition> {
        self.ranges.iter().map(|range| range.position).max()
    }

    /// Drops the batches below `end_offset`: they are published, or were truncated.
    pub fn release_batches(&mut self, end_offset: Offset) {
        while self.batches.front().is_some_and(|batch| batch.end_offset() <= end_offset) {
            let Some(batch) = self.batches.pop_front() else { break };
            self.rows -= batch.batch.num_rows() as u64;
            self.bytes -= batch.bytes;
            self.memory.shrink(batch.bytes);
            self.claimed = self.claimed.saturating_sub(1);
        }
        self.count_waiting();
    }

    /// Drops sequence numbers up to `last`: the catalog has them.
    pub fn release_ranges(&mut self, last: WalPosition) {
        self.ranges.retain(|range| range.position > last);
    }

    fn count_waiting(&mut self) {
        let waiting = self.batches.iter().skip(self.claimed);
        let since_us = self.batches.get(self.claimed).map(|batch| batch.ingested_at_us);
        self.waiting = waiting.fold(Waiting { since_us, ..Waiting::default() }, |sum, batch| Waiting {
            rows: sum.rows + batch.batch.num_rows() as u64,
            bytes: sum.bytes + batch.bytes,
            ..sum
        });
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, Int64Array, RecordBatch};
    use strata_storage::memory::{Consumer, Memory};

    use super::*;

    fn batch(base_offset: Offset, rows: i64, ingested_at_us: i64) -> BufferedBatch {
        let values: ArrayRef = Arc::new(Int64Array::from_iter_values(base_offset..base_offset + rows));
        let batch = RecordBatch::try_from_iter([("n", values)]).unwrap();
        let position = WalPosition { file: 1, byte: base_offset.cast_unsigned() };
        BufferedBatch { base_offset, ingested_at_us, bytes: batch.get_array_memory_size(), batch, position }
    }

    fn buffer(memory: &Memory) -> Buffer {
        Buffer::new(memory.reservation(Consumer::Buffer))
    }

    #[test]
    fn trickling_records_share_a_batch() {
        let memory = Memory::with_limit(1 << 20);
        let mut buffer = buffer(&memory);
        for offset in 0..10 {
            buffer.push(batch(offset, 1, offset / 5));
        }
        let shape: Vec<_> =
            buffer.snapshot().iter().map(|batch| (batch.base_offset, batch.rows(), batch.position.byte)).collect();
        assert_eq!(shape, [(0, 5, 0), (5, 5, 5)]);
        assert_eq!((buffer.rows(), buffer.waiting().rows), (10, 10));
        assert_eq!((buffer.bytes(), buffer.waiting().bytes), (memory.used(), memory.used()));
        buffer.release_batches(10);
        assert_eq!((buffer.rows(), memory.used()), (0, 0));
    }

    #[test]
    fn a_claimed_batch_is_left_alone() {
        let memory = Memory::with_limit(1 << 20);
        let mut buffer = buffer(&memory);
        buffer.push(batch(0, 1, 0));
        assert_eq!(buffer.claim(100).len(), 1);
        buffer.push(batch(1, 1, 0));
        assert_eq!(buffer.snapshot().len(), 2);
        assert_eq!(buffer.waiting().rows, 1);
        buffer.unclaim(0);
        assert_eq!(buffer.waiting().rows, 2);
    }

    #[test]
    fn a_claim_ends_where_the_rows_do() {
        let memory = Memory::with_limit(1 << 20);
        let mut buffer = buffer(&memory);
        for offset in (0..400).step_by(100) {
            buffer.push(batch(offset, 100, offset));
        }
        assert_eq!(buffer.claim(250).len(), 2);
        assert_eq!(buffer.claim(50).len(), 1, "at least one batch");
        assert_eq!(buffer.claim(1000).len(), 1);
        assert_eq!(buffer.claim(1000).len(), 0);
    }
}
