//! [`ConfigStore`] on etcd 3.4 or newer, by its JSON gateway: docs/decisions/0100-etcd-gateway.md.
//!
//! ```text
//! get, list, commit -> POST /v3/kv/range, /v3/kv/txn          several addresses: the next one is tried when one cannot be
//! leases            -> POST /v3/lease/...                     reached, and not when it fell silent
//! watch             -> POST /v3/watch, lines that keep coming, from the revision behind the last that was told
//! ```
//!
//! Keys that are not Strata's are not read, and what is under them is not touched.
//!
//! **Invariant:** a change is sent once. When its answer is lost the error is [`StoreError::Silent`], and the caller looks.

mod message;
mod watch;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use strata_catalog::Result;
use strata_catalog::etl::config_store::lease::{TTL_MAX, TTL_MIN};
use strata_catalog::etl::config_store::{
    ConfigStore, Entry, Expected, Key, Lease, LeaseId, Limits, Listing, Operation, Scope, StoreError, StoreRevision, Transaction,
    Watch,
};

use crate::http_client::{BadAddress, HttpClient, HttpError};
use message::{Failure, Granted, Header, KeptAlive, Ranged, Streamed, Txn, coded};
use watch::EtcdWatch;

/// Below etcd's own limits: 1.5 MiB a request, 128 operations a transaction.
const LIMITS: Limits = Limits { value_bytes_max: 1 << 20, transaction_keys_max: 120, transaction_bytes_max: 1_300_000 };

/// Of gRPC: what was asked for is not there.
const NOT_FOUND: i64 = 5;

/// See the module.
#[derive(Debug, Clone)]
pub struct EtcdStore {
    members: Arc<Members>,
}

#[derive(Debug)]
struct Members {
    clients: Vec<HttpClient>,
    /// Which one answered last.
    current: AtomicUsize,
}

/// What etcd says when it does not do what it was asked.
#[derive(Debug)]
struct Refused {
    address: String,
    failure: Failure,
}

impl From<Refused> for StoreError {
    fn from(refused: Refused) -> Self {
        StoreError::Refused { address: refused.address, reason: refused.failure.message }
    }
}

fn malformed(what: &str, error: impl std::fmt::Display) -> StoreError {
    StoreError::Malformed { reason: format!("{what} of etcd: {error}") }
}

impl EtcdStore {
    /// A store on the members at these addresses (`http://host:port`). Does not connect.
    ///
    /// # Errors
    /// [`BadAddress`] if one cannot be used, or there is none.
    pub fn new(addresses: &[String]) -> Result<Self, BadAddress> {
        if addresses.is_empty() {
            return Err(BadAddress { address: String::new() });
        }
        let clients = addresses.iter().map(|address| HttpClient::new(address)).collect::<Result<_, _>>()?;
        Ok(Self { members: Arc::new(Members { clients, current: AtomicUsize::new(0) }) })
    }

    /// Asks the member that answered last, or the next that can be reached.
    async fn ask<A: DeserializeOwned>(&self, path: &str, question: &impl Serialize) -> Result<Result<A, Refused>, StoreError> {
        let question = Bytes::from(serde_json::to_vec(question).map_err(|error| malformed("a question", error))?);
        let mut unreachable = None;
        for client in self.members.in_turn() {
            let address = || client.address().to_owned();
            match client.post(path, question.clone()).await {
                Ok((status, body)) if status.is_success() => {
                    return Ok(Ok(serde_json::from_slice(&body).map_err(|error| malformed("an answer", error))?));
                }
                Ok((status, body)) => return Ok(Err(Refused { address: address(), failure: Failure::read(status, &body) })),
                Err(HttpError::Unreachable(reason)) => {
                    unreachable = Some(StoreError::Unreachable { address: address(), reason });
                    self.members.pass_over();
                }
                Err(HttpError::Silent(reason)) => {
                    self.members.pass_over();
                    return Err(StoreError::Silent { address: address(), reason });
                }
            }
        }
        Err(unreachable.expect("a store has at least one member"))
    }

    async fn range(&self, first: &str, behind: Option<&str>) -> Result<Ranged> {
        let mut question = json!({ "key": coded(first) });
        if let Some(behind) = behind {
            question["range_end"] = coded(behind).into();
        }
        Ok(self.ask::<Ranged>("/v3/kv/range", &question).await?.map_err(StoreError::from)?)
    }
}

impl Members {
    /// All, from the one that answered last.
    fn in_turn(&self) -> impl Iterator<Item = &HttpClient> {
        let (first, count) = (self.current.load(Ordering::Relaxed), self.clients.len());
        (0..count).map(move |n| &self.clients[(first + n) % count])
    }

    fn pass_over(&self) {
        self.current.fetch_add(1, Ordering::Relaxed);
    }
}

/// The text that sorts behind everything that begins with `prefix`. Keys are ASCII, so its last byte can be raised.
fn behind(prefix: &str) -> String {
    let mut text = prefix.to_owned();
    let last = text.pop().map_or(' ', |last| char::from(u8::try_from(last).unwrap_or(b'~') + 1));
    text.push(last);
    text
}

