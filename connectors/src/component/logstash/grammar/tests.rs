//! What the grammar takes, what it makes of it, and where it stops.

use super::super::tree::{Comment, File, Node, Test, Value};
use super::parse;

/// The settings of the only plugin of `filter { ... }`.
fn settings(text: &str) -> Vec<(String, Value)> {
    let file = parse(&format!("filter {{ {text} }}")).unwrap();
    let Node::Plugin { plugin, .. } = file.sections[0].block.nodes[0].clone() else { panic!("no plugin: {file:?}") };
    plugin.entries.into_iter().map(|entry| (entry.name.text().to_owned(), entry.value)).collect()
}

#[test]
fn quirks_that_logstash_reads() {
    for text in [
        "",
        "  \n\t",
        "# only a comment",
        "input{stdin{}}filter{}output{stdout{}}",
        "filter { } input { } filter { }",
        "input { stdin{}stdin{} }",
        "filter { \"grok\" { } 'mutate' { } }",
        "filter { if { } else { a => 1 } }",
        "filter { iffy { } elseif { } }",
        "filter { if[a]{}elseif[b]{}else{} }",
        "filter { a { b => c { d => e { } } } }",
        "filter { a { b => [c1 { d => 1 }, \"x\" { }] } }",
        "filter { a { b => [] c => {} d => [[], [{}]] } }",
        "filter { a { b => { 1 => 2 xy => 3 \"z\"=>4 'w' => 5 } } }",
        "filter { a { b => { \"x\" => 1\"y\" => 2 } } }",
        "filter { a { b => { # one\n 1 => 2 # two\n 3 => 4 # three\n } } }",
        "filter { 5044 { -x- => -1 _ => 1. } }",
        "filter { a { b => \"x\\\"y\" c => 'x\\'y' d => \"line\nline\" } }",
        "filter { a { b => \"${X:default}\" } }",
        "filter # a\n { # b\n a # c\n { # d\n b # e\n => # f\n c1 # g\n } # h\n } # i",
        "filter { a { } # x\r\n }\r\n",
    ] {
        if let Err(refusal) = parse(text) {
            panic!("{text}\n{refusal}");
        }
    }
}

#[test]
fn conditions_that_logstash_reads() {
    for condition in [
        "[a]",
        "[a][b] == 1",
        "[a b c] == \"x\" and [d] != 'y' or [e] < 1 xor [f] >= -1.5 nand [g] <= 2",
        "\"x\" in [tags]",
        "\"x\"in[tags]",
        "\"x\" not in [tags]",
        "[a] not   in [\"b\", \"c\"]",
        "[a] in [\"b\"]",
        "[a] =~ /x\\/y[\"#]/",
        "[a] !~ \"^x\"",
        "![a]",
        "!([a] or ! [b])",
        "! ( ( [a] ) )",
        "([a] == 1) and([b] == 2)",
        "f1([a], \"x\") == 3",
        "f1() and fn(g1(1))",
        "/x/",
        "[]",
        "1 == 1",
        "[a] # why\n == # indeed\n 1",
        "[@metadata][x] and \"_grokparsefailure\" not in [tags]",
    ] {
        let text = format!("filter {{ if {condition} {{ }} }}");
        match parse(&text) {
            Err(refusal) => panic!("{text}\n{refusal}"),
            Ok(file) => match &file.sections[0].block.nodes[0] {
                Node::Branch(arms) => assert_eq!(arms[0].test, Test::If(condition.to_owned())),
                Node::Plugin { .. } => panic!("{text} holds no plugin"),
            },
        }
    }
}

