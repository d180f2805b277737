//! What a configuration says, whichever of TOML, YAML and JSON it is written in: tables, arrays, values, and the comments on
//! them.
//!
//! ```text
//! # why                      comments of the entry
//! [sources.in]  # kept       beside
//! type = "stdin"
//! ```
//!
//! **Invariant:** two trees are equal when they mean the same and have the same comments in the same places. Where a thing
//! stood in its text ([`Origin`]) is no part of that.

use serde_json::Number;

/// A line and a column, both from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Place {
    /// From 1.
    pub line: u32,
    /// From 1.
    pub column: u32,
}

/// Where an entry or an item stood. All origins are equal.
#[derive(Debug, Clone, Copy, Default)]
pub struct Origin {
    /// Where its key begins, or the item itself.
    pub at: Place,
    /// Where the bracket stands that closes its value.
    pub close: Option<Place>,
    /// In which column the block under it stands; 0 if indentation means nothing there.
    pub column: u32,
}

impl PartialEq for Origin {
    fn eq(&self, _: &Origin) -> bool {
        true
    }
}

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A string.
    Text(String),
    /// An integer or a float; they are not equal even if they have the same value.
    Number(Number),
    /// `true` or `false`.
    Bool(bool),
    /// YAML and JSON only.
    Null,
    /// What JSON has no type for: a date or a time of TOML, `inf`, `-inf`, `nan`.
    Bare(String),
    /// Values in an order.
    Array(Array),
    /// Values by key.
    Table(Table),
}

/// Values by key, in the order they are written in.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    /// The keys are different.
    pub entries: Vec<Entry>,
    /// Comments behind the last entry.
    pub end: Vec<String>,
}

/// Values in an order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Array {
    /// In their order.
    pub items: Vec<Item>,
    /// Comments behind the last item.
    pub end: Vec<String>,
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Lines in front of it. What follows the comment sign.
    pub comments: Vec<String>,
    /// Without quotes and escapes.
    pub key: String,
    /// What it is set to.
    pub value: Value,
    /// A comment on its line.
    pub beside: Option<String>,
    /// Where it stood.
    pub origin: Origin,
}

/// A value of an array.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Lines in front of it.
    pub comments: Vec<String>,
    /// The value.
    pub value: Value,
    /// A comment on its line.
    pub beside: Option<String>,
    /// Where it stood.
    pub origin: Origin,
}

impl Entry {
    /// An entry that nobody commented on.
    #[must_use]
    pub fn new(key: &str, value: Value) -> Entry {
        Entry { comments: Vec::new(), key: key.to_owned(), value, beside: None, origin: Origin::default() }
    }
}

impl Item {
    /// An item that nobody commented on.
    #[must_use]
    pub fn new(value: Value) -> Item {
        Item { comments: Vec::new(), value, beside: None, origin: Origin::default() }
    }
}

impl Table {
    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    /// Moves comments to where every format has a place for them: those inside an empty container go in front of it, those
    /// in front of the first entry of an item, and beside an item that is a container, in front of the item.
    pub fn tidy(&mut self) {
        for entry in &mut self.entries {
            entry.comments.extend(entry.value.tidy());
        }
    }

    /// All comments, in the order of the tree.
    #[must_use]
    pub fn comments(&self) -> Vec<&str> {
        let mut found = Vec::new();
        self.collect(&mut found);
        found
    }

    fn collect<'a>(&'a self, found: &mut Vec<&'a str>) {
        for Entry { comments, value, beside, .. } in &self.entries {
            found.extend(comments.iter().chain(beside).map(String::as_str));
            value.collect(found);
        }
        found.extend(self.end.iter().map(String::as_str));
    }
}

impl Value {
    /// Whether it is a table or an array with something in it.
    #[must_use]
    pub fn is_filled(&self) -> bool {
        match self {
            Value::Array(array) => !array.items.is_empty(),
            Value::Table(table) => !table.entries.is_empty(),
            Value::Text(_) | Value::Number(_) | Value::Bool(_) | Value::Null | Value::Bare(_) => false,
        }
    }

    /// The text, if it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// What has to stand in front of the value instead of in it.
    fn tidy(&mut self) -> Vec<String> {
        match self {
            Value::Table(table) => {
                table.tidy();
                if table.entries.is_empty() { std::mem::take(&mut table.end) } else { Vec::new() }
            }
            Value::Array(array) => {
                for item in &mut array.items {
                    item.comments.extend(item.value.tidy());
                    if item.value.is_filled() {
                        item.comments.extend(item.beside.take());
                        item.comments.extend(item.value.take_first_comments());
                    }
                }
                if array.items.is_empty() { std::mem::take(&mut array.end) } else { Vec::new() }
            }
            Value::Text(_) | Value::Number(_) | Value::Bool(_) | Value::Null | Value::Bare(_) => Vec::new(),
        }
    }

    fn take_first_comments(&mut self) -> Vec<String> {
        match self {
            Value::Table(table) => table.entries.first_mut().map(|entry| std::mem::take(&mut entry.comments)),
            Value::Array(array) => array.items.first_mut().map(|item| std::mem::take(&mut item.comments)),
            Value::Text(_) | Value::Number(_) | Value::Bool(_) | Value::Null | Value::Bare(_) => None,
        }
        .unwrap_or_default()
    }

    fn collect<'a>(&'a self, found: &mut Vec<&'a str>) {
        match self {
            Value::Table(table) => table.collect(found),
            Value::Array(array) => {
                for Item { comments, value, beside, .. } in &array.items {
                    found.extend(comments.iter().chain(beside).map(String::as_str));
                    value.collect(found);
                }
                found.extend(array.end.iter().map(String::as_str));
            }
            Value::Text(_) | Value::Number(_) | Value::Bool(_) | Value::Null | Value::Bare(_) => {}
        }
    }
}
