//! After a start: opens the newest segments and their indexes, so that the first queries need not.
//!
//! What is read is what any query of a segment needs before it looks at a row: footers, page indexes, the words of an index.
//! Rows are not read. It is done segment by segment beside everything else, and whoever asks meanwhile does not wait.

use std::cmp::Reverse;
use std::sync::{Arc, Weak};

use strata_storage::segment::SegmentMeta;

use crate::engine::Engine;

/// Segments that are opened, at most: a second of one core.
const SEGMENTS_MAX: usize = 256;

/// Starts it. It ends when it is done or the engine is gone.
pub(super) fn start(engine: &Arc<Engine>) {
    let snapshots = engine.topics().list().into_iter().map(|topic| topic.snapshot());
    let mut newest: Vec<Arc<SegmentMeta>> = snapshots.flat_map(|snapshot| snapshot.segments.to_vec()).collect();
    newest.sort_unstable_by_key(|segment| Reverse(segment.created_at_us));
    newest.truncate(SEGMENTS_MAX);
    tokio::spawn(run(Arc::downgrade(engine), newest));
}

async fn run(engine: Weak<Engine>, newest: Vec<Arc<SegmentMeta>>) {
    for segment in newest {
        let Some(engine) = engine.upgrade().filter(|engine| !engine.is_closing()) else { return };
        if let Err(error) = engine.segments().warm_up(&segment).await {
            // A query that needs it says so; until then nothing is lost.
            tracing::warn!(location = segment.location, %error, "a segment cannot be opened");
        }
        tokio::task::yield_now().await;
    }
}
