//! A topic's buffer: what is durable in the log and not yet published as a segment.
//!
//! Batches stay in it, and visible, while they are being sealed. A claim marks a prefix that one sealer works on; claims
//! are published in offset order.
//!
//! A record that comes alone costs a hundred times its bytes, so small batches are joined as they come, like the digits of
//! a binary counter: the last ones while they are tiny, and whenever the newer ones together have as many rows as the one
//! before them. So a row is copied a few times, not once for each row that follows it.
//!
//! **Invariant:** what was ever claimed is never joined with anything, so a claim always ends where a batch ends.

use std::collections::VecDeque;
use std::sync::Arc;

use strata_storage::memory::Reservation;
use strata_storage::wal::WalPosition;
use strata_storage::{Offset, RangeSet, Received};

use super::BufferedBatch;

/// Records of a batch that was put together from small ones, at most.
const JOINED_ROWS_MAX: usize = 1024;
/// Bytes of batches that are copied so that one more batch can join them, at most.
const JOINED_BYTES_MAX: usize = 1 << 20;
/// Records of a batch that every small one joins, whatever their sizes.
const TINY_ROWS_MAX: usize = 32;
/// Bytes of a batch that every small one joins.
const TINY_BYTES_MAX: usize = 64 << 10;

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
    /// Batches below this offset were claimed once.
    claimed_end: Offset,
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
            claimed_end: Offset::MIN,
            rows: 0,
            bytes: 0,
            waiting: Waiting::default(),
            memory,
        }
    }

    /// Appends a durable batch. Small ones are joined with those before them.
    pub fn push(&mut self, batch: BufferedBatch) {
        debug_assert!(self.batches.back().is_none_or(|last| last.end_offset() == batch.base_offset), "offsets are dense");
        let batch = match self.joined_with_last(&batch) {
            Ok(Some((joined, parts))) => {
                (0..parts).for_each(|_| self.pop_last());
                joined
            }
            Ok(None) => batch,
            Err(error) => {
                tracing::error!(%error, offset = batch.base_offset, "a small batch could not be joined, it stays as it came");
                batch
            }
        };
        self.rows += batch.records.rows() as u64;
        self.bytes += batch.bytes;
        self.memory.grow(batch.bytes);
        self.waiting.rows += batch.records.rows() as u64;
        self.waiting.bytes += batch.bytes;
        self.waiting.since_us.get_or_insert(batch.records.first_us());
        self.batches.push_back(Arc::new(batch));
    }

    /// `next` and as many of the last batches as it should join, as one copy, and how many these are: none if `next` is
    /// copied alone, out of buffers that have room for far more. `None` if `next` is large.
    fn joined_with_last(&self, next: &BufferedBatch) -> strata_storage::Result<Option<(BufferedBatch, usize)>> {
        let is_tiny = next.records.rows() <= TINY_ROWS_MAX;
        if next.records.rows() >= JOINED_ROWS_MAX || (next.bytes > JOINED_BYTES_MAX && !is_tiny) {
            return Ok(None);
        }
        let (mut from, mut rows, mut bytes) = (self.batches.len(), next.records.rows(), 0);
        while let Some(last) = from.checked_sub(1).map(|at| &self.batches[at]) {
            let (all_rows, all_bytes) = (rows + last.records.rows(), bytes + last.bytes);
            let is_due = last.records.rows() <= rows || (all_rows <= TINY_ROWS_MAX && all_bytes <= TINY_BYTES_MAX);
            let fits = all_rows <= JOINED_ROWS_MAX && all_bytes <= JOINED_BYTES_MAX;
            if last.base_offset < self.claimed_end || !is_due || !fits || !last.records.can_join(&next.records) {
                break;
            }
            (from, rows, bytes) = (from - 1, all_rows, all_bytes);
        }
        let parts: Vec<&Received> = self.batches.range(from..).map(|batch| &batch.records).chain([&next.records]).collect();
        let oldest = self.batches.get(from).map_or(next, AsRef::as_ref);
        let joined = BufferedBatch::new(oldest.base_offset, Received::joined(&parts)?, oldest.position);
        Ok(Some((joined, self.batches.len() - from)))
    }

    fn pop_last(&mut self) {
        let Some(last) = self.batches.pop_back() else { return };
        self.rows -= last.records.rows() as u64;
        self.bytes -= last.bytes;
        self.memory.shrink(last.bytes);
        self.waiting.rows -= last.records.rows() as u64;
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
            let more = batch.records.rows() as u64;
            if !claim.is_empty() && rows + more > rows_max {
                break;
            }
            rows += more;
            claim.push(batch.clone());
        }
        self.claimed += claim.len();
        self.claimed_end = claim.last().map_or(self.claimed_end, |batch| self.claimed_end.max(batch.end_offset()));
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

    /// Drops the records below `end_offset`: they are published, or were truncated.
    pub fn release_batches(&mut self, end_offset: Offset) {
        while self.batches.front().is_some_and(|batch| batch.end_offset() <= end_offset) {
            let Some(batch) = self.batches.pop_front() else { break };
            self.rows -= batch.records.rows() as u64;
            self.bytes -= batch.bytes;
            self.memory.shrink(batch.bytes);
            self.claimed = self.claimed.saturating_sub(1);
        }
        // A batch that others joined after `end_offset` was chosen. It keeps its memory until the rest of it goes.
        if let Some(first) = self.batches.front_mut().filter(|first| first.base_offset < end_offset) {
            let gone = usize::try_from(end_offset - first.base_offset).unwrap_or(usize::MAX);
            let rest =
                BufferedBatch { base_offset: end_offset, records: first.records.from_row(gone), ..BufferedBatch::clone(first) };
            self.rows -= (first.records.rows() - rest.records.rows()) as u64;
            *first = Arc::new(rest);
        }
        self.count_waiting();
    }

    /// Drops sequence numbers up to `last`: the catalog has them.
    pub fn release_ranges(&mut self, last: WalPosition) {
        self.ranges.retain(|range| range.position > last);
    }

    fn count_waiting(&mut self) {
        let waiting = self.batches.iter().skip(self.claimed);
        let since_us = self.batches.get(self.claimed).map(|batch| batch.records.first_us());
        self.waiting = waiting.fold(Waiting { since_us, ..Waiting::default() }, |sum, batch| Waiting {
            rows: sum.rows + batch.records.rows() as u64,
            bytes: sum.bytes + batch.bytes,
            ..sum
        });
    }
}

#[cfg(test)]
mod tests;