#[async_trait]
impl ConfigStore for EtcdStore {
    fn limits(&self) -> Limits {
        LIMITS
    }

    async fn get(&self, key: &Key) -> Result<Option<Entry>> {
        let ranged = self.range(&key.to_string(), None).await?;
        Ok(ranged.kvs.iter().filter_map(|kv| kv.entry().transpose()).next().transpose()?)
    }

    async fn list(&self, scope: &Scope) -> Result<Listing> {
        let prefix = scope.prefix();
        let ranged = self.range(&prefix, Some(&behind(&prefix))).await?;
        let entries = ranged.kvs.iter().filter_map(|kv| kv.entry().transpose()).collect::<Result<_, _>>()?;
        Ok(Listing { entries, revision: ranged.header.revision() })
    }

    async fn commit(&self, transaction: &Transaction) -> Result<StoreRevision> {
        transaction.check(&LIMITS)?;
        let txn = Txn::of(transaction);
        let answer = match self.ask::<message::TxnAnswer>("/v3/kv/txn", &txn).await? {
            Ok(answer) => answer,
            Err(refused) if refused.failure.code == NOT_FOUND => {
                let leases = transaction.operations().iter().filter_map(|(_, operation)| match operation {
                    Operation::Put { lease, .. } => *lease,
                    Operation::Delete => None,
                });
                return Err(self.first_gone(leases.collect()).await?.unwrap_or_else(|| refused.into()).into());
            }
            Err(refused) => return Err(StoreError::from(refused).into()),
        };
        if answer.succeeded {
            return Ok(answer.header.revision());
        }
        for ((key, expected), found) in transaction.expectations().iter().zip(answer.found()) {
            let found = found?;
            if found != *expected {
                return Err(StoreError::Conflict { key: key.clone(), expected: *expected, found }.into());
            }
        }
        Err(malformed("a transaction", "it was not carried out, and all is as expected").into())
    }

    async fn watch(&self, scope: &Scope, after: StoreRevision) -> Result<Watch> {
        Ok(Watch::new(EtcdWatch::new(Arc::clone(&self.members), scope, after)))
    }

    async fn grant(&self, ttl: Duration) -> Result<Lease> {
        let ttl = ttl.clamp(TTL_MIN, TTL_MAX);
        // Whole seconds; a part of one is one more.
        let seconds = ttl.as_secs() + u64::from(ttl.subsec_nanos() > 0);
        let granted = self.ask::<Granted>("/v3/lease/grant", &json!({ "TTL": seconds.to_string() })).await?;
        let granted = granted.map_err(StoreError::from)?;
        Ok(Lease { id: LeaseId(granted.id.0), ttl: granted.ttl() })
    }

    async fn keep_alive(&self, lease: LeaseId) -> Result<Duration> {
        let kept = self.ask::<Streamed<KeptAlive>>("/v3/lease/keepalive", &json!({ "ID": lease.0.to_string() })).await?;
        match kept.map_err(StoreError::from)?.result {
            Some(kept) if kept.ttl.0 > 0 => Ok(kept.ttl()),
            Some(_) => Err(StoreError::NoLease { lease }.into()),
            None => Err(malformed("a lease", "an answer without a result").into()),
        }
    }

    async fn revoke(&self, lease: LeaseId) -> Result<bool> {
        match self.ask::<Header>("/v3/lease/revoke", &json!({ "ID": lease.0.to_string() })).await? {
            Ok(_) => Ok(true),
            Err(refused) if refused.failure.code == NOT_FOUND => Ok(false),
            Err(refused) => Err(StoreError::from(refused).into()),
        }
    }

    async fn compact(&self, revision: StoreRevision) -> Result<()> {
        let compacted = self.ask::<Header>("/v3/kv/compaction", &json!({ "revision": revision.0.to_string() })).await?;
        Ok(compacted.map(drop).map_err(StoreError::from)?)
    }
}

impl EtcdStore {
    /// The first of some leases that has run out.
    async fn first_gone(&self, leases: Vec<LeaseId>) -> Result<Option<StoreError>, StoreError> {
        for lease in leases {
            let question = json!({ "ID": lease.0.to_string() });
            let left = self.ask::<KeptAlive>("/v3/lease/timetolive", &question).await?.map_err(StoreError::from)?;
            if left.ttl.0 <= 0 {
                return Ok(Some(StoreError::NoLease { lease }));
            }
        }
        Ok(None)
    }
}

/// What a compare-and-swap of etcd is told: 0 is the revision of a key that is not there.
fn expected_revision(expected: Expected) -> i64 {
    match expected {
        Expected::Absent => 0,
        Expected::At(revision) => revision.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_prefix_lies_behind_all_its_keys_and_before_the_next() {
        let prefix = Scope::Role("web".to_owned()).prefix();
        let end = behind(&prefix);
        assert_eq!(end, "/strata/roles/web0");
        assert!(Key::file("web", "~").unwrap().to_string() < end);
        assert!(end < Key::manifest("web2").unwrap().to_string());
    }

    #[test]
    fn a_store_needs_an_address() {
        assert!(EtcdStore::new(&[]).is_err());
        assert!(EtcdStore::new(&["https://a:1".to_owned()]).is_err());
    }
}
