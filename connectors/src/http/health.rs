//! `/health`, `/ready`, `/metrics`: for load balancers, orchestrators and Prometheus.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use strata_engine::EngineError;
use strata_storage::StorageError;
use strata_storage::memory::Consumer;

use super::Server;
use super::{answer, refusal::Refusal};

/// The process answers.
pub(super) async fn health() -> Response {
    answer::json(StatusCode::OK, &json!({ "status": "ok" }))
}

/// Records and queries are taken now; 503 while the server stops or cannot write.
pub(super) async fn ready(State(server): State<Arc<Server>>) -> Response {
    if server.engine.is_closing() {
        return Refusal::from(EngineError::ShuttingDown).into_response();
    }
    match server.engine.wal().poisoned() {
        Some(reason) => Refusal::from(EngineError::from(StorageError::Poisoned { reason })).into_response(),
        None => answer::json(StatusCode::OK, &json!({ "status": "ready" })),
    }
}

/// Prometheus text: what the recorder has, and the memory account.
pub(super) async fn metrics(State(server): State<Arc<Server>>) -> Response {
    let mut text = server.options.metrics.render();
    let memory = server.engine.memory();
    text.push_str("# HELP strata_memory_limit_bytes Memory budget of the process.\n# TYPE strata_memory_limit_bytes gauge\n");
    let _ = writeln!(text, "strata_memory_limit_bytes {}", memory.limit());
    text.push_str("# HELP strata_memory_bytes Memory reserved now.\n# TYPE strata_memory_bytes gauge\n");
    for consumer in Consumer::ALL {
        let _ = writeln!(text, "strata_memory_bytes{{consumer=\"{}\"}} {}", consumer.name(), memory.used_by(consumer));
    }
    let content_type = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    ([(header::CONTENT_TYPE, content_type)], text).into_response()
}
