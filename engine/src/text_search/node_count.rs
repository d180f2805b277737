//! `numnode(tsquery)`: words and operators of a query.

use strata_storage::words::WordQuery;

use super::function::{Argument, Body, Definition};

pub(super) static DEFINITION: Definition = Definition {
    name: "numnode",
    configured: false,
    arguments: &[Argument::Query],
    optional: 0,
    // A query has 1,024 words at most.
    body: Body::Integer(|call, row| Ok(i32::try_from(nodes(&*call.query(0, row)?)).unwrap_or(i32::MAX))),
};

fn nodes(query: &WordQuery) -> usize {
    match query {
        WordQuery::Word { .. } => 1,
        // One operator fewer than parts.
        WordQuery::And(parts) | WordQuery::Or(parts) => parts.iter().map(nodes).sum::<usize>() + parts.len() - 1,
        WordQuery::Not(part) => 1 + nodes(part),
        WordQuery::Phrase { left, right, .. } => 1 + nodes(left) + nodes(right),
        WordQuery::Empty => 0,
    }
}
