//! Trees as settings, and what settings cannot say: comments, an order of keys, values that JSON has no type for.
//!
//! `settings` is plain JSON that SQL can read and change. The rest stands under its key `$form`, by JSON pointer:
//!
//! ```text
//! {"mode": "tcp", "address": "[::]:514",
//!  "$form": {"":       ["address", {"comment": "kept", "same_line": true}, {"comment": "why"}, "mode"],
//!            "/since": "bare"}}
//! ```
//!
//! A form is a preference, never a meaning: what does not fit the settings any more is passed over, and keys that it does not
//! name come last. Only what differs from the usual way is kept, so that rules made by hand need none.

use std::collections::HashMap;

use serde_json::{Map, Value as Json, json};

use super::remark_line::{from_line, to_line};
use super::tree::{Array, Entry, Item, Table, Value};

/// The key under which forms stand, in the settings of a rule.
pub const FORM_KEY: &str = "$form";
/// How a value is spelled that is a text to JSON and none to the file.
const BARE: &str = "bare";

/// The forms of one rule, by pointer.
#[derive(Debug, Clone, Default)]
pub struct Forms(Map<String, Json>);

/// One thing in the layout of a table or an array.
#[derive(Debug, Clone, PartialEq)]
pub enum Mark {
    /// A key, or the number of an item.
    Key(String),
    /// A comment in front of the next key, or at the end.
    Above(String),
    /// A comment on the line of the key before; in front of all keys, on the line that opens the table.
    Beside(String),
}

impl Forms {
    /// Those of these settings.
    #[must_use]
    pub fn of(settings: &Json) -> Forms {
        Forms(settings.get(FORM_KEY).and_then(Json::as_object).cloned().unwrap_or_default())
    }

    /// Puts them into settings, if there are any.
    pub fn into_settings(self, settings: &mut Map<String, Json>) {
        if !self.0.is_empty() {
            settings.insert(FORM_KEY.to_owned(), Json::Object(self.0));
        }
    }

    /// The layout at a pointer, comments as they stand in the file.
    #[must_use]
    pub fn layout(&self, pointer: &str) -> Vec<Mark> {
        let marks = self.0.get(pointer).and_then(Json::as_array);
        marks.into_iter().flatten().filter_map(mark).collect()
    }

    /// Keeps a layout, unless it is `usual`.
    pub fn keep(&mut self, pointer: &str, marks: &[Mark], usual: &[String]) {
        let is_usual = marks.len() == usual.len()
            && marks.iter().zip(usual).all(|(mark, usual)| matches!(mark, Mark::Key(key) if key == usual));
        if is_usual {
            return;
        }
        let marks = marks.iter().map(|mark| match mark {
            Mark::Key(key) => json!(key),
            Mark::Above(text) => json!({"comment": to_line(text)}),
            Mark::Beside(text) => json!({"comment": to_line(text), "same_line": true}),
        });
        self.0.insert(pointer.to_owned(), Json::Array(marks.collect()));
    }

    /// A tree as JSON; what JSON cannot say is kept here.
    pub fn json(&mut self, value: &Value, pointer: &str) -> Json {
        match value {
            Value::Text(text) => Json::String(text.clone()),
            Value::Bare(text) => {
                self.0.insert(pointer.to_owned(), json!(BARE));
                Json::String(text.clone())
            }
            Value::Number(number) => Json::Number(number.clone()),
            Value::Bool(flag) => Json::Bool(*flag),
            Value::Null => Json::Null,
            Value::Array(array) => self.array(array, pointer),
            Value::Table(table) => {
                let mut usual: Vec<String> = table.entries.iter().map(|entry| entry.key.clone()).collect();
                sort(&mut usual);
                self.keep(pointer, &marks(&table.entries, &table.end), &usual);
                Json::Object(table.entries.iter().map(|entry| self.field(entry, pointer)).collect())
            }
        }
    }

    /// An entry as a field of the object at `pointer`.
    pub fn field(&mut self, entry: &Entry, pointer: &str) -> (String, Json) {
        let below = below(pointer, &entry.key);
        (to_key(&entry.key), self.json(&entry.value, &below))
    }

    fn array(&mut self, array: &Array, pointer: &str) -> Json {
        let mut marks = Vec::new();
        for (i, Item { comments, beside, .. }) in array.items.iter().enumerate() {
            marks.extend(comments.iter().cloned().map(Mark::Above));
            marks.push(Mark::Key(i.to_string()));
            marks.extend(beside.iter().cloned().map(Mark::Beside));
        }
        marks.extend(array.end.iter().cloned().map(Mark::Above));
        let usual: Vec<String> = (0..array.items.len()).map(|i| i.to_string()).collect();
        self.keep(pointer, &marks, &usual);
        Json::Array(array.items.iter().enumerate().map(|(i, item)| self.json(&item.value, &format!("{pointer}/{i}"))).collect())
    }

