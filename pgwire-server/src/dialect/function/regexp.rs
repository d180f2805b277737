//! Regular expressions that split and count.

use std::sync::Arc;

use arrow::array::{ListBuilder, StringViewBuilder};
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
        name: "regexp_matches",
        overloads: &[Overload::new(&[Kind::Text, Kind::Text, Kind::Text], Kind::TextLists, matches).optional(1)],
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

/// The groups of the first match, or with the flag `g` of each; the whole match where there are no groups.
fn matches(row: &Row) -> Result<Value> {
    let pattern = compiled(row, 1, 2)?;
    let all = row.len() > 2 && row.text(2).contains('g');
    let mut found = ListBuilder::new(StringViewBuilder::new());
    for groups in pattern.captures_iter(row.text(0)).take(if all { usize::MAX } else { 1 }) {
        let first = usize::from(groups.len() > 1);
        found.append_value(groups.iter().skip(first).map(|group| group.map(|group| group.as_str().to_owned())));
    }
    Ok(Value::Array(Arc::new(found.finish())))
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
