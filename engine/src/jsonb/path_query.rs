//! `jsonb_path_query_first`, `jsonb_path_query_array`, `jsonb_path_exists`, and `jsonb_path_query`, which gives the first
//! value where PostgreSQL gives a row for each.

use datafusion::common::Result;

use crate::error::DataFault;

use super::function::{Argument, Body, Call, Definition, data_error};
use super::jsonpath::JsonPath;

const ARGUMENTS: &[Argument] = &[Argument::Jsonb, Argument::Text];

pub(super) static QUERY: Definition =
    Definition { name: "jsonb_path_query", arguments: ARGUMENTS, variadic: false, body: Body::Jsonb(first) };
pub(super) static QUERY_FIRST: Definition =
    Definition { name: "jsonb_path_query_first", arguments: ARGUMENTS, variadic: false, body: Body::Jsonb(first) };
pub(super) static QUERY_ARRAY: Definition =
    Definition { name: "jsonb_path_query_array", arguments: ARGUMENTS, variadic: false, body: Body::Jsonb(array) };
pub(super) static EXISTS: Definition =
    Definition { name: "jsonb_path_exists", arguments: ARGUMENTS, variadic: false, body: Body::Boolean(exists) };

fn found(call: &Call, row: usize) -> Result<Option<Vec<&str>>> {
    let (Some(value), Some(path)) = (call.text(0, row), call.text(1, row)) else { return Ok(None) };
    let path = JsonPath::parse(path).map_err(|message| data_error(DataFault::InvalidText, message))?;
    Ok(Some(path.find(value)))
}

fn first(call: &Call, row: usize, out: &mut String) -> Result<bool> {
    let found = found(call, row)?.unwrap_or_default();
    Ok(found.first().map(|value| out.push_str(value)).is_some())
}

fn array(call: &Call, row: usize, out: &mut String) -> Result<bool> {
    let Some(found) = found(call, row)? else { return Ok(false) };
    out.push('[');
    out.push_str(&found.join(", "));
    out.push(']');
    Ok(true)
}

fn exists(call: &Call, row: usize) -> Result<Option<bool>> {
    Ok(found(call, row)?.map(|found| !found.is_empty()))
}
