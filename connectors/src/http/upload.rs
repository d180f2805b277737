//! One body on its way in.
//!
//! ```text
//! this task:   read ─▶ cut ──┐ channel of one                 reading, parsing and appending
//! worker task:               └─▶ parse ─▶ append ─▶ tally     overlap, in the order of the lines
//! ```
//!
//! With line numbers the last chunk is held back until the number of lines is known, so that a body of one chunk that
//! does not match its `Strata-Sequence` leaves no trace. A body with an `Idempotency-Key` is appended as a whole.
//!
//! **When the client goes away in the middle:** chunks that were complete stay, the rest is gone; a half line is never
//! stored. With line numbers the same body can be sent again and nothing is stored twice.

use std::sync::Arc;

use axum::body::{Body, HttpBody as _};
use axum::http::StatusCode;
use strata_engine::topics::TopicState;
use strata_storage::memory::{Consumer, Reservation};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::task::JoinHandle;

use super::Server;
use super::answer::Answer;
use super::chunk::{Chunker, Piece};
use super::decoding::{Decoded, Encoding};
use super::numbering::Numbering;
use super::refusal::Refusal;
use super::worker::{self, Done};

/// What path and headers said.
#[derive(Debug)]
pub(super) struct Upload {
    pub topic: Arc<TopicState>,
    /// Whether a line is a message as it stands, and not JSON.
    pub raw: bool,
    pub encoding: Encoding,
    pub numbering: Numbering,
    /// Largest decoded body.
    pub bytes_max: u64,
}

/// A piece with the memory it holds.
#[derive(Debug)]
pub(super) struct Held {
    pub piece: Piece,
    _reservation: Reservation,
    /// Its share of what all uploads may have between reader and disk. Taken last, so that nobody waits for a share
    /// while holding one.
    kib: Option<OwnedSemaphorePermit>,
}

impl Held {
    /// Gives the share back early, for a piece that is collected and not appended yet.
    pub fn without_share(mut self) -> Self {
        self.kib = None;
        self
    }
}

/// Reads the body to its end and answers when all of it is durable.
///
/// # Errors
/// The first thing that went wrong. Chunks before it stay; the refusal says how many records.
pub(super) async fn run(server: &Arc<Server>, upload: Upload, body: Body) -> Result<Answer, Refusal> {
    let turn = tokio::time::timeout(server.options.turn_wait, server.uploads.acquire()).await;
    let _turn = turn.map_err(|_| Refusal::busy(format!("{} uploads are running", server.options.uploads_max)))?;
    let (pieces, receiver) = mpsc::channel(1);
    let expected = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    let decoded = Decoded::new(body, upload.encoding);
    let lines_declared = match upload.numbering {
        Numbering::Lines { lines, .. } => Some(lines),
        _ => None,
    };
    let bytes_max = upload.bytes_max;
    let whole = matches!(upload.numbering, Numbering::Body { .. });
    let worker = tokio::spawn(worker::run(server.clone(), upload, receiver));
    let reader = Reader {
        server,
        lines_declared,
        bytes_max,
        whole,
        chunker: Chunker::new(server.options.chunk_bytes, server.engine.config().record_bytes_max, expected),
        reservation: server.engine.memory().reservation(Consumer::Ingest),
        pieces,
        held_back: None,
        lines: 0,
    };
    let read = reader.read(decoded).await;
    let Done { answer, refusal } = outcome(worker).await?;
    match (refusal, read) {
        // The worker's fault comes first: the reader only stops because of it.
        (Some(refusal), _) | (None, Err(refusal)) => Err(Refusal { accepted: answer.accepted, ..refusal }),
        (None, Ok(())) => Ok(answer),
    }
}

async fn outcome(worker: JoinHandle<Done>) -> Result<Done, Refusal> {
    worker.await.map_err(|error| Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, format!("internal error: {error}")))
}

