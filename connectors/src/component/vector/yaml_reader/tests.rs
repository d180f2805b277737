//! Texts, and the trees that they are read as.

use serde_json::json;

use super::super::form::Forms;
use super::super::tree::Value;
use super::super::yaml_printer::print;
use super::{plain, read};

/// What a text is written as again.
#[track_caller]
fn check(text: &str, expected: &str) {
    let tree = read(text).unwrap();
    let printed = print(&tree);
    assert_eq!(printed, expected);
    assert_eq!(read(&printed).unwrap(), tree, "a second time\n{printed}");
}

#[test]
fn what_is_written_the_usual_way_stays() {
    for text in [
        "a: 1\n",
        "# all\na: # beside\n  # of b\n  b: true # flag\n  # end of a\n\n# of c\nc:\n  - 1 # one\n  # of 2\n  - 2\n  # end of c\n# end\n",
        "a:\n  - x: 1\n    w: 2 # why\n  # of the second\n  - z: {}\n  -\n    - 1\n    - 2\n",
        "s: | # a program\n  .a = 1\n\n  # no comment\n  .b = 2\n",
        "s: |-\n  a\n  b\n\nt: |+\n  a\n\n\nu: |2\n    a\n  b\n",
        "a: \"yes\"\n\nb: \"1\"\n\nc: \"x: y\"\n\nd: \"# x\"\n\ne: x#y\n\nf: .inf\n\ng: null\n",
        "a: ${X:-http://h:1}/x\n",
    ] {
        check(text, text);
    }
}

#[test]
fn other_ways_are_understood() {
    check("a: [1, # one\n  {b: c} ] # d\n", "a: # d\n  - 1 # one\n  - b: c\n");
    check("a: 'it''s'\nb: >\n  x\n  y\n", "a: it's\n\nb: |\n  x y\n");
    check("a: &n {x: 1} # why\nb: *n\n", "a: # why\n  x: 1\n\nb:\n  x: 1\n");
    check("--- # doc\na:\n- 1\n# of b\nb: ~\n", "# doc\na:\n  - 1\n\n# of b\nb: null\n");
    check("{\"a\": [], \"b\": { # in b\n}}", "a: []\n\nb: {} # in b\n");
    check("1: x\ntrue: z\n", "\"1\": x\n\n\"true\": z\n");
}

#[test]
fn scalars_are_resolved() {
    for (text, expected) in [
        ("1", json!(1)),
        ("-0x1F", json!(-31)),
        ("0o17", json!(15)),
        ("1.0", json!(1.0)),
        ("+1.5e3", json!(1500.0)),
        ("18446744073709551615", json!(u64::MAX)),
        ("012", json!("012")),
        ("1_000", json!("1_000")),
        ("1.2.3", json!("1.2.3")),
        ("1-2", json!("1-2")),
        ("yes", json!("yes")),
        ("TRUE", json!(true)),
        ("~", json!(null)),
        (".", json!(".")),
        ("e5", json!("e5")),
    ] {
        assert_eq!(Forms::default().json(&plain(text), ""), expected, "{text}");
    }
    assert_eq!(plain("-.inf"), Value::Bare("-inf".to_owned()));
}

#[test]
fn what_is_no_configuration_is_refused_where_it_is() {
    for (text, line, column) in [
        ("a: 1\na: 2\n", 2, 1),
        ("a: b: c\n", 1, 5),
        ("a: [1\nb: 2\n", 2, 2),
        ("- a\n", 1, 1),
        ("a: 1\n---\nb: 2\n", 3, 1),
        ("a: !own x\n", 1, 4),
        ("a: &n [*n]\n", 1, 8),
        ("? {a: 1}\n: x\n", 1, 3),
    ] {
        let refusal = read(text).unwrap_err();
        assert_eq!((refusal.line, refusal.column), (line, column), "{text}: {refusal}");
    }
}

#[test]
fn depth_and_aliases_have_bounds() {
    let deep = format!("a: {}1{}", "[".repeat(200), "]".repeat(200));
    assert!(read(&deep).unwrap_err().message.contains("deep"));
    let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for i in 1..9 {
        laughs.push_str(&format!("a{i}: &a{i} [{}]\n", vec![format!("*a{}", i - 1); 10].join(", ")));
    }
    assert!(read(&laughs).unwrap_err().message.contains("too many"));
}
