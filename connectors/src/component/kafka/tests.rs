//! Topics as rules, and back.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn role(settings: Value) -> Role {
    Role { name: "bus".to_owned(), kind: "kafka".to_owned(), description: None, settings, enabled: true }
}

fn topic(name: &str, settings: Value) -> Rule {
    Rule { settings, ..Rule::new("bus", "topic", name) }
}

#[track_caller]
fn found(role: &Role, rules: &[Rule], expected: &[&str]) {
    let line = |one: Finding| {
        let rule = one.rule.unwrap_or_default();
        format!("{} {rule} {}: {}", one.severity, one.field.unwrap(), one.message)
    };
    let found: Vec<String> = Kafka.validate(role, rules).into_iter().map(line).collect();
    assert_eq!(found, expected);
    assert_eq!(Kafka.render(role, rules).is_err(), expected.iter().any(|line| line.starts_with("error")));
}

#[test]
fn a_rule_is_a_topic() {
    let settings = json!({
        "retention": "7 days", "partitions": "12", "replication_factor": 3, "retention_bytes": "unlimited",
        "cleanup.policy": "delete", "preallocate": true,
    });
    let off = Rule { enabled: false, ..topic("off", json!({})) };
    let files = Kafka.render(&role(json!({"removed": "delete"})), &[topic("logs.web", settings), off]).unwrap();
    let expected = r#"{
  "removed": "delete",
  "surplus_partitions": "refuse",
  "topics": {
    "logs.web": {
      "partitions": 12,
      "replication_factor": 3,
      "config": {
        "cleanup.policy": "delete",
        "preallocate": "true",
        "retention.bytes": "-1",
        "retention.ms": "604800000"
      }
    }
  }
}
"#;
    assert_eq!((files.len(), files[0].path.as_str(), files[0].content.as_str()), (1, "topics.json", expected));
    assert_eq!(Kafka.render(&role(json!({})), &[]).unwrap(), []);
}

#[test]
fn what_cannot_be_a_topic_is_found() {
    let one = json!({"partitions": 1});
    let bus = role(json!({}));
    found(
        &bus,
        &[topic("a b", one.clone())],
        &["error a b name: \"a b\" cannot be the name of a topic: letters, digits, \".\", \"_\" and \"-\" can"],
    );
    found(
        &bus,
        &[topic("__offsets", one.clone())],
        &["error __offsets name: \"__offsets\" is a name that Kafka keeps for itself"],
    );
    found(
        &bus,
        &[topic("a.b", one.clone()), topic("a_b", one.clone())],
        &["error a_b name: the names \"a.b\" and \"a_b\" are the same to Kafka's metrics"],
    );
    found(&bus, &[topic("t", json!({}))], &["error t settings.partitions: it must be said how many partitions the topic has"]);
    found(
        &bus,
        &[topic("t", json!({"partitions": 0, "replication_factor": "x"}))],
        &[
            "error t settings.partitions: 0 is no whole number from 1 to 100000",
            "error t settings.replication_factor: \"x\" is no whole number from 1 to 1000",
        ],
    );
    found(
        &bus,
        &[topic("t", json!({"partitions": 1, "retention": "soon"}))],
        &["error t settings.retention: \"soon\" is not a time such as \"7 days\", or unlimited"],
    );
    found(
        &bus,
        &[topic("t", json!({"partitions": 1, "retention": "1 d", "retention.ms": 1}))],
        &["error t settings.retention.ms: \"retention.ms\" is given twice"],
    );
    found(
        &bus,
        &[topic("t", json!({"partitions": 1, "cleanup.policy": "burn"}))],
        &["error t settings.cleanup.policy: \"burn\" is not one or more of compact, delete, with commas between"],
    );
    found(
        &bus,
        &[topic("t", json!({"partitions": 1, "retention.mss": "1"}))],
        &["warning t settings.retention.mss: Kafka has no setting \"retention.mss\" of a topic"],
    );
    found(
        &bus,
        &[Rule { stage: "input".into(), body: Some("x".into()), ..topic("t", one.clone()) }],
        &["error t stage: stage \"input\" is none of this kind", "error t body: column \"body\" means nothing for a topic"],
    );
    found(
        &role(json!({"removed": "perhaps"})),
        &[topic("t", one)],
        &["error  settings.removed: the role's setting \"removed\" is \"perhaps\" and must be keep or delete"],
    );
}

