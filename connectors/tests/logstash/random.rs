//! Random pipelines: whatever the grammar takes comes back, and nothing makes it panic or hang.

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use strata_catalog::etl::component::{Component, Role, Rule};
use strata_connectors::component::logstash::tree::File;
use strata_connectors::component::logstash::{Logstash, assembly, condition, grammar, printer, rows};

use crate::forest;
use crate::jsonb::as_jsonb;

/// Signs that mean something to the grammar, and some that do not.
const SIGNS: [&str; 28] = [
    "{", "}", "[", "]", "(", ")", "\"", "'", "\\", "#", "\n", "\r", " ", "=>", ",", "!", "/", "if", "else", "in", "not ", "and",
    "=~", "1.", "-", "a", "云", "\u{0}",
];

/// One change of a text, at a place given as a share of its length.
#[derive(Debug, Clone)]
enum Edit {
    Insert(f64, &'static str),
    Remove(f64, usize),
    Repeat(f64, usize),
    Cut(f64),
}

fn edit() -> impl Strategy<Value = Edit> {
    let place = 0.0..1.0;
    prop_oneof![
        4 => (place.clone(), prop::sample::select(SIGNS.to_vec())).prop_map(|(place, sign)| Edit::Insert(place, sign)),
        4 => (place.clone(), 1..4_usize).prop_map(|(place, length)| Edit::Remove(place, length)),
        2 => (place.clone(), 1..40_usize).prop_map(|(place, length)| Edit::Repeat(place, length)),
        1 => place.prop_map(Edit::Cut),
    ]
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "any place will do")]
fn edited(text: &str, edits: &[Edit]) -> String {
    let mut signs: Vec<char> = text.chars().collect();
    for edit in edits {
        let at = |place: f64| (place * signs.len() as f64) as usize;
        match *edit {
            Edit::Insert(place, sign) => {
                let at = at(place);
                signs.splice(at..at, sign.chars());
            }
            Edit::Remove(place, length) => {
                let at = at(place);
                signs.drain(at..(at + length).min(signs.len()));
            }
            Edit::Repeat(place, length) => {
                let at = at(place);
                let piece = signs[at..(at + length).min(signs.len())].to_vec();
                signs.splice(at..at, piece);
            }
            Edit::Cut(place) => signs.truncate(at(place)),
        }
    }
    signs.into_iter().collect()
}

/// Text to tree to rules to tree to text to tree: all trees are one.
fn comes_back(tree: &File) -> Result<(), TestCaseError> {
    let text = printer::print(tree);
    prop_assert_eq!(
        &grammar::parse(&text).map_err(|refusal| TestCaseError::fail(format!("{refusal}\n{text}")))?,
        tree,
        "{}",
        text
    );
    let mut rules = rows::rules("web", tree);
    for rule in &mut rules {
        rule.settings = as_jsonb(&rule.settings);
    }
    prop_assert_eq!(&assembly::assemble(&rules), &Ok(tree.clone()), "{}", text);
    Ok(())
}

fn json_value() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::Bool),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        r#"[ab\\"'{}#\n]{0,5}"#.prop_map(Json::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let key = prop::sample::select(vec!["a", "b c", "$plugin", "$repeat", "$form", "$$x", "$", "1", "if", "", "\\"]);
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Json::Array),
            vec((key, inner), 0..3).prop_map(|fields| Json::Object(fields.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())),
        ]
    })
}

fn role() -> Role {
    Role { name: "web".to_owned(), kind: "logstash".to_owned(), description: None, settings: json!({}), enabled: true }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn random_trees_come_back(tree in forest::file()) {
        comes_back(&tree)?;
    }

    #[test]
    fn random_conditions_are_conditions(text in forest::condition()) {
        prop_assert!(condition::parse(&text).is_ok(), "{}", text);
    }

    #[test]
    fn whatever_is_accepted_after_random_changes_comes_back(tree in forest::file(), edits in vec(edit(), 1..6)) {
        let text = edited(&printer::print(&tree), &edits);
        match grammar::parse(&text) {
            Ok(tree) => comes_back(&tree)?,
            Err(refusal) => {
                let lines = u32::try_from(text.split('\n').count()).unwrap();
                prop_assert!((1..=lines).contains(&refusal.line), "{}: line {} of {}", refusal, refusal.line, lines);
            }
        }
    }

    #[test]
    fn rules_made_by_hand_are_written_as_logstash_or_refused_with_a_reason(
        settings in json_value(),
        plugin in prop_oneof![Just("grok".to_owned()), "[a-z\"'\\\\ {}]{0,6}"],
        condition in prop::option::of(prop_oneof![forest::condition(), Just("[a] { }".to_owned())]),
        comment in prop::option::of("[a#\n\r ]{0,5}"),
    ) {
        let rule = Rule { plugin: Some(plugin), settings, condition, comment, ..Rule::new("web", "filter", "r") };
        match Logstash.render(&role(), std::slice::from_ref(&rule)) {
            Ok(files) => prop_assert!(grammar::parse(&files[0].content).is_ok(), "{}", files[0].content),
            Err(findings) => {
                prop_assert!(!findings.is_empty());
                prop_assert!(findings.iter().all(|finding| finding.rule.as_deref() == Some("r")), "{:?}", findings);
            }
        }
        Logstash.validate(&role(), &[rule]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 5_000, ..ProptestConfig::default() })]

    #[test]
    fn random_signs_are_read_or_refused(signs in vec(prop::sample::select(SIGNS.to_vec()), 0..200)) {
        if let Ok(tree) = grammar::parse(&signs.concat()) {
            comes_back(&tree)?;
        }
        if let Ok(tree) = grammar::parse(&format!("filter {{ x {{ a => {} }} }}", signs.concat())) {
            comes_back(&tree)?;
        }
        let _ = condition::parse(&signs.concat());
    }

    #[test]
    fn random_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..300)) {
        if let Ok(tree) = grammar::parse(&String::from_utf8_lossy(&bytes)) {
            comes_back(&tree)?;
        }
    }
}
