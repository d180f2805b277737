//! `jsonb_object_keys(jsonb)`: the keys as `text[]`. PostgreSQL gives a row for each; `unnest` makes rows of these.

use datafusion::common::Result;
use strata_storage::json::{Kind, members, unescape};

use crate::error::DataFault;

use super::function::{Argument, Body, Call, Definition, data_error};

pub(super) static DEFINITION: Definition =
    Definition { name: "jsonb_object_keys", arguments: &[Argument::Jsonb], variadic: false, body: Body::Texts(row) };

fn row(call: &Call, row: usize) -> Result<Option<Vec<String>>> {
    let Some(value) = call.text(0, row) else { return Ok(None) };
    if Kind::of(value) != Some(Kind::Object) {
        return Err(data_error(
            DataFault::InvalidArgument,
            "cannot call jsonb_object_keys on a value that is no object".to_owned(),
        ));
    }
    Ok(Some(members(value).map(|(key, _)| unescape(key).into_owned()).collect()))
}
