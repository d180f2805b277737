//! `jsonb -> key`, `jsonb -> index`: a member or an element.

use datafusion::common::Result;

use super::function::{Argument, Body, Call, Definition};
use super::path::{element, member};

pub(super) static DEFINITION: Definition =
    Definition { name: "jsonb_get", arguments: &[Argument::Jsonb, Argument::Key], variadic: false, body: Body::Jsonb(row) };

/// What both spellings of the operator find.
pub(super) fn find(call: &Call, row: usize) -> Option<&str> {
    let value = call.text(0, row)?;
    match call.integer(1, row) {
        Some(index) => element(value, index),
        None => member(value, call.text(1, row)?),
    }
}

fn row(call: &Call, row: usize, out: &mut String) -> Result<bool> {
    Ok(find(call, row).map(|found| out.push_str(found)).is_some())
}
