//! A topic's buffer: what is durable in the log and not yet published as a segment.
//!
//! Batches stay in it, and visible, while they are being sealed. A claim marks a prefix that one sealer works on; claims
//! are published in offset order.

use std::collections::VecDeque;
use std::sync::Arc;

use strata_storage::memory::Reservation;
use strata_storage::wal::WalPosition;
use strata_storage::{Offset, RangeSet};

use super::BufferedBatch;

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

    /// Appends a durable batch.
    pub fn push(&mut self, batch: BufferedBatch) {
        debug_assert!(self.batches.back().is_none_or(|last| last.end_offset() == batch.base_offset), "offsets are dense");
        self.rows += batch.batch.num_rows() as u64;
        self.bytes += batch.bytes;
        self.memory.grow(batch.bytes);
        self.waiting.rows += batch.batch.num_rows() as u64;
        self.waiting.bytes += batch.bytes;
        self.waiting.since_us.get_or_insert(batch.ingested_at_us);
        self.batches.push_back(Arc::new(batch));
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

    /// Sequence numbers whose frames are not after `last`: they go into the catalog with the batches up to there.
    pub fn ranges_until(&self, last: WalPosition) -> Vec<UnpublishedRange> {
        self.ranges.iter().filter(|range| range.position <= last).cloned().collect()
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
