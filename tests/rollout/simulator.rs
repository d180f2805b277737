//! A sidecar without an instance: takes what its role is offered, as it is told to by the files themselves.
//!
//! A file that holds `refuse@i1` is refused by instance `i1`; `die@i1` is taken, and the instance fails a little later; at
//! `mute@i1` nothing is said any more; at `vanish@i1` the instance goes away. `@all` means every instance. Anything else is
//! taken.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use strata_catalog::CatalogError;
use strata_catalog::etl::config_store::{
    ConfigStore, InstanceStatus, Key, LeaseId, Listing, Manifest, Outcome, Part, Scope, StoreError, Transaction,
};
use strata_catalog::etl::record::Health;

/// Longer than any test.
const LEASE: Duration = Duration::from_secs(3600);
/// How long an instance lives that dies of its files.
const DYING: Duration = Duration::from_millis(30);

/// What an instance has, and what it went through.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// Its files.
    pub files: BTreeMap<String, String>,
    /// How often it loaded files; one that restarts loads again.
    pub loads: usize,
}

/// A running one. It ends without a word when it is dropped.
#[derive(Debug)]
pub struct Simulator {
    /// Name of its role.
    pub role: String,
    /// Its own.
    pub id: String,
    seen: Arc<Mutex<Seen>>,
    task: tokio::task::JoinHandle<()>,
}

impl Simulator {
    /// Registers an instance and lets it follow its role.
    pub async fn start(store: Arc<dyn ConfigStore>, role: &str, id: &str, address: &str) -> Self {
        let seen = Arc::new(Mutex::new(Seen::default()));
        let lease = store.grant(LEASE).await.expect("a lease").id;
        let status = InstanceStatus {
            address: address.to_owned(),
            version: "simulated".to_owned(),
            offered_hash: None,
            outcome: Outcome::Idle,
            applied_hash: None,
            health: Health::Healthy,
            error: None,
            restored: false,
        };
        let mut sidecar = Sidecar { store, key: Key::instance(role, id).expect("a key"), lease, status, seen: seen.clone() };
        sidecar.report().await.expect("a report");
        let task = tokio::spawn(async move {
            if let Err(error) = sidecar.follow().await {
                eprintln!("the sidecar of {} ends: {error}", sidecar.key);
            }
        });
        Self { role: role.to_owned(), id: id.to_owned(), seen, task }
    }

    /// What it has now.
    pub fn seen(&self) -> Seen {
        self.seen.lock().clone()
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[derive(Debug)]
struct Sidecar {
    store: Arc<dyn ConfigStore>,
    key: Key,
    lease: LeaseId,
    status: InstanceStatus,
    seen: Arc<Mutex<Seen>>,
}

impl Sidecar {
    fn id(&self) -> &str {
        let Part::Instance(id) = self.key.part() else { unreachable!("it is the key of an instance") };
        id
    }

    async fn report(&self) -> Result<(), CatalogError> {
        let put = Transaction::new().put_leased(self.key.clone(), self.status.to_text(), self.lease);
        self.store.commit(&put).await.map(drop)
    }

    async fn follow(&mut self) -> Result<(), CatalogError> {
        let scope = Scope::Role(self.key.role().to_owned());
        loop {
            let listing = self.store.list(&scope).await?;
            let mut watch = match self.store.watch(&scope, listing.revision).await {
                Err(CatalogError::Store(StoreError::Compacted { .. })) => continue,
                other => other?,
            };
            if !self.take(&listing).await? {
                return Ok(());
            }
            loop {
                match watch.next().await {
                    // Read again.
                    Err(CatalogError::Store(StoreError::Compacted { .. })) => break,
                    next => {
                        if next?.changes.iter().any(|change| change.key().part() == Part::Manifest) {
                            break;
                        }
                    }
                }
            }
        }
    }

    /// Takes what is offered, or does not; false when it goes away.
    async fn take(&mut self, listing: &Listing) -> Result<bool, CatalogError> {
        let role = self.key.role();
        let Some(entry) = listing.get(&Key::manifest(role).map_err(StoreError::from)?) else { return Ok(true) };
        let manifest = Manifest::from_text(&entry.value)?;
        if !manifest.is_for(self.id()) || self.status.offered_hash.as_ref() == Some(&manifest.hash) {
            return Ok(true);
        }
        let mut files = BTreeMap::new();
        for file in &manifest.files {
            let content = listing.get(&Key::file(role, &file.path).map_err(StoreError::from)?).expect("a whole offer");
            assert!(file.is(&content.value), "{} is not what the manifest says", file.path);
            files.insert(file.path.clone(), content.value.clone());
        }
        self.status.offered_hash = Some(manifest.hash.clone());
        self.status.error = None;
        if self.status.applied_hash.as_ref() == Some(&manifest.hash) {
            self.status.outcome = Outcome::Applied;
            self.report().await?;
            return Ok(true);
        }
        self.status.outcome = Outcome::Applying;
        if self.is_told(&files, "vanish") {
            self.store.revoke(self.lease).await?;
            return Ok(false);
        }
        if self.is_told(&files, "mute") {
            return Ok(true);
        }
        if self.is_told(&files, "refuse") {
            self.fail("validate: line 1: refuse".to_owned());
        } else if self.is_told(&files, "die") {
            let before = (self.status.applied_hash.clone(), self.seen.lock().files.clone());
            self.load(&manifest.hash, files);
            self.report().await?;
            tokio::time::sleep(DYING).await;
            self.load(before.0.as_deref().unwrap_or_default(), before.1);
            self.status.applied_hash = before.0;
            self.fail("exited with status 1".to_owned());
        } else {
            self.load(&manifest.hash, files);
        }
        self.report().await?;
        Ok(true)
    }

    fn is_told(&self, files: &BTreeMap<String, String>, what: &str) -> bool {
        let mine = [format!("{what}@{}", self.id()), format!("{what}@all")];
        files.values().any(|content| mine.iter().any(|words| content.contains(words)))
    }

    fn load(&mut self, hash: &str, files: BTreeMap<String, String>) {
        let mut seen = self.seen.lock();
        seen.files = files;
        seen.loads += 1;
        self.status.outcome = Outcome::Applied;
        self.status.applied_hash = Some(hash.to_owned());
    }

    fn fail(&mut self, words: String) {
        self.status.outcome = Outcome::Failed;
        self.status.error = Some(words);
        self.status.restored = true;
    }
}
