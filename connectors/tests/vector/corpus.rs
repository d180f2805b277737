//! Real configurations beside the project.
//!
//! The folder is not part of the project. Where it is absent these tests say so and pass. Its index has no verdicts about
//! Vector files: they are configurations all but one, which is named here.

use std::fs;
use std::path::Path;
use std::time::Instant;

use serde_json::json;
use strata_catalog::etl::component::{Component, Role};
use strata_connectors::component::vector::Vector;
use strata_connectors::component::vector::format::Format;

/// Fewer files than this would mean that the index was not read.
const FILES_MIN: usize = 50;
/// Table of redirects of a website, with lists under the keys where a configuration has components: refused at the first.
const NO_CONFIGURATION: (&str, u32, u32) = ("vectordotdev__vector__website__data__redirects.yaml", 5, 1);

/// A file of the corpus.
pub struct Sample {
    /// As the index has it.
    pub name: String,
    /// All of it.
    pub text: String,
    /// By its name.
    pub format: Format,
}

impl Sample {
    /// Where it is refused; `None` if it is a configuration.
    pub fn refused_at(&self) -> Option<(u32, u32)> {
        let (name, line, column) = NO_CONFIGURATION;
        (self.name == name).then_some((line, column))
    }
}

/// A role with this file.
pub fn role(path: &str) -> Role {
    Role { name: "edge".to_owned(), kind: "vector".to_owned(), description: None, settings: json!({"path": path}), enabled: true }
}

/// Every Vector file of the corpus; none where there is no corpus.
pub fn samples() -> Vec<Sample> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus");
    let Ok(index) = fs::read_to_string(folder.join("INDEX.tsv")) else {
        eprintln!("skipped: there is no corpus in {}", folder.display());
        return Vec::new();
    };
    let files = index.lines().filter_map(|line| line.strip_prefix("vector\t")?.split('\t').next());
    let samples: Vec<Sample> = files
        .map(|name| {
            let text = fs::read_to_string(folder.join("vector").join(name)).unwrap();
            Sample { name: name.to_owned(), text, format: Format::of_path(name).unwrap() }
        })
        .collect();
    assert!(samples.len() >= FILES_MIN, "only {} files in the index", samples.len());
    samples
}

#[test]
fn every_configuration_is_taken_and_nothing_else() {
    let (mut taken, mut refused, mut wrong) = (0, 0, Vec::new());
    for sample in samples() {
        match (Vector.import(&role(&format!("edge.{}", sample.format.extension())), &sample.text), sample.refused_at()) {
            (Ok(_), None) => taken += 1,
            (Err(refusal), Some(place)) if (refusal.line, refusal.column) == place => refused += 1,
            (Ok(_), Some(place)) => wrong.push(format!("{}: taken, wrong at {place:?}", sample.name)),
            (Err(refusal), expected) => wrong.push(format!("{}: {refusal}, expected {expected:?}", sample.name)),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("{taken} files taken, {refused} refused at the right line");
}

#[test]
fn the_notation_is_seen_in_the_text() {
    for sample in samples() {
        assert_eq!(Format::of_text(&sample.text), sample.format, "{}", sample.name);
    }
}

#[test]
fn the_largest_file_is_read_at_once() {
    let Some(largest) = samples().into_iter().max_by_key(|sample| sample.text.len()) else { return };
    let role = role(&format!("edge.{}", largest.format.extension()));
    let begun = Instant::now();
    let rules = Vector.import(&role, &largest.text).unwrap();
    let took = begun.elapsed();
    println!("{} bytes, {} rules: {took:?}", largest.text.len(), rules.len());
    assert!(took.as_millis() < 1000, "{took:?} in a build without optimization");
}
