//! `jsonb - key`, `jsonb - index`: without a member, without the equal strings of an array, or without an element.

use datafusion::common::Result;
use strata_storage::json::{Kind, elements, escape, members};

use crate::error::DataFault;

use super::function::{Argument, Body, Call, Definition, data_error};

pub(super) static DEFINITION: Definition =
    Definition { name: "jsonb_delete", arguments: &[Argument::Jsonb, Argument::Key], variadic: false, body: Body::Jsonb(row) };

fn row(call: &Call, row: usize, out: &mut String) -> Result<bool> {
    let Some(value) = call.text(0, row) else { return Ok(false) };
    let left: Vec<String> = match (Kind::of(value), call.integer(1, row), call.text(1, row)) {
        (_, None, None) => return Ok(false),
        (Some(Kind::Object), _, Some(key)) => {
            let key = escaped(key);
            members(value).filter(|(name, _)| *name != key).map(|(name, value)| format!("\"{name}\": {value}")).collect()
        }
        (Some(Kind::Array), Some(index), _) => {
            let count = elements(value).count() as i64;
            let place = if index < 0 { count + index } else { index };
            elements(value).enumerate().filter(|(i, _)| *i as i64 != place).map(|(_, element)| element.to_owned()).collect()
        }
        (Some(Kind::Array), None, Some(key)) => {
            let string = format!("\"{}\"", escaped(key));
            elements(value).filter(|element| *element != string).map(str::to_owned).collect()
        }
        (Some(Kind::Object), _, _) => {
            return Err(data_error(DataFault::InvalidArgument, "cannot delete from object using integer index".to_owned()));
        }
        _ => return Err(data_error(DataFault::InvalidArgument, "cannot delete from scalar".to_owned())),
    };
    let (open, close) = if value.starts_with('{') { ('{', '}') } else { ('[', ']') };
    out.push(open);
    out.push_str(&left.join(", "));
    out.push(close);
    Ok(true)
}

fn escaped(key: &str) -> String {
    let mut out = String::new();
    escape(key, &mut out);
    out
}
