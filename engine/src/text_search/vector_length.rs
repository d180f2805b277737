//! `length(tsvector)`: how many distinct words there are.

use super::function::{Argument, Body, Definition};

/// The planner puts it in the place of `length`, which counts characters.
pub(super) static DEFINITION: Definition = Definition {
    name: "tsvector_length",
    configured: false,
    arguments: &[Argument::Vector],
    optional: 0,
    body: Body::Integer(|call, row| Ok(i32::try_from(call.vector(0, row)?.0.len()).unwrap_or(i32::MAX))),
};
