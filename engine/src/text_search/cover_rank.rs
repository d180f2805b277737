//! `ts_rank_cd(tsvector, tsquery [, normalization])`: how often and how densely a text matches a query.
//!
//! PostgreSQL's cover density: every cover counts 0.1, the weight of its words, divided by one more than the words in it that
//! the query does not ask for.

use std::collections::BTreeSet;

use strata_storage::words::WordQuery;

use super::cover::covers;
use super::function::{Argument, Body, Definition};
use super::rank::{WEIGHT, collect, normalized};
use super::vector::WordVector;

pub(super) static DEFINITION: Definition = Definition {
    name: "ts_rank_cd",
    configured: false,
    arguments: &[Argument::Vector, Argument::Query, Argument::Integer],
    optional: 1,
    body: Body::Real(|call, row| {
        let (vector, query) = (call.vector(0, row)?, call.query(1, row)?);
        Ok(normalized(density(&vector, &query), &vector, call.integer(2, row).unwrap_or(0)))
    }),
};

fn density(vector: &WordVector, query: &WordQuery) -> f64 {
    let mut terms = BTreeSet::new();
    collect(query, &mut terms);
    let mut occurrences: Vec<(u32, &str)> = Vec::new();
    for (word, positions) in &vector.0 {
        let asked = |(term, prefix): &(&str, bool)| if *prefix { word.starts_with(term) } else { word == term };
        if terms.iter().any(asked) {
            occurrences.extend(positions.iter().map(|position| (*position, word.as_str())));
        }
    }
    occurrences.sort_unstable();
    let of_cover = |(first, last): (usize, usize)| {
        let span = occurrences[last].0 - occurrences[first].0;
        let asked = u32::try_from(last - first).unwrap_or(u32::MAX);
        WEIGHT / (1.0 + f64::from(span.saturating_sub(asked)))
    };
    covers(query, &occurrences).into_iter().map(of_cover).sum()
}

#[cfg(test)]
mod tests {
    use strata_storage::words::Tokenizer;

    use super::super::parse::parse_canonical;
    use super::*;

    #[test]
    fn dense_matches_count_more() {
        let check = |text: &str, query: &str, expected: f64| {
            let found = density(&WordVector::of(Tokenizer::Simple, text), &parse_canonical(query).unwrap());
            assert!((found - expected).abs() < 1e-9, "{text} @@ {query}: {found}");
        };
        check("a b", "'a'", 0.1);
        check("a b a", "'a'", 0.2);
        check("a b", "'a' & 'b'", 0.1);
        check("a x b", "'a' & 'b'", 0.05);
        check("a x b", "'a' <-> 'b'", 0.0);
    }
}
