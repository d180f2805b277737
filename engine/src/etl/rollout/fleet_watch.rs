//! Keeps `etl.instances` what the sidecars say, as they say it.
//!
//! An instance whose lease ran out is missing and stays in the list until somebody forgets it. When the config store cannot
//! be watched, all are as they were last heard of.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Weak};
use std::time::Duration;

use strata_catalog::CatalogError;
use strata_catalog::etl::config_store::{Change, Entry, InstanceStatus, Key, Manifest, Part, Scope, StoreError, Watch};
use strata_catalog::etl::record::{Health, Instance, Sync};

use super::tell;
use crate::Result;
use crate::engine::Engine;
use crate::error::EngineError;

/// Wait after an error of the config store.
const BACK_OFF: Duration = Duration::from_secs(1);
/// How long changes are gathered before they are kept together.
const GATHER: Duration = Duration::from_millis(20);
/// Changes that are gathered at most.
const GATHERED_MAX: usize = 1000;
/// How often it is looked whether the engine is still there.
const LOOK_AROUND: Duration = Duration::from_secs(1);

/// Watches until the engine is gone.
pub async fn run(engine: Weak<Engine>) {
    loop {
        let Some(strong) = engine.upgrade() else { return };
        if strong.is_closing() {
            return;
        }
        let (mut known, mut watch) = match Known::read(&strong).await {
            Ok(read) => read,
            Err(error) => {
                tracing::warn!(%error, "the config store cannot be read; instances are as they were last heard of");
                drop(strong);
                tokio::time::sleep(BACK_OFF).await;
                continue;
            }
        };
        drop(strong);
        match follow(&engine, &mut known, &mut watch).await {
            Ok(()) | Err(EngineError::Catalog(CatalogError::Store(StoreError::Compacted { .. }))) => {}
            Err(error) => {
                tracing::warn!(%error, "the watch of the config store ended; it is begun again");
                tokio::time::sleep(BACK_OFF).await;
            }
        }
    }
}

async fn follow(engine: &Weak<Engine>, known: &mut Known, watch: &mut Watch) -> Result<()> {
    loop {
        let first = tokio::time::timeout(LOOK_AROUND, watch.next()).await;
        let Some(strong) = engine.upgrade().filter(|engine| !engine.is_closing()) else { return Ok(()) };
        let Ok(first) = first else { continue };
        let mut changes = first?.changes;
        while changes.len() < GATHERED_MAX {
            let Ok(more) = tokio::time::timeout(GATHER, watch.next()).await else { break };
            changes.extend(more?.changes);
        }
        let touched = known.take(changes);
        known.keep(&strong, &touched).await?;
    }
}

/// What the config store says.
#[derive(Debug, Default)]
struct Known {
    manifests: BTreeMap<String, Manifest>,
    statuses: BTreeMap<(String, String), InstanceStatus>,
}

impl Known {
    async fn read(engine: &Arc<Engine>) -> Result<(Self, Watch)> {
        let listing = engine.config_store().list(&Scope::Everything).await?;
        let mut known = Self::default();
        listing.entries.iter().for_each(|entry| known.put(entry));
        let mut roles: BTreeSet<String> = known.statuses.keys().map(|(role, _)| role.clone()).collect();
        roles.extend(engine.configuration().fleet().roles());
        known.keep(engine, &roles).await?;
        Ok((known, engine.config_store().watch(&Scope::Everything, listing.revision).await?))
    }

    fn put(&mut self, entry: &Entry) {
        let role = entry.key.role().to_owned();
        match entry.key.part() {
            Part::File(_) => {}
            Part::Manifest => {
                if let Ok(manifest) = Manifest::from_text(&entry.value) {
                    self.manifests.insert(role, manifest);
                }
            }
            Part::Instance(id) => match InstanceStatus::from_text(&entry.value) {
                Ok(status) => drop(self.statuses.insert((role, id.to_owned()), status)),
                Err(error) => tracing::warn!(%error, role, id, "an instance says what is no status"),
            },
        }
    }

    fn delete(&mut self, key: &Key) {
        match key.part() {
            Part::File(_) => {}
            Part::Manifest => drop(self.manifests.remove(key.role())),
            Part::Instance(id) => drop(self.statuses.remove(&(key.role().to_owned(), id.to_owned()))),
        }
    }

    /// Takes changes over; the roles that they are of.
    fn take(&mut self, changes: Vec<Change>) -> BTreeSet<String> {
        let mut touched = BTreeSet::new();
        for change in changes {
            if !matches!(change.key().part(), Part::File(_)) {
                touched.insert(change.key().role().to_owned());
            }
            match change {
                Change::Put(entry) => self.put(&entry),
                Change::Deleted(key) => self.delete(&key),
            }
        }
        touched
    }

    /// Keeps the instances of these roles, and tells of those that are not as they were.
    async fn keep(&self, engine: &Arc<Engine>, roles: &BTreeSet<String>) -> Result<()> {
        let fleet = engine.configuration().fleet();
        let now_us = engine.clock().now_us();
        let before = fleet.all();
        let mut rows: BTreeMap<(String, String), Instance> = BTreeMap::new();
        for known in before.iter().filter(|known| roles.contains(&known.role)) {
            let missing = Instance { sync: Sync::Unknown, health: Health::Missing, ..known.clone() };
            rows.insert((known.role.clone(), known.id.clone()), missing);
        }
        for ((role, id), status) in self.statuses.iter().filter(|((role, _), _)| roles.contains(role)) {
            let key = (role.clone(), id.clone());
            let row = self.row(role, id, status, rows.get(&key), now_us);
            rows.insert(key, row);
        }
        let changed = fleet.put(rows.into_values().collect()).await?;
        changed.iter().for_each(|instance| tell::instance(engine, instance));
        Ok(())
    }

    fn row(&self, role: &str, id: &str, status: &InstanceStatus, known: Option<&Instance>, now_us: i64) -> Instance {
        // One that is in a later wave keeps what it had; so does what it should have.
        let offered = self.manifests.get(role).filter(|manifest| manifest.is_for(id)).map(|manifest| manifest.hash.clone());
        let desired_hash = offered.or_else(|| known.and_then(|known| known.desired_hash.clone()));
        let sync = match (&desired_hash, &status.applied_hash) {
            (Some(desired), Some(applied)) if desired == applied => Sync::Synced,
            (Some(_), Some(_)) => Sync::OutOfSync,
            _ => Sync::Unknown,
        };
        let mut row = Instance {
            role: role.to_owned(),
            id: id.to_owned(),
            address: status.address.clone(),
            version: status.version.clone(),
            sync,
            health: status.health,
            desired_hash,
            applied_hash: status.applied_hash.clone(),
            last_error: status.error.clone(),
            last_seen_us: known.map_or(now_us, |known| known.last_seen_us),
        };
        let same = known.is_some_and(|known| Instance { sync: row.sync, health: row.health, ..known.clone() } == row);
        if !same || known.is_none_or(|known| known.health == Health::Missing) {
            row.last_seen_us = now_us;
        }
        row
    }
}
