//! Start-up: what the log holds and the catalog does not becomes the buffers again.
//!
//! Memory stays bounded: the log is read on a thread of its own, a few rounds of frames ahead, and when the buffers grow past
//! their share the largest is sealed before reading on.

use std::sync::Arc;

use arrow::array::RecordBatch;

use strata_storage::StorageError;
use strata_storage::wal::{Frame, RecoverySummary, Wal, WalPosition};

use crate::Result;
use crate::engine::Engine;
use crate::error::EngineError;

/// Rounds of frames that the reading thread may be ahead.
const ROUNDS_AHEAD: usize = 2;
/// Frames of a round, at most: handing over costs more than a small frame.
const ROUND_FRAMES: usize = 512;
/// Bytes of memory at which a round is handed over.
const ROUND_BYTES: usize = 4 << 20;

/// Replays the log into the buffers. The log is not open for writing yet. The summary counts what became visible again,
/// not what the catalog has already.
///
/// # Errors
/// A corrupt log; a gap between the catalog and the log; a failed seal.
pub(crate) async fn replay(engine: &Arc<Engine>) -> Result<RecoverySummary> {
    let (sender, mut rounds) = tokio::sync::mpsc::channel(ROUNDS_AHEAD);
    let disk = engine.disk().clone();
    let reader = tokio::task::spawn_blocking(move || {
        let mut round = Round::default();
        let hand_over =
            |round: Round| sender.blocking_send(round).map_err(|_| StorageError::Internal("replay stopped".to_owned()));
        let summary = Wal::recover(&disk, &mut |position, frame| {
            round.bytes += frame.batch.as_ref().map_or(0, RecordBatch::get_array_memory_size);
            round.frames.push((position, frame));
            if round.frames.len() >= ROUND_FRAMES || round.bytes >= ROUND_BYTES {
                return hand_over(std::mem::take(&mut round));
            }
            Ok(())
        })?;
        hand_over(round)?;
        Ok::<_, StorageError>(summary)
    });
    let mut replayed = Ok(());
    let (mut frame_count, mut row_count) = (0, 0);
    'rounds: while let Some(round) = rounds.recv().await {
        for (position, frame) in round.frames {
            match replay_frame(engine, position, frame) {
                Ok(0) => {}
                Ok(rows) => (frame_count, row_count) = (frame_count + 1, row_count + rows),
                Err(error) => {
                    replayed = Err(error);
                    break 'rounds;
                }
            }
        }
        while engine.pressure().is_high() && super::seal::seal_largest(engine).await? {}
    }
    drop(rounds);
    let summary = reader.await.map_err(|error| EngineError::Internal(format!("reading the log: {error}")))?;
    replayed?;
    let summary = summary?;
    super::garbage::sweep_orphans(engine).await?;
    Ok(RecoverySummary { frames: frame_count, rows: row_count, ..summary })
}

/// Frames that are handed over together.
#[derive(Default)]
struct Round {
    frames: Vec<(WalPosition, Frame)>,
    bytes: usize,
}

/// Makes the frame visible unless the catalog has it or its topic is gone; how many records.
fn replay_frame(engine: &Engine, position: WalPosition, frame: Frame) -> Result<u64> {
    // A topic that is not in the catalog was dropped after the frame was written.
    let Some(topic) = engine.topics().by_id(frame.topic) else { return Ok(0) };
    let end = frame.base_offset + frame.rows.cast_signed();
    if topic.is_published(end) && frame.rows > 0 {
        return Ok(0);
    }
    let next_offset = topic.next_offset();
    if frame.rows > 0 && frame.base_offset != next_offset {
        return Err(EngineError::from(StorageError::CorruptLog {
            file: format!("wal/{:020}.wal", position.file).into(),
            at: position.byte,
            reason: format!(
                "records {next_offset} to {} of topic {} are in no segment and not in the log",
                frame.base_offset, frame.topic
            ),
        }));
    }
    let rows = frame.rows;
    topic.make_visible(position, frame, |_| false);
    Ok(rows)
}
