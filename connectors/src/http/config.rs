//! `/v1/config/...`: the config store for sidecars on this machine ([`crate::config_store::wire`]).
//!
//! Who may ask: superusers, and a browser that was lured here cannot send JSON without asking first. A sidecar reads what it wants and writes only what instances say, bound to a lease; files change by layers alone.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use strata_catalog::CatalogError;
use strata_catalog::etl::config_store::{ConfigStore, Operation, Part, StoreError, Transaction, Watch};
use tokio::sync::OwnedSemaphorePermit;

use super::{Server, answer};
use crate::config_store::wire::{
    CommitAnswer, CommitQuestion, GrantQuestion, LeaseAnswer, LeaseQuestion, ListAnswer, ListQuestion, Refusal as StoreRefusal,
    RevokeAnswer, WatchLine, WatchQuestion,
};

/// How often a watch on which nothing happens sends an empty line.
pub const WATCH_SIGN_INTERVAL: Duration = Duration::from_secs(10);

/// A status and what is told.
#[derive(Debug)]
pub(super) struct Refused(StatusCode, StoreRefusal);

impl Refused {
    fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self(status, StoreRefusal::Error(message.into()))
    }
}

impl From<CatalogError> for Refused {
    fn from(error: CatalogError) -> Self {
        let status = match &error {
            CatalogError::Store(StoreError::Conflict { .. }) => StatusCode::CONFLICT,
            CatalogError::Store(StoreError::Compacted { .. } | StoreError::NoLease { .. }) => StatusCode::GONE,
            CatalogError::Store(StoreError::TooLarge { .. }) => StatusCode::PAYLOAD_TOO_LARGE,
            CatalogError::Store(StoreError::Unreachable { .. } | StoreError::Silent { .. }) => StatusCode::BAD_GATEWAY,
            CatalogError::Store(_) => StatusCode::BAD_REQUEST,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self(status, StoreRefusal::from(&error))
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        answer::json(self.0, &self.1)
    }
}

type Answer = Result<Response, Refused>;

fn question<T: DeserializeOwned>(headers: &HeaderMap, body: &[u8]) -> Result<T, Refused> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.starts_with("application/json") {
        return Err(Refused::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send JSON with Content-Type: application/json"));
    }
    serde_json::from_slice(body).map_err(|error| Refused::new(StatusCode::BAD_REQUEST, error.to_string()))
}

fn store(server: &Server) -> &Arc<dyn ConfigStore> {
    server.engine.config_store()
}

pub(super) async fn list(State(server): State<Arc<Server>>, headers: HeaderMap, body: Bytes) -> Answer {
    let question: ListQuestion = question(&headers, &body)?;
    let listing = store(&server).list(&question.scope).await?;
    Ok(answer::json(StatusCode::OK, &ListAnswer::from(listing)))
}

pub(super) async fn commit(State(server): State<Arc<Server>>, headers: HeaderMap, body: Bytes) -> Answer {
    let transaction = Transaction::try_from(question::<CommitQuestion>(&headers, &body)?).map_err(CatalogError::from)?;
    for (key, operation) in transaction.operations() {
        let leased = !matches!(operation, Operation::Put { lease: None, .. });
        if !matches!(key.part(), Part::Instance(_)) || !leased {
            let message = format!("a sidecar may not write {key}, only what instances say, bound to a lease");
            return Err(Refused::new(StatusCode::FORBIDDEN, message));
        }
    }
    let revision = store(&server).commit(&transaction).await?;
    Ok(answer::json(StatusCode::OK, &CommitAnswer { revision }))
}

pub(super) async fn grant(State(server): State<Arc<Server>>, headers: HeaderMap, body: Bytes) -> Answer {
    let question: GrantQuestion = question(&headers, &body)?;
    let lease = store(&server).grant(Duration::from_millis(question.ttl_ms)).await?;
    Ok(answer::json(StatusCode::OK, &LeaseAnswer { lease: lease.id, ttl_ms: milliseconds(lease.ttl) }))
}

pub(super) async fn keep_alive(State(server): State<Arc<Server>>, headers: HeaderMap, body: Bytes) -> Answer {
    let LeaseQuestion { lease } = question(&headers, &body)?;
    let ttl = store(&server).keep_alive(lease).await?;
    Ok(answer::json(StatusCode::OK, &LeaseAnswer { lease, ttl_ms: milliseconds(ttl) }))
}

pub(super) async fn revoke(State(server): State<Arc<Server>>, headers: HeaderMap, body: Bytes) -> Answer {
    let LeaseQuestion { lease } = question(&headers, &body)?;
    let found = store(&server).revoke(lease).await?;
    Ok(answer::json(StatusCode::OK, &RevokeAnswer { found }))
}

fn milliseconds(ttl: Duration) -> u64 {
    u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX)
}

/// Answers with lines until the client goes, the watch ends or the server stops.
pub(super) async fn watch(State(server): State<Arc<Server>>, headers: HeaderMap, body: Bytes) -> Answer {
    let question: WatchQuestion = question(&headers, &body)?;
    let permit = Arc::clone(&server.watches).try_acquire_owned();
    let permit = permit.map_err(|_| Refused::new(StatusCode::TOO_MANY_REQUESTS, "too many watches at a time"))?;
    let watch = store(&server).watch(&question.scope, question.after).await?;
    let lines = futures::stream::unfold(Some(WatchLines { server, watch, _permit: permit }), |lines| async {
        let mut lines = lines?;
        let (text, goes_on) = lines.next().await?;
        Some((Ok::<_, std::convert::Infallible>(text), goes_on.then_some(lines)))
    });
    Ok(([(header::CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(lines)).into_response())
}

struct WatchLines {
    server: Arc<Server>,
    watch: Watch,
    _permit: OwnedSemaphorePermit,
}

impl WatchLines {
    /// The next line and whether others may follow; `None` when the server stops.
    async fn next(&mut self) -> Option<(Bytes, bool)> {
        let mut stopping = self.server.stopping.clone();
        let (line, goes_on) = tokio::select! {
            // An error means that whoever would say so is gone.
            _ = stopping.wait_for(|stopping| *stopping) => return None,
            () = tokio::time::sleep(WATCH_SIGN_INTERVAL) => return Some((Bytes::from_static(b"\n"), true)),
            changes = self.watch.next() => match changes {
                Ok(changes) => (WatchLine::from(changes), true),
                Err(error) => (WatchLine::End(StoreRefusal::from(&error)), false),
            },
        };
        let mut text = serde_json::to_vec(&line).expect("texts and numbers always become JSON");
        text.push(b'\n');
        Some((Bytes::from(text), goes_on))
    }
}
