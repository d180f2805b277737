//! Real pipelines beside the project, each with the verdict of Logstash's own grammar.
//!
//! The folder is not part of the project. Where it is absent these tests say so and pass.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use strata_connectors::component::logstash::grammar;

/// Fewer files than this would mean that the index was not read.
const FILES_MIN: usize = 100;

/// A file of the corpus.
pub struct Sample {
    /// As the index has it.
    pub name: String,
    /// All of it.
    pub text: String,
    /// The line and column at which the grammar refuses it.
    pub refused_at: Option<(u32, u32)>,
}

/// Every Logstash file of the corpus; none where there is no corpus.
pub fn samples() -> Vec<Sample> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus");
    let Ok(index) = fs::read_to_string(folder.join("INDEX.tsv")) else {
        eprintln!("skipped: there is no corpus in {}", folder.display());
        return Vec::new();
    };
    let samples: Vec<Sample> = index.lines().skip(1).filter_map(|line| sample(&folder, line)).collect();
    assert!(samples.len() >= FILES_MIN, "only {} files in the index", samples.len());
    samples
}

fn sample(folder: &Path, line: &str) -> Option<Sample> {
    let fields: Vec<&str> = line.split('\t').collect();
    let [kind, name, .., verdict, fail_at] = fields[..] else { panic!("a line of the index has {} fields", fields.len()) };
    if kind != "logstash" {
        return None;
    }
    let path: PathBuf = folder.join(kind).join(name);
    let refused_at = match verdict {
        "OK" => None,
        "FAIL" => {
            let words: Vec<&str> = fail_at.split(' ').collect();
            let ["line", line, "col", column] = words[..] else { panic!("{name} fails at {fail_at}") };
            Some((line.parse().unwrap(), column.parse().unwrap()))
        }
        other => panic!("verdict {other} of {name}"),
    };
    Some(Sample { name: name.to_owned(), text: fs::read_to_string(path).unwrap(), refused_at })
}

#[test]
fn every_file_gets_the_verdict_of_the_real_grammar() {
    let (mut taken, mut refused, mut wrong) = (0, 0, Vec::new());
    for sample in samples() {
        match (grammar::parse(&sample.text), sample.refused_at) {
            (Ok(_), None) => taken += 1,
            (Ok(_), Some(place)) => wrong.push(format!("{}: accepted, wrong at {place:?}", sample.name)),
            (Err(refusal), Some(place)) if (refusal.line, refusal.column) == place => refused += 1,
            (Err(refusal), expected) => wrong.push(format!("{}: {refusal}, expected {expected:?}", sample.name)),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("{taken} files taken, {refused} refused at the right place");
}

#[test]
fn the_largest_file_is_read_at_once() {
    let Some(largest) = samples().into_iter().max_by_key(|sample| sample.text.len()) else { return };
    let begun = Instant::now();
    grammar::parse(&largest.text).unwrap();
    let took = begun.elapsed();
    println!("{} bytes: {took:?}", largest.text.len());
    assert!(took.as_millis() < 1000, "{took:?} in a build without optimization");
}
