//! `jsonb ? key`, `jsonb ?| keys`, `jsonb ?& keys`: whether an object has a key, or an array has a string.

use datafusion::common::Result;
use strata_storage::json::{Kind, elements, escape};

use super::function::{Argument, Body, Call, Definition};
use super::path::member;

pub(super) static EXISTS: Definition = Definition {
    name: "jsonb_exists",
    arguments: &[Argument::Jsonb, Argument::Text],
    variadic: false,
    body: Body::Boolean(exists),
};

pub(super) static EXISTS_ANY: Definition = Definition {
    name: "jsonb_exists_any",
    arguments: &[Argument::Jsonb, Argument::Path],
    variadic: false,
    body: Body::Boolean(|call, row| Ok(both(call, row).map(|(value, keys)| keys.iter().any(|key| has(value, key))))),
};

pub(super) static EXISTS_ALL: Definition = Definition {
    name: "jsonb_exists_all",
    arguments: &[Argument::Jsonb, Argument::Path],
    variadic: false,
    body: Body::Boolean(|call, row| Ok(both(call, row).map(|(value, keys)| keys.iter().all(|key| has(value, key))))),
};

fn exists(call: &Call, row: usize) -> Result<Option<bool>> {
    Ok(call.text(0, row).zip(call.text(1, row)).map(|(value, key)| has(value, key)))
}

fn both(call: &Call, row: usize) -> Option<(&str, &[String])> {
    Some((call.text(0, row)?, call.path(1, row)?))
}

fn has(value: &str, key: &str) -> bool {
    if Kind::of(value) == Some(Kind::Object) {
        return member(value, key).is_some();
    }
    let mut quoted = String::from("\"");
    escape(key, &mut quoted);
    quoted.push('"');
    value == quoted || elements(value).any(|element| element == quoted)
}
