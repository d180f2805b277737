//! What is found in rules that could be written.

use serde_json::{Value, json};
use strata_catalog::etl::component::{Component, Role, Rule, Severity};

use super::super::Vector;

fn role() -> Role {
    Role { name: "edge".to_owned(), kind: "vector".to_owned(), description: None, settings: json!({}), enabled: true }
}

fn source() -> Rule {
    Rule { plugin: Some("stdin".to_owned()), ..Rule::new("edge", "source", "in") }
}

fn sink(plugin: &str, settings: Value) -> Rule {
    Rule { plugin: Some(plugin.to_owned()), settings, inputs: vec!["in".to_owned()], ..Rule::new("edge", "sink", "out") }
}

/// The findings, `severity rule field: message | hint`.
#[track_caller]
fn check(rules: &[Rule], expected: &[&str]) {
    let found: Vec<String> = Vector
        .validate(&role(), rules)
        .into_iter()
        .map(|one| {
            let (rule, field) = (one.rule.unwrap_or_default(), one.field.unwrap_or_default());
            format!("{} {rule} {field}: {} | {}", one.severity, one.message, one.hint.unwrap_or_default())
        })
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn types_and_what_they_need_are_checked() {
    check(&[source(), sink("blackhole", json!({}))], &[]);
    check(
        &[source(), sink("elasticserach", json!({}))],
        &["error out plugin: there is no sink of type \"elasticserach\" | Perhaps \"elasticsearch\" was meant."],
    );
    check(
        &[source(), sink("journald", json!({}))],
        &["error out plugin: there is no sink of type \"journald\" | \"journald\" is a source, and no sink."],
    );
    check(
        &[source(), Rule { plugin: None, ..sink("", json!({})) }],
        &["error out plugin: the sink has no type | Set plugin to a type, such as remap or kafka."],
    );
    check(
        &[source(), sink("loki", json!({"endpoint": "http://l", "labels.job": "x"}))],
        &["error out settings.encoding: the sink type \"loki\" needs \"encoding\" | Set settings.encoding."],
    );
    let remap = |body: Option<&str>| Rule {
        plugin: Some("remap".to_owned()),
        inputs: vec!["in".to_owned()],
        body: body.map(str::to_owned),
        ..Rule::new("edge", "transform", "cut")
    };
    let rest = [source(), Rule { inputs: vec!["cut".to_owned()], ..sink("blackhole", json!({})) }];
    check(
        &[rest[0].clone(), remap(None), rest[1].clone()],
        &["error cut body: the transform type \"remap\" needs \"source\" or \"file\" or \"files\" | Set body."],
    );
}

#[test]
fn what_only_shows_in_the_whole_is_found() {
    check(
        &[sink("blackhole", json!({}))],
        &[
            "error  : there is no source, and Vector does not start without one | Insert a rule of stage source, or enable one.",
            "error out inputs: there is no source or transform \"in\" | Name a source or a transform of this role.",
        ],
    );
    let port = |name: &str| Rule {
        plugin: Some("syslog".to_owned()),
        settings: json!({"mode": "tcp", "address": "0.0.0.0:514"}),
        ..Rule::new("edge", "source", name)
    };
    let both = Rule { inputs: vec!["*".to_owned()], ..sink("blackhole", json!({})) };
    check(
        &[port("a"), port("b"), both.clone()],
        &["error b settings.address: tcp port 514 on 0.0.0.0 is taken by the rule \"a\" | Give each rule one of its own."],
    );
    check(&[port("a.b"), both], &["error a.b name: a dot in a name is taken for an output | Use an underscore."]);
}

#[test]
fn secrets_in_the_open_are_told() {
    let hint = "Write ${secret:name} and keep the value on the instance, ${NAME} for its environment, or SECRET[backend.name].";
    let found = Vector.validate(
        &role(),
        &[
            source(),
            sink(
                "http",
                json!({"uri": "https://u:pw@h/x", "encoding": {"codec": "json"}, "auth": {"user": "u", "password": "hunter2"},
                       "tls": {"key_pass": "x", "key_file": "/k"}, "headers": {"token": "SECRET[vault.t]", "api_key": "${K}"}}),
            ),
        ],
    );
    let fields: Vec<(Severity, Option<String>)> = found.iter().map(|one| (one.severity, one.field.clone())).collect();
    let warning = |field: &str| (Severity::Warning, Some(field.to_owned()));
    assert_eq!(fields, [warning("settings.uri"), warning("settings.auth.password")]);
    assert!(found.iter().all(|one| one.hint.as_deref() == Some(hint)));
}

#[test]
fn options_of_the_process_are_known() {
    let file = Rule {
        settings: json!({"apii": {}, "data_dir": "/x", "secret": {"f": {"type": "file", "path": "/s"}}}),
        ..Rule::new("edge", "file", "edge.toml")
    };
    check(
        &[file, source(), sink("blackhole", json!({}))],
        &["warning edge.toml settings.apii: Vector has no option \"apii\" that is known here | Perhaps \"api\" was meant."],
    );
}

#[test]
fn rows_of_a_wrong_shape_are_refused() {
    let rules = [
        Rule { stage: "sorce".to_owned(), ..source() },
        Rule { condition: Some("true".to_owned()), parent: Some("x.yaml".to_owned()), ..sink("blackhole", json!({"type": "y"})) },
        Rule { settings: json!({"sinks": {"a": 1}}), ..Rule::new("edge", "file", "../edge.yaml") },
        Rule { body: Some("x".to_owned()), ..Rule::new("edge", "file", "/etc/p.vrl") },
    ];
    let found = Vector.render(&role(), &rules).unwrap_err();
    let found: Vec<String> = found
        .into_iter()
        .map(|one| format!("{} {}: {}", one.rule.unwrap_or_default(), one.field.unwrap_or_default(), one.message))
        .collect();
    assert_eq!(
        found,
        [
            "../edge.yaml name: path \"../edge.yaml\" has a part that is empty, \".\" or \"..\"",
            "/etc/p.vrl name: path \"/etc/p.vrl\" is absolute",
            "../edge.yaml settings.sinks: sinks are rows of their own",
            "in stage: stage \"sorce\" is none of this kind",
            "out parent: \"x.yaml\" is no configuration file",
            "out condition: a condition means nothing for this sink",
            "out settings.type: the column plugin says this already",
        ]
    );
}

#[test]
fn comments_that_are_lost_are_told() {
    let file = |name: &str| Rule { comment: Some("all".to_owned()), ..Rule::new("edge", "file", name) };
    let noted = Rule { comment: Some("one".to_owned()), ..source() };
    check(
        &[file("a.json"), noted.clone(), sink("blackhole", json!({}))],
        &["warning a.json name: JSON has no comments: those of 2 rules are not written | Let the name end in .yaml or .toml."],
    );
    check(&[file("a.yaml"), noted, sink("blackhole", json!({}))], &[]);
}
