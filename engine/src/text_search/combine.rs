//! `tsquery && tsquery`, `||`, `<->`, and `tsvector || tsvector`: larger ones of smaller ones.

use strata_storage::words::{DISTANCE_MAX, WordQuery};

use super::function::{Argument, Body, Call, Definition};
use super::operand::too_large;
use super::vector::WordVector;
use crate::Result;
use crate::error::{EngineError, Refusal};

/// `&&`.
pub(super) static AND: Definition = of_queries("tsquery_and", Body::Query(|call, row| combined(call, row, WordQuery::all)));

/// `||`.
pub(super) static OR: Definition = of_queries("tsquery_or", Body::Query(|call, row| combined(call, row, WordQuery::any)));

/// `<->`, and `tsquery_phrase(tsquery, tsquery [, distance])`.
pub(super) static PHRASE: Definition = Definition {
    name: "tsquery_phrase",
    configured: false,
    arguments: &[Argument::Query, Argument::Query, Argument::Integer],
    optional: 1,
    body: Body::Query(|call, row| {
        let distance = u32::try_from(call.integer(2, row).unwrap_or(1)).ok().filter(|distance| *distance <= DISTANCE_MAX);
        let Some(distance) = distance else {
            return Err(EngineError::Refused {
                reason: Refusal::InvalidParameter,
                message: format!(
                    "distance in phrase operator must be an integer value between zero and {DISTANCE_MAX} inclusive"
                ),
                hint: None,
            });
        };
        combined(call, row, |[left, right]| WordQuery::phrase(left, right, distance))
    }),
};

/// `tsvector || tsvector`: the words of the right one come behind those of the left one.
pub(super) static CONCAT: Definition = Definition {
    name: "tsvector_concat",
    configured: false,
    arguments: &[Argument::Vector, Argument::Vector],
    optional: 0,
    body: Body::Vector(|call, row| Ok(concatenated(call.vector(0, row)?.into_owned(), &*call.vector(1, row)?))),
};

const fn of_queries(name: &'static str, body: Body) -> Definition {
    Definition { name, configured: false, arguments: &[Argument::Query, Argument::Query], optional: 0, body }
}

fn combined(call: &Call, row: usize, combine: impl FnOnce([WordQuery; 2]) -> WordQuery) -> Result<WordQuery> {
    let query = combine([call.query(0, row)?.into_owned(), call.query(1, row)?.into_owned()]);
    query.check().map_err(too_large)?;
    Ok(query)
}

fn concatenated(mut left: WordVector, right: &WordVector) -> WordVector {
    let last = left.0.values().flatten().max().copied().unwrap_or(0);
    for (word, positions) in &right.0 {
        let known = left.0.entry(word.clone()).or_default();
        known.extend(positions.iter().map(|position| position.saturating_add(last)));
        known.dedup();
    }
    left
}
