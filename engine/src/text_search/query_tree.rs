//! `querytree(tsquery)`: the part of a query that words can be looked up for, `T` if there is none.

use strata_storage::words::WordQuery;

use super::function::{Argument, Body, Definition};

pub(super) static DEFINITION: Definition = Definition {
    name: "querytree",
    configured: false,
    arguments: &[Argument::Query],
    optional: 0,
    body: Body::Text(|call, row| {
        let query = call.query(0, row)?;
        Ok(match findable(&query) {
            WordQuery::Empty if *query != WordQuery::Empty => "T".to_owned(),
            found => found.to_string(),
        })
    }),
};

/// What must be found in any case; empty if nothing must.
fn findable(query: &WordQuery) -> WordQuery {
    match query {
        WordQuery::Word { .. } => query.clone(),
        WordQuery::And(parts) => WordQuery::all(parts.iter().map(findable)),
        WordQuery::Or(parts) => {
            let parts: Vec<_> = parts.iter().map(findable).collect();
            if parts.contains(&WordQuery::Empty) { WordQuery::Empty } else { WordQuery::any(parts) }
        }
        WordQuery::Phrase { left, right, distance } => WordQuery::phrase(findable(left), findable(right), *distance),
        WordQuery::Not(_) | WordQuery::Empty => WordQuery::Empty,
    }
}
