//! Where a configuration touches the world: what it listens on, whom it sends to, and what it shares with others.
//!
//! Names of protocols are those that other kinds use, so that their roles meet in one graph: what speaks Lumberjack is
//! `beats`, whoever listens.

use serde_json::Value as Json;
use strata_catalog::etl::component::{Direction, Endpoint, Reservation, Resource, Rule, Transport};

use super::address::{host_and_port, target};
use super::assembly::{components, configurations};
use super::file::Stage;

/// Where the API listens when nothing is said.
const API_ADDRESS: &str = "127.0.0.1:8686";

/// Components that wait for connections: stage, type, setting with the address, address where none is set, protocol. Those
/// whose `mode` decides have none of their own.
type Habit = (Stage, &'static str, &'static str, Option<&'static str>, Option<&'static str>);

const HABITS: [Habit; 20] = [
    (Stage::Source, "aws_kinesis_firehose", "address", None, Some("http")),
    (Stage::Source, "datadog_agent", "address", None, Some("datadog")),
    (Stage::Source, "dnstap", "address", None, None),
    (Stage::Source, "fluent", "address", None, Some("fluent")),
    (Stage::Source, "heroku_logs", "address", None, Some("http")),
    (Stage::Source, "http", "address", None, Some("http")),
    (Stage::Source, "http_server", "address", None, Some("http")),
    (Stage::Source, "logplex", "address", None, Some("http")),
    (Stage::Source, "logstash", "address", None, Some("beats")),
    (Stage::Source, "opentelemetry", "grpc.address", None, Some("otlp")),
    (Stage::Source, "opentelemetry", "http.address", None, Some("otlp")),
    (Stage::Source, "prometheus_pushgateway", "address", None, Some("http")),
    (Stage::Source, "prometheus_remote_write", "address", None, Some("prometheus_remote_write")),
    (Stage::Source, "socket", "address", None, None),
    (Stage::Source, "splunk_hec", "address", Some("0.0.0.0:8088"), Some("splunk_hec")),
    (Stage::Source, "statsd", "address", None, None),
    (Stage::Source, "syslog", "address", None, None),
    (Stage::Source, "vector", "address", None, Some("vector")),
    (Stage::Sink, "prometheus_exporter", "address", Some("0.0.0.0:9598"), Some("prometheus")),
    (Stage::Sink, "websocket_server", "address", None, Some("websocket")),
];

/// A port that a component listens on.
struct Listener<'a> {
    via: String,
    transport: Transport,
    address: &'a str,
    port: u16,
    setting: &'static str,
}

/// Whom a component sends to, or what it shares: stage, type, setting, protocol. Settings of addresses or URLs.
const CONTACTS: [(Stage, &str, &str, &str); 24] = [
    (Stage::Sink, "axiom", "url", "http"),
    (Stage::Sink, "clickhouse", "endpoint", "clickhouse"),
    (Stage::Sink, "databend", "endpoint", "http"),
    (Stage::Sink, "elasticsearch", "endpoint", "elasticsearch"),
    (Stage::Sink, "elasticsearch", "endpoints", "elasticsearch"),
    (Stage::Sink, "greptimedb_logs", "endpoint", "http"),
    (Stage::Sink, "http", "uri", "http"),
    (Stage::Sink, "influxdb_logs", "endpoint", "http"),
    (Stage::Sink, "influxdb_metrics", "endpoint", "http"),
    (Stage::Sink, "loki", "endpoint", "loki"),
    (Stage::Sink, "opentelemetry", "protocol.uri", "otlp"),
    (Stage::Sink, "papertrail", "endpoint", "tcp"),
    (Stage::Sink, "postgres", "endpoint", "postgresql"),
    (Stage::Sink, "prometheus_remote_write", "endpoint", "prometheus_remote_write"),
    (Stage::Sink, "splunk_hec", "endpoint", "splunk_hec"),
    (Stage::Sink, "splunk_hec_logs", "endpoint", "splunk_hec"),
    (Stage::Sink, "splunk_hec_metrics", "endpoint", "splunk_hec"),
    (Stage::Sink, "vector", "address", "vector"),
    (Stage::Sink, "websocket", "uri", "websocket"),
    (Stage::Source, "http_client", "endpoint", "http"),
    (Stage::Source, "http_scrape", "endpoint", "http"),
    (Stage::Source, "postgresql_metrics", "endpoints", "postgresql"),
    (Stage::Source, "prometheus_scrape", "endpoints", "prometheus"),
    (Stage::Source, "websocket", "uri", "websocket"),
];

