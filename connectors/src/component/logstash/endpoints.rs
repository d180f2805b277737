//! Where a pipeline touches the world: what it reads from and what it writes to.

use strata_catalog::etl::component::{Direction, Endpoint, Rule};

use super::assembly::rendered;
use super::listener::listeners;
use super::reading::Reading;

/// The endpoints of all rules that are rendered, by rule and without doubles.
#[must_use]
pub fn endpoints(rules: &[Rule]) -> Vec<Endpoint> {
    let mut found = Vec::new();
    for rule in rendered(rules) {
        let Some(reading) = Reading::of(rule) else { continue };
        let direction = match reading.stage {
            "input" => Direction::In,
            "output" => Direction::Out,
            // A filter that looks something up carries no records.
            _ => continue,
        };
        let mut targets = contacts(&reading);
        targets.extend(listeners(&reading).into_iter().map(|at| (at.via, format!("{}:{}", at.address, at.port))));
        targets.sort();
        targets.dedup();
        found.extend(targets.into_iter().map(|(via, target)| Endpoint {
            rule: rule.name.clone(),
            direction,
            via: via.to_owned(),
            target,
        }));
    }
    found
}

/// What the plugin connects to, or shares with others: protocol and target.
fn contacts(reading: &Reading<'_>) -> Vec<(&'static str, String)> {
    let shared = |via, setting: &str| reading.texts(setting).map(|target| (via, target)).collect();
    match (reading.stage, reading.plugin) {
        ("input", "kafka") => {
            let mut topics: Vec<_> = shared("kafka", "topics");
            topics.extend(reading.texts("topics_pattern").map(|pattern| ("kafka", format!("/{pattern}/"))));
            if topics.is_empty() {
                topics.push(("kafka", "logstash".to_owned()));
            }
            topics
        }
        ("output", "kafka") => shared("kafka", "topic_id"),
        ("input" | "output", "elasticsearch") => hosts(reading, "hosts", "elasticsearch", 9200, Some("localhost")),
        ("output", "logstash") => hosts(reading, "hosts", "logstash", 9800, None),
        ("output", "lumberjack") => {
            let Some(port) = reading.port("port", None) else { return Vec::new() };
            reading.texts("hosts").map(|host| ("beats", format!("{host}:{port}"))).collect()
        }
        ("output", "http") => hosts(reading, "url", "http", 80, None),
        ("input" | "output", "tcp") if !is_tcp_server(reading) => address(reading, "tcp"),
        ("output", "udp") => address(reading, "udp"),
        ("input", "pipeline") => shared("pipeline", "address"),
        ("output", "pipeline") => shared("pipeline", "send_to"),
        ("input" | "output", "redis") => shared("redis", "key"),
        ("input" | "output", "rabbitmq") => shared("rabbitmq", "exchange"),
        ("input" | "output", "sqs") => shared("sqs", "queue"),
        ("input" | "output", "s3") => shared("s3", "bucket"),
        ("input" | "output", "file") => shared("file", "path"),
        _ => Vec::new(),
    }
}

fn is_tcp_server(reading: &Reading<'_>) -> bool {
    !listeners(reading).is_empty()
}

fn address(reading: &Reading<'_>, via: &'static str) -> Vec<(&'static str, String)> {
    let port = reading.port("port", None);
    let host = reading.texts("host").last();
    host.zip(port).map(|(host, port)| (via, format!("{host}:{port}"))).into_iter().collect()
}

/// `host:port` of every text of a setting that is a host, an address or a URL.
fn hosts(
    reading: &Reading<'_>,
    setting: &str,
    via: &'static str,
    usual_port: u16,
    usual_host: Option<&str>,
) -> Vec<(&'static str, String)> {
    let mut found: Vec<_> = reading.texts(setting).map(|text| (via, host_and_port(&text, usual_port))).collect();
    if found.is_empty() {
        found.extend(usual_host.map(|host| (via, format!("{host}:{usual_port}"))));
    }
    found
}

/// Without scheme, user and path. A port that is not there is the scheme's, or else `usual`.
fn host_and_port(text: &str, usual: u16) -> String {
    let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let has_port = host.rsplit_once(':').is_some_and(|(before, port)| {
        !before.ends_with(':') && !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())
    });
    if has_port || text.contains("${") {
        return host.to_owned();
    }
    let port = if usual == 80 && scheme == "https" { 443 } else { usual };
    format!("{host}:{port}")
}

#[cfg(test)]
mod tests {
    use super::super::{grammar, rows};
    use super::{endpoints, host_and_port};

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let rules = rows::rules("web", &grammar::parse(text).unwrap());
        let found: Vec<String> =
            endpoints(&rules).into_iter().map(|at| format!("{:?} {} {}", at.direction, at.via, at.target)).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn endpoints_are_read_from_settings() {
        check("input { kafka { topics => [\"a\", \"b\"] } }", &["In kafka a", "In kafka b"]);
        check("input { kafka { topics_pattern => \"a.*\" } }", &["In kafka /a.*/"]);
        check("input { kafka { } }", &["In kafka logstash"]);
        check("output { kafka { topic_id => \"a\" } }", &["Out kafka a"]);
        check("input { beats { port => \"5044\" } }", &["In beats 0.0.0.0:5044"]);
        check("input { beats { port => \"${PORT}\" } }", &[]);
        check("input { syslog { host => \"10.0.0.1\" } }", &["In tcp 10.0.0.1:514", "In udp 10.0.0.1:514"]);
        check("input { tcp { host => \"h\" port => 1 mode => \"client\" } }", &["In tcp h:1"]);
        check("output { tcp { host => \"h\" port => 1 } }", &["Out tcp h:1"]);
        check("output { tcp { host => \"h\" port => 1 mode => server } }", &["Out tcp h:1"]);
        check("output { elasticsearch { } }", &["Out elasticsearch localhost:9200"]);
        check(
            "output { elasticsearch { hosts => [\"https://u@a\", \"b:1\"] } }",
            &["Out elasticsearch a:9200", "Out elasticsearch b:1"],
        );
        check("output { http { url => \"https://a/x\" http_method => post } }", &["Out http a:443"]);
        check("input { http { } }", &["In http 0.0.0.0:8080"]);
        check("output { pipeline { send_to => [one, \"two\"] } }", &["Out pipeline one", "Out pipeline two"]);
        check("filter { elasticsearch { } drop { } }", &[]);
    }

    #[test]
    fn a_host_is_found_in_a_url() {
        for (text, usual, expected) in [
            ("es1", 9200, "es1:9200"),
            ("es1:9201", 9200, "es1:9201"),
            ("https://user:pass@es1/path", 9200, "es1:9200"),
            ("https://api.example.org/in?x=1", 80, "api.example.org:443"),
            ("http://api.example.org", 80, "api.example.org:80"),
            ("http://[::1]:8080/", 80, "[::1]:8080"),
            ("[::1]", 9200, "[::1]:9200"),
            ("${ES}", 9200, "${ES}"),
        ] {
            assert_eq!(host_and_port(text, usual), expected, "{text}");
        }
    }
}
