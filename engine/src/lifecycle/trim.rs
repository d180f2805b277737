//! Cutting the log: files whose every frame is published go.

use std::time::Duration;

use crate::engine::Engine;

/// Removes log files that no topic needs any more.
pub(super) fn trim_log(engine: &Engine) {
    // Read before the topics are asked: a frame that becomes durable in between lies behind this position.
    let Some(wal) = engine.wal_if_started() else { return };
    let end = wal.end();
    let oldest = engine.topics().list().iter().filter_map(|topic| topic.oldest_position()).min();
    wal.trim(Some(oldest.map_or(end, |oldest| oldest.min(end))));
}

/// The same, and waits a little until the file that was written last is left too, if nothing in it is needed: the log's own threads
/// make a small one first.
pub(super) async fn trim_all(engine: &Engine) {
    const TURNS: u32 = 50;
    const TURN: Duration = Duration::from_millis(20);
    for _ in 0..TURNS {
        trim_log(engine);
        let Some(wal) = engine.wal_if_started() else { return };
        let needed = engine.topics().list().iter().any(|topic| topic.oldest_position().is_some());
        if needed || wal.files().iter().all(|file| file.last_group.is_none()) {
            return;
        }
        tokio::time::sleep(TURN).await;
    }
}
