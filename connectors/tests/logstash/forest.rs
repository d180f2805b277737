//! Random syntax trees: every shape that the grammar can make, and texts that nobody would write.

use proptest::collection::vec;
use proptest::prelude::*;
use strata_connectors::component::logstash::quoting::{Quote, Text};
use strata_connectors::component::logstash::tree::{
    Arm, Array, Block, Comment, Entry, File, Hash, Item, Name, Node, Plugin, Section, Stage, Test, Value,
};

/// How deep values, and blocks, stand in each other.
const LEVELS: u32 = 3;

/// A file. Nothing stands in front of its first comment on the line.
pub fn file() -> impl Strategy<Value = File> {
    (vec(section(), 0..4), comments()).prop_map(|(sections, end)| {
        let mut file = File { sections, end };
        let first = match file.sections.first_mut() {
            Some(section) => section.comments.first_mut(),
            None => file.end.first_mut(),
        };
        if let Some(first) = first {
            first.same_line = false;
        }
        file
    })
}

fn section() -> impl Strategy<Value = Section> {
    let stage = prop::sample::select(Stage::ALL.to_vec());
    (comments(), stage, block()).prop_map(|(comments, stage, block)| Section { comments, stage, block })
}

fn block() -> impl Strategy<Value = Block> {
    let leaf = vec(plugin_node(), 0..3).prop_map(|nodes| Block { nodes, end: Vec::new() });
    leaf.prop_recursive(LEVELS, 12, 4, |inner| {
        let node = prop_oneof![3 => plugin_node(), 1 => branch(inner)];
        (vec(node, 0..3), comments()).prop_map(|(nodes, end)| Block { nodes, end })
    })
}

fn plugin_node() -> impl Strategy<Value = Node> {
    (comments(), plugin()).prop_map(|(comments, plugin)| Node::Plugin { comments, plugin })
}

fn branch(inner: impl Strategy<Value = Block> + Clone) -> impl Strategy<Value = Node> {
    let arm = (comments(), condition(), inner.clone());
    let last = prop::option::of((comments(), inner));
    (vec(arm, 1..3), last).prop_map(|(conditional, last)| {
        let mut arms: Vec<Arm> = conditional
            .into_iter()
            .enumerate()
            .map(|(i, (comments, condition, block))| {
                let test = if i == 0 { Test::If(condition) } else { Test::ElseIf(condition) };
                Arm { comments, test, block }
            })
            .collect();
        arms.extend(last.map(|(comments, block)| Arm { comments, test: Test::Else, block }));
        Node::Branch(arms)
    })
}

/// A condition as text.
pub fn condition() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        "(\\[[a-z@ ]{1,4}\\]){1,2}",
        text().prop_map(|text| text.to_string()),
        number(),
        Just("[\"a\", 1]".to_owned()),
        "f[a-z]\\(\\[x\\]\\)",
        "/[a-z#\"]{0,4}/",
    ];
    let operator =
        prop::sample::select(vec!["==", "!=", "<", ">=", "in", "not in", "# why\n ==", "=~ \"x\" or 1 <", "xor", "nand"]);
    let leaf = (value.clone(), operator, value).prop_map(|(left, operator, right)| format!("{left} {operator} {right}"));
    leaf.prop_recursive(2, 6, 2, |inner| {
        prop_oneof![
            inner.clone().prop_map(|inner| format!("({inner})")),
            inner.clone().prop_map(|inner| format!("!({inner})")),
            (inner.clone(), inner).prop_map(|(left, right)| format!("{left}\n    and {right}")),
        ]
    })
}

fn plugin() -> impl Strategy<Value = Plugin> {
    plugin_of(value().boxed(), name(false))
}

fn plugin_of(value: BoxedStrategy<Value>, name: impl Strategy<Value = Name>) -> impl Strategy<Value = Plugin> {
    (name, vec(entry(name_of_setting(), value), 0..4), comments()).prop_map(|(name, entries, end)| Plugin { name, entries, end })
}

fn name_of_setting() -> impl Strategy<Value = Name> {
    name(true)
}

/// Bare names that begin like `if` and `else` could be read as such where a node stands.
fn name(of_setting: bool) -> impl Strategy<Value = Name> {
    prop_oneof![
        6 => "[a-z0-9_-]{1,3}"
            .prop_filter("it would be an if", move |name| of_setting || !name.starts_with("if"))
            .prop_map(Name::Bare),
        1 => text().prop_filter("a plugin has a name", |text| !text.as_str().is_empty()).prop_map(Name::Quoted),
    ]
}

fn key() -> impl Strategy<Value = Name> {
    prop_oneof![
        3 => text().prop_map(Name::Quoted),
        1 => "[a-z_][a-z0-9_]{1,3}".prop_map(Name::Bare),
        1 => number().prop_map(Name::Bare),
    ]
}

fn entry(name: impl Strategy<Value = Name>, value: BoxedStrategy<Value>) -> impl Strategy<Value = Entry> {
    (comments(), name, value).prop_map(|(comments, name, value)| Entry { comments, name, value })
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        4 => text().prop_map(Value::Text),
        2 => number().prop_map(Value::Number),
        1 => "[a-z_][a-z0-9_]{1,4}".prop_map(Value::Bareword),
        1 => prop::sample::select(vec!["true", "false", "null", "if", "else"]).prop_map(|word| Value::Bareword(word.to_owned())),
    ];
    leaf.prop_recursive(LEVELS, 16, 4, |inner| {
        let item = (comments(), inner.clone()).prop_map(|(comments, value)| Item { comments, value });
        prop_oneof![
            (vec(item, 0..4), comments()).prop_map(|(items, end)| Value::Array(Array { items, end })),
            (vec(entry(key(), inner.clone().boxed()), 0..4), comments())
                .prop_map(|(entries, end)| Value::Hash(Hash { entries, end })),
            plugin_of(inner.boxed(), name_of_setting()).prop_map(Value::Plugin),
        ]
    })
}

fn text() -> impl Strategy<Value = Text> {
    (r#"[ab$#{}=>\[\]\\"'\n云]{0,6}"#, any::<bool>()).prop_filter_map("no quotes fit around it", |(text, single)| {
        Text::new(&text, if single { Quote::Single } else { Quote::Double }).ok()
    })
}

fn number() -> impl Strategy<Value = String> {
    "-?[0-9]{1,20}(\\.[0-9]{0,3})?"
}

/// Only the first of a run can share a line.
fn comments() -> impl Strategy<Value = Vec<Comment>> {
    let comment = ("[ #a\"'{}=>]{0,5}", any::<bool>()).prop_map(|(text, same_line)| Comment { text, same_line });
    prop_oneof![3 => Just(Vec::new()), 1 => vec(comment, 1..3)].prop_map(|mut comments| {
        for comment in comments.iter_mut().skip(1) {
            comment.same_line = false;
        }
        comments
    })
}
