//! `ts_rank(tsvector, tsquery [, normalization])`: how much of a text is about the words of a query.
//!
//! PostgreSQL's measure with the one weight 0.1 that words without a weight have there: for an `and` or a phrase the closeness
//! of every two of its words, else how often each word occurs, later occurrences counting less.

use std::collections::BTreeSet;
use std::ops::Bound;

use strata_storage::words::WordQuery;

use super::function::{Argument, Body, Definition};
use super::vector::WordVector;

pub(super) static DEFINITION: Definition = Definition {
    name: "ts_rank",
    configured: false,
    arguments: &[Argument::Vector, Argument::Query, Argument::Integer],
    optional: 1,
    body: Body::Real(|call, row| {
        let (vector, query) = (call.vector(0, row)?, call.query(1, row)?);
        Ok(normalized(rank(&vector, &query), &vector, call.integer(2, row).unwrap_or(0)))
    }),
};

/// Weight of every word.
pub(super) const WEIGHT: f64 = 0.1;
/// What a rank is that would be none at all.
const LEAST: f64 = 1e-20;
/// Occurrences of a word that count in a pair, so that a text of one repeated word costs no square of its length.
const OCCURRENCES_MAX: usize = 256;

fn rank(vector: &WordVector, query: &WordQuery) -> f64 {
    let mut terms = BTreeSet::new();
    collect(query, &mut terms);
    let together = matches!(query, WordQuery::And(_) | WordQuery::Phrase { .. }) && terms.len() > 1;
    let rank = if together { closeness(vector, &terms) } else { Some(occurrences(vector, &terms)) };
    rank.unwrap_or(LEAST)
}

/// The words of a query, each with whether more may follow.
pub(super) fn collect<'a>(query: &'a WordQuery, terms: &mut BTreeSet<(&'a str, bool)>) {
    match query {
        WordQuery::Word { word, prefix } => {
            terms.insert((word, *prefix));
        }
        WordQuery::And(parts) | WordQuery::Or(parts) => parts.iter().for_each(|part| collect(part, terms)),
        WordQuery::Not(part) => collect(part, terms),
        WordQuery::Phrase { left, right, .. } => {
            collect(left, terms);
            collect(right, terms);
        }
        WordQuery::Empty => {}
    }
}

/// Positions of the words of a vector that are `word`, or begin so.
pub(super) fn found<'a>(vector: &'a WordVector, (word, prefix): (&'a str, bool)) -> impl Iterator<Item = &'a Vec<u32>> {
    let from = vector.0.range::<str, _>((Bound::Included(word), Bound::Unbounded));
    let fits = move |found: &str| if prefix { found.starts_with(word) } else { found == word };
    from.take_while(move |(found, _)| fits(found)).map(|(_, positions)| positions)
}

/// The sum over words of 1 + 1/4 + 1/9 ... for their occurrences, as a part of what infinitely many would give.
fn occurrences(vector: &WordVector, terms: &BTreeSet<(&str, bool)>) -> f64 {
    let of_word = |positions: &Vec<u32>| {
        // A word whose positions are not known occurs once.
        let count = u32::try_from(positions.len()).unwrap_or(u32::MAX).max(1);
        (1..=count.min(10_000)).map(|nth| WEIGHT / f64::from(nth).powi(2)).sum::<f64>() / (std::f64::consts::PI.powi(2) / 6.0)
    };
    let sum: f64 = terms.iter().flat_map(|term| found(vector, *term)).map(of_word).sum();
    #[allow(clippy::cast_precision_loss, reason = "a query has 1,024 words at most")]
    let words = terms.len().max(1) as f64;
    sum / words
}

/// One minus the chance that no pair of words belongs together, where a pair's chance falls with its distance; `None` if no two
/// words occur.
fn closeness(vector: &WordVector, terms: &BTreeSet<(&str, bool)>) -> Option<f64> {
    let places: Vec<Vec<u32>> =
        terms.iter().map(|term| found(vector, *term).flatten().copied().take(OCCURRENCES_MAX).collect()).collect();
    let mut missed = None;
    for (at, right) in places.iter().enumerate() {
        for left in &places[..at] {
            let pairs = left.iter().flat_map(|left| right.iter().map(|right| left.abs_diff(*right)));
            for distance in pairs.filter(|distance| *distance > 0) {
                missed = Some(missed.unwrap_or(1.0) * (1.0 - WEIGHT * nearness(distance).sqrt()));
            }
        }
    }
    missed.map(|missed| 1.0 - missed)
}

/// Nearly 1 for neighbours, half at a distance of 7, nothing beyond 100.
fn nearness(distance: u32) -> f64 {
    if distance > 100 { 1e-30 } else { 1.0 / (1.005 + 0.05 * (f64::from(distance) / 1.5 - 2.0).exp()) }
}

/// The rank by PostgreSQL's bits of normalization: 1 divides by 1 + log of the length, 2 by the length, 8 and 16 the same for the
/// number of distinct words, 32 by the rank + 1.
pub(super) fn normalized(rank: f64, vector: &WordVector, bits: i64) -> f32 {
    #[allow(clippy::cast_precision_loss, reason = "lengths of texts")]
    let count = |count: usize| count as f64;
    let length = count(vector.0.values().map(|positions| positions.len().max(1)).sum());
    let distinct = count(vector.0.len());
    let mut rank = rank;
    if bits & 1 != 0 && distinct > 0.0 {
        rank /= (length + 1.0).log2();
    }
    if bits & 2 != 0 && length > 0.0 {
        rank /= length;
    }
    if bits & 8 != 0 && distinct > 0.0 {
        rank /= distinct;
    }
    if bits & 16 != 0 && distinct > 0.0 {
        rank /= (distinct + 1.0).log2();
    }
    if bits & 32 != 0 {
        rank /= rank + 1.0;
    }
    #[allow(clippy::cast_possible_truncation, reason = "the type of the result")]
    let rank = rank as f32;
    rank
}

#[cfg(test)]
mod tests {
    use strata_storage::words::Tokenizer;

    use super::super::parse::parse_canonical;
    use super::*;

    #[test]
    fn as_postgresql() {
        let check = |text: &str, query: &str, expected: f32| {
            let vector = WordVector::of(Tokenizer::Simple, text);
            let rank = normalized(rank(&vector, &parse_canonical(query).unwrap()), &vector, 0);
            assert!((rank - expected).abs() < 1e-6, "{text} @@ {query}: {rank}");
        };
        check("a b", "'a'", 0.060_792_71);
        check("a b", "'c'", 0.0);
        check("a b c", "'a' & 'b'", 0.099_103_2);
        check("a b", "'a' | 'c'", 0.030_396_355);
        check("a b", "'a' & 'c'", 1e-20);
        check("a a", "'a'", 0.075_990_89);
    }
}
