//! What has to be called so that a broker has the topics that it should.
//!
//! ```text
//! wanted \ there      missing   fewer partitions   other settings                        the same
//! in `after`          create    add partitions     set, and unset what only `before` has   nothing
//! only in `before`    nothing   nothing, or delete where `before` says so
//! in neither          nothing: it is somebody else's
//! ```
//!
//! **Invariant:** carrying a plan out makes the next plan from the same files empty; nothing is touched that no file names.

use std::collections::{BTreeMap, BTreeSet};

use super::topics_file::{Removed, Surplus, Topic, TopicsFile};

/// A topic as a broker has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Present {
    /// From 1.
    pub partitions: u32,
    /// Copies of each.
    pub replicas: u32,
    /// Settings and their values, also those that nobody set.
    pub config: BTreeMap<String, String>,
}

/// The topics of a broker, by name.
pub type Topics = BTreeMap<String, Present>;

/// One change of one topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Make it.
    Create {
        /// Its name.
        name: String,
        /// What it is to be.
        topic: Topic,
    },
    /// Give it more partitions.
    AddPartitions {
        /// Its name.
        name: String,
        /// How many it then has.
        to: u32,
    },
    /// Change settings; `None` is what the broker has without one.
    Alter {
        /// Its name.
        name: String,
        /// By name of the setting.
        config: BTreeMap<String, Option<String>>,
    },
    /// Delete it, with all that is in it.
    Delete {
        /// Its name.
        name: String,
    },
}

/// The steps from what is there to what should be, by name of the topic.
pub fn steps(before: &[TopicsFile], after: &TopicsFile, there: &Topics) -> Vec<Step> {
    let mut steps = Vec::new();
    for (name, topic) in &after.topics {
        let Some(present) = there.get(name) else {
            steps.push(Step::Create { name: name.clone(), topic: topic.clone() });
            continue;
        };
        if present.partitions < topic.partitions {
            steps.push(Step::AddPartitions { name: name.clone(), to: topic.partitions });
        }
        let config = changed(before, name, topic, present);
        if !config.is_empty() {
            steps.push(Step::Alter { name: name.clone(), config });
        }
    }
    let gone: BTreeSet<&String> = before.iter().flat_map(|file| file.topics.keys()).collect();
    for name in gone.into_iter().filter(|name| !after.topics.contains_key(*name) && there.contains_key(*name)) {
        let mut said = before.iter().filter(|file| file.topics.contains_key(name));
        if said.all(|file| file.removed == Removed::Delete) {
            steps.push(Step::Delete { name: name.clone() });
        }
    }
    steps
}

/// The settings of a topic that are not as they should be.
fn changed(before: &[TopicsFile], name: &str, topic: &Topic, present: &Present) -> BTreeMap<String, Option<String>> {
    let set = topic.config.iter().filter(|(setting, value)| present.config.get(*setting) != Some(*value));
    let mut changed: BTreeMap<String, Option<String>> =
        set.map(|(setting, value)| (setting.clone(), Some(value.clone()))).collect();
    let ours = before.iter().filter_map(|file| file.topics.get(name)).flat_map(|topic| topic.config.keys());
    let unset = ours.filter(|setting| !topic.config.contains_key(*setting) && present.config.contains_key(*setting));
    changed.extend(unset.map(|setting| (setting.clone(), None)));
    changed
}

/// Why a topic can never be as it should, in words; none if every topic can. A topic that was in `before` is what it was made
/// to be, so that going back is always possible.
pub fn obstacles(before: &[TopicsFile], after: &TopicsFile, there: &Topics) -> Vec<String> {
    let mut found = Vec::new();
    for (name, topic) in &after.topics {
        let Some(present) = there.get(name).filter(|_| !before.iter().any(|file| file.topics.contains_key(name))) else {
            continue;
        };
        if present.partitions > topic.partitions && after.surplus_partitions == Surplus::Refuse {
            let (has, wanted) = (present.partitions, topic.partitions);
            found.push(format!("topic {name} is there with {has} partitions and cannot get down to {wanted}"));
        }
        if topic.replication_factor.is_some_and(|wanted| wanted != present.replicas) {
            found.push(format!(
                "topic {name} is there with {} copies of each partition, which cannot be changed here",
                present.replicas
            ));
        }
    }
    found
}

impl Step {
    /// What is not as it should be, in words.
    pub fn difference(&self) -> String {
        match self {
            Step::Create { name, .. } => format!("topic {name} is not there"),
            Step::AddPartitions { name, to } => format!("topic {name} has fewer than {to} partitions"),
            Step::Alter { name, config } => {
                let names: Vec<&str> = config.keys().map(String::as_str).collect();
                format!("topic {name} has another {}", names.join(", "))
            }
            Step::Delete { name } => format!("topic {name} is still there"),
        }
    }
}

#[cfg(test)]
mod tests;
