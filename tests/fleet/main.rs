//! Rollouts on real daemons: layers by SQL, a real etcd, two rsyslogds and a Prometheus under sidecars, all on this machine.
//!
//! `tests/rollout/` tries the order of steps on simulated sidecars; here it is shown that the parts fit together. Where etcd,
//! rsyslog or Prometheus is not installed the tests say so and skip.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod killed;
mod layers;
mod world;
