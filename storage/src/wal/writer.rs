//! The log thread: takes what is queued, has it numbered, writes it as one group, syncs, hands it to the sink, acknowledges.
//!
//! It never waits for company: while it syncs, the next group collects.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use super::file::ALIGNMENT;
use super::frame::FrameHead;
use super::group::{GROUP_HEADER_BYTES, GroupHeader};
use super::space::{OpenFile, bound};
use super::state::{Pending, Shared};
use super::{GroupSink, WalPosition};
use crate::{Result, StorageError};

/// The thread. Ends when the log is closed and the queue is empty, or at the first failure.
pub fn run(shared: &Shared, sink: &dyn GroupSink) {
    let _guard = PanicGuard(shared);
    let mut buffer = Vec::with_capacity(shared.options.group_bytes_max);
    while let Some(group) = next_group(shared) {
        let done = group.and_then(|group| write_group(shared, sink, group, &mut buffer));
        if let Err(error) = done {
            let reason = error.to_string();
            refuse(sink, shared.poison(&reason), &reason);
            return;
        }
    }
    if let Err(error) = write_end(shared, &mut buffer) {
        tracing::warn!(%error, "the log could not be marked as ended, the next start will not mind");
    }
}

/// Lets nobody wait for a thread that is gone.
struct PanicGuard<'a>(&'a Shared);

impl Drop for PanicGuard<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // Dropped tickets tell those who wait; the sink may be what panicked.
            drop(self.0.poison("the log thread panicked"));
        }
    }
}

/// Transactions that become durable together, and their place.
struct Group {
    number: u64,
    file: OpenFile,
    transactions: Vec<Pending>,
    payload_bytes: u64,
    promised_bytes: u64,
}

/// Waits for work. `None` when the log is closed and drained, or poisoned.
fn next_group(shared: &Shared) -> Option<Result<Group>> {
    let mut state = shared.state.lock();
    while state.queue.is_empty() {
        if state.closed || state.poison.is_some() {
            return None;
        }
        if state.turn_wanted {
            if state.space.turn_early() {
                state.turn_wanted = false;
            } else if state.space.spare.is_none() && state.prepare_failure.is_none() {
                let capacity = state.space.least_capacity();
                shared.ask_for_file(&mut state, capacity);
            }
        }
        shared.work.wait(&mut state);
    }
    let (mut transactions, mut payload_bytes, mut promised_bytes) = (Vec::new(), 0, 0);
    while let Some(next) = state.queue.front() {
        if !transactions.is_empty() && payload_bytes + next.payload_bytes > shared.options.group_bytes_max as u64 {
            break;
        }
        payload_bytes += next.payload_bytes;
        promised_bytes += next.promised_bytes;
        transactions.extend(state.queue.pop_front());
    }
    let Some(file) = state.space.place(bound(payload_bytes)) else {
        // Their tickets must hear of it with everybody else's.
        transactions.into_iter().rev().for_each(|pending| state.queue.push_front(pending));
        return Some(Err(StorageError::Internal("a group has no room although it was promised".to_owned())));
    };
    let number = state.next_group;
    state.next_group += 1;
    Some(Ok(Group { number, file, transactions, payload_bytes, promised_bytes }))
}

/// Takes frames back: their offsets and sequence numbers are free again, and their writers hear why.
fn refuse(sink: &dyn GroupSink, transactions: Vec<Pending>, reason: &str) {
    let (mut frames, mut acks) = (Vec::new(), Vec::new());
    for pending in transactions {
        frames.extend(pending.frames.into_iter().map(|(_, frame)| frame));
        acks.push(pending.ack);
    }
    sink.group_refused(&frames);
    for ack in acks {
        let _gone = ack.send(Err(StorageError::Poisoned { reason: reason.to_owned() }));
    }
}

