//! `text::jsonb`: checks that text is JSON and makes it canonical. A value that is jsonb already stays as it is.

use datafusion::common::Result;

use super::function::{Argument, Body, Call, Definition};

/// The work is done where arguments arrive, for every function that takes jsonb.
pub(super) static DEFINITION: Definition =
    Definition { name: "jsonb_in", arguments: &[Argument::Jsonb], variadic: false, body: Body::Jsonb(row) };

fn row(call: &Call, row: usize, out: &mut String) -> Result<bool> {
    Ok(call.text(0, row).map(|value| out.push_str(value)).is_some())
}
