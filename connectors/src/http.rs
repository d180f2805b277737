//! The HTTP front end: records in, health and metrics out.
//!
//! ```text
//! POST /v1/topics/{schema.topic}/records     NDJSON or raw lines, plain, gzip or zstd      records.rs
//! GET  /health  /ready  /metrics             for whoever runs the server                   health.rs
//!
//! body ─▶ decoding.rs ─▶ chunk.rs ─▶ upload.rs: parse ─▶ Ingest::append ─▶ answer.rs
//! ```
//!
//! **Invariant:** an answer of 200 means that every accepted record is durable and can be queried. Memory is bounded by
//! the number of uploads and the size of a chunk, whatever a client sends.

mod answer;
mod chunk;
mod config;
mod connection;
mod decoding;
mod health;
mod login;
mod numbering;
mod records;
mod refusal;
mod topic_name;
mod upload;
mod worker;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use metrics_exporter_prometheus::PrometheusHandle;
use strata_engine::Engine;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

pub use config::WATCH_SIGN_INTERVAL;
pub use connection::Encryption;
use refusal::Refusal;

/// How often the metrics recorder tidies up.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);
/// A chunk is at most this share of the memory limit.
const CHUNK_SHARE: usize = 256;
/// Chunks on their way from all uploads together take at most this share of the memory limit.
const CHUNKS_SHARE: usize = 8;

/// Watches of sidecars at a time.
const WATCHES_MAX: usize = 1_024;

/// Limits of the HTTP front end. Sizes in bytes.
#[derive(Debug, Clone)]
pub struct HttpOptions {
    /// What `/metrics` shows; the binary installs its recorder.
    pub metrics: PrometheusHandle,
    /// Uploads that run at the same time; more wait a moment and then get 429.
    pub uploads_max: usize,
    /// How long an upload waits for its turn.
    pub turn_wait: Duration,
    /// Size at which an upload is cut, parsed and appended. Cut to a 256th of the memory limit.
    pub chunk_bytes: usize,
    /// Largest decoded body; beyond, 413.
    pub body_bytes_max: u64,
    /// Largest decoded body with an `Idempotency-Key`, which is appended as a whole.
    pub keyed_body_bytes_max: u64,
    /// How long a client may be silent in the middle of a body.
    pub silence_max: Duration,
    /// TLS, on the same port as plain HTTP, for whoever begins with it; `None` without a certificate.
    pub encryption: Option<Encryption>,
}

impl HttpOptions {
    /// The defaults.
    pub fn new(metrics: PrometheusHandle) -> Self {
        Self {
            metrics,
            uploads_max: 64,
            turn_wait: Duration::from_secs(5),
            chunk_bytes: 4 << 20,
            body_bytes_max: 256 << 30,
            keyed_body_bytes_max: 64 << 20,
            silence_max: Duration::from_secs(60),
            encryption: None,
        }
    }
}

/// What all requests share.
#[derive(Debug)]
struct Server {
    engine: Arc<Engine>,
    options: HttpOptions,
    /// One permit an upload.
    uploads: Semaphore,
    /// One permit a KiB of chunks between being cut and being durable.
    chunk_kib: Arc<Semaphore>,
    /// All of them.
    chunk_kib_max: u32,
    /// One permit a thread that parses.
    parsing: Semaphore,
    /// One permit a thread that checks a password.
    logins: Semaphore,
    /// One permit a watch of a sidecar.
    watches: Arc<Semaphore>,
    /// Turns true when the server stops: watches would go on for ever.
    stopping: watch::Receiver<bool>,
}

impl Server {
    fn new(engine: Arc<Engine>, mut options: HttpOptions, stopping: watch::Receiver<bool>) -> Self {
        let memory = engine.config().memory_limit;
        options.chunk_bytes = options.chunk_bytes.min(memory / CHUNK_SHARE).max(64 << 10);
        let uploads = Semaphore::new(options.uploads_max);
        let chunk_kib_max = u32::try_from(memory / CHUNKS_SHARE / 1024).unwrap_or(u32::MAX >> 4).max(1024);
        let chunk_kib = Arc::new(Semaphore::new(chunk_kib_max as usize));
        let parsing = Semaphore::new(engine.config().threads.max(1));
        let logins = Semaphore::new(engine.config().threads.max(1));
        let watches = Arc::new(Semaphore::new(WATCHES_MAX));
        Self { engine, options, uploads, chunk_kib, chunk_kib_max, parsing, logins, watches, stopping }
    }
}

/// Serves HTTP on `listener` until `shutdown` is done; then takes no more connections, and returns when the requests
/// that run have been answered.
pub async fn serve(listener: TcpListener, engine: Arc<Engine>, options: HttpOptions, shutdown: impl Future<Output = ()> + Send) {
    let handle = options.metrics.clone();
    let upkeep = tokio::spawn(async move {
        loop {
            tokio::time::sleep(UPKEEP_INTERVAL).await;
            handle.run_upkeep();
        }
    });
    let (stop, stopping) = watch::channel(false);
    let encryption = options.encryption.clone();
    let router = router(Arc::new(Server::new(engine, options, stopping)));
    connection::serve(listener, router, encryption, stop, shutdown).await;
    upkeep.abort();
}

fn router(server: Arc<Server>) -> Router {
    Router::new()
        .route("/v1/topics/{topic}/records", post(records::post))
        .route("/v1/config/list", post(config::list))
        .route("/v1/config/watch", post(config::watch))
        .route("/v1/config/commit", post(config::commit))
        .route("/v1/config/grant", post(config::grant))
        .route("/v1/config/keep-alive", post(config::keep_alive))
        .route("/v1/config/revoke", post(config::revoke))
        .route("/metrics", get(health::metrics))
        .layer(axum::middleware::from_fn_with_state(Arc::clone(&server), login::check))
        .route("/health", get(health::health))
        .route("/ready", get(health::ready))
        .fallback(|| async { Refusal::no_such_path() })
        .method_not_allowed_fallback(|| async { Refusal::wrong_method() })
        .with_state(server)
}
