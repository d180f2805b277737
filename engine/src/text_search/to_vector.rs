//! `to_tsvector([config,] text)`: the words of a text with their positions.

use super::function::{Argument, Body, Definition};
use super::vector::WordVector;

pub(super) static DEFINITION: Definition = Definition {
    name: "to_tsvector",
    configured: true,
    arguments: &[Argument::Text],
    optional: 0,
    body: Body::Vector(|call, row| Ok(WordVector::of(call.tokenizer, call.text(0, row)))),
};
