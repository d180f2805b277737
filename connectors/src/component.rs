//! Kinds of components: one folder each, behind the catalog's trait `Component`.
//!
//! A component turns rows of `etl.rules` into the files of one piece of software and back. It is pure: it reads no file,
//! asks no network, knows no layer.

mod file_rules;
pub mod generic;
pub mod logstash;
pub mod rsyslog;

use std::sync::Arc;

use strata_catalog::etl::component::Component;

/// Every kind that there is. A further kind is a folder and a line here.
#[must_use]
pub fn all() -> Vec<Arc<dyn Component>> {
    vec![Arc::new(logstash::Logstash), Arc::new(rsyslog::Rsyslog), Arc::new(generic::Generic)]
}
