//! What is known of Logstash's own plugins: their names, and which settings they take and need.
//!
//! The table is `plugins.txt`, whose head explains it. It serves to catch slips of the pen before an instance does; a
//! plugin or a setting that it does not know may exist all the same, which is why a role can name further plugins.
//!
//! **Invariant:** the table is read once and is well-formed; a test walks it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::LazyLock;

use super::tree::Stage;
use crate::component::nearest::nearest;

/// Where a plugin is used. One name can mean different plugins in different places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Slot {
    /// In a section.
    Stage(Stage),
    /// As the value of `codec`.
    Codec,
}

impl Slot {
    fn from_word(word: &str) -> Option<Slot> {
        if word == "codec" { Some(Slot::Codec) } else { Stage::from_keyword(word).map(Slot::Stage) }
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Slot::Stage(stage) => stage.keyword(),
            Slot::Codec => "codec",
        })
    }
}

/// What is known of one plugin.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// It is not in every installation.
    pub to_be_installed: bool,
    /// Its settings are not known.
    pub takes_any: bool,
    /// All settings it takes.
    pub settings: BTreeSet<&'static str>,
    /// Of each of these at least one must be given.
    pub required: Vec<Vec<&'static str>>,
}

type Table = BTreeMap<Slot, BTreeMap<&'static str, Facts>>;

static TABLE: LazyLock<Table> = LazyLock::new(|| read(include_str!("plugins.txt")));

/// What is known of the plugin of that name.
#[must_use]
pub fn facts(slot: Slot, name: &str) -> Option<&'static Facts> {
    TABLE.get(&slot)?.get(name)
}

/// The plugin whose name is most like `name`, if any is like it at all.
#[must_use]
pub fn nearest_plugin(slot: Slot, name: &str) -> Option<&'static str> {
    nearest(name, TABLE.get(&slot)?.keys().copied())
}

/// The setting whose name is most like `name`, if any is like it at all.
#[must_use]
pub fn nearest_setting(facts: &Facts, name: &str) -> Option<&'static str> {
    nearest(name, facts.settings.iter().copied())
}

/// The other places where a plugin of that name is used.
pub fn other_slots(slot: Slot, name: &str) -> impl Iterator<Item = Slot> {
    TABLE.iter().filter(move |(other, plugins)| **other != slot && plugins.contains_key(name)).map(|(other, _)| *other)
}

fn read(text: &'static str) -> Table {
    let mut groups: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut table = Table::new();
    let mut for_all: BTreeMap<Slot, Vec<&str>> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let mut words = line.split(' ');
        let first = words.next().unwrap_or_default();
        if first.starts_with('@') {
            groups.entry(first).or_default().extend(words);
            continue;
        }
        let slot = Slot::from_word(first).unwrap_or_else(|| unreachable!("plugins.txt: {line}"));
        let name = words.next().unwrap_or_else(|| unreachable!("plugins.txt: {line}"));
        if name == "*" {
            for_all.entry(slot).or_default().extend(words);
            continue;
        }
        let facts = table.entry(slot).or_default().entry(name.trim_end_matches('+')).or_default();
        facts.to_be_installed = name.ends_with('+');
        for word in words {
            add(facts, word, &groups);
        }
    }
    for (slot, plugins) in &mut table {
        for facts in plugins.values_mut() {
            facts.settings.extend(for_all.get(slot).into_iter().flatten());
        }
    }
    table
}

fn add(facts: &mut Facts, word: &'static str, groups: &BTreeMap<&str, Vec<&'static str>>) {
    if word == "?" {
        facts.takes_any = true;
    } else if word.starts_with('@') {
        for word in groups.get(word).unwrap_or_else(|| unreachable!("plugins.txt: {word} comes before its group")) {
            add(facts, word, groups);
        }
    } else if let Some(alternatives) = word.strip_suffix('!') {
        facts.settings.extend(alternatives.split('|'));
        facts.required.push(alternatives.split('|').collect());
    } else {
        facts.settings.insert(word);
    }
}

#[cfg(test)]
mod tests {
    use super::super::quoting::is_plain_name;
    use super::*;

    const INPUT: Slot = Slot::Stage(Stage::Input);
    const FILTER: Slot = Slot::Stage(Stage::Filter);
    const OUTPUT: Slot = Slot::Stage(Stage::Output);

    #[test]
    fn every_line_of_the_table_is_well_formed() {
        for (slot, plugins) in TABLE.iter() {
            assert!(plugins.len() > 15, "{slot} has {} plugins", plugins.len());
            for (name, facts) in plugins {
                assert!(is_plain_name(name), "{slot} {name}");
                assert!(facts.settings.contains("id"), "{slot} {name} has what all have");
                assert!(facts.settings.iter().all(|setting| is_plain_name(setting)), "{slot} {name}: {:?}", facts.settings);
            }
        }
    }

    #[test]
    fn what_must_be_given_is_known() {
        let required = |slot, name| facts(slot, name).unwrap().required.clone();
        assert_eq!(required(INPUT, "beats"), [["port"]]);
        assert_eq!(required(OUTPUT, "kafka"), [["topic_id"]]);
        assert_eq!(required(INPUT, "exec"), [vec!["command"], vec!["schedule", "interval"]]);
        assert!(required(FILTER, "grok").is_empty());
        assert!(facts(INPUT, "jmx").unwrap().to_be_installed);
        assert!(facts(OUTPUT, "elasticsearch").unwrap().settings.contains("ssl_certificate_authorities"));
    }

    #[test]
    fn the_nearest_name_is_suggested() {
        for (slot, name, expected) in [
            (FILTER, "gork", Some("grok")),
            (FILTER, "Grok", Some("grok")),
            (OUTPUT, "elasticserach", Some("elasticsearch")),
            (INPUT, "beat", Some("beats")),
            (Slot::Codec, "jsonl", Some("json")),
            (FILTER, "something_else_entirely", None),
        ] {
            assert_eq!(nearest_plugin(slot, name), expected, "{name}");
        }
        assert_eq!(nearest_setting(facts(OUTPUT, "elasticsearch").unwrap(), "host_s"), Some("hosts"));
        assert_eq!(other_slots(FILTER, "beats").collect::<Vec<_>>(), [INPUT]);
    }
}
