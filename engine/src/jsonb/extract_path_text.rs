//! `jsonb_extract_path_text(jsonb, step, ...)`: `#>>` with the steps as arguments.

use datafusion::common::Result;
use strata_storage::json::text_of;

use super::extract_path::find;
use super::function::{Argument, Body, Call, Definition};

pub(super) static DEFINITION: Definition = Definition {
    name: "jsonb_extract_path_text",
    arguments: &[Argument::Jsonb, Argument::Text],
    variadic: true,
    body: Body::Text(row),
};

fn row(call: &Call, row: usize, out: &mut String) -> Result<bool> {
    Ok(find(call, row).and_then(text_of).map(|text| out.push_str(&text)).is_some())
}
