//! The one way in for records: COPY, INSERT and HTTP all end here.
//!
//! ```text
//!  batch ─▶ drop what is settled ─▶ encode ─▶ queue ─▶ [log thread: number, write, fdatasync, make visible] ─▶ receipt
//! ```
//!
//! **Invariant:** a receipt is given only when every record of it is durable and visible, and a duplicate is reported
//! only when its original is durable.

mod sink;

use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use bytes::Bytes;
use strata_storage::memory::Consumer;
use strata_storage::wal::{Frame, encode_body};
use strata_storage::{RangeSet, TopicId};

use crate::Result;
use crate::engine::Engine;
use crate::error::{EngineError, ObjectClass};
use crate::topics::{SequenceOverlap, TopicState};

pub(crate) use sink::VisibleSink;

/// Bytes of a body that a frame is counted with at least: its header is as long as many a small body.
const BODY_BYTES_MIN: usize = 256;
/// Smaller batches are encoded on the caller's thread.
const ENCODE_INLINE_BYTES_MAX: usize = 64 << 10;

/// A producer's claim on sequence numbers for one append: `Strata-Producer`, `Strata-Sequence: first-last`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProducerSpan {
    /// The producer's own name for itself.
    pub producer: Arc<str>,
    /// Sequence number of the first line.
    pub first: u64,
}

/// Records for one topic.
#[derive(Debug, Clone)]
pub struct TopicAppend {
    /// The topic.
    pub topic: TopicId,
    /// The records: columns of `TopicSchema::stored()` found by field id, physical types loose.
    pub batches: Vec<RecordBatch>,
    /// Lines that were sent, rejected ones included: how many sequence numbers this uses.
    pub lines: u64,
    /// Line (from 0) of each row over all batches; `None` if row i is line i.
    pub row_lines: Option<Vec<u32>>,
    /// Who sent it, for exactly-once.
    pub producer: Option<ProducerSpan>,
}

impl TopicAppend {
    /// One batch without a producer.
    pub fn plain(topic: TopicId, batch: RecordBatch) -> Self {
        let lines = batch.num_rows() as u64;
        Self { topic, batches: vec![batch], lines, row_lines: None, producer: None }
    }

    /// Records in it.
    pub fn rows(&self) -> u64 {
        self.batches.iter().map(|batch| batch.num_rows() as u64).sum()
    }
}

/// What became of an append.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Receipt {
    /// Records that are durable and visible now.
    pub accepted: u64,
    /// Records whose sequence numbers were settled before.
    pub duplicates: u64,
}

/// Takes records. Cheap to make; see [`Engine::ingest`].
#[derive(Debug, Clone)]
pub struct Ingest {
    engine: Arc<Engine>,
}

/// An append on its way: what is left after duplicates are gone.
struct Prepared {
    topic: Arc<TopicState>,
    numbers: Option<(Arc<str>, RangeSet)>,
    batches: Vec<(RecordBatch, Bytes)>,
    receipt: Receipt,
}

impl Prepared {
    /// Gives back the sequence numbers that were claimed.
    fn abandon_sequences(&self) {
        if let Some((producer, numbers)) = &self.numbers {
            self.topic.abandon_sequence(producer, numbers);
        }
    }
}

impl Ingest {
    pub(crate) fn new(engine: Arc<Engine>) -> Self {
        Self { engine }
    }

    /// Appends to one topic. Returns when the records are durable and visible. Safe to retry only with a producer.
    /// When the caller goes away in the middle, the records are either all in or none is.
    ///
    /// # Errors
    /// The topic is gone, memory or disk is full (nothing was written), or the log stopped.
    pub async fn append(&self, append: TopicAppend) -> Result<Receipt> {
        Ok(self.commit(vec![append]).await?.pop().unwrap_or_default())
    }

    /// Appends to several topics, all or nothing.
    ///
    /// # Errors
    /// As [`Ingest::append`].
    pub async fn commit(&self, appends: Vec<TopicAppend>) -> Result<Vec<Receipt>> {
        self.engine.refuse_when_closing()?;
        let bytes: usize = appends.iter().flat_map(|append| &append.batches).map(RecordBatch::get_array_memory_size).sum();
        let _memory = self.engine.pressure().reserve(Consumer::Ingest, bytes).await?;
        loop {
            let mut prepared = Vec::with_capacity(appends.len());
            for append in &appends {
                prepared.push(self.prepare(append).await?);
            }
            let prepared = encode(prepared).await?;
            let body_bytes =
                prepared.iter().flat_map(|append| &append.batches).map(|(_, body)| body.len().max(BODY_BYTES_MIN)).sum();
            let admission = self.engine.wal().admit(body_bytes).await?;
            let Some(frames) = claim_sequences(&prepared, self.engine.clock().now_us()) else { continue };
            if !frames.is_empty() {
                let submitted = self.engine.wal().submit(frames, admission);
                // The sink hears only of what was queued.
                let ticket = submitted.inspect_err(|_| prepared.iter().for_each(Prepared::abandon_sequences))?;
                ticket.await?;
            }
            return Ok(prepared.into_iter().map(|append| append.receipt).collect());
        }
    }

