//! A watch on etcd that outlives its connections.
//!
//! ```text
//!            .------------- broken, ended, or too long silent: wait, ask the next member
//!            v                                        |
//! ask from the revision behind the last told --> lines of events --> transactions, one at a time
//!            '--> compacted, or a store that is younger than what was told --> Compacted, the end
//! ```

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::json;
use strata_catalog::Result;
use strata_catalog::etl::config_store::watch::WatchSource;
use strata_catalog::etl::config_store::{Changes, Scope, StoreError, StoreRevision};

use super::message::{Streamed, Watched, coded};
use super::{Members, behind, malformed};
use crate::http_client::{HttpError, Lines};

/// A connection that was silent for so long is made anew: it may be dead, and nobody would say so.
const SILENCE_MAX: Duration = Duration::from_secs(60);
/// The first wait before another try; each further one is twice as long.
const WAIT_MIN: Duration = Duration::from_millis(100);
/// The longest wait before another try.
const WAIT_MAX: Duration = Duration::from_secs(5);

/// See the module.
#[derive(Debug)]
pub(super) struct EtcdWatch {
    members: Arc<Members>,
    prefix: String,
    /// All up to here was told, or waits in `ready`.
    after: StoreRevision,
    /// Read and not told yet.
    ready: VecDeque<Changes>,
    lines: Option<Lines>,
    /// How long to wait before the next connection.
    pause: Option<Duration>,
    /// How long the next pause will be.
    wait: Duration,
}

impl EtcdWatch {
    pub(super) fn new(members: Arc<Members>, scope: &Scope, after: StoreRevision) -> Self {
        Self { members, prefix: scope.prefix(), after, ready: VecDeque::new(), lines: None, pause: None, wait: WAIT_MIN }
    }

    async fn connect(&self) -> Result<Lines, HttpError> {
        let question = json!({ "create_request": {
            "key": coded(&self.prefix), "range_end": coded(&behind(&self.prefix)), "start_revision": (self.after.0 + 1).to_string(),
        }});
        let client = self.members.in_turn().next().expect("a store has at least one member");
        let (status, lines) = client.lines("/v3/watch", Bytes::from(question.to_string())).await?;
        if status.is_success() { Ok(lines) } else { Err(HttpError::Silent(format!("{} answers {status}", client.address()))) }
    }

    /// The next line, from a connection that is there or a new one. Nothing is lost when this is given up.
    async fn line(&mut self) -> Result<Bytes, HttpError> {
        let lines = match &mut self.lines {
            Some(lines) => lines,
            None => {
                let lines = self.connect().await?;
                self.lines.insert(lines)
            }
        };
        match tokio::time::timeout(SILENCE_MAX, lines.next()).await {
            Ok(Ok(Some(line))) => Ok(line),
            Ok(Ok(None)) => Err(HttpError::Silent("the watch ended".to_owned())),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(HttpError::Silent(format!("nothing for {SILENCE_MAX:?}"))),
        }
    }

    fn interrupted(&mut self, error: impl std::fmt::Display) {
        tracing::warn!(%error, again_in = ?self.wait, "the watch on etcd is interrupted");
        self.lines = None;
        self.members.pass_over();
        self.pause = Some(self.wait);
        self.wait = (self.wait * 2).min(WAIT_MAX);
    }

    fn read(&mut self, line: &[u8]) -> Result<(), StoreError> {
        let compacted = StoreError::Compacted { after: self.after };
        let streamed: Streamed<Watched> = serde_json::from_slice(line).map_err(|error| malformed("a watch", error))?;
        let Some(watched) = streamed.result else {
            self.interrupted(format!("etcd ends it: {}", streamed.error.unwrap_or_default()));
            return Ok(());
        };
        if watched.compact_revision.0 > 0 || (watched.created && watched.header.revision() < self.after) {
            return Err(compacted);
        }
        if watched.canceled {
            return Err(malformed("a watch", format!("it was cancelled: {}", watched.cancel_reason)));
        }
        for event in &watched.events {
            let revision = StoreRevision(event.kv.mod_revision.0);
            let Some(change) = event.change()? else { continue };
            match self.ready.back_mut().filter(|last| last.revision == revision) {
                Some(last) => last.changes.push(change),
                None => self.ready.push_back(Changes { revision, changes: vec![change] }),
            }
            self.after = revision;
        }
        self.wait = WAIT_MIN;
        Ok(())
    }
}

#[async_trait]
impl WatchSource for EtcdWatch {
    async fn next(&mut self) -> Result<Changes> {
        loop {
            if let Some(changes) = self.ready.pop_front() {
                return Ok(changes);
            }
            if let Some(pause) = self.pause.take() {
                tokio::time::sleep(pause).await;
            }
            match self.line().await {
                Ok(line) => self.read(&line)?,
                Err(error) => self.interrupted(error),
            }
        }
    }
}