#[test]
fn what_a_topic_cannot_become_is_found() {
    let bus = role(json!({}));
    let size = |partitions: u32, copies: u32| [topic("t", json!({"partitions": partitions, "replication_factor": copies}))];
    let fields = |after: &Role, from: &[Rule], to: &[Rule]| -> Vec<String> {
        Kafka.impossible((&bus, from), (after, to)).into_iter().map(|finding| finding.field.unwrap()).collect()
    };
    assert_eq!(fields(&bus, &size(3, 1), &size(6, 1)), [] as [&str; 0]);
    assert_eq!(fields(&bus, &size(6, 1), &size(3, 1)), ["settings.partitions"]);
    assert_eq!(fields(&bus, &size(6, 1), &size(6, 2)), ["settings.replication_factor"]);
    assert_eq!(fields(&role(json!({"surplus_partitions": "keep"})), &size(6, 1), &size(3, 1)), [] as [&str; 0]);
    assert_eq!(fields(&bus, &size(6, 1), &[]), [] as [&str; 0], "a rule may go");
}

#[test]
fn a_file_is_imported_or_refused_at_its_place() {
    let text = r#"{"topics": {"b": {"partitions": 2, "config": {"retention.ms": "5"}}, "a": {"partitions": 1}}}"#;
    let rules = Kafka.import(&role(json!({})), text).unwrap();
    let names: Vec<&str> = rules.iter().map(|rule| rule.name.as_str()).collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(rules[1].settings, json!({"partitions": 2, "retention.ms": "5"}));
    let refusal = Kafka.import(&role(json!({})), "{\n  \"topics\": []\n}").unwrap_err();
    assert_eq!(refusal.line, 2, "{refusal}");
    let deleting = r#"{"removed": "delete", "topics": {"a": {"partitions": 1}}}"#;
    let refusal = Kafka.import(&role(json!({})), deleting).unwrap_err();
    assert!(refusal.message.contains("\"removed\" is a setting of the role"), "{refusal}");
    assert_eq!(Kafka.import(&role(json!({"removed": "delete"})), deleting).unwrap().len(), 1);
}

#[test]
fn a_topic_stands_between_writers_and_readers() {
    let rules = [topic("t", json!({"partitions": 1})), Rule { enabled: false, ..topic("off", json!({})) }];
    let found: Vec<(Direction, String)> =
        Kafka.endpoints(&role(json!({})), &rules).into_iter().map(|at| (at.direction, at.target)).collect();
    assert_eq!(found, [(Direction::In, "t".to_owned()), (Direction::Out, "t".to_owned())]);
}

proptest! {
    #[test]
    fn what_was_rendered_is_imported_and_rendered_the_same(
        topics in prop::collection::btree_map("[a-z]{1,8}", (1..100_u32, prop::option::of(1..5_u32), -1..1_000_000_i64), 1..8)
    ) {
        let rules: Vec<Rule> = topics.iter().map(|(name, (partitions, copies, ms))| {
            let mut settings = json!({"partitions": partitions, "retention.ms": ms});
            if let Some(copies) = copies {
                settings["replication_factor"] = json!(copies);
            }
            topic(name, settings)
        }).collect();
        let bus = role(json!({}));
        let first = Kafka.render(&bus, &rules).unwrap();
        let again = Kafka.import(&bus, &first[0].content).unwrap();
        prop_assert_eq!(Kafka.render(&bus, &again).unwrap(), first);
    }
}
