//! `'...'::tsquery` and `'...'::tsvector`: words are taken as they stand.

use super::function::{Argument, Body, Definition};
use super::parse::parse_canonical;
use super::vector::WordVector;

pub(super) static QUERY: Definition = definition("tsquery_in", Body::Query(|call, row| parse_canonical(call.text(0, row))));

pub(super) static VECTOR: Definition = definition("tsvector_in", Body::Vector(|call, row| WordVector::parse(call.text(0, row))));

const fn definition(name: &'static str, body: Body) -> Definition {
    Definition { name, configured: false, arguments: &[Argument::Text], optional: 0, body }
}
