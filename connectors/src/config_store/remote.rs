//! The config store of a Strata server, as its sidecars see it over HTTP ([`super::wire`]).
//!
//! A sidecar may read everything and write what its own instance says; the server refuses the rest, so that files change by
//! layers alone.
//!
//! **Invariant:** a watch that breaks ends with an error; whoever watches lists again. The server may have been restored.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use strata_catalog::Result;
use strata_catalog::etl::config_store::watch::WatchSource;
use strata_catalog::etl::config_store::{
    Changes, ConfigStore, Entry, Key, Lease, LeaseId, Limits, Listing, Scope, StoreError, StoreRevision, Transaction, Watch,
};

use super::wire::{
    CommitAnswer, CommitQuestion, GrantQuestion, LeaseAnswer, LeaseQuestion, ListAnswer, ListQuestion, Refusal, RevokeAnswer,
    WatchLine, WatchQuestion,
};
use crate::http_client::{BadAddress, HttpClient, HttpError, Lines};

/// What an instance says of itself is short.
const LIMITS: Limits = Limits { value_bytes_max: 64 << 10, transaction_keys_max: 8, transaction_bytes_max: 128 << 10 };
/// A server says something every [`crate::http::WATCH_SIGN_INTERVAL`]; one that is silent for so long is gone.
const SILENCE_MAX: Duration = Duration::from_secs(30);

/// See the module.
#[derive(Debug, Clone)]
pub struct RemoteStore {
    client: HttpClient,
}

impl RemoteStore {
    /// The store of the server at `http://host:port`. Does not connect.
    ///
    /// # Errors
    /// [`BadAddress`].
    pub fn new(address: &str) -> Result<Self, BadAddress> {
        Ok(Self { client: HttpClient::new(address)? })
    }

    fn failed(&self, error: HttpError) -> StoreError {
        let address = self.client.address().to_owned();
        match error {
            HttpError::Unreachable(reason) => StoreError::Unreachable { address, reason },
            HttpError::Silent(reason) => StoreError::Silent { address, reason },
        }
    }

    /// What an answer other than 200 says.
    fn refused(&self, body: &[u8]) -> StoreError {
        let text = || Refusal::Error(String::from_utf8_lossy(body).into_owned());
        serde_json::from_slice::<Refusal>(body).unwrap_or_else(|_| text()).into_error(self.client.address())
    }

    async fn ask<A: DeserializeOwned>(&self, path: &str, question: &impl Serialize) -> Result<A, StoreError> {
        let (status, body) = self.client.post(path, json(question)).await.map_err(|error| self.failed(error))?;
        if !status.is_success() {
            return Err(self.refused(&body));
        }
        serde_json::from_slice(&body).map_err(|error| malformed(&error))
    }
}

fn json(question: &impl Serialize) -> Bytes {
    Bytes::from(serde_json::to_vec(question).expect("texts and numbers always become JSON"))
}

fn malformed(error: &serde_json::Error) -> StoreError {
    StoreError::Malformed { reason: format!("an answer of the server: {error}") }
}

fn milliseconds(ttl: Duration) -> u64 {
    u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX)
}

#[async_trait]
impl ConfigStore for RemoteStore {
    fn limits(&self) -> Limits {
        LIMITS
    }

    async fn get(&self, key: &Key) -> Result<Option<Entry>> {
        let listing = self.list(&Scope::Role(key.role().to_owned())).await?;
        Ok(listing.get(key).cloned())
    }

    async fn list(&self, scope: &Scope) -> Result<Listing> {
        let question = ListQuestion { scope: scope.clone() };
        Ok(self.ask::<ListAnswer>("/v1/config/list", &question).await?.try_into()?)
    }

    async fn commit(&self, transaction: &Transaction) -> Result<StoreRevision> {
        transaction.check(&LIMITS)?;
        let answer = self.ask::<CommitAnswer>("/v1/config/commit", &CommitQuestion::from(transaction)).await?;
        Ok(answer.revision)
    }

    async fn watch(&self, scope: &Scope, after: StoreRevision) -> Result<Watch> {
        let question = json(&WatchQuestion { scope: scope.clone(), after });
        let answered = self.client.lines("/v1/config/watch", question).await;
        let (status, mut lines) = answered.map_err(|error| self.failed(error))?;
        if !status.is_success() {
            let body = lines.next().await.map_err(|error| self.failed(error))?;
            return Err(self.refused(&body.unwrap_or_default()).into());
        }
        Ok(Watch::new(RemoteWatch { store: self.clone(), lines }))
    }

    async fn grant(&self, ttl: Duration) -> Result<Lease> {
        let answer = self.ask::<LeaseAnswer>("/v1/config/grant", &GrantQuestion { ttl_ms: milliseconds(ttl) }).await?;
        Ok(Lease { id: answer.lease, ttl: Duration::from_millis(answer.ttl_ms) })
    }

    async fn keep_alive(&self, lease: LeaseId) -> Result<Duration> {
        let answer = self.ask::<LeaseAnswer>("/v1/config/keep-alive", &LeaseQuestion { lease }).await?;
        Ok(Duration::from_millis(answer.ttl_ms))
    }

    async fn revoke(&self, lease: LeaseId) -> Result<bool> {
        Ok(self.ask::<RevokeAnswer>("/v1/config/revoke", &LeaseQuestion { lease }).await?.found)
    }

    async fn compact(&self, _revision: StoreRevision) -> Result<()> {
        let address = self.client.address().to_owned();
        Err(StoreError::Refused { address, reason: "a sidecar does not compact the config store".to_owned() }.into())
    }
}

#[derive(Debug)]
struct RemoteWatch {
    store: RemoteStore,
    lines: Lines,
}

#[async_trait]
impl WatchSource for RemoteWatch {
    async fn next(&mut self) -> Result<Changes> {
        let ended = |reason: String| HttpError::Silent(reason);
        loop {
            let line = match tokio::time::timeout(SILENCE_MAX, self.lines.next()).await {
                Ok(Ok(Some(line))) => line,
                Ok(Ok(None)) => return Err(self.store.failed(ended("the server ended the watch".to_owned())).into()),
                Ok(Err(error)) => return Err(self.store.failed(error).into()),
                Err(_) => return Err(self.store.failed(ended(format!("nothing for {SILENCE_MAX:?}"))).into()),
            };
            if !line.is_empty() {
                let line: WatchLine = serde_json::from_slice(&line).map_err(|error| malformed(&error))?;
                return Ok(line.changes(self.store.client.address())?);
            }
        }
    }
}
