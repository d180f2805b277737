//! Rules made by hand, and rules that do not go together.

use serde_json::json;
use strata_catalog::etl::component::{Finding, Rule};

use super::super::{grammar, printer};
use super::assemble;

fn plugin(stage: &str, name: &str, plugin: &str, position: &str) -> Rule {
    Rule { plugin: Some(plugin.to_owned()), position: position.parse().unwrap(), ..Rule::new("web", stage, name) }
}

fn block(construct: &str, name: &str, condition: Option<&str>, position: &str) -> Rule {
    Rule {
        construct: Some(construct.to_owned()),
        condition: condition.map(str::to_owned),
        position: position.parse().unwrap(),
        ..Rule::new("web", "filter", name)
    }
}

fn inside(parent: &str, rule: Rule) -> Rule {
    Rule { parent: Some(parent.to_owned()), ..rule }
}

#[track_caller]
fn check(rules: &[Rule], expected: &str) {
    let tree = assemble(rules).unwrap_or_else(|findings| panic!("{findings:#?}"));
    let text = printer::print(&tree);
    assert_eq!(text, expected);
    assert_eq!(grammar::parse(&text), Ok(tree));
}

#[track_caller]
fn refused(rules: &[Rule], rule: &str, field: &str, message: &str) -> Finding {
    let findings = assemble(rules).unwrap_err();
    assert_eq!(findings.len(), 1, "{findings:#?}");
    assert_eq!((findings[0].rule.as_deref(), findings[0].field.as_deref()), (Some(rule), Some(field)), "{findings:#?}");
    assert!(findings[0].message.contains(message), "{}", findings[0].message);
    assert!(findings[0].hint.is_some(), "{}", findings[0].message);
    findings[0].clone()
}

#[test]
fn rules_need_no_more_than_stage_name_and_plugin() {
    let mut drop_debug = plugin("filter", "drop_debug", "drop", "1.5");
    drop_debug.condition = Some("[level] == \"debug\"".to_owned());
    let mut grok = plugin("filter", "parse", "grok", "1");
    grok.settings = json!({"match": {"message": "%{COMBINEDAPACHELOG}"}});
    grok.comment = Some("What the web server writes.\n#TODO: ask for JSON".to_owned());
    check(
        &[plugin("output", "out", "stdout", "2"), drop_debug, plugin("input", "in", "stdin", "9"), grok],
        r#"input {
  stdin {}
}

filter {
  # What the web server writes.
  #TODO: ask for JSON
  grok {
    match => {
      "message" => "%{COMBINEDAPACHELOG}"
    }
  }

  if [level] == "debug" {
    drop {}
  }
}

output {
  stdout {}
}
"#,
    );
}

#[test]
fn branches_follow_their_positions() {
    let mut comment = block("comment", "note", None, "4.5");
    comment.comment = Some("the rest".to_owned());
    check(
        &[
            block("else", "c", None, "5"),
            inside("c", plugin("filter", "z", "drop", "1")),
            block("if", "a", Some("[x]"), "3"),
            block("else if", "b", Some(" [y]\n"), "4"),
            comment,
            inside("b", block("if", "d", Some("[z]"), "1")),
        ],
        "filter {\n  if [x] {\n  } else if [y] {\n    if [z] {\n    }\n  }\n  # the rest\n  else {\n    drop {}\n  }\n}\n",
    );
}

#[test]
fn what_is_disabled_is_left_out_with_all_that_is_in_it() {
    let mut branch = block("if", "a", Some("[x]"), "1");
    branch.enabled = false;
    check(
        &[branch, inside("a", plugin("filter", "b", "drop", "1")), plugin("filter", "c", "uuid", "2")],
        "filter {\n  uuid {}\n}\n",
    );
    check(&[], "");
}

