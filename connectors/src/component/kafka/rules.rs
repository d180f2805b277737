//! Rules as topics and back: a rule is a topic, its name the topic's, its settings what the topic should have.
//!
//! ```text
//! stage  name      settings
//! topic  logs.web  {"partitions": 12, "replication_factor": 3, "retention": "7 days", "cleanup.policy": "delete"}
//! ```
//!
//! `retention` and `retention_bytes` are for people; all other names are Kafka's own.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use strata_catalog::etl::Position;
use strata_catalog::etl::component::{Finding, Role, Rule, Severity};

use super::amount;
use super::topic_config::{self, RETENTION_BYTES, RETENTION_MS};
use super::topics_file::{Removed, Surplus, Topic, TopicsFile};

/// The only stage of such rules.
pub const STAGE: &str = "topic";
/// Setting of a role: what becomes of a topic whose rule is gone.
pub const REMOVED: &str = "removed";
/// Setting of a role: what is said to a topic that has more partitions than its rule says.
pub const SURPLUS: &str = "surplus_partitions";
const PARTITIONS: &str = "partitions";
const REPLICATION: &str = "replication_factor";
/// For people: a time, or `unlimited`.
const RETENTION: &str = "retention";
/// For people: bytes, or `unlimited`.
const RETENTION_SIZE: &str = "retention_bytes";
/// More partitions are a mistake.
const PARTITIONS_MAX: u64 = 100_000;
/// More copies are a mistake.
const REPLICATION_MAX: u64 = 1_000;
/// Longest name of a topic.
const NAME_CHARS_MAX: usize = 249;
/// Longest value of a setting.
const VALUE_BYTES_MAX: usize = 8 << 10;

/// The enabled rules by name.
pub fn enabled(rules: &[Rule]) -> BTreeMap<&str, &Rule> {
    rules.iter().filter(|rule| rule.enabled).map(|rule| (rule.name.as_str(), rule)).collect()
}

/// The file that the enabled rules come to, as far as they are right, and everything that is wrong with them.
pub fn read(role: &Role, rules: &[Rule]) -> (TopicsFile, Vec<Finding>) {
    let mut findings = Vec::new();
    let mut file = TopicsFile {
        removed: role_setting(role, REMOVED, "keep or delete", &mut findings),
        surplus_partitions: role_setting(role, SURPLUS, "refuse or keep", &mut findings),
        topics: BTreeMap::new(),
    };
    let rules = enabled(rules);
    let mut in_metrics: BTreeMap<String, &str> = BTreeMap::new();
    for (name, rule) in rules {
        findings.extend(misshapen(rule));
        if let Some(problem) = bad_name(name) {
            findings.push(Finding::error(name, "name", problem));
        }
        if let Some(other) = in_metrics.insert(name.replace('.', "_"), name) {
            let message = format!("the names \"{other}\" and \"{name}\" are the same to Kafka's metrics");
            findings
                .push(Finding::error(name, "name", message).with_hint("Brokers refuse two names that differ in . and _ only."));
        }
        if let Some(topic) = topic(rule, &mut findings) {
            file.topics.insert(name.to_owned(), topic);
        }
    }
    (file, findings)
}

/// A setting of the role, or its default where it is none.
fn role_setting<T: DeserializeOwned + Default>(role: &Role, name: &str, expected: &str, findings: &mut Vec<Finding>) -> T {
    let Some(value) = role.settings.get(name).filter(|value| !value.is_null()) else { return T::default() };
    serde_json::from_value(value.clone()).unwrap_or_else(|_| {
        findings.push(Finding {
            severity: Severity::Error,
            rule: None,
            field: Some(format!("settings.{name}")),
            message: format!("the role's setting \"{name}\" is {value} and must be {expected}"),
            hint: None,
        });
        T::default()
    })
}

/// Columns that mean nothing for a topic.
fn misshapen(rule: &Rule) -> Vec<Finding> {
    let mut findings = Vec::new();
    if rule.stage != STAGE {
        let message = format!("stage \"{}\" is none of this kind", rule.stage);
        findings.push(Finding::error(&rule.name, "stage", message).with_hint("Every rule is of stage topic."));
    }
    for column in rule.given().chain(rule.body.is_some().then_some("body")) {
        let message = format!("column \"{column}\" means nothing for a topic");
        findings.push(Finding::error(&rule.name, column, message).with_hint("Set it to NULL, or inputs to {}."));
    }
    findings
}

fn bad_name(name: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if name.len() > NAME_CHARS_MAX {
        return Some(format!("the name of a topic has at most {NAME_CHARS_MAX} characters"));
    }
    if name.is_empty() || matches!(name, "." | "..") || !name.chars().all(plain) {
        return Some(format!("\"{name}\" cannot be the name of a topic: letters, digits, \".\", \"_\" and \"-\" can"));
    }
    name.starts_with("__").then(|| format!("\"{name}\" is a name that Kafka keeps for itself"))
}

/// The topic of a rule, if it can be one.
fn topic(rule: &Rule, findings: &mut Vec<Finding>) -> Option<Topic> {
    let none = Map::new();
    let settings = rule.settings.as_object().unwrap_or(&none);
    let begun = findings.len();
    let partitions = count(rule, settings, PARTITIONS, PARTITIONS_MAX, findings);
    let replication_factor = count(rule, settings, REPLICATION, REPLICATION_MAX, findings);
    if !settings.contains_key(PARTITIONS) {
        let message = "it must be said how many partitions the topic has";
        findings.push(wrong(rule, PARTITIONS, message).with_hint("Such as '{\"partitions\": 6}'."));
    }
    let config = config(rule, settings, findings);
    let is_right = findings[begun..].iter().all(|finding| finding.severity != Severity::Error);
    partitions.filter(|_| is_right).map(|partitions| Topic { partitions, replication_factor, config })
}