/// The same for what both sides only have a name for.
const SHARED: [(Stage, &str, &str, &str); 22] = [
    (Stage::Sink, "amqp", "exchange", "rabbitmq"),
    (Stage::Sink, "aws_kinesis_firehose", "stream_name", "kinesis_firehose"),
    (Stage::Sink, "aws_kinesis_streams", "stream_name", "kinesis"),
    (Stage::Sink, "aws_s3", "bucket", "s3"),
    (Stage::Sink, "aws_sns", "topic_arn", "sns"),
    (Stage::Sink, "aws_sqs", "queue_url", "sqs"),
    (Stage::Sink, "file", "path", "file"),
    (Stage::Sink, "gcp_cloud_storage", "bucket", "gcs"),
    (Stage::Sink, "gcp_pubsub", "topic", "pubsub"),
    (Stage::Sink, "kafka", "topic", "kafka"),
    (Stage::Sink, "mqtt", "topic", "mqtt"),
    (Stage::Sink, "nats", "subject", "nats"),
    (Stage::Sink, "pulsar", "topic", "pulsar"),
    (Stage::Sink, "redis", "key", "redis"),
    (Stage::Source, "amqp", "queue", "rabbitmq"),
    (Stage::Source, "aws_sqs", "queue_url", "sqs"),
    (Stage::Source, "file", "include", "file"),
    (Stage::Source, "gcp_pubsub", "subscription", "pubsub"),
    (Stage::Source, "kafka", "topics", "kafka"),
    (Stage::Source, "nats", "subject", "nats"),
    (Stage::Source, "pulsar", "topics", "pulsar"),
    (Stage::Source, "redis", "key", "redis"),
];

/// What the rules that are rendered claim: ports, and groups of consumers. Ports that only the instance knows are not among
/// them.
#[must_use]
pub fn reservations(rules: &[Rule]) -> Vec<Reservation> {
    let mut found = Vec::new();
    for file in configurations(rules) {
        let Some(api) = file.settings.get("api").filter(|api| api.get("enabled") == Some(&Json::Bool(true))) else { continue };
        let address = api.get("address").and_then(Json::as_str).unwrap_or(API_ADDRESS);
        if let Some((address, port)) = host_and_port(address) {
            found.push(Reservation {
                rule: file.name.clone(),
                field: "settings.api.address".to_owned(),
                resource: Resource::Port { transport: Transport::Tcp, address: plain_host(address), port },
            });
        }
    }
    for (stage, rule) in components(rules) {
        let claim = |setting: &str, resource| {
            let field = format!("settings.{setting}");
            Reservation { rule: rule.name.clone(), field, resource }
        };
        for Listener { transport, address, port, setting, .. } in listeners(stage, rule) {
            found.push(claim(setting, Resource::Port { transport, address: plain_host(address), port }));
        }
        if (stage, rule.plugin.as_deref()) == (Stage::Source, Some("kafka"))
            && let Some(group) = rule.settings.get("group_id").and_then(Json::as_str).filter(|group| !group.contains('$'))
        {
            let group = group.to_owned();
            found.push(claim("group_id", Resource::ConsumerGroup { servers: servers(rule), group }));
        }
    }
    found
}

/// The endpoints of the rules that are rendered, by rule and without doubles.
#[must_use]
pub fn endpoints(rules: &[Rule]) -> Vec<Endpoint> {
    let mut found = Vec::new();
    for (stage, rule) in components(rules) {
        let direction = match stage {
            Stage::Source => Direction::In,
            Stage::Sink => Direction::Out,
            Stage::Transform => continue,
        };
        let mut targets: Vec<(String, String)> = listeners(stage, rule)
            .into_iter()
            .map(|Listener { via, address, port, .. }| (via, format!("{address}:{port}")))
            .collect();
        targets.extend(contacts(stage, rule));
        targets.sort();
        targets.dedup();
        found.extend(targets.into_iter().map(|(via, target)| Endpoint { rule: rule.name.clone(), direction, via, target }));
    }
    found
}

