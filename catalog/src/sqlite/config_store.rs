//! The embedded [`ConfigStore`]: keys in the catalog's file, their recent history and the leases' clocks in memory.
//!
//! ```text
//! commit -> one transaction on the catalog's connection -> fsync -> history -> watches
//! ```
//!
//! A watch reads the history from where it is, so that a slow one loses nothing until the history is full; then it is told to
//! read again. Leases are stored without their clock: keeping one alive costs no write, and after a restart each has its
//! whole time again, because nobody could keep it alive meanwhile. Whoever reads, writes or watches also ends the leases that
//! have run out.
//!
//! **Invariant:** the history is added to under the lock of the connection, so its order is that of the transactions.

mod entries;
mod history;
mod leases;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::Connection;

use super::SqliteCatalog;
use super::counters::{self, Counter};
use crate::Result;
use crate::etl::config_store::lease::{TTL_MAX, TTL_MIN};
use crate::etl::config_store::watch::WatchSource;
use crate::etl::config_store::{
    Changes, ConfigStore, Entry, Key, Lease, LeaseId, Limits, Listing, Scope, StoreError, StoreRevision, Transaction, Watch,
};

use history::History;
use leases::Leases;

/// The catalog is on the same machine, so files may be long.
const LIMITS: Limits = Limits { value_bytes_max: 16 << 20, transaction_keys_max: 1_000, transaction_bytes_max: 32 << 20 };
/// How long a watch waits before it looks whether a lease has run out.
const LEASE_LOOK: Duration = Duration::from_millis(200);

/// What is in memory beside the tables.
#[derive(Debug)]
pub(super) struct StoreMemory {
    history: History,
    leases: Leases,
}

impl StoreMemory {
    /// What an opened file begins with: no history, and every lease with its whole time.
    pub(super) fn open(connection: &mut Connection, now_us: i64) -> Result<Self> {
        let transaction = connection.transaction()?;
        let current = revision(&transaction)?;
        Ok(Self { history: History::starting_at(current), leases: Leases::load(&transaction, now_us)? })
    }
}

/// The store's revision: the counter holds the next one.
fn revision(transaction: &rusqlite::Transaction<'_>) -> Result<StoreRevision> {
    Ok(StoreRevision(counters::current(transaction, Counter::StoreRevision)? - 1))
}

impl SqliteCatalog {
    /// Runs what may change keys; what it changed goes to the history, in the order of the transactions.
    async fn change<T: Send + 'static>(
        &self,
        work: impl FnOnce(&rusqlite::Transaction<'_>, &Leases) -> Result<(T, Option<Changes>)> + Send + 'static,
    ) -> Result<T> {
        let (memory, after) = (Arc::clone(&self.config_store), Arc::clone(&self.config_store));
        let done = self.run_then(
            move |transaction| work(transaction, &memory.leases),
            move |(_, changes)| {
                if let Some(changes) = changes {
                    after.history.push(changes.clone());
                }
            },
        );
        Ok(done.await?.0)
    }

    /// Ends the leases that have run out, and deletes their keys.
    async fn end_leases(&self) -> Result<()> {
        let now_us = self.clock.now_us();
        if !self.config_store.leases.any_ended(now_us) {
            return Ok(());
        }
        let ended = self.change(move |transaction, leases| {
            let ended = leases.claim_ended(now_us);
            let changes = entries::delete_leased(transaction, &ended)?;
            leases::delete(transaction, &ended)?;
            Ok((ended, changes))
        });
        self.config_store.leases.forget(&ended.await?);
        Ok(())
    }
}

#[async_trait]
impl ConfigStore for SqliteCatalog {
    fn limits(&self) -> Limits {
        LIMITS
    }

    async fn get(&self, key: &Key) -> Result<Option<Entry>> {
        self.end_leases().await?;
        let key = key.clone();
        self.run(move |transaction| entries::get(transaction, &key)).await
    }

    async fn list(&self, scope: &Scope) -> Result<Listing> {
        self.end_leases().await?;
        let scope = scope.clone();
        self.run(move |transaction| {
            Ok(Listing { entries: entries::list(transaction, &scope)?, revision: revision(transaction)? })
        })
        .await
    }

    async fn commit(&self, transaction: &Transaction) -> Result<StoreRevision> {
        transaction.check(&LIMITS)?;
        self.end_leases().await?;
        let wanted = transaction.clone();
        self.change(move |transaction, leases| {
            let changes = entries::commit(transaction, leases, wanted)?;
            let at = match &changes {
                Some(changes) => changes.revision,
                None => revision(transaction)?,
            };
            Ok((at, changes))
        })
        .await
    }

    async fn watch(&self, scope: &Scope, after: StoreRevision) -> Result<Watch> {
        self.config_store.history.check(after)?;
        Ok(Watch::new(EmbeddedWatch { catalog: self.clone(), scope: scope.clone(), after }))
    }

    async fn grant(&self, ttl: Duration) -> Result<Lease> {
        let ttl = ttl.clamp(TTL_MIN, TTL_MAX);
        let (memory, started, now_us) = (Arc::clone(&self.config_store), Arc::clone(&self.config_store), self.clock.now_us());
        let id = self.run_then(
            move |transaction| leases::create(transaction, &memory.leases, ttl),
            move |id| started.leases.start(*id, ttl, now_us),
        );
        Ok(Lease { id: id.await?, ttl })
    }

    async fn keep_alive(&self, lease: LeaseId) -> Result<Duration> {
        let kept = self.config_store.leases.keep_alive(lease, self.clock.now_us());
        kept.ok_or_else(|| StoreError::NoLease { lease }.into())
    }

    async fn revoke(&self, lease: LeaseId) -> Result<bool> {
        let found = self.config_store.leases.end_now(lease);
        self.end_leases().await?;
        Ok(found)
    }

    async fn compact(&self, revision: StoreRevision) -> Result<()> {
        self.config_store.history.compact(revision);
        Ok(())
    }
}

/// A place in the history.
#[derive(Debug)]
struct EmbeddedWatch {
    catalog: SqliteCatalog,
    scope: Scope,
    after: StoreRevision,
}

#[async_trait]
impl WatchSource for EmbeddedWatch {
    async fn next(&mut self) -> Result<Changes> {
        let memory = Arc::clone(&self.catalog.config_store);
        let mut moved = memory.history.subscribe();
        loop {
            self.catalog.end_leases().await?;
            moved.borrow_and_update();
            let (found, after) = memory.history.next(&self.scope, self.after)?;
            self.after = after;
            if let Some(changes) = found {
                return Ok(changes);
            }
            // An elapsed wait is the time to look at the leases; an error would mean that the history is gone, and it is here.
            let _ = tokio::time::timeout(LEASE_LOOK, moved.changed()).await;
        }
    }
}
