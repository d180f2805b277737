//! A catalog and a config store as a server sees them that dies: from one write on, nothing it asks is ever answered.
//!
//! The write itself happened or did not; both are tried. What the sidecars see is the store beneath, which lives on. Only writes
//! of the control plane count: what a server reads changes nothing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use strata_catalog::etl::config_store::{
    ConfigStore, Entry, Key, Lease, LeaseId, Limits, Listing, Scope, StoreError, StoreRevision, Transaction, Watch,
};
use strata_catalog::etl::record::{Attempt, AttemptOutcome, EtlTask, Instance, NewAttempt, NewEtlTask};
use strata_catalog::etl::{EtlCatalog, Layer, LayerId, LayerState, NewLayer, Revision};
use strata_catalog::{
    Catalog, Index, Membership, NewTopic, NewView, Oid, Producer, Publication, Rebuilt, Result, Right, Schema, Setting,
    SqliteCatalog, Task, Topic, User, UserCatalog, View,
};
use strata_storage::segment::SegmentMeta;
use strata_storage::{ColumnId, Offset, SegmentId, TopicId};
use tokio::sync::watch;

/// At which write a server dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Death {
    /// Never.
    Never,
    /// Instead of this write, from 0.
    Before(usize),
    /// Between this write and its answer.
    After(usize),
}

/// See the module.
#[derive(Debug, Clone)]
pub struct Mortal {
    beneath: Arc<SqliteCatalog>,
    death: Death,
    writes: Arc<AtomicUsize>,
    dead: watch::Sender<bool>,
    /// The config store cannot be reached.
    away: watch::Sender<bool>,
}

impl Mortal {
    /// What a server sees that is to die so.
    pub fn new(beneath: Arc<SqliteCatalog>, death: Death) -> Self {
        Self { beneath, death, writes: Arc::default(), dead: watch::Sender::new(false), away: watch::Sender::new(false) }
    }

    /// Returns when the server has died.
    pub async fn death(&self) {
        let _ = self.dead.subscribe().wait_for(|dead| *dead).await;
    }

    /// Takes the config store away, or brings it back.
    pub fn set_away(&self, away: bool) {
        self.away.send_replace(away);
    }

    /// Answers are for the living.
    async fn unless_dead(&self) {
        if *self.dead.borrow() {
            std::future::pending::<()>().await;
        }
    }

    async fn die(&self) {
        self.dead.send_replace(true);
        std::future::pending().await
    }

    async fn write<T>(&self, write: impl Future<Output = Result<T>>) -> Result<T> {
        self.unless_dead().await;
        let number = self.writes.fetch_add(1, Ordering::SeqCst);
        if self.death == Death::Before(number) {
            self.die().await;
        }
        let done = write.await;
        if self.death == Death::After(number) {
            self.die().await;
        }
        done
    }

    fn reachable(&self) -> Result<()> {
        match *self.away.borrow() {
            true => Err(StoreError::Unreachable { address: "nowhere".to_owned(), reason: "it is away".to_owned() }.into()),
            false => Ok(()),
        }
    }
}

#[async_trait]
impl ConfigStore for Mortal {
    fn limits(&self) -> Limits {
        self.beneath.limits()
    }

    async fn get(&self, key: &Key) -> Result<Option<Entry>> {
        self.unless_dead().await;
        self.reachable()?;
        self.beneath.get(key).await
    }

    async fn list(&self, scope: &Scope) -> Result<Listing> {
        self.unless_dead().await;
        self.reachable()?;
        self.beneath.list(scope).await
    }

    async fn commit(&self, transaction: &Transaction) -> Result<StoreRevision> {
        self.reachable()?;
        self.write(self.beneath.commit(transaction)).await
    }

    async fn watch(&self, scope: &Scope, after: StoreRevision) -> Result<Watch> {
        self.unless_dead().await;
        self.reachable()?;
        self.beneath.watch(scope, after).await
    }

    async fn grant(&self, ttl: Duration) -> Result<Lease> {
        self.beneath.grant(ttl).await
    }

    async fn keep_alive(&self, lease: LeaseId) -> Result<Duration> {
        self.beneath.keep_alive(lease).await
    }

    async fn revoke(&self, lease: LeaseId) -> Result<bool> {
        self.beneath.revoke(lease).await
    }

    async fn compact(&self, revision: StoreRevision) -> Result<()> {
        self.beneath.compact(revision).await
    }
}

#[async_trait]
impl EtlCatalog for Mortal {
    async fn layers(&self, after: LayerId) -> Result<(Vec<Layer>, Revision)> {
        self.beneath.layers(after).await
    }

    async fn append_layer(&self, seen: Revision, layer: &NewLayer) -> Result<(Layer, Revision)> {
        self.write(self.beneath.append_layer(seen, layer)).await
    }

