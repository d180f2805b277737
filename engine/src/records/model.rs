//! The slow obvious way from a line to a row, which the parser must agree with: serde_json, maps, and no memory of other
//! lines. It shares with the parser only the conversion of a single value and the reading of times.

use std::collections::BTreeMap;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::timestamp::TimeReader;

/// The row of a line for the topic of the tests, every value as text; `None` if the line is no record.
pub(super) type Row = BTreeMap<String, String>;

const DEPTH_MAX: usize = 128;

/// An object with its keys in the order of the text, equal ones included.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> serde::Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Members<'de>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

fn string(raw: &str) -> Option<String> {
    serde_json::from_str::<String>(raw).ok().filter(|text| !text.contains('\0'))
}

/// Canonical text of a value by definition: sort, drop, print.
pub(super) fn canonical(raw: &str, depth: usize) -> Option<String> {
    if raw.starts_with(['{', '[']) && depth >= DEPTH_MAX {
        return None;
    }
    if raw.starts_with('{') {
        let mut sorted = BTreeMap::new();
        for (key, value) in serde_json::from_str::<Members<'_>>(raw).ok()?.0 {
            let printed = format!("{}: {}", quoted(&key)?, canonical(value.get(), depth + 1)?);
            sorted.insert((key.len(), key), printed);
        }
        return Some(format!("{{{}}}", sorted.into_values().collect::<Vec<_>>().join(", ")));
    }
    if raw.starts_with('[') {
        let elements: Vec<&RawValue> = serde_json::from_str(raw).ok()?;
        let printed: Option<Vec<String>> = elements.iter().map(|value| canonical(value.get(), depth + 1)).collect();
        return Some(format!("[{}]", printed?.join(", ")));
    }
    if raw.starts_with('"') { quoted(&string(raw)?) } else { Some(raw.to_owned()) }
}

fn quoted(text: &str) -> Option<String> {
    if text.contains('\0') { None } else { serde_json::to_string(text).ok() }
}

/// The row of `line` for a topic `(ts timestamptz not null, message text, service text, status int, latency double)`.
pub(super) fn row(line: &str, now_us: i64) -> Option<Row> {
    let line = line.trim_start_matches([' ', '\t', '\r']);
    let line = line.strip_prefix('\u{feff}').unwrap_or(line);
    let mut attrs: BTreeMap<(usize, String), String> = BTreeMap::new();
    let mut fields: BTreeMap<String, &str> = BTreeMap::new();
    for (key, value) in serde_json::from_str::<Members<'_>>(line).ok()?.0 {
        // Every value must be good, also one that a later one replaces.
        canonical(value.get(), 1)?;
        quoted(&key)?;
        fields.insert(key, value.get());
    }
    let mut row = Row::new();
    if let Some(value) = fields.remove("attrs").filter(|value| *value != "null") {
        if value.starts_with('{') {
            for (key, value) in serde_json::from_str::<Members<'_>>(value).ok()?.0 {
                attrs.insert((key.len(), key), canonical(value.get(), 2)?);
            }
        } else {
            attrs.insert((5, "attrs".to_owned()), canonical(value, 1)?);
        }
    }
    let mut times = TimeReader::new(now_us);
    let mut time = |value: &str| if value.starts_with('"') { times.text(&string(value)?) } else { times.number(value) };
    let named = ["ts", "@timestamp", "timestamp", "time"];
    let found = named.iter().find_map(|name| Some((*name, time(fields.get(*name)?)?)));
    row.insert("ts".to_owned(), found.map_or(now_us, |(_, us)| us).to_string());
    if let Some((name, _)) = found {
        fields.remove(name);
    }
    drop_null(&mut fields, "ts");
    drop_null(&mut fields, "message");
    if !fields.contains_key("message")
        && let Some(name) = ["msg", "log"].into_iter().find(|name| fields.get(name as &str).is_some_and(|v| v.starts_with('"')))
        && let Some(value) = fields.remove(name)
    {
        fields.insert("message".to_owned(), value);
    }
    for name in ["message", "service"] {
        drop_null(&mut fields, name);
        if let Some(value) = fields.remove(name) {
            row.insert(name.to_owned(), if value.starts_with('"') { string(value)? } else { canonical(value, 1)? });
        }
    }
    drop_null(&mut fields, "status");
    if let Some(value) = fields.get("status") {
        let whole = match string(value) {
            Some(text) => text.trim_matches([' ', '\t', '\n', '\r', '\u{b}', '\u{c}']).parse::<i32>().ok(),
            None => value.parse::<f64>().ok().filter(|v| v.fract() == 0.0 && v.abs() < 2e9).map(|v| v as i32),
        };
        if let Some(whole) = whole {
            row.insert("status".to_owned(), whole.to_string());
            fields.remove("status");
        }
    }
    drop_null(&mut fields, "latency");
    if let Some(value) = fields.get("latency")
        && let Some(value) = super::number::float(&string(value).unwrap_or_else(|| (*value).to_owned()))
    {
        row.insert("latency".to_owned(), format!("{value:?}"));
        fields.remove("latency");
    }
    for (key, value) in fields {
        attrs.insert((key.len(), key), canonical(value, 1)?);
    }
    if !attrs.is_empty() {
        let members: Vec<String> =
            attrs.iter().map(|((_, key), value)| Some(format!("{}: {value}", quoted(key)?))).collect::<Option<_>>()?;
        row.insert("attrs".to_owned(), format!("{{{}}}", members.join(", ")));
    }
    Some(row)
}

fn drop_null(fields: &mut BTreeMap<String, &str>, name: &str) {
    if fields.get(name) == Some(&"null") {
        fields.remove(name);
    }
}
