//! What a sidecar says of its instance: the text of `/strata/roles/<role>/instances/<id>`.
//!
//! ```json
//! {"address": "10.0.0.1", "version": "8.2302", "offered_hash": "9f2c", "outcome": "failed", "applied_hash": "77d0",
//!  "health": "healthy", "error": "validate: line 3: unknown action", "restored": true}
//! ```
//!
//! A rollout of hash `h` has arrived when `applied_hash` is `h` and `health` is healthy; it has failed as soon as
//! `offered_hash` is `h` and `outcome` is failed. No time is in it, because clocks differ: the reader looks at his own.

use serde::{Deserialize, Serialize};

use super::StoreError;
use crate::etl::record::Health;

/// Longest error that is reported, in characters; what a daemon says beyond is cut.
pub const ERROR_CHARS_MAX: usize = 4000;

/// What became of the files that were offered last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Nothing was offered yet, or it is for other instances.
    Idle,
    /// They are being validated, written, loaded or watched.
    Applying,
    /// They are in use, and the instance is healthy.
    Applied,
    /// They were refused, or the instance did not get healthy with them.
    Failed,
}

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceStatus {
    /// Where it is.
    pub address: String,
    /// Version of the software that it runs; empty if it is not known.
    pub version: String,
    /// Hash of the manifest that was offered to it last.
    pub offered_hash: Option<String>,
    /// What became of that.
    pub outcome: Outcome,
    /// Hash of the files that it runs with.
    pub applied_hash: Option<String>,
    /// How it is.
    pub health: Health,
    /// What went wrong last, in the daemon's own words.
    pub error: Option<String>,
    /// The last good files were put back after a failure.
    pub restored: bool,
}

impl InstanceStatus {
    /// As it is stored; a long error is cut.
    pub fn to_text(&self) -> String {
        let error = self.error.as_ref().map(|error| error.chars().take(ERROR_CHARS_MAX).collect());
        serde_json::to_string(&Self { error, ..self.clone() }).expect("texts always become JSON")
    }

    /// Reads what is stored.
    ///
    /// # Errors
    /// [`StoreError::Malformed`] for a text that is no status.
    pub fn from_text(text: &str) -> Result<Self, StoreError> {
        serde_json::from_str(text)
            .map_err(|error| StoreError::Malformed { reason: format!("the status of an instance: {error}") })
    }

    /// Whether it runs with the files of this hash, and well.
    pub fn has_applied(&self, hash: &str) -> bool {
        self.applied_hash.as_deref() == Some(hash) && self.health == Health::Healthy
    }

    /// Whether it said no to the files of this hash.
    pub fn has_failed(&self, hash: &str) -> bool {
        self.offered_hash.as_deref() == Some(hash) && self.outcome == Outcome::Failed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_read_back_and_says_what_became_of_a_hash() {
        let mut status = InstanceStatus {
            address: "10.0.0.1".to_owned(),
            version: String::new(),
            offered_hash: Some("new".to_owned()),
            outcome: Outcome::Failed,
            applied_hash: Some("old".to_owned()),
            health: Health::Healthy,
            error: Some("line 3".to_owned()),
            restored: true,
        };
        assert_eq!(InstanceStatus::from_text(&status.to_text()), Ok(status.clone()));
        assert!(status.has_failed("new") && status.has_applied("old"));
        assert!(!status.has_failed("old") && !status.has_applied("new"));
        status.health = Health::Degraded;
        assert!(!status.has_applied("old"));
        status.error = Some("é".repeat(ERROR_CHARS_MAX + 1));
        let cut = InstanceStatus::from_text(&status.to_text()).unwrap().error.unwrap();
        assert_eq!(cut.chars().count(), ERROR_CHARS_MAX);
        assert!(matches!(InstanceStatus::from_text("{}"), Err(StoreError::Malformed { .. })));
    }
}