    /// The tree that JSON stands for.
    #[must_use]
    pub fn value(&self, json: &Json, pointer: &str) -> Value {
        match json {
            Json::Null => Value::Null,
            Json::Bool(flag) => Value::Bool(*flag),
            Json::Number(number) => Value::Number(number.clone()),
            Json::String(text) => {
                let is_bare = self.0.get(pointer).and_then(Json::as_str) == Some(BARE) && can_be_bare(text);
                if is_bare { Value::Bare(text.clone()) } else { Value::Text(text.clone()) }
            }
            Json::Array(items) => {
                let items = items.iter().enumerate().map(|(i, item)| {
                    let entry = Entry::new(&i.to_string(), self.value(item, &format!("{pointer}/{i}")));
                    (entry.key.clone(), entry)
                });
                // Items keep their order whatever the layout says: only its comments are meant.
                let (entries, end) = laid_out(self.layout(pointer), items.collect(), |_, _| std::cmp::Ordering::Equal);
                let mut numbered: Vec<(usize, Entry)> =
                    entries.into_iter().map(|entry| (entry.key.parse().unwrap_or(usize::MAX), entry)).collect();
                numbered.sort_by_key(|(number, _)| *number);
                let items = numbered.into_iter().map(|(_, entry)| {
                    let Entry { comments, value, beside, origin, .. } = entry;
                    Item { comments, value, beside, origin }
                });
                Value::Array(Array { items: items.collect(), end })
            }
            Json::Object(fields) => {
                let entries = fields.iter().map(|(key, json)| self.entry(key, json, pointer));
                let (entries, end) = laid_out(self.layout(pointer), entries.collect(), |a, b| order(a).cmp(&order(b)));
                Value::Table(Table { entries, end })
            }
        }
    }

    /// The entry that a field of the object at `pointer` stands for.
    #[must_use]
    pub fn entry(&self, key: &str, json: &Json, pointer: &str) -> (String, Entry) {
        let key = from_key(key);
        (key.to_owned(), Entry::new(key, self.value(json, &below(pointer, key))))
    }
}

/// The layout of entries as they are.
#[must_use]
pub fn marks(entries: &[Entry], end: &[String]) -> Vec<Mark> {
    let mut marks = Vec::new();
    for entry in entries {
        marks.extend(entry.comments.iter().cloned().map(Mark::Above));
        marks.push(Mark::Key(entry.key.clone()));
        marks.extend(entry.beside.iter().cloned().map(Mark::Beside));
    }
    marks.extend(end.iter().cloned().map(Mark::Above));
    marks
}

/// Entries in the order and with the comments of a layout; those that it does not name come last, by `usual`. A comment
/// beside nothing stands in front of what follows.
#[must_use]
pub fn laid_out(
    layout: Vec<Mark>,
    entries: Vec<(String, Entry)>,
    usual: impl Fn(&str, &str) -> std::cmp::Ordering,
) -> (Vec<Entry>, Vec<String>) {
    let mut rest: HashMap<String, (usize, Entry)> =
        entries.into_iter().enumerate().map(|(i, (key, entry))| (key, (i, entry))).collect();
    let mut found: Vec<Entry> = Vec::new();
    let mut above = Vec::new();
    for mark in layout {
        match mark {
            Mark::Above(text) => above.push(text),
            Mark::Beside(text) => match found.last_mut() {
                Some(last) if last.beside.is_none() && above.is_empty() => last.beside = Some(text),
                _ => above.push(text),
            },
            Mark::Key(key) => {
                if let Some((_, mut entry)) = rest.remove(&key) {
                    entry.comments = std::mem::take(&mut above);
                    found.push(entry);
                }
            }
        }
    }
    let mut rest: Vec<(usize, Entry)> = rest.into_values().collect();
    rest.sort_by(|(i, a), (k, b)| usual(&a.key, &b.key).then(i.cmp(k)));
    found.extend(rest.into_iter().map(|(_, entry)| entry));
    (found, above)
}

/// Keys in the order in which `jsonb` keeps them.
pub fn sort(keys: &mut [String]) {
    keys.sort_by(|a, b| order(a).cmp(&order(b)));
}

/// What `jsonb` orders keys by.
#[must_use]
pub fn order(key: &str) -> (usize, &str) {
    (key.len(), key)
}

/// The pointer to a key of the object at `pointer`.
#[must_use]
pub fn below(pointer: &str, key: &str) -> String {
    format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// A first `$` is doubled, for `$form` is ours.
fn to_key(key: &str) -> String {
    if key.starts_with('$') { format!("${key}") } else { key.to_owned() }
}

/// The key that a name in settings stands for.
#[must_use]
pub fn from_key(key: &str) -> &str {
    if key.starts_with("$$") { &key[1..] } else { key }
}

fn mark(json: &Json) -> Option<Mark> {
    match json {
        Json::String(key) => Some(Mark::Key(key.clone())),
        Json::Number(number) => Some(Mark::Key(number.to_string())),
        Json::Object(comment) => {
            let text = from_line(comment.get("comment")?.as_str()?);
            Some(if comment.get("same_line") == Some(&Json::Bool(true)) { Mark::Beside(text) } else { Mark::Above(text) })
        }
        Json::Null | Json::Bool(_) | Json::Array(_) => None,
    }
}

/// A date, a time, or a number without end.
fn can_be_bare(text: &str) -> bool {
    matches!(text, "inf" | "-inf" | "nan") || text.parse::<toml_edit::Datetime>().is_ok()
}
