//! The config store: what the server writes for the sidecars, and what they say in return.
//!
//! ```text
//! rollout --commit--> roles/<role>/files/<path>, roles/<role>/manifest --watch--> sidecar
//! rollout <--watch--- roles/<role>/instances/<id>  (bound to a lease)  <--commit--'
//! ```
//!
//! One trait with one conformance suite for every implementation: the catalog itself, and etcd. A store knows keys, texts
//! and revisions; it never knows what a layer is, and never decides what may be rolled out.
//!
//! **Invariant:** a revision is given to one transaction only and grows; all changes of a transaction have its revision, and
//! a watch tells them together, each once, without a gap, or says [`StoreError::Compacted`].

pub mod conformance;
pub mod entry;
pub mod error;
pub mod instance_status;
pub mod key;
pub mod lease;
pub mod limits;
pub mod manifest;
pub mod transaction;
pub mod watch;

use std::time::Duration;

use async_trait::async_trait;

pub use entry::{Entry, Listing, StoreRevision};
pub use error::StoreError;
pub use instance_status::{InstanceStatus, Outcome};
pub use key::{BadKey, Key, Part, Scope};
pub use lease::{Lease, LeaseId};
pub use limits::Limits;
pub use manifest::{Manifest, ManifestFile};
pub use transaction::{Expected, Operation, Transaction};
pub use watch::{Change, Changes, Watch};

use crate::Result;

/// Keys with texts, compare-and-swap over several of them, watches and leases.
///
/// Every method may be called by many tasks at once. A call that is given up may have happened all the same. Errors of the
/// store itself are [`crate::CatalogError::Store`]; its `kind()` is [`crate::ErrorKind::Unknown`] only where a change may
/// have happened although it failed.
#[async_trait]
pub trait ConfigStore: Send + Sync + std::fmt::Debug {
    /// What the store takes at once.
    fn limits(&self) -> Limits;

    /// What a key holds; `None` if there is no such key.
    async fn get(&self, key: &Key) -> Result<Option<Entry>>;

    /// Every key of a scope, in the order of the keys, read at one revision. A watch after that revision continues it.
    async fn list(&self, scope: &Scope) -> Result<Listing>;

    /// Carries out all operations of a transaction if every key is as it expects, and none otherwise. Returns the revision
    /// of the changes, or the store's if there was nothing to change.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] with the first key that is not as expected, [`StoreError::NoLease`], and what
    /// [`Transaction::check`] finds. All of them changed nothing.
    async fn commit(&self, transaction: &Transaction) -> Result<StoreRevision>;

    /// Everything that changes in a scope from now on and since `after`, which is not told again. A store that was
    /// compacted past `after`, or that never got that far, answers [`StoreError::Compacted`], here or at the first
    /// [`Watch::next`]: read again.
    async fn watch(&self, scope: &Scope, after: StoreRevision) -> Result<Watch>;

    /// A new lease. The store may give it a longer time than was asked for.
    async fn grant(&self, ttl: Duration) -> Result<Lease>;

    /// Starts the time of a lease anew; the time it has now. [`StoreError::NoLease`] if it has run out.
    async fn keep_alive(&self, lease: LeaseId) -> Result<Duration>;

    /// Ends a lease and deletes the keys that are bound to it; whether it was there.
    async fn revoke(&self, lease: LeaseId) -> Result<bool>;

    /// Forgets how things were before `revision`; what is there now stays. Watches that have not come so far get
    /// [`StoreError::Compacted`].
    async fn compact(&self, revision: StoreRevision) -> Result<()>;
}
