//! Leases: keys that vanish when whoever wrote them falls silent.

use std::time::Duration;

/// Shortest time of a lease; a shorter one is raised to it.
pub const TTL_MIN: Duration = Duration::from_secs(1);
/// Longest time of a lease; a longer one is cut to it.
pub const TTL_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// Identity of a lease; never 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct LeaseId(pub i64);

impl std::fmt::Display for LeaseId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// A lease as it was granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// Identity.
    pub id: LeaseId,
    /// It runs out when it was not kept alive for so long.
    pub ttl: Duration,
}
