//! The log thread: takes what is queued, writes it as one group, syncs, hands it to the sink, acknowledges.
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
use super::{Frame, GroupSink, WalPosition};
use crate::{Result, StorageError};

/// The thread. Ends when the log is closed and the queue is empty, or at the first failure.
pub fn run(shared: &Shared, sink: &dyn GroupSink) {
    let _guard = PanicGuard(shared);
    let mut buffer = Vec::with_capacity(shared.options.group_bytes_max);
    while let Some(group) = next_group(shared) {
        let failed = match group {
            Ok(group) => write_group(shared, sink, group, &mut buffer).err(),
            Err(error) => Some(error),
        };
        if let Some(error) = failed {
            shared.poison(&error.to_string());
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
            self.0.poison("the log thread panicked");
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
                shared.ask_for_file(&mut state, shared.usual_capacity());
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

fn write_group(shared: &Shared, sink: &dyn GroupSink, group: Group, buffer: &mut Vec<u8>) -> Result<()> {
    let started = Instant::now();
    if let Err(error) = write_and_sync(&group, shared.options.group_bytes_max, buffer) {
        let reason = error.to_string();
        shared.poison(&reason);
        for pending in group.transactions {
            let _gone = pending.ack.send(Err(StorageError::Poisoned { reason: reason.clone() }));
        }
        return Err(error);
    }
    metrics::counter!("strata_wal_groups_total").increment(1);
    metrics::counter!("strata_wal_bytes_total").increment(bound(group.payload_bytes));
    metrics::histogram!("strata_wal_group_seconds").record(started.elapsed().as_secs_f64());

    let mut frames = Vec::new();
    let mut acks = Vec::with_capacity(group.transactions.len());
    let mut at = group.file.used + GROUP_HEADER_BYTES;
    for pending in group.transactions {
        for (head, mut frame) in pending.frames {
            let position = WalPosition { file: group.file.header.number, byte: at };
            at += frame_len(&head, &frame);
            frame.body = Bytes::new();
            frames.push((position, frame));
        }
        acks.push((pending.ack, pending._place));
    }
    sink.group_durable(frames);
    {
        let mut state = shared.state.lock();
        state.space.settle(group.number, bound(group.payload_bytes), group.promised_bytes);
        if state.space.wants_spare(shared.usual_capacity()) {
            shared.ask_for_file(&mut state, shared.usual_capacity());
        }
    }
    for (ack, place) in acks {
        drop(place);
        // Whoever dropped his ticket does not want to know.
        let _gone = ack.send(Ok(()));
    }
    Ok(())
}

fn frame_len(head: &FrameHead, frame: &Frame) -> u64 {
    (head.bytes.len() + frame.body.len() + head.padding) as u64
}

fn write_and_sync(group: &Group, piece_bytes: usize, buffer: &mut Vec<u8>) -> Result<()> {
    let frames = || group.transactions.iter().flat_map(|pending| &pending.frames);
    let payload_checksum = frames()
        .fold(0, |checksum, (head, frame)| crc32c::crc32c_combine(checksum, head.checksum, frame_len(head, frame) as usize));
    let header = GroupHeader {
        number: group.number,
        payload_bytes: group.payload_bytes,
        payload_checksum,
        frames: frames().count() as u32,
    };
    let mut pieces = Pieces { file: &group.file, at: group.file.used, buffer, piece_bytes: piece_bytes + ALIGNMENT as usize };
    pieces.push(&header.encode(&group.file.header))?;
    for (head, frame) in frames() {
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
    write_and_sync(&group, shared.options.group_bytes_max, buffer)?;
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
