//! Regular expressions that split and count.

use datafusion::common::Result;
use regex::{Regex, RegexBuilder};
use strata_engine::error::DataFault;

use super::value::{Kind, Row, Value};
use super::{Function, Overload};
use crate::dialect::fault;

/// The functions.
pub(super) const ALL: &[Function] = &[
    Function {
        name: "regexp_split_to_array",
        overloads: &[Overload::new(&[Kind::Text, Kind::Text, Kind::Text], Kind::Texts, split).optional(1)],
    },
    Function {
        name: "regexp_split_to_table",
        overloads: &[Overload::new(&[Kind::Text, Kind::Text, Kind::Text], Kind::Texts, split).optional(1)],
    },
    Function {
        name: "regexp_substr",
        overloads: &[Overload::new(&[Kind::Text, Kind::Text], Kind::Text, |row| {
            Ok(match compiled(row, 1, 2)?.find(row.text(0)) {
                Some(found) => Value::Text(found.as_str().to_owned()),
                None => Value::Null,
            })
        })],
    },
];

/// The expression of an argument, with the flags of another.
pub(super) fn compiled(row: &Row, pattern: usize, flags: usize) -> Result<Regex> {
    let flags = if flags < row.len() { row.text(flags) } else { "" };
    RegexBuilder::new(row.text(pattern)).case_insensitive(flags.contains('i')).build().map_err(|error| {
        let reason = error.to_string();
        fault::data(DataFault::InvalidRegex, format!("invalid regular expression: {}", reason.lines().last().unwrap_or_default()))
    })
}

fn split(row: &Row) -> Result<Value> {
    let text = row.text(0);
    let mut parts = Vec::new();
    let mut start = 0;
    for found in compiled(row, 1, 2)?.find_iter(text) {
        // An empty match at either end, or just behind another match, parts nothing.
        if found.is_empty()
            && (found.start() == start || found.start() == text.len())
            && (found.start() == 0 || found.start() == text.len())
        {
            continue;
        }
        parts.push(Some(text[start..found.start()].to_owned()));
        start = found.end();
    }
    parts.push(Some(text[start..].to_owned()));
    Ok(Value::Texts(parts))
}
