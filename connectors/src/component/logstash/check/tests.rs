//! What is found in rules that the grammar would take.

use serde_json::{Value, json};
use strata_catalog::etl::component::{Component, Finding, Role, Rule, Severity};

use super::super::Logstash;

fn role(settings: Value) -> Role {
    Role { name: "web".to_owned(), kind: "logstash".to_owned(), description: None, settings, enabled: true }
}

fn rule(stage: &str, plugin: &str, settings: Value) -> Rule {
    Rule { plugin: Some(plugin.to_owned()), settings, ..Rule::new("web", stage, &format!("{stage}_{plugin}")) }
}

fn findings(rules: &[Rule]) -> Vec<Finding> {
    Logstash.validate(&role(json!({})), rules)
}

#[track_caller]
fn check(rule: Rule, severity: Severity, field: &str, message: &str, hint: &str) {
    let found = findings(std::slice::from_ref(&rule));
    let [found] = found.as_slice() else { panic!("one finding, not {found:#?}") };
    assert_eq!(
        (found.severity, found.rule.as_deref(), found.field.as_deref()),
        (severity, Some(rule.name.as_str()), Some(field))
    );
    assert!(found.message.contains(message), "{}", found.message);
    assert!(found.hint.as_deref().unwrap_or_default().contains(hint), "{:?}", found.hint);
}

#[test]
fn a_sound_pipeline_has_no_findings() {
    let rules = [
        rule("input", "beats", json!({"port": 5044, "ssl_enabled": true, "ssl_key_passphrase": "${secret:beats}"})),
        rule(
            "filter",
            "grok",
            json!({"match": {"message": "%{X}"}, "tag_on_failure": ["x"], "add_tag": {"$repeat": ["a", "b"]}}),
        ),
        rule("output", "elasticsearch", json!({"hosts": ["https://u:${PW}@es:9200"], "password": "${secret:es}"})),
        rule("filter", "mutate", json!({"rename": {"[user][password]": "pw", "secret": "[x]"}, "add_field": {"token": "%{t}"}})),
        rule("output", "stdout", json!({"codec": {"$plugin": "rubydebug", "metadata": true}})),
        rule("output", "file", json!({"path": "/x", "codec": "json_lines", "$form": {"": ["path", "codec"]}})),
    ];
    assert_eq!(findings(&rules), []);
}

#[test]
fn names_are_checked_and_the_nearest_is_suggested() {
    let error = Severity::Error;
    check(rule("filter", "gork", json!({})), error, "plugin", "no filter plugin \"gork\"", "\"grok\"");
    check(rule("filter", "beats", json!({})), error, "plugin", "no filter plugin", "a plugin for input");
    check(rule("filter", "our_own_thing", json!({})), error, "plugin", "no filter plugin", "\"plugins\"");
    let codec = rule("input", "stdin", json!({"codec": "jsno"}));
    check(codec, error, "settings.codec", "no codec plugin \"jsno\"", "\"json\"");
    let codec = rule("input", "stdin", json!({"codec": {"$plugin": "multline", "what": "next"}}));
    check(codec, error, "settings.codec", "no codec plugin", "\"multiline\"");
    check(rule("output", "opensearch", json!({"x": 1})), Severity::Warning, "plugin", "not bundled", "logstash-plugin install");
}

#[test]
fn settings_are_checked() {
    let error = Severity::Error;
    check(
        rule("output", "kafka", json!({"bootstrap_servers": "k:9092"})),
        error,
        "settings.topic_id",
        "needs the setting",
        "topic_id",
    );
    check(rule("input", "exec", json!({"command": "x"})), error, "settings.schedule", "\"schedule\" or \"interval\"", "schedule");
    let codec = rule("input", "stdin", json!({"codec": {"$plugin": "multiline", "what": "next"}}));
    check(codec, error, "settings.codec.pattern", "needs the setting \"pattern\"", "settings.codec.pattern");
    let warning = Severity::Warning;
    check(rule("output", "stdout", json!({"codce": "json"})), warning, "settings.codce", "no setting \"codce\"", "\"codec\"");
    check(
        rule("output", "stdout", json!({"whatever_it_is": 1})),
        warning,
        "settings.whatever_it_is",
        "no setting",
        "documentation",
    );
}

#[test]
fn literal_secrets_are_warned_of_and_not_repeated() {
    let warning = Severity::Warning;
    for (settings, field, message) in [
        (json!({"password": "hunter2"}), "settings.password", "literal secret"),
        (json!({"password": 12345}), "settings.password", "literal secret"),
        (json!({"api_key": {"$repeat": ["hunter2"]}}), "settings.api_key", "literal secret"),
        (json!({"custom_headers": {"Authorization": "hunter2"}}), "settings.custom_headers.Authorization", "literal secret"),
        (json!({"hosts": ["https://u:hunter2@es:9200"]}), "settings.hosts", "literal password"),
    ] {
        check(rule("output", "elasticsearch", settings), warning, field, message, "${secret:name}");
    }
    let settings = json!({"password": "hunter2", "hosts": ["https://u:hunter2@es:9200"]});
    assert!(!format!("{:?}", findings(&[rule("output", "elasticsearch", settings)])).contains("hunter2"));
}

#[test]
fn two_rules_cannot_have_one_port_or_one_group() {
    let mut tcp = rule("input", "tcp", json!({"port": "5044", "host": "127.0.0.1"}));
    let beats = rule("input", "beats", json!({"port": 5044}));
    let found = findings(&[beats.clone(), tcp.clone()]);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].message, "tcp port 5044 on 127.0.0.1 is taken by the rule \"input_beats\"");
    tcp.enabled = false;
    assert_eq!(findings(&[beats, tcp]), []);

    let kafka = |name: &str, settings| Rule { name: name.to_owned(), ..rule("input", "kafka", settings) };
    let one = kafka("one", json!({"bootstrap_servers": "b:1, a:1", "topics": ["x"]}));
    let two = kafka("two", json!({"bootstrap_servers": "a:1,b:1", "group_id": "logstash", "topics": ["y"]}));
    let found = findings(&[one, two]);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].message, "consumer group \"logstash\" of a:1,b:1 is taken by the rule \"one\"");
}

#[test]
fn a_role_can_name_plugins_of_its_own() {
    let rules = [rule("filter", "our_own_thing", json!({"a": 1})), rule("output", "opensearch", json!({}))];
    assert_eq!(Logstash.validate(&role(json!({"plugins": ["our_own_thing", "opensearch"]})), &rules), []);
}

#[test]
fn the_path_of_the_file_is_the_roles_to_choose() {
    let rules = [rule("input", "stdin", json!({}))];
    let path = |settings| Logstash.render(&role(settings), &rules).map(|files| files[0].path.clone());
    assert_eq!(path(json!({})).unwrap(), "web.conf");
    assert_eq!(path(json!({"path": "conf.d/10-web.conf"})).unwrap(), "conf.d/10-web.conf");
    for bad in [json!({"path": "/etc/passwd"}), json!({"path": "../x"}), json!({"path": 1})] {
        assert_eq!(path(bad).unwrap_err().len(), 1);
    }
    assert_eq!(Logstash.render(&role(json!({})), &[]), Ok(Vec::new()));
}