fn listeners(stage: Stage, rule: &Rule) -> Vec<Listener<'_>> {
    let plugin = rule.plugin.as_deref().unwrap_or_default();
    let habits = HABITS.iter().filter(|(of, name, ..)| (*of, *name) == (stage, plugin));
    let listening = habits.filter_map(|(_, _, setting, usual, via)| {
        let address = match at(rule, setting) {
            Some(Json::String(address)) => address.as_str(),
            Some(_) => return None,
            None => (*usual)?,
        };
        let (address, port) = host_and_port(address)?;
        let transport = transport(rule, plugin)?;
        let via = via.map_or_else(|| transport.to_string(), str::to_owned);
        Some(Listener { via, transport, address, port, setting })
    });
    listening.collect()
}

/// `None` if it is neither TCP nor UDP.
fn transport(rule: &Rule, plugin: &str) -> Option<Transport> {
    match rule.settings.get("mode").and_then(Json::as_str) {
        Some("udp") => Some(Transport::Udp),
        Some("tcp") => Some(Transport::Tcp),
        None if !matches!(plugin, "socket" | "syslog" | "statsd" | "dnstap") => Some(Transport::Tcp),
        _ => None,
    }
}

/// What a component connects to, or shares with others: protocol and target.
fn contacts(stage: Stage, rule: &Rule) -> Vec<(String, String)> {
    let plugin = rule.plugin.as_deref().unwrap_or_default();
    let mut found = Vec::new();
    for (_, _, setting, via) in CONTACTS.iter().filter(|(of, name, ..)| (*of, *name) == (stage, plugin)) {
        let targets = texts(at(rule, setting)).filter_map(|text| target(text, None));
        found.extend(targets.map(|target| ((*via).to_owned(), target)));
    }
    for (_, _, setting, via) in SHARED.iter().filter(|(of, name, ..)| (*of, *name) == (stage, plugin)) {
        for text in texts(at(rule, setting)) {
            // Others name a queue, and not the URL that it is at.
            let name = if *via == "sqs" { text.rsplit('/').next().unwrap_or(text) } else { text };
            found.push(((*via).to_owned(), name.to_owned()));
        }
    }
    if stage == Stage::Sink
        && matches!(plugin, "socket" | "statsd")
        && let (Some(Json::String(address)), Some(transport)) = (rule.settings.get("address"), transport(rule, plugin))
        && let Some(target) = target(address, None)
    {
        found.push((transport.to_string(), target));
    }
    found
}

/// The brokers in one order, however they are listed.
fn servers(rule: &Rule) -> String {
    let listed = rule.settings.get("bootstrap_servers").and_then(Json::as_str).unwrap_or_default();
    let mut servers: Vec<&str> = listed.split(',').map(str::trim).filter(|server| !server.is_empty()).collect();
    servers.sort_unstable();
    servers.dedup();
    servers.join(",")
}

/// The texts of a setting that is one or a list of them.
fn texts(setting: Option<&Json>) -> impl Iterator<Item = &str> {
    let values = match setting {
        Some(Json::Array(items)) => items.as_slice(),
        Some(single) => std::slice::from_ref(single),
        None => &[],
    };
    values.iter().filter_map(Json::as_str)
}

/// A setting, by its keys with dots between; also one that is written as a single key with dots.
fn at<'r>(rule: &'r Rule, setting: &str) -> Option<&'r Json> {
    let mut found = &rule.settings;
    if let Some(value) = found.get(setting) {
        return Some(value);
    }
    for key in setting.split('.') {
        found = found.get(key)?;
    }
    Some(found)
}

/// `[::]` is `::` to a reservation.
fn plain_host(host: &str) -> String {
    host.trim_start_matches('[').trim_end_matches(']').to_owned()
}

#[cfg(test)]
mod tests;
