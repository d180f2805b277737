//! The log thread's side of ingest: numbers frames before they are written, makes them visible once they are durable.

use std::sync::Arc;

use strata_storage::wal::{Frame, GroupSink, WalPosition};
use tokio::sync::Notify;

use crate::config::EngineConfig;
use crate::topics::Topics;

/// Gives offsets and visibility, in log order.
#[derive(Debug)]
pub(crate) struct VisibleSink {
    topics: Arc<Topics>,
    seal_rows: u64,
    seal_bytes: usize,
    /// Told when a topic's buffer is large enough to be sealed.
    seal_due: Arc<Notify>,
}

impl VisibleSink {
    pub fn new(topics: Arc<Topics>, config: &EngineConfig, seal_due: Arc<Notify>) -> Self {
        let seal_bytes = usize::try_from(config.seal_bytes).unwrap_or(usize::MAX);
        Self { topics, seal_rows: config.seal_rows, seal_bytes, seal_due }
    }
}

impl GroupSink for VisibleSink {
    fn number(&self, frame: &mut Frame) {
        if let Some(topic) = self.topics.by_id(frame.topic) {
            frame.base_offset = topic.assign_offset(frame.rows);
        }
    }

    fn group_durable(&self, frames: Vec<(WalPosition, Frame)>) {
        let mut seal_due = false;
        for (position, frame) in frames {
            let Some(topic) = self.topics.by_id(frame.topic) else { continue };
            seal_due |=
                topic.make_visible(position, frame, |waiting| waiting.rows >= self.seal_rows || waiting.bytes >= self.seal_bytes);
        }
        if seal_due {
            self.seal_due.notify_one();
        }
    }

    fn group_refused(&self, frames: &[Frame]) {
        for frame in frames {
            let Some(topic) = self.topics.by_id(frame.topic) else { continue };
            topic.forget_assigned();
            if let Some((producer, numbers)) = &frame.producer {
                topic.abandon_sequence(producer, numbers);
            }
        }
    }
}