    async fn set_layer_state(&self, seen: Revision, layer: LayerId, state: LayerState) -> Result<Revision> {
        self.write(self.beneath.set_layer_state(seen, layer, state)).await
    }

    async fn etl_tasks(&self, limit: usize) -> Result<Vec<EtlTask>> {
        self.unless_dead().await;
        self.beneath.etl_tasks(limit).await
    }

    async fn create_etl_task(&self, task: &NewEtlTask) -> Result<EtlTask> {
        self.write(self.beneath.create_etl_task(task)).await
    }

    async fn update_etl_task(&self, task: &EtlTask) -> Result<()> {
        self.write(self.beneath.update_etl_task(task)).await
    }

    async fn attempts(&self, layer: Option<LayerId>) -> Result<Vec<Attempt>> {
        self.unless_dead().await;
        self.beneath.attempts(layer).await
    }

    async fn begin_attempts(&self, attempts: &[NewAttempt]) -> Result<Vec<i64>> {
        self.write(self.beneath.begin_attempts(attempts)).await
    }

    async fn end_attempts(&self, ended: &[(i64, AttemptOutcome, String)], finished_at_us: i64) -> Result<()> {
        self.write(self.beneath.end_attempts(ended, finished_at_us)).await
    }

    async fn instances(&self) -> Result<Vec<Instance>> {
        self.beneath.instances().await
    }

    /// Not counted: what is known of instances is written in its own time.
    async fn put_instances(&self, instances: &[Instance]) -> Result<()> {
        self.unless_dead().await;
        self.beneath.put_instances(instances).await
    }

    async fn forget_instance(&self, role: &str, id: &str) -> Result<bool> {
        self.beneath.forget_instance(role, id).await
    }
}

/// What the control plane does not use goes straight through.
macro_rules! straight_through {
    ($trait:ident: $(fn $name:ident(&self $(, $argument:ident: $kind:ty)*) -> $answer:ty;)*) => {
        #[async_trait]
        impl $trait for Mortal {
            $(async fn $name(&self $(, $argument: $kind)*) -> Result<$answer> {
                self.beneath.$name($($argument),*).await
            })*
        }
    };
}

straight_through! {
    UserCatalog:
    fn users(&self) -> Vec<User>;
    fn create_user(&self, user: &User) -> User;
    fn alter_user(&self, user: &User) -> ();
    fn drop_user(&self, user: Oid) -> ();
    fn memberships(&self) -> Vec<Membership>;
    fn grant_membership(&self, membership: &Membership) -> ();
    fn revoke_membership(&self, user: Oid, member: Oid) -> bool;
    fn rights(&self) -> Vec<Right>;
    fn change_rights(&self, rights: &[Right], grant: bool) -> ();
}

straight_through! {
    Catalog:
    fn next_epoch(&self) -> u64;
    fn schemas(&self) -> Vec<Schema>;
    fn create_schema(&self, name: &str) -> Schema;
    fn drop_schema(&self, name: &str) -> ();
    fn topics(&self) -> Vec<Topic>;
    fn create_topic(&self, topic: NewTopic) -> Topic;
    fn alter_topic(&self, topic: &Topic) -> ();
    fn drop_topic(&self, topic: TopicId) -> ();
    fn truncate_topic(&self, topic: TopicId, first_offset: Offset) -> ();
    fn views(&self) -> Vec<View>;
    fn create_view(&self, view: NewView, replace: bool) -> View;
    fn drop_view(&self, schema: &str, name: &str) -> ();
    fn create_index(
        &self, topic: TopicId, name: &str, column: ColumnId, method: &str, options: BTreeMap<String, String>
    ) -> Index;
    fn drop_index(&self, schema: &str, name: &str) -> Index;
    fn set_comment(&self, object: Oid, column: Option<ColumnId>, comment: Option<&str>) -> ();
    fn comments(&self) -> Vec<(Oid, Option<ColumnId>, String)>;
    fn segments(&self) -> Vec<SegmentMeta>;
    fn publish(&self, publications: &[Publication]) -> ();
    fn expire_segments(&self, topic: TopicId, segments: &[SegmentId], first_offset: Offset) -> ();
    fn garbage(&self) -> Vec<(String, i64)>;
    fn garbage_deleted(&self, locations: &[String]) -> ();
    fn producers(&self) -> Vec<Producer>;
    fn forget_producers(&self, topic: TopicId, before_us: i64) -> u64;
    fn settings(&self) -> Vec<Setting>;
    fn set_setting(&self, name: &str, value: Option<&str>) -> ();
    fn tasks(&self, limit: usize) -> Vec<Task>;
    fn create_task(&self, kind: &str, target: &str, detail: &str, now_us: i64) -> Task;
    fn update_task(&self, task: &Task) -> ();
    fn prune_tasks(&self, keep: usize) -> u64;
    fn restore(&self, rebuilt: &Rebuilt) -> ();
}
