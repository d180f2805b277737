//! `jsonb #>> path`: the value at the end of a path of keys and indexes, as text.

use datafusion::common::Result;
use strata_storage::json::text_of;

use super::function::{Argument, Body, Call, Definition};
use super::get_path::find;

pub(super) static DEFINITION: Definition = Definition {
    name: "jsonb_get_path_text",
    arguments: &[Argument::Jsonb, Argument::Path],
    variadic: false,
    body: Body::Text(row),
};

fn row(call: &Call, row: usize, out: &mut String) -> Result<bool> {
    Ok(find(call, row).and_then(text_of).map(|text| out.push_str(&text)).is_some())
}
