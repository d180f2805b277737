//! `topics.json`: what a role's rules come to, as the sidecar gets it (docs/formats/kafka-topics.md).
//!
//! **Invariant:** two lists of topics that mean the same are the same text: names and settings in alphabetical order, no numbers
//! written in two ways.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The path of the file.
pub const PATH: &str = "topics.json";

/// What is wanted of a broker.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TopicsFile {
    /// What becomes of a topic that is in no later file.
    #[serde(default)]
    pub removed: Removed,
    /// What becomes of a topic that has more partitions than it should.
    #[serde(default)]
    pub surplus_partitions: Surplus,
    /// By name.
    #[serde(default)]
    pub topics: BTreeMap<String, Topic>,
}

/// One topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Topic {
    /// From 1.
    pub partitions: u32,
    /// Copies of each partition; `None` is what the broker usually makes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replication_factor: Option<u32>,
    /// Settings by Kafka's own names. What is not in here is the broker's business.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub config: BTreeMap<String, String>,
}

/// What becomes of a topic whose rule is gone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Removed {
    /// It stays, with its records and settings.
    #[default]
    Keep,
    /// It is deleted, and its records with it.
    Delete,
}

/// What is said to a topic that has more partitions than its rule says; it cannot lose any.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Surplus {
    /// The rule is refused.
    #[default]
    Refuse,
    /// It keeps them.
    Keep,
}

impl TopicsFile {
    /// Reads a text.
    ///
    /// # Errors
    /// It is none; with line and column.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// As it is written.
    pub fn to_text(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("texts and numbers always become JSON");
        text.push('\n');
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_the_same_for_the_same_topics() {
        let text = r#"{"topics": {"b": {"config": {"z": "1", "a": "2"}, "partitions": 3}, "a": {"partitions": 1, "replication_factor": 2}}}"#;
        let file = TopicsFile::parse(text).unwrap();
        let expected = concat!(
            "{\n  \"removed\": \"keep\",\n  \"surplus_partitions\": \"refuse\",\n  \"topics\": {\n",
            "    \"a\": {\n      \"partitions\": 1,\n      \"replication_factor\": 2\n    },\n",
            "    \"b\": {\n      \"partitions\": 3,\n      \"config\": {\n        \"a\": \"2\",\n        \"z\": \"1\"\n      }\n    }\n",
            "  }\n}\n",
        );
        assert_eq!(file.to_text(), expected);
        assert_eq!(TopicsFile::parse(expected).unwrap(), file);
    }

    #[test]
    fn what_is_no_list_of_topics_is_refused_with_its_place() {
        for (text, line, part) in [
            ("{\n\"topic\": {}}", 2, "unknown field `topic`"),
            ("{\"topics\": {\"a\": {}}}", 1, "missing field `partitions`"),
            ("{\"topics\": {\"a\": {\"partitions\": -1}}}", 1, "invalid value"),
            ("{\"removed\": \"perhaps\"}", 1, "unknown variant `perhaps`"),
            ("topics: a", 1, "expected"),
        ] {
            let error = TopicsFile::parse(text).unwrap_err();
            assert_eq!(error.line(), line, "{text}");
            assert!(error.to_string().contains(part), "{text}: {error}");
        }
    }
}
