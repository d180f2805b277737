//! Settings, and what they claim and touch.

use serde_json::{Value, json};
use strata_catalog::etl::component::{Reservation, Rule};

use super::{endpoints, reservations};

fn rule(stage: &str, plugin: &str, settings: Value) -> Rule {
    Rule { plugin: Some(plugin.to_owned()), settings, ..Rule::new("edge", stage, &format!("{stage}_{plugin}")) }
}

#[track_caller]
fn touches(stage: &str, plugin: &str, settings: Value, expected: &[&str]) {
    let found: Vec<String> = endpoints(&[rule(stage, plugin, settings)])
        .into_iter()
        .map(|at| format!("{:?} {} {}", at.direction, at.via, at.target))
        .collect();
    assert_eq!(found, expected, "{stage} {plugin}");
}

#[track_caller]
fn claims(rules: &[Rule], expected: &[&str]) {
    let found: Vec<String> = reservations(rules)
        .into_iter()
        .map(|Reservation { rule, field, resource }| format!("{rule} {field}: {resource}"))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn endpoints_are_read_from_settings() {
    touches("source", "socket", json!({"mode": "tcp", "address": "0.0.0.0:9000"}), &["In tcp 0.0.0.0:9000"]);
    touches("source", "socket", json!({"mode": "udp", "address": "${HOST}:9000"}), &["In udp ${HOST}:9000"]);
    touches("source", "socket", json!({"mode": "tcp", "address": "0.0.0.0:${PORT}"}), &[]);
    touches("source", "socket", json!({"mode": "unix_stream", "path": "/x"}), &[]);
    touches("source", "syslog", json!({"mode": "udp", "address": "[::]:514"}), &["In udp [::]:514"]);
    touches("source", "logstash", json!({"address": "0.0.0.0:5044"}), &["In beats 0.0.0.0:5044"]);
    touches("source", "splunk_hec", json!({}), &["In splunk_hec 0.0.0.0:8088"]);
    touches("source", "kafka", json!({"topics": ["a", "b"]}), &["In kafka a", "In kafka b"]);
    touches("source", "file", json!({"include": ["/var/log/*.log"]}), &["In file /var/log/*.log"]);
    touches(
        "source",
        "opentelemetry",
        json!({"grpc": {"address": "0.0.0.0:4317"}, "http": {"address": "0.0.0.0:4318"}}),
        &["In otlp 0.0.0.0:4317", "In otlp 0.0.0.0:4318"],
    );
    touches("sink", "kafka", json!({"topic": "a"}), &["Out kafka a"]);
    touches("sink", "socket", json!({"mode": "tcp", "address": "hub:9000"}), &["Out tcp hub:9000"]);
    touches("sink", "vector", json!({"address": "http://hub:6000"}), &["Out vector hub:6000"]);
    touches(
        "sink",
        "elasticsearch",
        json!({"endpoints": ["https://es1", "http://es2:9200"]}),
        &["Out elasticsearch es1:443", "Out elasticsearch es2:9200"],
    );
    touches("sink", "http", json!({"uri": "https://u:p@api/x"}), &["Out http api:443"]);
    touches("sink", "aws_sqs", json!({"queue_url": "https://sqs.eu.example/1/jobs"}), &["Out sqs jobs"]);
    touches("transform", "remap", json!({"address": "a:1"}), &[]);
}

#[test]
fn ports_and_groups_are_claimed() {
    let api = Rule { settings: json!({"api": {"enabled": true}}), ..Rule::new("edge", "file", "edge.yaml") };
    let off = Rule { enabled: false, ..rule("source", "statsd", json!({"mode": "udp", "address": "0.0.0.0:8125"})) };
    claims(
        &[
            api,
            rule("source", "syslog", json!({"mode": "tcp", "address": "[::]:514"})),
            rule("source", "kafka", json!({"bootstrap_servers": "k2:9092, k1:9092", "group_id": "edge", "topics": ["a"]})),
            rule("sink", "prometheus_exporter", json!({})),
            rule("sink", "socket", json!({"mode": "tcp", "address": "hub:9000"})),
            off,
        ],
        &[
            "edge.yaml settings.api.address: tcp port 8686 on 127.0.0.1",
            "source_kafka settings.group_id: consumer group \"edge\" of k1:9092,k2:9092",
            "source_syslog settings.address: tcp port 514 on ::",
            "sink_prometheus_exporter settings.address: tcp port 9598 on 0.0.0.0",
        ],
    );
}
