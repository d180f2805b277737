//! Kafka topics by SQL: layers change topics on a real broker, through a sidecar that calls its admin interface.
//!
//! [`on_tansu`] runs on Tansu, a real broker, and says so and skips where that is not installed. Tansu cannot give a topic more
//! partitions; [`on_simulator`] shows that with a broker that is simulated.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod on_simulator;
mod on_tansu;
mod simulator;
mod world;