#[test]
fn what_is_refused_is_refused_at_the_furthest_place() {
    let mut wrong = Vec::new();
    for (text, line, column) in [
        ("inputs { }", 1, 6),
        ("input { stdin { }", 1, 18),
        ("input { stdin }", 1, 15),
        ("input { } }", 1, 11),
        ("filter { grok }", 1, 15),
        ("filter { \"\" { } }", 1, 10),
        ("filter {\n  a { b => 1, c => 2 }\n}", 2, 13),
        ("filter {\n  a { b => { \"x\" => 1,\n \"y\" => 2 } }\n}", 2, 22),
        ("filter { a { b => 1# no space\n c => 2 } }", 2, 2),
        ("filter { a { b => x\nc => 1 } }", 2, 1),
        ("filter { a { b => null } c }", 1, 28),
        ("filter { a { b => /x/ } }", 1, 19),
        ("filter { a { b => 1e5 } }", 1, 23),
        ("filter { a { b => ${X} } }", 1, 19),
        ("filter { a { b => { f-o => 1 } } }", 1, 22),
        ("filter { if [a] = 1 { } }", 1, 17),
        ("filter { if [a] not\nin [b] { } }", 1, 17),
        ("filter { if [[a] { } }", 1, 16),
        ("filter { else if [a] { } }", 1, 15),
        ("filter { if [a] { } else { } else { } mutate }", 1, 46),
        ("filter { if [a] && [b] { } }", 1, 17),
        ("filter {\n  a { b => \"x\\\" }\n}\n", 4, 1),
        ("# x\ry\n", 1, 5),
        ("filter { a { b => \"x }\n", 2, 1),
    ] {
        let refusal = parse(text).err().unwrap_or_else(|| panic!("accepted: {text}"));
        if (refusal.line, refusal.column) != (line, column) {
            wrong.push(format!("{text}\n{refusal}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_error_says_what_was_expected_and_what_was_found() {
    assert_eq!(parse("filter { grok }").unwrap_err().to_string(), "line 1, column 15: expected a comment or \"{\", found '}'");
    let refusal = parse("filter {\n  a { path => \"C:\\logs\\\" }\n}\n").unwrap_err();
    assert!(refusal.hint.unwrap().contains("line 2"), "the backslash is on line 2");
}

#[test]
fn values_are_kept_as_they_were_written() {
    let found = settings("x { a => 1. b => -07 c => 'it' d => word e => \"x\\ny\" a => [1] }");
    let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["a", "b", "c", "d", "e", "a"]);
    assert_eq!(found[0].1, Value::Number("1.".to_owned()));
    assert_eq!(found[1].1, Value::Number("-07".to_owned()));
    let Value::Text(text) = &found[2].1 else { panic!("a string: {found:?}") };
    assert_eq!(text.to_string(), "'it'");
    assert_eq!(found[3].1, Value::Bareword("word".to_owned()));
    let Value::Text(text) = &found[4].1 else { panic!("a string: {found:?}") };
    assert_eq!(text.as_str(), "x\\ny", "escapes are not processed");
}

#[test]
fn a_comment_belongs_to_what_follows_or_to_the_end() {
    let file: File = parse("# one\ninput { # two\n a # three\n { } # four\n # five\n} # six\n").unwrap();
    let shown = |comments: &[Comment]| -> Vec<(String, bool)> {
        comments.iter().map(|comment| (comment.text.clone(), comment.same_line)).collect()
    };
    let section = &file.sections[0];
    assert_eq!(shown(&section.comments), [(" one".to_owned(), false)]);
    let Node::Plugin { comments, plugin } = &section.block.nodes[0] else { panic!("a plugin: {file:?}") };
    assert_eq!(shown(comments), [(" two".to_owned(), true)]);
    assert_eq!(shown(&plugin.end), [(" three".to_owned(), true)]);
    assert_eq!(shown(&section.block.end), [(" four".to_owned(), true), (" five".to_owned(), false)]);
    assert_eq!(shown(&file.end), [(" six".to_owned(), true)]);
}

#[test]
fn deep_nesting_is_refused_and_not_followed() {
    for (open, close) in [("if [a] {", "}"), ("a { b => [", "] }")] {
        let deep = |levels| format!("filter {{ {} {} }}", open.repeat(levels), close.repeat(levels));
        assert!(parse(&deep(1)).is_ok());
        let refusal = parse(&deep(20_000)).unwrap_err();
        assert!(refusal.message.starts_with("nested deeper") || open.starts_with('a'), "{refusal}");
    }
    for deep in ["(", "!(", "f1(", "[{aa => "] {
        let refusal = parse(&format!("filter {{ if {} 1 }}", deep.repeat(20_000))).unwrap_err();
        assert!(refusal.message.starts_with("nested deeper"), "{refusal}");
    }
}