/// The half that reads.
struct Reader<'a> {
    server: &'a Server,
    lines_declared: Option<u64>,
    bytes_max: u64,
    /// All of the body stays in memory until its end.
    whole: bool,
    chunker: Chunker,
    /// Memory of the chunk that is being filled.
    reservation: Reservation,
    pieces: mpsc::Sender<Message>,
    /// The newest piece, while lines are numbered.
    held_back: Option<Held>,
    /// Lines cut so far.
    lines: u64,
}

/// From the reader to the worker.
#[derive(Debug)]
pub(super) enum Message {
    Piece(Held),
    /// The body was complete.
    End,
}

impl Reader<'_> {
    async fn read(mut self, mut decoded: Decoded) -> Result<(), Refusal> {
        let mut bytes = 0;
        loop {
            let next = tokio::time::timeout(self.server.options.silence_max, decoded.next()).await;
            let Some(block) = next.map_err(|_| {
                Refusal::new(StatusCode::REQUEST_TIMEOUT, "the client sent nothing for too long in the middle of the body")
            })?
            else {
                break;
            };
            let block = block?;
            bytes += block.len() as u64;
            if bytes > self.bytes_max {
                return Err(Refusal::too_large("the body", self.bytes_max));
            }
            let mut rest = &block[..];
            while !rest.is_empty() {
                let before = self.chunker.held();
                let piece = self.chunker.push(&mut rest);
                let held = self.chunker.held() + piece.as_ref().map_or(0, Piece::bytes);
                if held >= before {
                    self.reserve(held - before)?;
                } else {
                    self.reservation.shrink(before - held);
                }
                if let Some(piece) = piece
                    && !self.hand_over(piece).await?
                {
                    return Ok(());
                }
            }
        }
        self.end().await
    }

    /// Counts memory that is in use. A chunk's own size is bounded by the number of uploads; what a long line or a body
    /// that is kept whole needs beyond must fit the budget.
    fn reserve(&mut self, bytes: usize) -> Result<(), Refusal> {
        if !self.whole && self.reservation.bytes() + bytes <= self.server.options.chunk_bytes {
            self.reservation.grow(bytes);
            return Ok(());
        }
        self.reservation.try_grow(bytes).map_err(|error| Refusal::busy(error.to_string()))
    }

    /// Sends a piece to the worker; `false` if it has stopped.
    async fn hand_over(&mut self, piece: Piece) -> Result<bool, Refusal> {
        self.lines += piece.lines();
        if let Some(declared) = self.lines_declared.filter(|&declared| self.lines > declared) {
            return Err(wrong_count(format!("more than {declared}")));
        }
        let held = Held { _reservation: self.reservation.split(piece.bytes()), kib: None, piece };
        let ready = if self.lines_declared.is_some() { self.held_back.replace(held) } else { Some(held) };
        match ready {
            Some(held) => Ok(self.send(held).await),
            None => Ok(true),
        }
    }

    /// Waits for a share and for the worker; `false` if it has stopped.
    async fn send(&self, mut held: Held) -> bool {
        let kib = u32::try_from(held.piece.bytes() / 1024).unwrap_or(u32::MAX).min(self.server.chunk_kib_max);
        held.kib = self.server.chunk_kib.clone().acquire_many_owned(kib).await.ok();
        self.pieces.send(Message::Piece(held)).await.is_ok()
    }

    async fn end(mut self) -> Result<(), Refusal> {
        let chunker = std::mem::replace(&mut self.chunker, Chunker::new(1, 1, 0));
        if let Some(piece) = chunker.finish() {
            self.hand_over(piece).await?;
        }
        if self.lines_declared.is_some_and(|declared| declared != self.lines) {
            return Err(wrong_count(format!("{} and not {}", self.lines, self.lines_declared.unwrap_or_default())));
        }
        if let Some(held) = self.held_back.take() {
            self.send(held).await;
        }
        drop(self.pieces.send(Message::End).await);
        Ok(())
    }
}

fn wrong_count(lines: String) -> Refusal {
    Refusal::bad_request(format!("the body has {lines} lines as Strata-Sequence says"))
        .hint("Every line counts, empty ones and the last one without a line feed too.")
}
