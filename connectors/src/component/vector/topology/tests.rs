//! Wirings, and what is found in them.

use super::super::file::File;
use super::super::format::Format;
use super::super::rows;
use super::{Topology, edges};
use strata_catalog::etl::component::Rule;

fn rules(text: &str) -> Vec<Rule> {
    let file = File::of(Format::Yaml.read(text).unwrap(), Format::Yaml).unwrap();
    rows::rules("edge", "edge.yaml", &file).unwrap()
}

/// The findings about a configuration, `severity rule: message | hint`.
#[track_caller]
fn check(text: &str, expected: &[&str]) {
    let rules = rules(text);
    let found: Vec<String> = Topology::of(&rules)
        .findings()
        .into_iter()
        .map(|one| {
            format!("{} {}: {} | {}", one.severity, one.rule.unwrap_or_default(), one.message, one.hint.unwrap_or_default())
        })
        .collect();
    assert_eq!(found, expected, "{text}");
}

const SOURCES: &str = "sources: {app_in: {type: stdin}, web_in: {type: stdin}, otel: {type: opentelemetry}}\n";

#[test]
fn inputs_name_what_there_is() {
    check(
        &format!(
            "{SOURCES}sinks: {{a: {{type: blackhole, inputs: ['*_in', otel.logs]}}, b: {{type: blackhole, inputs: ['${{X}}']}}}}"
        ),
        &[],
    );
    check(
        &format!("{SOURCES}sinks: {{a: {{type: blackhole, inputs: [ap_in, '*_in', 'x*', otel, otel.log, nowhere_at_all, a]}}}}"),
        &[
            "error a: there is no source or transform \"ap_in\" | Perhaps \"app_in\" was meant.",
            "error a: no source or transform fits \"x*\" | A * stands for any characters of a name.",
            "error a: \"otel\" has no output \"otel\" | It is read as \"otel.logs\", \"otel.metrics\", \"otel.traces\".",
            "error a: \"otel\" has no output \"otel.log\" | It is read as \"otel.logs\", \"otel.metrics\", \"otel.traces\".",
            "error a: there is no source or transform \"nowhere_at_all\" | Name a source or a transform of this role.",
            "error a: there is no source or transform \"a\" | \"a\" is a sink, and nothing comes out of one.",
            "warning otel: nothing reads from it | Name it in the inputs of a transform or a sink.",
        ],
    );
}

#[test]
fn outputs_are_those_of_the_settings() {
    let route = "sources: {in: {type: stdin}}\ntransforms: {r: {type: route, inputs: [in], route: {errors: 'true'}}}\n";
    check(&format!("{route}sinks: {{a: {{type: blackhole, inputs: [r.errors, r._unmatched]}}}}"), &[]);
    check(
        &format!("{route}sinks: {{a: {{type: blackhole, inputs: [r.error]}}}}"),
        &[
            "error a: \"r\" has no output \"r.error\" | It is read as \"r._unmatched\", \"r.errors\".",
            "warning r: nothing reads from it | Name it in the inputs of a transform or a sink.",
        ],
    );
    let unknown = "sources: {in: {type: of_our_own}}\nsinks: {a: {type: blackhole, inputs: [in.part]}}";
    check(unknown, &[]);
}

#[test]
fn who_reads_from_nothing_is_told() {
    check(
        "sources: {in: {type: stdin, inputs: [in]}}\nsinks: {a: {type: console}, b: {type: console, inputs: in}}",
        &[
            "error in: a source has no inputs | Make it a transform or a sink, or set inputs to {}.",
            "error a: the sink reads from nothing | Name sources or transforms in inputs.",
            "error b: inputs is no list of names | Name sources or transforms in inputs.",
            "warning in: nothing reads from it | Name it in the inputs of a transform or a sink.",
        ],
    );
}

#[test]
fn a_circle_is_named_once() {
    let circle = "transforms:
  b: {type: remap, inputs: [in, a], source: ''}
  c: {type: remap, inputs: [b], source: ''}
  a: {type: remap, inputs: [c], source: ''}
  self: {type: remap, inputs: [self], source: ''}
sources: {in: {type: stdin}}
sinks: {out: {type: blackhole, inputs: [c, self]}}";
    check(
        circle,
        &[
            "error a: the inputs form a circle: a -> b -> c -> a | Take one of them out of the other's inputs.",
            "error self: the inputs form a circle: self -> self | Take one of them out of the other's inputs.",
        ],
    );
}

#[test]
fn edges_follow_the_inputs() {
    let rules = rules(&format!(
        "{SOURCES}transforms: {{r: {{type: route, inputs: ['*_in'], route: {{x: 'true'}}}}}}\nsinks: {{a: {{type: blackhole, inputs: [r.x, otel.logs]}}}}"
    ));
    let found: Vec<String> = edges(&rules).into_iter().map(|edge| format!("{}>{}", edge.from, edge.to)).collect();
    assert_eq!(found, ["app_in>r", "otel>a", "r>a", "web_in>r"]);
}

#[test]
fn ten_thousand_components_are_wired_at_once() {
    let mut rules = vec![Rule { plugin: Some("stdin".to_owned()), ..Rule::new("edge", "source", "t0") }];
    for i in 1..10_000 {
        let inputs = vec![format!("t{}", i - 1)];
        rules.push(Rule { plugin: Some("reduce".to_owned()), inputs, ..Rule::new("edge", "transform", &format!("t{i}")) });
    }
    let begun = std::time::Instant::now();
    assert_eq!(Topology::of(&rules).findings().len(), 1, "nothing reads from the last");
    assert_eq!(edges(&rules).len(), 9_999);
    assert!(begun.elapsed().as_secs() < 5, "{:?}", begun.elapsed());
}
