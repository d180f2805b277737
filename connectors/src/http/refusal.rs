//! Why a request was not carried out: a status, a message, a hint. The one place that knows statuses.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use strata_catalog::ErrorKind as CatalogErrorKind;
use strata_engine::EngineError;
use strata_engine::error::Refusal as Rule;
use strata_storage::ErrorKind as StorageErrorKind;

use super::answer;

/// Seconds after which it makes sense to try again when the server is busy.
const BUSY_RETRY_SECONDS: u32 = 1;
/// Seconds after which it makes sense to try again when the server stops.
const RESTART_RETRY_SECONDS: u32 = 5;

/// An answer other than 200. Its body is `{"error": ..., "hint": ..., "accepted": ...}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub status: StatusCode,
    pub error: String,
    pub hint: Option<String>,
    pub retry_after_seconds: Option<u32>,
    /// Records of this request that are durable all the same.
    pub accepted: u64,
}

#[derive(Serialize)]
struct Body<'a> {
    error: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
    #[serde(skip_serializing_if = "is_zero")]
    accepted: u64,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands out a reference")]
fn is_zero(n: &u64) -> bool {
    *n == 0
}

impl Refusal {
    pub fn new(status: StatusCode, error: impl Into<String>) -> Self {
        Self { status, error: error.into(), hint: None, retry_after_seconds: None, accepted: 0 }
    }

    pub fn bad_request(error: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error)
    }

    /// 429: the client is too fast for now.
    pub fn busy(error: impl Into<String>) -> Self {
        let refusal = Self::new(StatusCode::TOO_MANY_REQUESTS, error).hint("Send it again after the time in Retry-After.");
        refusal.retry_after(BUSY_RETRY_SECONDS)
    }

    pub fn too_large(what: &str, bytes_max: u64) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, format!("{what} is larger than {bytes_max} bytes"))
    }

    pub fn no_such_path() -> Self {
        Self::new(StatusCode::NOT_FOUND, "there is nothing at this path")
            .hint("Records are sent with POST /v1/topics/{schema.topic}/records; GET knows /health, /ready and /metrics.")
    }

    pub fn wrong_method() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "this path does not know this method")
            .hint("Records are sent with POST; /health, /ready and /metrics are read with GET.")
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after_seconds = Some(seconds);
        self
    }

    /// A full disk.
    fn full(error: &EngineError) -> Self {
        Self::new(StatusCode::INSUFFICIENT_STORAGE, error.to_string())
            .hint("Free disk space or shorten the retention of topics, then send it again; reading goes on meanwhile.")
    }

    /// The server can take nothing until somebody restarts it.
    pub fn down(error: impl std::fmt::Display, hint: &str) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string()).hint(hint).retry_after(RESTART_RETRY_SECONDS)
    }
}

impl From<EngineError> for Refusal {
    fn from(error: EngineError) -> Self {
        let plain = |status| Self { hint: hint_of(&error), ..Self::new(status, error.to_string()) };
        match &error {
            EngineError::Storage(storage) => match storage.kind() {
                StorageErrorKind::Full => Self::full(&error),
                StorageErrorKind::OutOfMemory => Self::busy(error.to_string()),
                StorageErrorKind::Poisoned => Self::down(&error, "Restart the server; it recovers what it acknowledged."),
                StorageErrorKind::Corrupt
                | StorageErrorKind::Locked
                | StorageErrorKind::NotFound
                | StorageErrorKind::Io
                | StorageErrorKind::Internal => plain(StatusCode::INTERNAL_SERVER_ERROR),
            },
            EngineError::Catalog(catalog) => match catalog.kind() {
                CatalogErrorKind::Full => Self::full(&error),
                CatalogErrorKind::Exists => plain(StatusCode::CONFLICT),
                CatalogErrorKind::NotFound => plain(StatusCode::NOT_FOUND),
                _ => plain(StatusCode::INTERNAL_SERVER_ERROR),
            },
            EngineError::OutOfMemory { .. } => Self::busy(error.to_string()),
            EngineError::ShuttingDown => Self::down(&error, "Send it again when the server is back."),
            EngineError::Undefined { .. } => plain(StatusCode::NOT_FOUND),
            EngineError::Duplicate { .. } | EngineError::Dependent { .. } => plain(StatusCode::CONFLICT),
            EngineError::Refused { reason, .. } => match reason {
                Rule::ReadOnly => Self::down(&error, "The server's data folder cannot be written."),
                Rule::Privilege => plain(StatusCode::FORBIDDEN),
                Rule::WrongObjectType => plain(StatusCode::CONFLICT),
                _ => plain(StatusCode::BAD_REQUEST),
            },
            EngineError::Data { .. } => plain(StatusCode::BAD_REQUEST),
            _ => plain(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }
}

fn hint_of(error: &EngineError) -> Option<String> {
    match error {
        EngineError::Undefined { hint, .. } | EngineError::Refused { hint, .. } | EngineError::Data { hint, .. } => hint.clone(),
        EngineError::Catalog(catalog) => catalog.hint(),
        _ => None,
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = Body { error: &self.error, hint: self.hint.as_deref(), accepted: self.accepted };
        let mut response = answer::json(self.status, &body);
        if let Some(seconds) = self.retry_after_seconds {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            let asked = HeaderValue::from_static("Basic realm=\"strata\", charset=\"UTF-8\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, asked);
        }
        response
    }
}
