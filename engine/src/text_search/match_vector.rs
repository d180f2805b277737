//! `tsvector @@ tsquery` where the vector is not made of text right there: over the words that it shows.

use strata_storage::words::Matcher;

use super::function::{Argument, Body, Definition};

pub(super) static DEFINITION: Definition = Definition {
    name: "ts_match_vq",
    configured: false,
    arguments: &[Argument::Vector, Argument::Query],
    optional: 0,
    body: Body::Boolean(|call, row| Ok(call.vector(0, row)?.matches(&mut Matcher::new(&*call.query(1, row)?)))),
};
