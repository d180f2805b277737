//! The half of an upload that parses and appends, in the order of the lines.
//!
//! While a chunk waits for the disk the next one is parsed. The task goes on when the client goes away, and then appends
//! what had arrived; a body with one number for all is appended only when it was complete.

use std::sync::Arc;

use arrow::array::RecordBatch;
use strata_engine::EngineError;
use strata_engine::ingest::{ProducerSpan, Receipt, TopicAppend};
use strata_engine::records::{ParseOptions, Parsed, RecordParser};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::Server;
use super::answer::Answer;
use super::chunk::Piece;
use super::numbering::Numbering;
use super::refusal::Refusal;
use super::upload::{Held, Message, Upload};

/// What became of the pieces.
#[derive(Debug)]
pub(super) struct Done {
    pub answer: Answer,
    /// The first thing that went wrong.
    pub refusal: Option<Refusal>,
}

/// Takes pieces until there are no more or one fails.
pub(super) async fn run(server: Arc<Server>, upload: Upload, pieces: mpsc::Receiver<Message>) -> Done {
    let options = ParseOptions { record_bytes_max: server.engine.config().record_bytes_max, raw: upload.raw };
    let parser = Some(RecordParser::new(&upload.topic.definition().columns, options));
    let mut worker = Worker { server, upload, parser, answer: Answer::default(), before: 0, appending: None, whole: None };
    let refusal = worker.work(pieces).await.err();
    // What is on its way to the disk belongs to the answer even after a fault.
    let refusal = refusal.or(worker.settle().await.err());
    Done { answer: worker.answer, refusal }
}

struct Worker {
    server: Arc<Server>,
    upload: Upload,
    /// `None` while a thread parses with it.
    parser: Option<RecordParser>,
    answer: Answer,
    /// Lines of the body before the next piece.
    before: u64,
    /// The append that waits for the disk.
    appending: Option<JoinHandle<strata_engine::Result<Receipt>>>,
    /// All of it so far, when it is appended as a whole.
    whole: Option<(Vec<RecordBatch>, Vec<Held>)>,
}

impl Worker {
    async fn work(&mut self, mut pieces: mpsc::Receiver<Message>) -> Result<(), Refusal> {
        while let Some(message) = pieces.recv().await {
            match message {
                Message::Piece(held) => self.take(held).await?,
                Message::End => self.append_whole().await?,
            }
        }
        Ok(())
    }

    async fn take(&mut self, mut held: Held) -> Result<(), Refusal> {
        let first_line = self.before;
        self.before += held.piece.lines();
        let parsed = match std::mem::replace(&mut held.piece, Piece::TooLong) {
            Piece::Lines { bytes, lines } => {
                let parsed = self.parse(bytes).await?;
                assert_eq!(parsed.lines, lines, "reader and parser count the same lines");
                Some(parsed)
            }
            Piece::TooLong => {
                let record_bytes_max = self.server.engine.config().record_bytes_max;
                let reason = format!("the line is longer than {record_bytes_max} bytes, the largest record");
                self.answer.reject(first_line + 1, reason);
                None
            }
        };
        let lines = self.before - first_line;
        let (batch, row_lines) = match parsed {
            Some(Parsed { batch, row_lines, rejected, .. }) => {
                rejected.into_iter().for_each(|rejected| self.answer.reject(first_line + rejected.line, rejected.reason));
                (batch, row_lines)
            }
            None => (None, None),
        };
        let batches = Vec::from_iter(batch);
        let producer = match &self.upload.numbering {
            Numbering::None => None,
            Numbering::Lines { producer, first, .. } => {
                Some(ProducerSpan { producer: producer.clone(), first: first + first_line })
            }
            Numbering::Body { .. } => {
                let (whole, memory) = self.whole.get_or_insert_default();
                whole.extend(batches);
                memory.push(held.without_share());
                return Ok(());
            }
        };
        self.append(TopicAppend { topic: self.upload.topic.id(), batches, lines, row_lines, producer }, vec![held]).await
    }

    async fn parse(&mut self, bytes: Vec<u8>) -> Result<Parsed, Refusal> {
        /// Smaller pieces are parsed where they are: handing over would take longer.
        const INLINE_BYTES_MAX: usize = 32 << 10;
        let mut parser = self.parser.take().expect("one piece is parsed at a time");
        let now_us = self.server.engine.clock().now_us();
        if bytes.len() <= INLINE_BYTES_MAX {
            let parsed = parser.parse(&bytes, now_us);
            self.parser = Some(parser);
            return Ok(parsed);
        }
        let _thread = self.server.parsing.acquire().await;
        let parsing = tokio::task::spawn_blocking(move || {
            let parsed = parser.parse(&bytes, now_us);
            (parser, parsed)
        });
        let (parser, parsed) = parsing.await.map_err(|error| EngineError::Internal(format!("parsing: {error}")))?;
        self.parser = Some(parser);
        Ok(parsed)
    }

    /// Waits for the append before, then starts this one.
    async fn append(&mut self, append: TopicAppend, memory: Vec<Held>) -> Result<(), Refusal> {
        self.settle().await?;
        if append.batches.is_empty() && append.producer.is_none() {
            return Ok(());
        }
        let ingest = self.server.engine.ingest();
        self.appending = Some(tokio::spawn(async move {
            let receipt = ingest.append(append).await;
            drop(memory);
            receipt
        }));
        Ok(())
    }

    async fn settle(&mut self) -> Result<(), Refusal> {
        let Some(appending) = self.appending.take() else { return Ok(()) };
        let receipt = appending.await.map_err(|error| EngineError::Internal(format!("appending: {error}")))??;
        self.answer.accepted += receipt.accepted;
        self.answer.duplicates += receipt.duplicates;
        Ok(())
    }

    /// Appends a body with one number for all its lines.
    async fn append_whole(&mut self) -> Result<(), Refusal> {
        let Numbering::Body { key } = &self.upload.numbering else { return Ok(()) };
        let Some((batches, memory)) = self.whole.take() else { return Ok(()) };
        let rows = batches.iter().map(RecordBatch::num_rows).sum();
        let append = TopicAppend {
            topic: self.upload.topic.id(),
            batches,
            lines: 1,
            row_lines: Some(vec![0; rows]),
            producer: Some(ProducerSpan { producer: key.clone(), first: 0 }),
        };
        self.append(append, memory).await
    }
}
