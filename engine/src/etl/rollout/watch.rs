//! Watching instances: each must report a hash as applied and healthy, and stay so for a while. Silence is failure.
//!
//! Only the server's own clock counts; what a sidecar says has no time in it. A status that is older than the offer says
//! nothing about it, except that the instance has what is offered.

use std::collections::BTreeMap;
use std::time::Duration;

use strata_catalog::CatalogError;
use strata_catalog::etl::config_store::{Change, Entry, InstanceStatus, Scope, StoreError, StoreRevision};
use strata_catalog::etl::record::{AttemptOutcome, Health};
use tokio::time::Instant;

use super::plan::instance_id;
use super::timing::Timing;
use crate::engine::Engine;

/// How often it is looked whether the server stops or somebody cancels.
const LOOK_AROUND: Duration = Duration::from_millis(500);
/// Wait after an error of the config store.
const BACK_OFF: Duration = Duration::from_secs(1);

/// What is waited for.
#[derive(Debug, Clone, Copy)]
pub struct Awaited<'a> {
    /// Name of the role.
    pub role: &'a str,
    /// Ids of the instances.
    pub instances: &'a [String],
    /// Hash of the files.
    pub hash: &'a str,
    /// When the files were offered: a refusal that is older is of another time.
    pub offered: StoreRevision,
    /// How long.
    pub timing: Timing,
    /// It is what was there before. Then each must have heard of it, lest it is offered again what it refused without having
    /// noticed; and one that fails does not end the watch, so that all are heard.
    pub restoring: bool,
}

/// How an instance ended, with what it said.
pub type Said = (String, AttemptOutcome, String);

/// How a watch ended.
#[derive(Debug)]
pub enum Verdict {
    /// All of them have arrived.
    Arrived,
    /// Not all of them: those that failed or were silent, and those that arrived.
    Failed(Vec<Said>),
    /// The server stops, or nobody wants it any more.
    Stopped,
}

/// Watches until all have arrived, one has failed, or it is too late.
pub async fn until(engine: &Engine, awaited: Awaited<'_>, stopped: impl Fn() -> bool) -> Verdict {
    let mut look = Look { awaited, statuses: BTreeMap::new(), well_since: BTreeMap::new() };
    let deadline = Instant::now() + awaited.timing.deadline;
    let scope = Scope::Instances(awaited.role.to_owned());
    loop {
        match watch_once(engine, &scope, &mut look, deadline, &stopped).await {
            Ok(verdict) => return verdict,
            Err(CatalogError::Store(StoreError::Compacted { .. })) => {}
            Err(error) => {
                tracing::warn!(%error, role = awaited.role, "the config store cannot be watched; it is tried again");
                if stopped() {
                    return Verdict::Stopped;
                }
                if Instant::now() >= deadline {
                    return look.too_late();
                }
                tokio::time::sleep(BACK_OFF).await;
            }
        }
    }
}

async fn watch_once(
    engine: &Engine,
    scope: &Scope,
    look: &mut Look<'_>,
    deadline: Instant,
    stopped: &impl Fn() -> bool,
) -> Result<Verdict, CatalogError> {
    let listing = engine.config_store().list(scope).await?;
    look.statuses = listing.entries.iter().filter_map(status).collect();
    let mut watch = engine.config_store().watch(scope, listing.revision).await?;
    loop {
        let now = Instant::now();
        if let Some(verdict) = look.judge(now) {
            return Ok(verdict);
        }
        if now >= deadline {
            return Ok(look.too_late());
        }
        if stopped() {
            return Ok(Verdict::Stopped);
        }
        let next = look.settled_at().into_iter().chain([deadline, now + LOOK_AROUND]).min().unwrap_or(deadline);
        if let Ok(changes) = tokio::time::timeout_at(next, watch.next()).await {
            look.take(changes?.changes);
        }
    }
}

/// An instance's status and when it was written; what cannot be read is as good as silence.
fn status(entry: &Entry) -> Option<(String, (InstanceStatus, StoreRevision))> {
    let status = InstanceStatus::from_text(&entry.value).ok()?;
    Some((instance_id(entry)?, (status, entry.revision)))
}

