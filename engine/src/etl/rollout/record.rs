//! How far a rollout is, as `etl.tasks.steps` keeps it: what a server that was killed goes on from.
//!
//! ```json
//! [{"step": "validate"}, {"step": "plan", "roles": [...]}, {"step": "write", "role": "web", "wave": 1}, ..., {"step": "restore", "reason": "..."}]
//! ```
//!
//! A step is added before it is done. Only the plan and the reason of a restore are needed to go on; the others are for people.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use strata_catalog::etl::config_store::Manifest;

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Step {
    /// What the layer brings in is looked at.
    Validate,
    /// What is written where is fixed.
    Plan {
        /// In the order in which they are written.
        roles: Vec<RolePlan>,
    },
    /// The files of a role are offered to its first waves.
    Write {
        /// Name of the role.
        role: String,
        /// From 1.
        wave: usize,
    },
    /// The instances of these waves are watched.
    Watch {
        /// Name of the role.
        role: String,
        /// From 1.
        wave: usize,
    },
    /// Everything is put back.
    Restore {
        /// Why.
        reason: String,
    },
}

/// What becomes of one role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RolePlan {
    /// Its name.
    pub role: String,
    /// Hash of its files with the layer.
    pub hash: String,
    /// What the config store held; `None` if nothing.
    pub before: Option<Before>,
    /// Who is waited for, in the order of the waves.
    pub instances: Vec<String>,
    /// Paths that are written or deleted.
    pub files: Vec<String>,
}

/// What the config store held of a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Before {
    /// Hash of the files.
    pub hash: String,
    /// The layer that wrote them.
    pub layer: i64,
}

impl From<&Manifest> for Before {
    fn from(manifest: &Manifest) -> Self {
        Self { hash: manifest.hash.clone(), layer: manifest.layer }
    }
}

/// The steps of a rollout.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record(pub Vec<Step>);

impl Record {
    /// Reads what is stored.
    ///
    /// # Errors
    /// A text that was not written by [`Self::to_json`].
    pub fn from_json(steps: &Value) -> Result<Self, serde_json::Error> {
        Vec::deserialize(steps).map(Self)
    }

    /// As it is stored.
    pub fn to_json(&self) -> Value {
        serde_json::to_value(&self.0).expect("steps always become JSON")
    }

    /// The plan, once there is one.
    pub fn plan(&self) -> Option<&[RolePlan]> {
        self.0.iter().find_map(|step| match step {
            Step::Plan { roles } => Some(roles.as_slice()),
            _ => None,
        })
    }

    /// Why everything is put back, once it is.
    pub fn restoring(&self) -> Option<&str> {
        self.0.iter().find_map(|step| match step {
            Step::Restore { reason } => Some(reason.as_str()),
            _ => None,
        })
    }

    /// Roles of which something may have been written.
    pub fn written(&self) -> impl Iterator<Item = &RolePlan> {
        let written = |role: &str| self.0.iter().any(|step| matches!(step, Step::Write { role: found, .. } if found == role));
        self.plan().unwrap_or_default().iter().filter(move |plan| written(&plan.role))
    }

    /// The role and the wave that were last written: what is before them has arrived.
    pub fn reached(&self) -> Option<(&str, usize)> {
        self.0.iter().rev().find_map(|step| match step {
            Step::Write { role, wave } => Some((role.as_str(), *wave)),
            _ => None,
        })
    }

    /// Adds a step, unless it is the last one already: it is done again. Of a role's waves only the last is kept, so that the
    /// record stays short however many there are.
    pub fn push(&mut self, step: Step) {
        if let Step::Write { role: new, .. } = &step {
            self.0.retain(|known| !matches!(known, Step::Write { role, .. } | Step::Watch { role, .. } if role == new));
        }
        if self.0.last() != Some(&step) {
            self.0.push(step);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_back() {
        let plan = |role: &str| RolePlan {
            role: role.to_owned(),
            hash: "h".to_owned(),
            before: Some(Before { hash: "b".to_owned(), layer: 2 }),
            instances: vec!["i1".to_owned()],
            files: vec!["a.conf".to_owned()],
        };
        let mut record = Record::default();
        record.push(Step::Validate);
        record.push(Step::Validate);
        record.push(Step::Plan { roles: vec![plan("a"), plan("b")] });
        assert_eq!(record.reached(), None);
        record.push(Step::Write { role: "a".to_owned(), wave: 1 });
        assert_eq!(record.0.len(), 3);
        assert_eq!(record.reached(), Some(("a", 1)));
        assert_eq!(record.restoring(), None);
        record.push(Step::Watch { role: "a".to_owned(), wave: 1 });
        record.push(Step::Write { role: "a".to_owned(), wave: 2 });
        assert_eq!((record.0.len(), record.reached()), (3, Some(("a", 2))));
        record.push(Step::Restore { reason: "no".to_owned() });
        let read = Record::from_json(&record.to_json()).unwrap();
        assert_eq!(read, record);
        assert_eq!(read.restoring(), Some("no"));
        assert_eq!(read.written().map(|plan| plan.role.as_str()).collect::<Vec<_>>(), ["a"]);
        assert!(Record::from_json(&serde_json::json!([{"step": "sleep"}])).is_err());
    }
}
