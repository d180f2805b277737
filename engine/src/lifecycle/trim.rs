//! Cutting the log: files whose every frame is published go.

use crate::engine::Engine;

/// Removes log files that no topic needs any more.
pub(super) fn trim_log(engine: &Engine) {
    // Read before the topics are asked: a frame that becomes durable in between lies behind this position.
    let Some(wal) = engine.wal_if_started() else { return };
    let end = wal.end();
    let oldest = engine.topics().list().iter().filter_map(|topic| topic.oldest_position()).min();
    wal.trim(Some(oldest.map_or(end, |oldest| oldest.min(end))));
}
