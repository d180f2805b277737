//! What is known of Vector's types of components: their names, what they need, and which outputs they have.
//!
//! The table is `types.txt`, whose head explains it. It serves to catch slips of the pen before an instance does; a version
//! of Vector that is newer may know more.
//!
//! **Invariant:** the table is read once and is well-formed; a test walks it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::file::Stage;
use crate::component::nearest::nearest;

/// What is known of one type.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// Of each of these at least one must be given.
    pub required: Vec<Vec<&'static str>>,
    /// Names of outputs, as behind the dot in `inputs`.
    pub outputs: Vec<&'static str>,
    /// Its settings name further outputs.
    pub names_outputs: bool,
    /// All of its outputs have names.
    pub only_named: bool,
}

/// Options for the whole process: what may stand in a file beside components.
pub const OPTIONS: [&str; 24] = [
    "acknowledgements",
    "api",
    "buffer_utilization_ewma_alpha",
    "buffer_utilization_ewma_half_life_seconds",
    "data_dir",
    "enrichment_tables",
    "expire_metrics",
    "expire_metrics_per_metric_set",
    "expire_metrics_secs",
    "healthchecks",
    "latency_ewma_alpha",
    "log_schema",
    "metrics_storage_refresh_period",
    "provider",
    "proxy",
    "schema",
    "secret",
    "sinks",
    "sources",
    "telemetry",
    "tests",
    "timezone",
    "transforms",
    "wildcard_matching",
];

type Table = BTreeMap<Stage, BTreeMap<&'static str, Facts>>;

static TABLE: LazyLock<Table> = LazyLock::new(|| read(include_str!("types.txt")));

/// What is known of the type of that name.
#[must_use]
pub fn facts(stage: Stage, name: &str) -> Option<&'static Facts> {
    TABLE.get(&stage)?.get(name)
}

/// The type whose name is most like `name`, if any is like it at all.
#[must_use]
pub fn nearest_type(stage: Stage, name: &str) -> Option<&'static str> {
    nearest(name, TABLE.get(&stage)?.keys().copied())
}

/// The other stages that have a type of that name.
pub fn other_stages(stage: Stage, name: &str) -> impl Iterator<Item = Stage> {
    TABLE.iter().filter(move |(other, types)| **other != stage && types.contains_key(name)).map(|(other, _)| *other)
}

fn read(text: &'static str) -> Table {
    let mut table = Table::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let mut words = line.split(' ');
        let stage = words.next().and_then(Stage::from_word).unwrap_or_else(|| unreachable!("types.txt: {line}"));
        let name = words.next().unwrap_or_else(|| unreachable!("types.txt: {line}"));
        let facts = table.entry(stage).or_default().entry(name).or_default();
        for word in words {
            match (word, word.strip_prefix('.'), word.strip_suffix('!')) {
                ("-", ..) => facts.only_named = true,
                (_, Some("*"), _) => facts.names_outputs = true,
                (_, Some(output), _) => facts.outputs.push(output),
                (_, _, Some(alternatives)) => facts.required.push(alternatives.split('|').collect()),
                _ => unreachable!("types.txt: {line}"),
            }
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_well_formed() {
        let is_name = |name: &str| {
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        };
        for (stage, types) in TABLE.iter() {
            assert!(types.len() >= 20, "there are {} types of {stage}", types.len());
            for (name, facts) in types {
                assert!(is_name(name), "{stage} {name}");
                assert!(facts.required.iter().flatten().chain(&facts.outputs).all(|word| is_name(word)), "{stage} {name}");
            }
        }
        assert!(OPTIONS.is_sorted());
    }

    #[test]
    fn what_must_be_given_and_comes_out_is_known() {
        assert_eq!(facts(Stage::Sink, "kafka").unwrap().required, [["bootstrap_servers"], ["topic"], ["encoding"]]);
        assert_eq!(facts(Stage::Transform, "remap").unwrap().required, [["source", "file", "files"]]);
        let route = facts(Stage::Transform, "route").unwrap();
        assert!(route.only_named && route.names_outputs && route.outputs == ["_unmatched"]);
        assert!(facts(Stage::Source, "console").is_none());
    }

    #[test]
    fn the_nearest_name_is_suggested() {
        assert_eq!(nearest_type(Stage::Sink, "elasticserach"), Some("elasticsearch"));
        assert_eq!(nearest_type(Stage::Transform, "Remap"), Some("remap"));
        assert_eq!(nearest_type(Stage::Source, "something_else_entirely"), None);
        assert_eq!(other_stages(Stage::Source, "console").collect::<Vec<_>>(), [Stage::Sink]);
    }
}
