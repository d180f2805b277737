//! `jsonb_typeof(jsonb)`: object, array, string, number, boolean or null.

use datafusion::common::Result;
use strata_storage::json::Kind;

use super::function::{Argument, Body, Call, Definition};

pub(super) static DEFINITION: Definition =
    Definition { name: "jsonb_typeof", arguments: &[Argument::Jsonb], variadic: false, body: Body::Text(row) };

fn row(call: &Call, row: usize, out: &mut String) -> Result<bool> {
    Ok(call.text(0, row).and_then(Kind::of).map(|kind| out.push_str(kind.name())).is_some())
}
