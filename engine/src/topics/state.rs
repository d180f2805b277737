//! One topic's state behind one short lock: what queries, the log thread and sealers share.

use std::cmp::Ordering;
use std::sync::Arc;

use parking_lot::Mutex;
use strata_catalog::Topic;
use strata_storage::memory::{Consumer, Memory};
use strata_storage::segment::SegmentMeta;
use strata_storage::wal::{Frame, WalPosition};
use strata_storage::{Offset, RangeSet, Received, SegmentId, TopicId};
use tokio::sync::Notify;

use super::buffer::{Buffer, UnpublishedRange, Waiting};
use super::producers::{Overlap, Producers, SettledProducer};
use super::retired::Retired;
use super::{BufferedBatch, TopicSnapshot};

/// A topic that exists. Never locks anything else while its lock is held.
#[derive(Debug)]
pub struct TopicState {
    id: TopicId,
    inner: Mutex<Inner>,
    /// Told when pending sequence numbers became durable or failed, and when segments were published.
    changed: Notify,
    retired: Arc<Retired>,
}

/// What all topics of an engine share.
#[derive(Debug)]
pub(super) struct Shared {
    pub memory: Memory,
    pub retired: Arc<Retired>,
}

/// When a claim may be published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Everything before it is published.
    Now,
    /// An earlier claim is not published yet.
    Later,
    /// Its records were published by somebody else, truncated or dropped; its segment is not needed.
    Never,
}

#[derive(Debug)]
struct Inner {
    topic: Arc<Topic>,
    segments: Arc<Vec<Arc<SegmentMeta>>>,
    buffer: Buffer,
    /// Offset of the next record that becomes visible.
    next_offset: Offset,
    /// Offset of the next record that the log thread writes; ahead of `next_offset` only while a group is being synced.
    assigned_offset: Offset,
    /// Offsets below it are in segments.
    published_offset: Offset,
    producers: Producers,
    dropped: bool,
}

/// Batches that one sealer works on, and what the catalog must learn with them.
#[derive(Debug)]
pub(crate) struct SealClaim {
    /// The definition at the time of the claim.
    pub topic: Arc<Topic>,
    /// Batches in offset order; empty if only sequence numbers are to be published.
    pub batches: Vec<Arc<BufferedBatch>>,
    /// Sequence numbers of these batches and of claims before: (producer, numbers, last seen).
    pub producers: Vec<(String, RangeSet, i64)>,
    /// The newest frame among `producers`.
    pub last_position: Option<WalPosition>,
}

impl SealClaim {
    /// First offset of the claim; `None` if it has no records.
    pub fn first_offset(&self) -> Option<Offset> {
        self.batches.first().map(|batch| batch.base_offset)
    }

    /// Offset after the last record.
    pub fn end_offset(&self) -> Option<Offset> {
        self.batches.last().map(|batch| batch.end_offset())
    }
}

impl TopicState {
    pub(super) fn new(topic: Arc<Topic>, mut segments: Vec<Arc<SegmentMeta>>, producers: Producers, shared: &Shared) -> Self {
        segments.sort_by_key(|segment| segment.first_offset);
        let next_offset = topic.next_offset;
        let buffer = Buffer::new(shared.memory.reservation(Consumer::Buffer));
        Self {
            id: topic.id,
            inner: Mutex::new(Inner {
                topic,
                segments: Arc::new(segments),
                buffer,
                next_offset,
                assigned_offset: next_offset,
                published_offset: next_offset,
                producers,
                dropped: false,
            }),
            changed: Notify::new(),
            retired: shared.retired.clone(),
        }
    }

    /// Identity.
    pub fn id(&self) -> TopicId {
        self.id
    }

    /// The definition now.
    pub fn definition(&self) -> Arc<Topic> {
        self.inner.lock().topic.clone()
    }

    /// What a query sees.
    pub fn snapshot(&self) -> TopicSnapshot {
        let inner = self.inner.lock();
        TopicSnapshot {
            topic: inner.topic.clone(),
            segments: inner.segments.clone(),
            buffer: inner.buffer.snapshot(),
            next_offset: inner.next_offset,
        }
    }

    /// Segments now, without the buffer.
    pub(crate) fn segments(&self) -> Arc<Vec<Arc<SegmentMeta>>> {
        self.inner.lock().segments.clone()
    }

    /// Offset of the next record that becomes visible.
    pub(crate) fn next_offset(&self) -> Offset {
        self.inner.lock().next_offset
    }