    /// Waits until no number of the span is in flight, and drops the rows that are settled.
    async fn prepare(&self, append: &TopicAppend) -> Result<Prepared> {
        let topic = self.engine.topics().by_id(append.topic).ok_or_else(|| EngineError::Undefined {
            what: ObjectClass::Relation,
            name: append.topic.to_string(),
            hint: Some("The topic was dropped while records were on their way to it.".to_owned()),
        })?;
        let rows = append.rows();
        let Some(span) = append.producer.as_ref().filter(|_| append.lines > 0) else {
            let batches = append.batches.iter().map(|batch| (batch.clone(), Bytes::new())).collect();
            return Ok(Prepared { topic, numbers: None, batches, receipt: Receipt { accepted: rows, duplicates: 0 } });
        };
        let last = span.first.checked_add(append.lines - 1).ok_or_else(|| EngineError::Refused {
            reason: crate::error::Refusal::InvalidParameter,
            message: format!("sequence numbers of producer \"{}\" exceed 2^64", span.producer),
            hint: None,
        })?;
        let settled = loop {
            let changed = topic.changed();
            tokio::pin!(changed);
            changed.as_mut().enable();
            match topic.sequence_overlap(&span.producer, span.first, last) {
                SequenceOverlap::Settled(numbers) => break numbers,
                SequenceOverlap::Pending => changed.await,
            }
        };
        let batches = without_settled(append, span.first, &settled)?;
        let accepted = batches.iter().map(|batch| batch.num_rows() as u64).sum();
        let mut numbers = RangeSet::of(span.first, last);
        numbers.remove(&settled);
        let batches = batches.into_iter().map(|batch| (batch, Bytes::new())).collect();
        let receipt = Receipt { accepted, duplicates: rows - accepted };
        Ok(Prepared { topic, numbers: Some((span.producer.clone(), numbers)), batches, receipt })
    }
}

/// The rows whose sequence numbers are not in `settled`.
fn without_settled(append: &TopicAppend, first: u64, settled: &RangeSet) -> Result<Vec<RecordBatch>> {
    if settled.is_empty() {
        return Ok(append.batches.clone());
    }
    let mut row = 0;
    let mut batches = Vec::with_capacity(append.batches.len());
    for batch in &append.batches {
        let keep: BooleanArray = (row..row + batch.num_rows())
            .map(|row| append.row_lines.as_ref().map_or(row as u64, |lines| u64::from(lines[row])))
            .map(|line| Some(!settled.contains(first + line)))
            .collect();
        row += batch.num_rows();
        batches.push(filter_record_batch(batch, &keep)?);
    }
    batches.retain(|batch| batch.num_rows() > 0);
    Ok(batches)
}

async fn encode(mut prepared: Vec<Prepared>) -> Result<Vec<Prepared>> {
    let bytes: usize = prepared.iter().flat_map(|append| &append.batches).map(|(batch, _)| batch.get_array_memory_size()).sum();
    let work = move || -> Result<Vec<Prepared>> {
        for (batch, body) in prepared.iter_mut().flat_map(|append| &mut append.batches) {
            *body = encode_body(batch)?;
        }
        Ok(prepared)
    };
    if bytes <= ENCODE_INLINE_BYTES_MAX {
        return work();
    }
    tokio::task::spawn_blocking(work).await.map_err(|error| EngineError::Internal(format!("encoding a batch: {error}")))?
}

/// Claims the sequence numbers and makes the frames; `None` if another batch was faster with one of the numbers.
fn claim_sequences(prepared: &[Prepared], ingested_at_us: i64) -> Option<Vec<Frame>> {
    let mut claimed: Vec<&Prepared> = Vec::new();
    for append in prepared {
        if let Some((producer, numbers)) = &append.numbers
            && !append.topic.begin_sequence(producer, numbers)
        {
            claimed.into_iter().for_each(Prepared::abandon_sequences);
            return None;
        }
        claimed.push(append);
    }
    Some(prepared.iter().flat_map(|append| frames(append, ingested_at_us)).collect())
}

/// One frame a batch; the first carries the sequence numbers, and exists for them alone if there are no rows.
fn frames(append: &Prepared, ingested_at_us: i64) -> Vec<Frame> {
    let mut producer = append.numbers.clone().filter(|(_, numbers)| !numbers.is_empty());
    let frame = |rows, batch, body, producer| Frame {
        topic: append.topic.id(),
        base_offset: 0,
        rows,
        ingested_at_us,
        producer,
        batch,
        body,
    };
    let batches = append.batches.iter().filter(|(batch, _)| batch.num_rows() > 0);
    let mut frames: Vec<Frame> =
        batches.map(|(batch, body)| frame(batch.num_rows() as u64, Some(batch.clone()), body.clone(), producer.take())).collect();
    if let Some(producer) = producer {
        frames.push(frame(0, None, Bytes::new(), Some(producer)));
    }
    frames
}
