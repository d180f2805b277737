//! What the control plane keeps beside the layers: tasks, what instances said, and the instances themselves.
//!
//! Roles are given by name, as they were called then: an attempt is told even when its role has gone.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::LayerId;
use crate::TaskState;

/// A rollout or other work of the control plane: a row of `etl.tasks`.
#[derive(Debug, Clone, PartialEq)]
pub struct EtlTask {
    /// Identity; counts up.
    pub id: i64,
    /// `rollout`, `repair`, ...
    pub kind: String,
    /// The layer that it applies.
    pub layer: Option<LayerId>,
    /// The role that it works on; `None` for all that the layer touches.
    pub role: Option<String>,
    /// How far it is.
    pub state: TaskState,
    /// 0 to 1.
    pub progress: f64,
    /// Its steps and how each went; a JSON array.
    pub steps: Value,
    /// Why it failed.
    pub error: Option<String>,
    /// Microseconds.
    pub created_at_us: i64,
    /// Microseconds.
    pub started_at_us: Option<i64>,
    /// Microseconds.
    pub finished_at_us: Option<i64>,
}

/// A task to be added.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEtlTask {
    /// `rollout`, `repair`, ...
    pub kind: String,
    /// The layer that it applies; must exist.
    pub layer: Option<LayerId>,
    /// The role that it works on.
    pub role: Option<String>,
    /// Its steps; a JSON array.
    pub steps: Value,
    /// Now, microseconds.
    pub created_at_us: i64,
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptOutcome {
    /// It has not.
    Running,
    /// The instance applied the files and stayed healthy.
    Applied,
    /// The instance said no, or became unhealthy.
    Failed,
    /// The instance said nothing in time, which counts as a failure.
    Silent,
    /// The instance has its old files back.
    Restored,
}

impl AttemptOutcome {
    /// All.
    pub const ALL: [Self; 5] = [Self::Running, Self::Applied, Self::Failed, Self::Silent, Self::Restored];

    /// `running`, `applied`, ...
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Applied => "applied",
            Self::Failed => "failed",
            Self::Silent => "silent",
            Self::Restored => "restored",
        }
    }

    /// The outcome of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.name() == name)
    }
}

/// What one instance made of one layer: a row of `etl.attempts`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Identity; counts up.
    pub id: i64,
    /// What was tried.
    pub attempt: NewAttempt,
    /// Microseconds; `None` while it runs.
    pub finished_at_us: Option<i64>,
    /// How it ended.
    pub outcome: AttemptOutcome,
    /// What the instance said.
    pub detail: String,
}

/// An attempt that begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAttempt {
    /// The layer; must exist.
    pub layer: LayerId,
    /// Name of the role.
    pub role: String,
    /// Id of the instance.
    pub instance: String,
    /// Hash of the files that it is to get.
    pub hash: String,
    /// Now, microseconds.
    pub started_at_us: i64,
}

/// Whether an instance has what it should have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sync {
    /// It has.
    Synced,
    /// It has something else.
    OutOfSync,
    /// It has not said.
    Unknown,
}

impl Sync {
    /// All.
    pub const ALL: [Self; 3] = [Self::Synced, Self::OutOfSync, Self::Unknown];

    /// `synced`, `out_of_sync`, `unknown`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Synced => "synced",
            Self::OutOfSync => "out_of_sync",
            Self::Unknown => "unknown",
        }
    }

    /// The one of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|sync| sync.name() == name)
    }
}

/// How an instance is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// It works.
    Healthy,
    /// It is starting or changing.
    Progressing,
    /// It runs and does not work as it should.
    Degraded,
    /// It is not heard of.
    Missing,
}

impl Health {
    /// All.
    pub const ALL: [Self; 4] = [Self::Healthy, Self::Progressing, Self::Degraded, Self::Missing];

    /// `healthy`, `progressing`, `degraded`, `missing`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Progressing => "progressing",
            Self::Degraded => "degraded",
            Self::Missing => "missing",
        }
    }

    /// The one of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|health| health.name() == name)
    }
}

/// A process that a sidecar looks after: a row of `etl.instances`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// Name of its role.
    pub role: String,
    /// Its own name for itself, unique in the role.
    pub id: String,
    /// Where it is.
    pub address: String,
    /// Version of the software that it runs.
    pub version: String,
    /// Whether it has what it should have.
    pub sync: Sync,
    /// How it is.
    pub health: Health,
    /// Hash of the files that it should have.
    pub desired_hash: Option<String>,
    /// Hash of the files that it has.
    pub applied_hash: Option<String>,
    /// The last thing that went wrong, in its own words.
    pub last_error: Option<String>,
    /// When it was last heard of, microseconds.
    pub last_seen_us: i64,
}
