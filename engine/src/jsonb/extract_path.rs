//! `jsonb_extract_path(jsonb, step, ...)`: `#>` with the steps as arguments.

use datafusion::common::Result;

use super::function::{Argument, Body, Call, Definition};
use super::path::follow;

pub(super) static DEFINITION: Definition = Definition {
    name: "jsonb_extract_path",
    arguments: &[Argument::Jsonb, Argument::Text],
    variadic: true,
    body: Body::Jsonb(row),
};

/// What both forms of the function find.
pub(super) fn find(call: &Call, row: usize) -> Option<&str> {
    let steps: Option<Vec<String>> = (1..call.len()).map(|n| call.text(n, row).map(str::to_owned)).collect();
    follow(call.text(0, row)?, &steps?)
}

fn row(call: &Call, row: usize, out: &mut String) -> Result<bool> {
    Ok(find(call, row).map(|found| out.push_str(found)).is_some())
}
