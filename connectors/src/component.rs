//! Kinds of components: one folder each, behind the catalog's trait `Component`.
//!
//! A component turns rows of `etl.rules` into the files of one piece of software and back. It is pure: it reads no file,
//! asks no network, knows no layer. Where the software is changed by calls in place of files, the kind has an [`Applier`] as well,
//! which a sidecar runs.

pub mod applier;
mod clash;
mod file_rules;
pub mod generic;
pub mod kafka;
mod literal_secret;
pub mod logstash;
mod nearest;
pub mod rsyslog;
pub mod vector;

use std::sync::Arc;

use strata_catalog::etl::component::Component;

use applier::Applier;

/// Every kind that there is. A further kind is a folder and a line here.
#[must_use]
pub fn all() -> Vec<Arc<dyn Component>> {
    vec![
        Arc::new(logstash::Logstash),
        Arc::new(vector::Vector),
        Arc::new(rsyslog::Rsyslog),
        Arc::new(generic::Generic),
        Arc::new(kafka::Kafka),
    ]
}

/// The applier of a kind, with its settings as a sidecar has them. A further one is a line here, too.
///
/// # Errors
/// The kind has none, or the settings are not right.
pub fn applier(kind: &str, settings: serde_json::Value) -> Result<Arc<dyn Applier>, String> {
    match kind {
        "kafka" => Ok(Arc::new(kafka::KafkaApplier::of(settings)?)),
        _ => Err(format!("nothing is applied by calls to software of kind \"{kind}\"; there is kafka")),
    }
}
