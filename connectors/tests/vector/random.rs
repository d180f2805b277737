//! Random trees: every shape that a configuration can have, and texts that nobody would write.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::Number;
use strata_catalog::etl::component::Component;
use strata_connectors::component::vector::Vector;
use strata_connectors::component::vector::file::File;
use strata_connectors::component::vector::format::Format;
use strata_connectors::component::vector::tree::{Array, Entry, Item, Table, Value};

use crate::corpus::role;
use crate::jsonb::as_jsonb;

/// How deep tables and arrays stand in each other.
const LEVELS: u32 = 3;

fn comments() -> impl Strategy<Value = Vec<String>> {
    prop_oneof![4 => Just(Vec::new()), 1 => vec("[ #a\"':{}=-]{0,4}[a#]", 1..3)]
}

fn beside() -> impl Strategy<Value = Option<String>> {
    prop_oneof![4 => Just(None), 1 => "[ #a\"']{0,4}[a#]".prop_map(Some)]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-c0-9:#'\"\\\\ {}\\[\\]=|>%@&*!?$.,~-]{0,8}",
        1 => "[ab#: \\n\\t\\\\'\"]{0,10}",
        1 => "\\PC{0,4}",
        1 => prop::sample::select(vec!["true", "null", "1.0", "0x1F", "~", ".inf", "no", "---", "'''", "\r\n", "\u{7f}", "\u{85}", "1979-05-27"])
            .prop_map(str::to_owned),
    ]
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof![5 => "[a-d_]{1,3}", 1 => text()]
}

fn value(nulls: bool) -> impl Strategy<Value = Value> {
    let number = prop_oneof![
        any::<i64>().prop_map(Number::from),
        // The last digit of a longer one is not safe in JSON.
        (any::<i32>(), 0..6).prop_filter_map("finite", |(digits, shift)| Number::from_f64(f64::from(digits) / 10f64.powi(shift))),
        (0i64..100).prop_map(Number::from)
    ];
    let leaf = prop_oneof![
        4 => text().prop_map(Value::Text),
        2 => number.prop_map(Value::Number),
        1 => any::<bool>().prop_map(Value::Bool),
        1 => Just(if nulls { Value::Null } else { Value::Bool(true) }),
    ];
    leaf.prop_recursive(LEVELS, 24, 4, |inner| {
        let item = (comments(), inner.clone(), beside()).prop_map(|(comments, value, beside)| Item {
            comments,
            beside,
            ..Item::new(value)
        });
        prop_oneof![
            table(inner.boxed()).prop_map(Value::Table),
            (vec(item, 0..4), comments()).prop_map(|(items, end)| Value::Array(Array { items, end })),
        ]
    })
}

fn table(inner: BoxedStrategy<Value>) -> impl Strategy<Value = Table> {
    let entry = (comments(), inner, beside());
    (btree_map(key(), entry, 0..5), comments(), any::<bool>()).prop_map(|(entries, end, reversed)| {
        let mut entries: Vec<Entry> = entries
            .into_iter()
            .map(|(key, (comments, value, beside))| Entry { comments, beside, ..Entry::new(&key, value) })
            .collect();
        if reversed {
            entries.reverse();
        }
        Table { entries, end }
    })
}

fn configuration(nulls: bool) -> impl Strategy<Value = Table> {
    let component = table(value(nulls).boxed());
    let components = vec((component, comments(), beside()), 0..3);
    (table(value(nulls).boxed()), vec((components, comments(), comments(), beside()), 3)).prop_map(|(mut root, groups)| {
        let mut number = 0;
        for (key, (components, comments, end, beside)) in ["sources", "transforms", "sinks"].into_iter().zip(groups) {
            if components.is_empty() {
                continue;
            }
            let entries = components.into_iter().map(|(table, comments, beside)| {
                number += 1;
                Entry { comments, beside, ..Entry::new(&format!("c{number}"), Value::Table(table)) }
            });
            let value = Value::Table(Table { entries: entries.collect(), end });
            root.entries.push(Entry { comments, beside, ..Entry::new(key, value) });
        }
        root.tidy();
        root
    })
}

/// Text to rows to text: the same tree, and the same text from then on.
fn comes_back(format: Format, root: &Table) -> Result<(), TestCaseError> {
    let role = role(&format!("edge.{}", format.extension()));
    let text = format.print(root);
    let tree = format.read(&text);
    prop_assert!(tree.is_ok(), "{:?}\n{text}", tree);
    let file = File::of(tree.unwrap(), format).unwrap();
    let mut rules = Vector.import(&role, &text).unwrap();
    for rule in &mut rules {
        rule.settings = as_jsonb(&serde_json::from_str(&rule.settings.to_string()).unwrap());
    }
    let files = Vector.render(&role, &rules);
    prop_assert!(files.is_ok(), "{:#?}\n{text}", files);
    let content = &files.unwrap()[0].content;
    let again = File::of(format.read(content).unwrap(), format).unwrap();
    prop_assert_eq!(&again, &file, "{}\n--- became\n{}", text, content);
    prop_assert_eq!(Vector.import(&role, content).unwrap(), Vector.import(&role, &text).unwrap());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn yaml_comes_back(root in configuration(true)) {
        prop_assert_eq!(&Format::Yaml.read(&Format::Yaml.print(&root)).unwrap(), &root, "{}", Format::Yaml.print(&root));
        comes_back(Format::Yaml, &root)?;
    }

    #[test]
    fn toml_comes_back(root in configuration(false)) {
        comes_back(Format::Toml, &root)?;
    }

    #[test]
    fn json_comes_back(root in configuration(true)) {
        comes_back(Format::Json, &root)?;
    }

    #[test]
    fn no_text_brings_a_reader_down(text in "[a-c\"'#:=\\[\\]{},|>&*!\\n -]{0,60}") {
        for format in [Format::Toml, Format::Yaml, Format::Json] {
            if let Ok(table) = format.read(&text) {
                let printed = format.print(&table);
                let again = format.read(&printed);
                prop_assert!(again.as_ref() == Ok(&table), "{text}\n---\n{printed}\n---\n{again:#?}");
            }
        }
    }
}
