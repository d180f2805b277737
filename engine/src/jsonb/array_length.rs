//! `jsonb_array_length(jsonb)`.

use datafusion::common::Result;
use strata_storage::json::{Kind, elements};

use crate::error::DataFault;

use super::function::{Argument, Body, Call, Definition, data_error};

pub(super) static DEFINITION: Definition =
    Definition { name: "jsonb_array_length", arguments: &[Argument::Jsonb], variadic: false, body: Body::Integer(row) };

fn row(call: &Call, row: usize) -> Result<Option<i32>> {
    let Some(value) = call.text(0, row) else { return Ok(None) };
    match Kind::of(value) {
        Some(Kind::Array) => Ok(i32::try_from(elements(value).count()).ok()),
        Some(Kind::Object) => Err(no_array("cannot get array length of a non-array")),
        _ => Err(no_array("cannot get array length of a scalar")),
    }
}

fn no_array(message: &str) -> datafusion::common::DataFusionError {
    data_error(DataFault::InvalidArgument, message.to_owned())
}
