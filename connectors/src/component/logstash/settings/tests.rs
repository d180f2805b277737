//! What settings look like in SQL, and that they come back.

use serde_json::{Value as Json, json};

use super::super::grammar;
use super::super::printer::print_plugin;
use super::super::tree::{Node, Plugin};
use super::{plugin_from_json, plugin_to_json};

fn plugin(text: &str) -> Plugin {
    let mut file = grammar::parse(&format!("filter {{ {text} }}")).unwrap();
    match file.sections.remove(0).block.nodes.remove(0) {
        Node::Plugin { plugin, .. } => plugin,
        Node::Branch(_) => panic!("{text} is a plugin"),
    }
}

#[track_caller]
fn check(text: &str, expected: &Json) {
    let plugin = plugin(text);
    let json = plugin_to_json(&plugin);
    assert_eq!(json, *expected, "{text}");
    assert_eq!(plugin_from_json(plugin.name.text(), &json), Ok(plugin), "{text}");
}

#[test]
fn usual_settings_are_plain_json() {
    check("x { }", &json!({}));
    check(r#"x { id => "a" port => 5044 negate => true }"#, &json!({"id": "a", "port": 5044, "negate": true}));
    check(
        r#"x { deep => [[1], []] rate => 1.5 tags => ["a", "b"] }"#,
        &json!({"rate": 1.5, "tags": ["a", "b"], "deep": [[1], []]}),
    );
    check(r#"x { match => { "message" => "%{X:y}" } }"#, &json!({"match": {"message": "%{X:y}"}}));
    check(r#"x { codec => json { charset => "X" } }"#, &json!({"codec": {"$plugin": "json", "charset": "X"}}));
    check(r#"x { a => 'say "hi"' }"#, &json!({"a": "say \"hi\""}));
}

#[test]
fn what_json_cannot_say_is_kept_as_a_form() {
    check("x { a => word }", &json!({"a": "word", "$form": {"/a": "bare"}}));
    check("x { a => 'b' }", &json!({"a": "b", "$form": {"/a": "single"}}));
    check("x { a => 1. }", &json!({"a": 1.0, "$form": {"/a": "1."}}));
    check("x { bb => 1 a => 2 }", &json!({"bb": 1, "a": 2, "$form": {"": ["bb", "a"]}}));
    check(
        "x { a => 1 b => 2 a => [3] }",
        &json!({
            "a": {"$repeat": [1, [3]]}, "b": 2, "$form": {"": ["a", "b", "a"]}
        }),
    );
    check("x { a => 1 a => 2 }", &json!({"a": {"$repeat": [1, 2]}}));
    check(
        "x { 'a b' => 1 \"c\" => 2 }",
        &json!({
            "a b": 1, "c": 2, "$form": {"": [{"key": "a b", "as": "single"}, {"key": "c", "as": "double"}]}
        }),
    );
    check(
        "x { h => { 1 => 2 ab => 3 \"$c\" => 4 } }",
        &json!({
            "h": {"1": 2, "ab": 3, "$$c": 4},
            "$form": {"/h": [{"key": "1", "as": "bare"}, {"key": "ab", "as": "bare"}, "$$c"]}
        }),
    );
    check(
        "\"x\" { a => 'json' { } }",
        &json!({
            "a": {"$plugin": "json"},
            "$form": {"": [{"key": "$plugin", "as": "double"}, "a"], "/a": [{"key": "$plugin", "as": "single"}]}
        }),
    );
    check(
        "x { # why\n a => [1, # one\n 2] # end\n }",
        &json!({
            "a": [1, 2],
            "$form": {
                "": [{"comment": "why", "same_line": true}, "a", {"comment": "end", "same_line": true}],
                "/a": [0, {"comment": "one", "same_line": true}, 1]
            }
        }),
    );
    check(
        "x { \"a/b\" => { \"c~d\" => word } }",
        &json!({
            "a/b": {"c~d": "word"}, "$form": {"/a~1b/c~0d": "bare"}
        }),
    );
}

#[test]
fn a_form_is_passed_over_where_it_does_not_fit() {
    for (json, expected) in [
        (json!({"a": "two words", "$form": {"/a": "bare"}}), "x {\n  a => \"two words\"\n}"),
        (json!({"a": "it's", "$form": {"/a": "single"}}), "x {\n  a => \"it's\"\n}"),
        (json!({"a": 6, "$form": {"/a": "5."}}), "x {\n  a => 6\n}"),
        (json!({"a": [1], "$form": {"/a": "single"}}), "x {\n  a => [1]\n}"),
        (json!({"b": 1, "new": 2, "$form": {"": ["gone", "b", {"comment": "end"}]}}), "x {\n  b => 1\n  new => 2\n  # end\n}"),
        (json!({"a": [1], "$form": {"/a": [0, {"comment": "two"}, 1]}}), "x {\n  a => [\n    1\n    # two\n  ]\n}"),
    ] {
        assert_eq!(print_plugin(&plugin_from_json("x", &json).unwrap()), expected, "{json}");
    }
}

#[test]
fn plain_json_by_hand_is_well_written() {
    let json = json!({
        "hosts": ["https://es1:9200", "https://es2:9200"],
        "codec": {"$plugin": "multiline", "what": "previous", "pattern": "^\\s"},
        "match": {"message": ["%{A}", "%{B}"], "it's": "\"quoted\""},
        "replicas": 1e3,
        "ssl": true,
        "empty": {}
    });
    let expected = r#"elasticsearch {
  hosts => ["https://es1:9200", "https://es2:9200"]
  codec => multiline {
    what => "previous"
    pattern => "^\s"
  }
  match => {
    "message" => ["%{A}", "%{B}"]
    "it's" => '"quoted"'
  }
  replicas => 1000
  ssl => true
  empty => {}
}"#;
    let text = print_plugin(&plugin_from_json("elasticsearch", &json).unwrap());
    assert_eq!(text, expected);
    assert!(grammar::parse(&format!("output {{ {text} }}")).is_ok());
}

#[test]
fn names_that_would_be_read_as_if_or_else_go_into_quotes() {
    for name in ["if", "if1", "else", "elseif", "a b"] {
        let text = print_plugin(&plugin_from_json(name, &json!({})).unwrap());
        assert_eq!(text, format!("\"{name}\" {{}}"));
    }
}

#[test]
fn what_cannot_be_written_is_named() {
    for (json, field, message) in [
        (json!({"path": "C:\\logs\\"}), "settings.path", "a string cannot end in a backslash"),
        (json!({"a": ["ok", "it's \"b\""]}), "settings.a.1", "a string cannot hold both kinds of quotes"),
        (json!({"h": {"k\\": 1}}), "settings.h.k\\", "a string cannot end in a backslash"),
        (json!({"a": null}), "settings.a", "Logstash has no null"),
        (json!({"a": {"b": {"$plugin": 1}}}), "settings.a.b", "the name of a plugin is no text"),
        (json!({"a": {"$plugin": ""}}), "settings.a.$plugin", "the plugin has no name"),
        (json!({"a": {"$unknown": 1}}), "settings.a.$unknown", "no such mark"),
        (json!({"a": {"$repeat": 1}}), "settings.a", "no list of repeated values"),
        (json!({"a": {"$repeat": [1], "b": 1}}), "settings.a", "no list of repeated values"),
        (json!({"a": [{"$repeat": [1]}]}), "settings.a.0.$repeat", "no such mark"),
        (json!({"$form": 1}), "settings", "$form is no form"),
        (json!({"a": 1, "$form": {"/a": "loud"}}), "settings.a", "$form at \"/a\" is no form"),
        (json!([]), "settings", "settings are no JSON object"),
    ] {
        let problems = plugin_from_json("x", &json).unwrap_err();
        assert_eq!(problems.len(), 1, "{json}: {problems:?}");
        assert_eq!(problems[0].field, field, "{json}");
        assert!(problems[0].message.starts_with(message), "{json}: {}", problems[0].message);
    }
    let both = plugin_from_json("x", &json!({"a": null, "b": "\\"})).unwrap_err();
    assert_eq!(both.len(), 2, "all of them are told");
}

#[test]
fn nesting_is_bounded() {
    let mut json = json!(1);
    for _ in 0..1_000 {
        json = json!([json]);
    }
    let problems = plugin_from_json("x", &json!({"a": json})).unwrap_err();
    assert!(problems[0].message.starts_with("settings are nested deeper"), "{:?}", problems[0].message);
}