#[test]
fn sections_with_rows_keep_their_place_and_take_loose_rules_in() {
    let section = |stage: &str, name: &str, position: &str| Rule {
        construct: Some("section".to_owned()),
        position: position.parse().unwrap(),
        ..Rule::new("web", stage, name)
    };
    check(
        &[
            section("output", "output", "1"),
            section("filter", "filter", "2"),
            section("filter", "filter_2", "5"),
            inside("filter", plugin("filter", "a", "drop", "3")),
            inside("filter_2", plugin("filter", "b", "uuid", "6")),
            plugin("filter", "loose", "json", "2.5"),
            plugin("input", "in", "stdin", "7"),
        ],
        "input {\n  stdin {}\n}\n\noutput {\n}\n\nfilter {\n  json {}\n\n  drop {}\n}\n\nfilter {\n  uuid {}\n}\n",
    );
}

#[test]
fn what_does_not_go_together_is_named_by_rule_and_field() {
    let with = |change: fn(&mut Rule)| {
        let mut rule = plugin("filter", "r", "drop", "1");
        change(&mut rule);
        [rule]
    };
    refused(&with(|rule| rule.stage = "filters".to_owned()), "r", "stage", "no stage \"filters\"");
    refused(&with(|rule| rule.construct = Some("loop".to_owned())), "r", "construct", "no construct \"loop\"");
    refused(&with(|rule| rule.plugin = None), "r", "plugin", "names no plugin");
    refused(&with(|rule| rule.inputs = vec!["a".to_owned()]), "r", "inputs", "has no inputs");
    refused(&with(|rule| rule.body = Some(String::new())), "r", "body", "has no body");
    refused(&with(|rule| rule.comment = Some("a\rb".to_owned())), "r", "comment", "line break");
    refused(&with(|rule| rule.parent = Some("gone".to_owned())), "r", "parent", "no rule \"gone\"");
    refused(&with(|rule| rule.parent = Some("r".to_owned())), "r", "parent", "inside itself");
    refused(&with(|rule| rule.settings = json!({"path": "C:\\"})), "r", "settings.path", "cannot end in a backslash");
    refused(&with(|rule| rule.condition = Some("[a] = 1".to_owned())), "r", "condition", "line 1, column 5");
    refused(&with(|rule| rule.condition = Some("[a] { } } output { x { }".to_owned())), "r", "condition", "expected");
    refused(&with(|rule| rule.condition = Some("[a] # why".to_owned())), "r", "condition", "expected");
    refused(&[block("if", "r", None, "1")], "r", "condition", "needs a condition");
    refused(&[block("else", "r", None, "1")], "r", "position", "no if or else if right before");
    refused(&[block("comment", "r", None, "1")], "r", "comment", "needs a comment");
    let parent = plugin("filter", "p", "drop", "1");
    refused(&[parent, inside("p", plugin("filter", "r", "drop", "1"))], "r", "parent", "\"p\" holds no rules");
    let parent = block("if", "p", Some("[a]"), "1");
    refused(&[parent, inside("p", plugin("output", "r", "stdout", "1"))], "r", "stage", "that of the parent is filter");
    let chain = [block("if", "a", Some("[a]"), "1"), block("else", "b", None, "2"), block("else", "r", None, "3")];
    refused(&chain, "r", "position", "no if or else if right before");
}

#[test]
fn findings_come_in_the_order_of_the_rules() {
    let findings = assemble(&[
        plugin("filters", "one", "drop", "1"),
        block("else", "two", None, "1"),
        inside("gone", plugin("input", "three", "stdin", "1")),
    ])
    .unwrap_err();
    let rules: Vec<_> = findings.iter().map(|finding| finding.rule.as_deref().unwrap()).collect();
    assert_eq!(rules, ["one", "two", "three"]);
}

#[test]
fn deep_nesting_is_refused() {
    let mut rules = vec![block("if", "r0", Some("[a]"), "1")];
    for n in 1..150 {
        rules.push(inside(&format!("r{}", n - 1), block("if", &format!("r{n}"), Some("[a]"), "1")));
    }
    let findings = assemble(&rules).unwrap_err();
    assert!(findings.iter().all(|finding| finding.message.starts_with("nested deeper")), "{findings:#?}");
}