fn write_group(shared: &Shared, sink: &dyn GroupSink, mut group: Group, buffer: &mut Vec<u8>) -> Result<()> {
    let started = Instant::now();
    let mut heads = Vec::new();
    for (body_checksum, frame) in group.transactions.iter_mut().flat_map(|pending| &mut pending.frames) {
        sink.number(frame);
        heads.push(FrameHead::of(frame, *body_checksum));
    }
    if let Err(error) = write_and_sync(&group, &heads, shared.options.group_bytes_max, buffer) {
        let reason = error.to_string();
        // Poisoned before anybody hears of it, and in the order of the log.
        let queued = shared.poison(&reason);
        refuse(sink, group.transactions.into_iter().chain(queued).collect(), &reason);
        return Err(error);
    }
    metrics::counter!("strata_wal_groups_total").increment(1);
    metrics::counter!("strata_wal_bytes_total").increment(bound(group.payload_bytes));
    metrics::histogram!("strata_wal_group_seconds").record(started.elapsed().as_secs_f64());

    let mut frames = Vec::new();
    let mut acks = Vec::with_capacity(group.transactions.len());
    let mut at = group.file.used + GROUP_HEADER_BYTES;
    let mut heads = heads.iter();
    for pending in group.transactions {
        for ((_, mut frame), head) in pending.frames.into_iter().zip(&mut heads) {
            let position = WalPosition { file: group.file.header.number, byte: at };
            at += head.frame_bytes;
            frame.body = Bytes::new();
            frames.push((position, frame));
        }
        acks.push((pending.ack, pending._place));
    }
    sink.group_durable(frames);
    {
        let mut state = shared.state.lock();
        state.space.settle(group.number, bound(group.payload_bytes), group.promised_bytes);
        if state.space.wants_spare() {
            let capacity = state.space.next_capacity();
            shared.ask_for_file(&mut state, capacity);
        }
    }
    for (ack, place) in acks {
        drop(place);
        // Whoever dropped his ticket does not want to know.
        let _gone = ack.send(Ok(()));
    }
    Ok(())
}

fn write_and_sync(group: &Group, heads: &[FrameHead], piece_bytes: usize, buffer: &mut Vec<u8>) -> Result<()> {
    let payload_checksum =
        heads.iter().fold(0, |checksum, head| crc32c::crc32c_combine(checksum, head.checksum, head.frame_bytes as usize));
    let header =
        GroupHeader { number: group.number, payload_bytes: group.payload_bytes, payload_checksum, frames: heads.len() as u32 };
    let mut pieces = Pieces { file: &group.file, at: group.file.used, buffer, piece_bytes: piece_bytes + ALIGNMENT as usize };
    pieces.push(&header.encode(&group.file.header))?;
    let frames = group.transactions.iter().flat_map(|pending| &pending.frames);
    for ((_, frame), head) in frames.zip(heads) {
        pieces.push(&head.bytes)?;
        pieces.push(&frame.body)?;
        pieces.push(&[0; 8][..head.padding])?;
    }
    let padding = bound(group.payload_bytes) - GROUP_HEADER_BYTES - group.payload_bytes;
    pieces.push(&[0; ALIGNMENT as usize][..padding as usize])?;
    pieces.flush()?;
    group.file.file.sync_data()
}

/// The empty group that tells a clean stop from a torn tail.
fn write_end(shared: &Shared, buffer: &mut Vec<u8>) -> Result<()> {
    let (file, number) = {
        let state = shared.state.lock();
        match (&state.space.active, &state.poison) {
            (Some(file), None) => (file.clone(), state.next_group),
            _ => return Ok(()),
        }
    };
    let group = Group { number, file, transactions: Vec::new(), payload_bytes: 0, promised_bytes: 0 };
    write_and_sync(&group, &[], shared.options.group_bytes_max, buffer)?;
    shared.state.lock().space.settle(number, bound(0), 0);
    Ok(())
}

/// Gathers a group and writes it at once, a very large one in pieces, so that it is never in memory twice.
struct Pieces<'a> {
    file: &'a OpenFile,
    at: u64,
    buffer: &'a mut Vec<u8>,
    piece_bytes: usize,
}

impl Pieces<'_> {
    fn push(&mut self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            let (piece, rest) = bytes.split_at(bytes.len().min(self.piece_bytes - self.buffer.len()));
            self.buffer.extend_from_slice(piece);
            bytes = rest;
            if self.buffer.len() == self.piece_bytes {
                self.flush()?;
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        let written = self.file.file.write_at(self.at, self.buffer);
        self.at += self.buffer.len() as u64;
        self.buffer.clear();
        written
    }
}

/// Starts the thread.
///
/// # Errors
/// The operating system's.
pub fn spawn(shared: Arc<Shared>, sink: Arc<dyn GroupSink>) -> Result<std::thread::JoinHandle<()>> {
    let builder = std::thread::Builder::new().name("strata-wal".to_owned());
    builder.spawn(move || run(&shared, &*sink)).map_err(|e| StorageError::io("start the log thread", e))
}
