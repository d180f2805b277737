//! Text to rules and back, over real pipelines.

use std::collections::HashSet;

use strata_catalog::etl::component::Rule;
use strata_connectors::component::logstash::{assembly, grammar, printer, rows};

use crate::corpus::samples;
use crate::jsonb::as_jsonb;

/// The comments of a text, found without the grammar: whatever follows a `#` outside of strings and regular expressions.
fn comments(text: &str) -> Vec<String> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let (mut at, mut before) = (0, b' ');
    while at < bytes.len() {
        let now = bytes[at];
        let is_regexp = now == b'/' && before == b'~';
        if now == b'"' || now == b'\'' || is_regexp {
            at += 1;
            while bytes[at] != now {
                at += if bytes[at] == b'\\' && bytes[at + 1] == now { 2 } else { 1 };
            }
        } else if now == b'#' {
            let end = text[at..].find(['\r', '\n']).map_or(text.len(), |length| at + length);
            found.push(text[at..end].to_owned());
            at = end;
            continue;
        }
        if !now.is_ascii_whitespace() {
            before = now;
        }
        at += 1;
    }
    found
}

#[test]
fn every_accepted_file_comes_back_as_the_same_tree_with_all_comments() {
    let mut equal = 0;
    for sample in samples().into_iter().filter(|sample| sample.refused_at.is_none()) {
        let name = &sample.name;
        let tree = grammar::parse(&sample.text).unwrap();
        let rules = rows::rules("web", &tree);
        let assembled = assembly::assemble(&rules).unwrap_or_else(|findings| panic!("{name}: {findings:#?}"));
        assert_eq!(assembled, tree, "{name}: rules");

        let text = printer::print(&assembled);
        let read_again = grammar::parse(&text).unwrap_or_else(|refusal| panic!("{name}: {refusal}\n{text}"));
        assert_eq!(read_again, tree, "{name}: text");
        assert_eq!(comments(&text), comments(&sample.text), "{name}: comments");
        assert_eq!(printer::print(&read_again), text, "{name}: a second time");
        equal += 1;
    }
    println!("{equal} files came back as the same tree");
}

#[test]
fn the_order_in_which_jsonb_keeps_keys_does_not_matter() {
    for sample in samples().into_iter().filter(|sample| sample.refused_at.is_none()) {
        let tree = grammar::parse(&sample.text).unwrap();
        let mut rules = rows::rules("web", &tree);
        for rule in &mut rules {
            rule.settings = as_jsonb(&serde_json::from_str(&rule.settings.to_string()).unwrap());
        }
        rules.reverse();
        assert_eq!(assembly::assemble(&rules), Ok(tree), "{}", sample.name);
    }
}

#[test]
fn names_are_unique_and_the_same_every_time() {
    for sample in samples().into_iter().filter(|sample| sample.refused_at.is_none()) {
        let tree = grammar::parse(&sample.text).unwrap();
        let names = |rules: Vec<Rule>| -> Vec<String> { rules.into_iter().map(|rule| rule.name).collect() };
        let first = names(rows::rules("web", &tree));
        assert_eq!(first, names(rows::rules("api", &tree)), "{}", sample.name);
        let different: HashSet<&String> = first.iter().collect();
        assert_eq!(different.len(), first.len(), "{}", sample.name);
        assert!(first.iter().all(|name| !name.is_empty() && name.chars().count() <= 80), "{}: {first:?}", sample.name);
    }
}
