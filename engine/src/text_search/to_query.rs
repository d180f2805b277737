//! `to_tsquery`, `plainto_tsquery`, `phraseto_tsquery`, `websearch_to_tsquery`: text into a query.

use super::function::{Argument, Body, Definition};
use super::{grammar, operand, websearch};

/// With operators; a word that the tokenizer cuts into several is a phrase.
pub(super) static TO_TSQUERY: Definition = definition(
    "to_tsquery",
    Body::Query(|call, row| grammar::parse(call.text(0, row), &mut |word, prefix| operand::phrase(call.tokenizer, word, prefix))),
);

/// All words.
pub(super) static PLAINTO_TSQUERY: Definition =
    definition("plainto_tsquery", Body::Query(|call, row| operand::all(call.tokenizer, call.text(0, row))));

/// All words, one after the other.
pub(super) static PHRASETO_TSQUERY: Definition =
    definition("phraseto_tsquery", Body::Query(|call, row| operand::phrase(call.tokenizer, call.text(0, row), false)));

/// As people type into a search box.
pub(super) static WEBSEARCH_TO_TSQUERY: Definition =
    definition("websearch_to_tsquery", Body::Query(|call, row| websearch::parse(call.tokenizer, call.text(0, row))));

const fn definition(name: &'static str, body: Body) -> Definition {
    Definition { name, configured: true, arguments: &[Argument::Text], optional: 0, body }
}
