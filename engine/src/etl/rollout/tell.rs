//! What listeners of `etl_layers`, `etl_tasks` and `etl_instances` are told: one JSON object each time something has changed.

use serde_json::{Value, json};
use strata_catalog::etl::Layer;
use strata_catalog::etl::record::{EtlTask, Instance};

use crate::engine::Engine;
use crate::session::Notification;

/// Sender of what no session sent.
const SERVER: i32 = 0;

fn tell(engine: &Engine, channel: &str, payload: &Value) {
    let notification = Notification { sender: SERVER, channel: channel.to_owned(), payload: payload.to_string() };
    engine.sessions().bus().notify(&notification);
}

/// A layer was made, or went to another state.
pub fn layer(engine: &Engine, layer: &Layer) {
    let payload = json!({ "layer": layer.id.0, "state": layer.state.name(), "origin": layer.origin.name() });
    tell(engine, "etl_layers", &payload);
}

/// A task was made, or got further.
pub fn task(engine: &Engine, task: &EtlTask) {
    let step = task.steps.as_array().and_then(|steps| steps.last()).and_then(|step| step.get("step"));
    let payload = json!({
        "task": task.id, "kind": task.kind, "layer": task.layer.map(|layer| layer.0), "state": task.state.name(),
        "step": step, "progress": task.progress, "error": short(task.error.as_deref()),
    });
    tell(engine, "etl_tasks", &payload);
}

/// An instance said something, or fell silent.
pub fn instance(engine: &Engine, instance: &Instance) {
    let payload = json!({
        "role": instance.role, "instance": instance.id, "sync": instance.sync.name(), "health": instance.health.name(),
        "desired_hash": instance.desired_hash, "applied_hash": instance.applied_hash,
        "error": short(instance.last_error.as_deref()),
    });
    tell(engine, "etl_instances", &payload);
}

/// Characters of an error that fit into a notification.
const ERROR_CHARS_MAX: usize = 1000;

fn short(error: Option<&str>) -> Option<String> {
    error.map(|error| error.chars().take(ERROR_CHARS_MAX).collect())
}
