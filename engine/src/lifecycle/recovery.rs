//! Start-up: what the log holds and the catalog does not becomes the buffers again.
//!
//! Memory stays bounded: the log is read on a thread of its own, a few frames ahead, and when the buffers grow past
//! their share the largest is sealed before reading on.

use std::sync::Arc;

use strata_storage::StorageError;
use strata_storage::wal::{Frame, RecoverySummary, Wal, WalPosition};

use crate::Result;
use crate::engine::Engine;
use crate::error::EngineError;

/// Frames that the reading thread may be ahead.
const FRAMES_AHEAD: usize = 8;

/// Replays the log into the buffers. The log is not open for writing yet. The summary counts what became visible again,
/// not what the catalog has already.
///
/// # Errors
/// A corrupt log; a gap between the catalog and the log; a failed seal.
pub(crate) async fn replay(engine: &Arc<Engine>) -> Result<RecoverySummary> {
    let (sender, mut frames) = tokio::sync::mpsc::channel::<(WalPosition, Frame)>(FRAMES_AHEAD);
    let disk = engine.disk().clone();
    let reader = tokio::task::spawn_blocking(move || {
        Wal::recover(&disk, &mut |position, frame| {
            sender.blocking_send((position, frame)).map_err(|_| StorageError::Internal("replay stopped".to_owned()))
        })
    });
    let mut replayed = Ok(());
    let (mut frame_count, mut row_count) = (0, 0);
    while let Some((position, frame)) = frames.recv().await {
        match replay_frame(engine, position, frame) {
            Ok(0) => {}
            Ok(rows) => (frame_count, row_count) = (frame_count + 1, row_count + rows),
            Err(error) => {
                replayed = Err(error);
                break;
            }
        }
        while engine.pressure().is_high() && super::seal::seal_largest(engine).await? {}
    }
    drop(frames);
    let summary = reader.await.map_err(|error| EngineError::Internal(format!("reading the log: {error}")))?;
    replayed?;
    let summary = summary?;
    super::garbage::sweep_orphans(engine).await?;
    Ok(RecoverySummary { frames: frame_count, rows: row_count, ..summary })
}

/// Makes the frame visible unless the catalog has it or its topic is gone; how many records.
fn replay_frame(engine: &Engine, position: WalPosition, frame: Frame) -> Result<u64> {
    // A topic that is not in the catalog was dropped after the frame was written.
    let Some(topic) = engine.topics().by_id(frame.topic) else { return Ok(0) };
    let end = frame.base_offset + frame.rows.cast_signed();
    if topic.is_published(end) && frame.rows > 0 {
        return Ok(0);
    }
    let next_offset = topic.snapshot().next_offset;
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