#[derive(Debug)]
struct Look<'a> {
    awaited: Awaited<'a>,
    statuses: BTreeMap<String, (InstanceStatus, StoreRevision)>,
    /// Since when an instance has what is awaited, and is well.
    well_since: BTreeMap<String, Instant>,
}

impl Look<'_> {
    fn take(&mut self, changes: Vec<Change>) {
        for change in changes {
            match change {
                Change::Put(entry) => self.statuses.extend(status(&entry)),
                Change::Deleted(key) => {
                    if let strata_catalog::etl::config_store::Part::Instance(id) = key.part() {
                        self.statuses.remove(id);
                    }
                }
            }
        }
    }

    fn judge(&mut self, now: Instant) -> Option<Verdict> {
        let mut failed = Vec::new();
        let mut undecided = false;
        for id in self.awaited.instances {
            match self.statuses.get(id) {
                Some((status, _)) if has_arrived(status, &self.awaited) => {
                    let since = *self.well_since.entry(id.clone()).or_insert(now);
                    undecided |= now.duration_since(since) < self.awaited.timing.settle;
                }
                Some((status, at)) if has_failed(status, *at, &self.awaited) => {
                    self.well_since.remove(id);
                    let words = status.error.clone().unwrap_or_else(|| format!("the instance is {}", status.health.name()));
                    failed.push((id.clone(), AttemptOutcome::Failed, words));
                }
                _ => {
                    self.well_since.remove(id);
                    undecided = true;
                }
            }
        }
        match (failed.is_empty(), undecided) {
            (true, false) => Some(Verdict::Arrived),
            (false, true) if self.awaited.restoring => None,
            (true, true) => None,
            (false, _) => {
                failed.extend(self.arrived(now));
                Some(Verdict::Failed(failed))
            }
        }
    }

    /// Those that have arrived and settled.
    fn arrived(&self, now: Instant) -> Vec<Said> {
        let settled = self.well_since.iter().filter(|(_, since)| now.duration_since(**since) >= self.awaited.timing.settle);
        settled.map(|(id, _)| (id.clone(), AttemptOutcome::Applied, String::new())).collect()
    }

    fn too_late(&self) -> Verdict {
        let now = Instant::now();
        let arrived = self.arrived(now);
        let late = self.awaited.instances.iter().filter(|id| !arrived.iter().any(|(known, ..)| known == *id));
        let deadline = self.awaited.timing.deadline;
        let said = |id: &String| match self.statuses.get(id) {
            Some((status, at)) if has_failed(status, *at, &self.awaited) => {
                let words = status.error.clone().unwrap_or_else(|| format!("the instance is {}", status.health.name()));
                (id.clone(), AttemptOutcome::Failed, words)
            }
            Some((status, _)) => {
                let words = status.error.as_ref().map_or_else(String::new, |error| format!(": {error}"));
                let health = status.health.name();
                (id.clone(), AttemptOutcome::Silent, format!("not arrived within {deadline:?}; it is {health}{words}"))
            }
            None => (id.clone(), AttemptOutcome::Silent, format!("nothing was heard of it within {deadline:?}")),
        };
        let mut found: Vec<Said> = late.map(said).collect();
        found.extend(arrived);
        Verdict::Failed(found)
    }

    /// When the next instance has been well for long enough.
    fn settled_at(&self) -> Option<Instant> {
        let now = Instant::now();
        self.well_since.values().map(|since| *since + self.awaited.timing.settle).filter(|at| *at > now).min()
    }
}

/// Whether an instance has what is awaited, and is well.
fn has_arrived(status: &InstanceStatus, awaited: &Awaited<'_>) -> bool {
    let heard = !awaited.restoring || status.offered_hash.as_deref() == Some(awaited.hash);
    heard && status.has_applied(awaited.hash)
}

/// Whether an instance said no to what is awaited, or got ill with it.
fn has_failed(status: &InstanceStatus, at: StoreRevision, awaited: &Awaited<'_>) -> bool {
    let ill = status.applied_hash.as_deref() == Some(awaited.hash) && status.health == Health::Degraded;
    (status.has_failed(awaited.hash) || ill) && at > awaited.offered
}