/// An error about a setting of a rule.
fn wrong(rule: &Rule, setting: &str, message: impl Into<String>) -> Finding {
    Finding::error(&rule.name, &format!("settings.{setting}"), message)
}

/// A whole number from 1 on, or none.
fn count(rule: &Rule, settings: &Map<String, Value>, setting: &str, most: u64, findings: &mut Vec<Finding>) -> Option<u32> {
    let value = settings.get(setting)?;
    let number = value.as_u64().or_else(|| value.as_str()?.trim().parse().ok());
    let number = number.filter(|number| (1..=most).contains(number)).and_then(|number| u32::try_from(number).ok());
    if number.is_none() {
        findings.push(wrong(rule, setting, format!("{value} is no whole number from 1 to {most}")));
    }
    number
}

/// All other settings, as Kafka is given them.
fn config(rule: &Rule, settings: &Map<String, Value>, findings: &mut Vec<Finding>) -> BTreeMap<String, String> {
    let mut config = BTreeMap::new();
    for (name, value) in settings.iter().filter(|(name, _)| !matches!(name.as_str(), PARTITIONS | REPLICATION)) {
        let (kafka, read) = match name.as_str() {
            RETENTION => (RETENTION_MS, amount::milliseconds(value).ok_or("a time such as \"7 days\", or unlimited")),
            RETENTION_SIZE => (RETENTION_BYTES, amount::bytes(value).ok_or("a size such as \"10 GB\", or unlimited")),
            other => (other, text(value).ok_or("a text, a number or a truth value")),
        };
        let text = match read {
            Ok(text) if text.len() <= VALUE_BYTES_MAX => text,
            Ok(_) => {
                findings.push(wrong(rule, name, format!("it is longer than {VALUE_BYTES_MAX} bytes")));
                continue;
            }
            Err(expected) => {
                findings.push(wrong(rule, name, format!("{value} is not {expected}")));
                continue;
            }
        };
        match topic_config::shape(kafka).map(|shape| shape.refusal(&text)) {
            None => findings.push(unknown(rule, name)),
            Some(None) => {}
            Some(Some(expected)) => findings.push(wrong(rule, name, format!("\"{text}\" is not {expected}"))),
        }
        if config.insert(kafka.to_owned(), text).is_some() {
            let finding = wrong(rule, name, format!("\"{kafka}\" is given twice"));
            findings.push(finding.with_hint("A rule says each thing once."));
        }
    }
    config
}

fn unknown(rule: &Rule, name: &str) -> Finding {
    let finding =
        Finding::warning(&rule.name, &format!("settings.{name}"), format!("Kafka has no setting \"{name}\" of a topic"));
    match topic_config::nearest(name) {
        Some(nearest) => finding.with_hint(format!("There is \"{nearest}\". The broker decides.")),
        None => finding.with_hint("The broker decides."),
    }
}

/// A value as Kafka is given it.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Rules that come to these topics.
pub fn rules(role: &Role, file: &TopicsFile) -> Vec<Rule> {
    let rule = |(number, (name, topic)): (u32, (&String, &Topic))| {
        let mut settings = Map::new();
        settings.insert(PARTITIONS.to_owned(), json!(topic.partitions));
        if let Some(copies) = topic.replication_factor {
            settings.insert(REPLICATION.to_owned(), json!(copies));
        }
        settings.extend(topic.config.iter().map(|(name, value)| (name.clone(), json!(value))));
        Rule { position: Position::whole(number), settings: Value::Object(settings), ..Rule::new(&role.name, STAGE, name) }
    };
    (1..).zip(&file.topics).map(rule).collect()
}

/// A setting of the role that a file says and the role does not; rules cannot hold it. What is usual need not be said.
pub fn not_of_role(role: &Role, file: &TopicsFile) -> Option<&'static str> {
    let of_role = read(role, &[]).0;
    if file.removed != Removed::default() && file.removed != of_role.removed {
        return Some(REMOVED);
    }
    let surplus = file.surplus_partitions;
    (surplus != Surplus::default() && surplus != of_role.surplus_partitions).then_some(SURPLUS)
}

/// What cannot be done on the way from one file to another, although both are right.
pub fn impossible(before: &TopicsFile, after: &TopicsFile) -> Vec<Finding> {
    let common: BTreeSet<&String> = before.topics.keys().filter(|name| after.topics.contains_key(*name)).collect();
    let mut findings = Vec::new();
    for name in common {
        let (was, is) = (&before.topics[name], &after.topics[name]);
        if is.partitions < was.partitions && after.surplus_partitions == Surplus::Refuse {
            let message = format!("the topic has {} partitions and cannot get fewer", was.partitions);
            let hint = format!("A new topic can. With the role's setting {SURPLUS} = 'keep' the topic keeps what it has.");
            findings.push(Finding::error(name, "settings.partitions", message).with_hint(hint));
        }
        if is.replication_factor.is_some_and(|copies| was.replication_factor.is_some_and(|before| before != copies)) {
            let message = "the number of copies of a topic that is there cannot be changed here".to_owned();
            let hint = "Reassign its partitions with Kafka's own tools, then set it to NULL or to what it is.";
            findings.push(Finding::error(name, "settings.replication_factor", message).with_hint(hint));
        }
    }
    findings
}
