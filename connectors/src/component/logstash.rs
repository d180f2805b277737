//! Logstash pipelines.

pub mod condition;
mod cursor;
pub mod grammar;
pub mod quoting;
pub mod tree;