    /// Producers with their settled sequence numbers.
    pub fn producers(&self) -> Vec<(Arc<str>, SettledProducer)> {
        let inner = self.inner.lock();
        inner.producers.settled().map(|(name, producer)| (name.clone(), producer.clone())).collect()
    }

    /// Records and bytes in the buffer.
    pub fn buffered(&self) -> (u64, usize) {
        let inner = self.inner.lock();
        (inner.buffer.rows(), inner.buffer.bytes())
    }

    /// Oldest position in the log that this topic still needs.
    pub(crate) fn oldest_position(&self) -> Option<WalPosition> {
        self.inner.lock().buffer.oldest_position()
    }

    /// Waits for the next change of pending sequence numbers or segments. Take it before looking.
    pub(crate) fn changed(&self) -> tokio::sync::futures::Notified<'_> {
        self.changed.notified()
    }

    /// What `first..=last` of `producer` meets.
    pub(crate) fn sequence_overlap(&self, producer: &str, first: u64, last: u64) -> Overlap {
        self.inner.lock().producers.overlap(producer, first, last)
    }

    /// Claims `numbers` for a batch that enters the log; false if they met others in the meantime.
    pub(crate) fn begin_sequence(&self, producer: &Arc<str>, numbers: &RangeSet) -> bool {
        let mut inner = self.inner.lock();
        let free = numbers.iter().all(
            |(first, last)| matches!(inner.producers.overlap(producer, first, last), Overlap::Settled(met) if met.is_empty()),
        );
        if free {
            inner.producers.begin(producer, numbers);
        }
        free
    }

    /// Gives `numbers` back: their batch did not get into the log.
    pub(crate) fn abandon_sequence(&self, producer: &str, numbers: &RangeSet) {
        self.inner.lock().producers.abandon(producer, numbers);
        self.changed.notify_waiters();
    }

    /// Hands out the next offsets. Only the log thread calls it, in log order.
    pub(crate) fn assign_offset(&self, rows: u64) -> Offset {
        let mut inner = self.inner.lock();
        let offset = inner.assigned_offset;
        inner.assigned_offset += rows.cast_signed();
        offset
    }

    /// Takes back all offsets that were handed out and did not become durable.
    pub(crate) fn forget_assigned(&self) {
        let mut inner = self.inner.lock();
        inner.assigned_offset = inner.next_offset;
    }

    /// Makes a durable frame visible and settles its sequence numbers. Returns whether a seal is due by `due`.
    pub(crate) fn make_visible(&self, position: WalPosition, frame: Frame, due: impl Fn(Waiting) -> bool) -> bool {
        let mut inner = self.inner.lock();
        if inner.dropped {
            return false;
        }
        if let Some((producer, numbers)) = frame.producer {
            inner.producers.settle(&producer, &numbers, frame.ingested_at_us);
            inner.buffer.push_range(UnpublishedRange { position, producer, numbers, seen_us: frame.ingested_at_us });
        }
        if let Some(batch) = frame.batch {
            let records = Received::together(batch, frame.ingested_at_us);
            inner.buffer.push(BufferedBatch::new(frame.base_offset, records, position));
        }
        inner.next_offset = inner.next_offset.max(frame.base_offset + frame.rows.cast_signed());
        inner.assigned_offset = inner.assigned_offset.max(inner.next_offset);
        let is_due = due(inner.buffer.waiting());
        drop(inner);
        self.changed.notify_waiters();
        is_due
    }

    /// Whether the catalog has everything up to `end`: such a frame of the log is not replayed.
    pub(crate) fn is_published(&self, end: Offset) -> bool {
        self.inner.lock().published_offset >= end
    }

    /// What nobody seals yet: (records, bytes, oldest time of receipt), and whether only sequence numbers wait.
    pub(crate) fn waiting(&self) -> (Waiting, bool) {
        let inner = self.inner.lock();
        (inner.buffer.waiting(), inner.buffer.has_only_ranges())
    }

    /// Claims the next batches for sealing, at most `rows_max` records; `None` if nothing waits.
    pub(crate) fn claim(&self, rows_max: u64) -> Option<SealClaim> {
        let mut inner = self.inner.lock();
        if inner.dropped {
            return None;
        }
        let batches = inner.buffer.claim(rows_max);
        if batches.is_empty() && !inner.buffer.has_only_ranges() {
            return None;
        }
        let ranges = inner.buffer.ranges_of_claim();
        let last_position = ranges.iter().map(|range| range.position).max();
        let producers = ranges.into_iter().map(|range| (range.producer.to_string(), range.numbers, range.seen_us)).collect();
        Some(SealClaim { topic: inner.topic.clone(), batches, producers, last_position })
    }

    /// Gives a claim back: sealing failed, the batches stay in the buffer and in the log.
    pub(crate) fn unclaim(&self, claim: &SealClaim) {
        if let Some(first) = claim.first_offset() {
            self.inner.lock().buffer.unclaim(first);
            self.changed.notify_waiters();
        }
    }

    /// Whether it is this claim's turn to be published.
    pub(crate) fn turn(&self, claim: &SealClaim) -> Turn {
        let inner = self.inner.lock();
        match claim.first_offset() {
            _ if inner.dropped => Turn::Never,
            None => Turn::Now,
            Some(first) => match first.cmp(&inner.published_offset) {
                Ordering::Less => Turn::Never,
                Ordering::Equal => Turn::Now,
                Ordering::Greater => Turn::Later,
            },
        }
    }

    /// Swaps a published claim's batches for its segment. The catalog has committed it.
    pub(crate) fn publish_seal(&self, claim: &SealClaim, segment: Option<Arc<SegmentMeta>>) {
        let mut inner = self.inner.lock();
        if let Some(end) = claim.end_offset() {
            inner.published_offset = inner.published_offset.max(end);
            inner.buffer.release_batches(end);
        }
        if let Some(segment) = segment
            && segment.first_offset >= inner.topic.first_offset
        {
            Arc::make_mut(&mut inner.segments).push(segment);
        }
        if let Some(last) = claim.last_position {
            inner.buffer.release_ranges(last);
        }
        drop(inner);
        self.changed.notify_waiters();
    }

    /// Swaps merged segments for their sources. The catalog has committed it. Nothing happens if a source is gone.
    pub(crate) fn publish_merge(&self, sources: &[SegmentId], merged: Arc<SegmentMeta>) {
        let mut inner = self.inner.lock();
        let gone = sources.iter().any(|id| !inner.segments.iter().any(|segment| segment.id == *id));
        if gone {
            return;
        }
        self.retired.add(inner.segments.iter().filter(|segment| sources.contains(&segment.id)));
        let segments = Arc::make_mut(&mut inner.segments);
        segments.retain(|segment| !sources.contains(&segment.id));
        let at = segments.partition_point(|segment| segment.first_offset < merged.first_offset);
        segments.insert(at, merged);
    }

    /// Drops whole segments from the front. The catalog has committed it.
    pub(crate) fn expire(&self, expired: &[SegmentId], first_offset: Offset) {
        let mut inner = self.inner.lock();
        self.retired.add(inner.segments.iter().filter(|segment| expired.contains(&segment.id)));
        Arc::make_mut(&mut inner.segments).retain(|segment| !expired.contains(&segment.id));
        let mut topic = Topic::clone(&inner.topic);
        topic.first_offset = topic.first_offset.max(first_offset);
        inner.topic = Arc::new(topic);
    }

    /// Drops everything below `first_offset`. The catalog has committed it.
    pub(crate) fn truncate(&self, first_offset: Offset) {
        self.expire(&[], first_offset);
        let mut inner = self.inner.lock();
        self.retired.add(inner.segments.iter().filter(|segment| segment.last_offset < first_offset));
        Arc::make_mut(&mut inner.segments).retain(|segment| segment.last_offset >= first_offset);
        inner.published_offset = inner.published_offset.max(first_offset);
        inner.buffer.release_batches(first_offset);
        drop(inner);
        self.changed.notify_waiters();
    }

    /// Replaces the definition. The catalog has committed it.
    pub(super) fn redefine(&self, mut topic: Topic) {
        let mut inner = self.inner.lock();
        topic.first_offset = topic.first_offset.max(inner.topic.first_offset);
        inner.topic = Arc::new(topic);
    }

    /// Forgets producers not heard of since `before_us`.
    pub(crate) fn forget_producers(&self, before_us: i64) {
        self.inner.lock().producers.forget(before_us);
    }

    /// Marks the topic as gone and frees its buffer.
    pub(super) fn mark_dropped(&self) {
        let mut inner = self.inner.lock();
        inner.dropped = true;
        self.retired.add(inner.segments.iter());
        inner.buffer.release_batches(Offset::MAX);
        if let Some(last) = inner.buffer.last_range() {
            inner.buffer.release_ranges(last);
        }
        drop(inner);
        self.changed.notify_waiters();
    }
}
