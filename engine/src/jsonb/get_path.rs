//! `jsonb #> path`: the value at the end of a path of keys and indexes.

use datafusion::common::Result;

use super::function::{Argument, Body, Call, Definition};
use super::path::follow;

pub(super) static DEFINITION: Definition =
    Definition { name: "jsonb_get_path", arguments: &[Argument::Jsonb, Argument::Path], variadic: false, body: Body::Jsonb(row) };

/// What both spellings of the operator find.
pub(super) fn find(call: &Call, row: usize) -> Option<&str> {
    follow(call.text(0, row)?, call.path(1, row)?)
}

fn row(call: &Call, row: usize, out: &mut String) -> Result<bool> {
    Ok(find(call, row).map(|found| out.push_str(found)).is_some())
}
