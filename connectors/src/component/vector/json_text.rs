//! JSON to a tree and back. JSON has no comments.

use std::collections::HashSet;

use serde_json::{Map, Value as Json};
use strata_catalog::etl::component::Refusal;

use super::lines::Lines;
use super::tree::{Array, Entry, Item, Origin, Place, Table, Value};

/// Reads a whole text.
///
/// # Errors
/// [`Refusal`] where the text is no JSON object, or has a key twice.
pub fn read(text: &str) -> Result<Table, Refusal> {
    let json: Json = serde_json::from_str(text).map_err(|error| {
        let line = u32::try_from(error.line()).unwrap_or(u32::MAX);
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or_default().to_owned();
        Refusal { line, column: u32::try_from(error.column().max(1)).unwrap_or(u32::MAX), message, hint: None }
    })?;
    let mut places = keys(text)?.into_iter();
    match json {
        Json::Object(fields) => Ok(table(fields, &mut places)),
        _ => Err(Refusal { line: 1, column: 1, message: "an object was expected".to_owned(), hint: None }),
    }
}

/// The text of a tree, without its comments.
#[must_use]
pub fn print(root: &Table) -> String {
    format!("{:#}\n", Json::Object(object(root)))
}

fn table(fields: Map<String, Json>, places: &mut impl Iterator<Item = Place>) -> Table {
    let mut entries = Vec::new();
    for (key, json) in fields {
        let origin = Origin { at: places.next().unwrap_or_default(), close: None, column: 0 };
        entries.push(Entry { origin, ..Entry::new(&key, value(json, places)) });
    }
    Table { entries, end: Vec::new() }
}

fn value(json: Json, places: &mut impl Iterator<Item = Place>) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(flag) => Value::Bool(flag),
        Json::Number(number) => Value::Number(number),
        Json::String(text) => Value::Text(text),
        Json::Array(items) => {
            let items = items.into_iter().map(|item| Item::new(value(item, places))).collect();
            Value::Array(Array { items, end: Vec::new() })
        }
        Json::Object(fields) => Value::Table(table(fields, places)),
    }
}

/// Where the keys of a text stand that is known to be JSON, in their order.
fn keys(text: &str) -> Result<Vec<Place>, Refusal> {
    let lines = Lines::of(text);
    let mut places = Vec::new();
    let mut open: Vec<HashSet<&str>> = Vec::new();
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'{' | b'[' => open.push(HashSet::new()),
            b'}' | b']' => drop(open.pop()),
            b'"' => {
                let start = at;
                at += 1;
                while at < bytes.len() && bytes[at] != b'"' {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                let is_key = text.get(at + 1..).is_some_and(|rest| rest.trim_start().starts_with(':'));
                if is_key {
                    let place = lines.place(start);
                    let key = &text[start + 1..at];
                    if !open.last_mut().is_none_or(|keys| keys.insert(key)) {
                        let message = format!("the key \"{key}\" stands here a second time");
                        return Err(Refusal { line: place.line, column: place.column, message, hint: None });
                    }
                    places.push(place);
                }
            }
            _ => {}
        }
        at += 1;
    }
    Ok(places)
}

fn object(table: &Table) -> Map<String, Json> {
    table.entries.iter().map(|entry| (entry.key.clone(), json(&entry.value))).collect()
}

fn json(value: &Value) -> Json {
    match value {
        Value::Text(text) | Value::Bare(text) => Json::String(text.clone()),
        Value::Number(number) => Json::Number(number.clone()),
        Value::Bool(flag) => Json::Bool(*flag),
        Value::Null => Json::Null,
        Value::Array(array) => Json::Array(array.items.iter().map(|item| json(&item.value)).collect()),
        Value::Table(table) => Json::Object(object(table)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_comes_back() {
        let text = "{\n  \"b\": [\n    1,\n    1.0,\n    {\n      \"a\": null\n    }\n  ],\n  \"a\": \"x:\\\"\"\n}\n";
        assert_eq!(print(&read(text).unwrap()), text);
    }

    #[track_caller]
    fn refused(text: &str, line: u32, column: u32) {
        let refusal = read(text).unwrap_err();
        assert_eq!((refusal.line, refusal.column), (line, column), "{refusal}");
    }

    #[test]
    fn what_is_no_json_is_refused_where_it_is() {
        refused("[]", 1, 1);
        refused("{\n  \"a\": }", 2, 8);
        refused("{\"a\": {\"x\": 1},\n  \"é\": 1, \"a\": 2}", 2, 11);
        refused("", 1, 1);
    }
}
