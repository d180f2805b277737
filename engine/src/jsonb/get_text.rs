//! `jsonb ->> key`, `jsonb ->> index`: a member or an element as text.

use datafusion::common::Result;
use strata_storage::json::text_of;

use super::function::{Argument, Body, Call, Definition};
use super::get::find;

pub(super) static DEFINITION: Definition =
    Definition { name: "jsonb_get_text", arguments: &[Argument::Jsonb, Argument::Key], variadic: false, body: Body::Text(row) };

fn row(call: &Call, row: usize, out: &mut String) -> Result<bool> {
    Ok(find(call, row).and_then(text_of).map(|text| out.push_str(&text)).is_some())
}
