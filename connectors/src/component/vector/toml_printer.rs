//! A tree to TOML.
//!
//! Values come before tables. A table that is followed by a value is written inline or with dotted keys, all others get
//! headers. Arrays of tables get headers too, where nothing else follows. A text of several lines stands between three quotes.

use super::tree::{Array, Entry, Item, Table, Value};

/// Arrays that fit are written on one line. In characters.
const LINE_MAX: usize = 100;

/// The text. A `null` is left out, for TOML has none; whoever needs it must not ask for TOML.
#[must_use]
pub fn print(root: &Table) -> String {
    let mut printer = Printer { text: String::new() };
    printer.body(&[], root, &[]);
    printer.comments(&root.end);
    printer.text
}

/// Moves comments to the outermost of all that begins on one line, for that is what a reader takes them for.
pub fn settle(table: &mut Table) {
    let tail = tail(table);
    for (i, entry) in table.entries.iter_mut().enumerate() {
        if i < tail {
            settle_value(entry);
            continue;
        }
        let is_implied = is_implied(entry);
        match &mut entry.value {
            Value::Table(inner) => {
                settle(inner);
                if let (true, Some(first)) = (is_implied, inner.entries.first_mut()) {
                    entry.comments.append(&mut first.comments);
                }
            }
            Value::Array(array) => {
                for (i, item) in array.items.iter_mut().enumerate() {
                    let Value::Table(inner) = &mut item.value else { continue };
                    settle(inner);
                    if i == 0 {
                        entry.comments.append(&mut item.comments);
                    }
                }
            }
            Value::Text(_) | Value::Number(_) | Value::Bool(_) | Value::Null | Value::Bare(_) => {}
        }
    }
}

fn settle_value(entry: &mut Entry) {
    let is_dotted = is_dotted(entry);
    if let (true, Value::Table(table)) = (is_dotted, &mut entry.value) {
        entry.comments.extend(entry.beside.take());
        table.entries.iter_mut().for_each(settle_value);
        if let Some(first) = table.entries.first_mut() {
            entry.comments.append(&mut first.comments);
        }
    }
}

/// Where the entries begin that get headers.
fn tail(table: &Table) -> usize {
    table.entries.iter().rposition(|entry| !is_headed(entry)).map_or(0, |last| last + 1)
}

/// Whether a table that could have a header only holds tables, so that it needs none.
fn is_implied(entry: &Entry) -> bool {
    matches!(&entry.value, Value::Table(table) if entry.beside.is_none() && table.entries.iter().all(is_headed))
}

/// Whether a table without a header is written with dotted keys, and not inline.
fn is_dotted(entry: &Entry) -> bool {
    let Value::Table(table) = &entry.value else { return false };
    let is_short = || inline(&entry.value).chars().count() <= LINE_MAX;
    !table.entries.is_empty() && !(table.comments().is_empty() && (entry.beside.is_some() || is_short()))
}

/// Whether it gets a header of its own, if nothing else follows.
fn is_headed(entry: &Entry) -> bool {
    match &entry.value {
        Value::Table(table) => !table.entries.is_empty(),
        Value::Array(array) => {
            let is_table = |item: &Item| matches!(&item.value, Value::Table(table) if !table.entries.is_empty());
            !array.items.is_empty() && array.items.iter().all(is_table) && entry.beside.is_none() && array.end.is_empty()
        }
        Value::Text(_) | Value::Number(_) | Value::Bool(_) | Value::Null | Value::Bare(_) => false,
    }
}

struct Printer {
    text: String,
}

impl Printer {
    /// What stands under the header of `path`; `above` are comments for the first header.
    fn body(&mut self, path: &[&str], table: &Table, above: &[String]) {
        let tail = tail(table);
        for entry in &table.entries[..tail] {
            self.comments(&entry.comments);
            self.value_entry(&[entry.key.as_str()], entry);
        }
        let mut above = above.to_vec();
        for entry in &table.entries[tail..] {
            let mut path = path.to_vec();
            path.push(&entry.key);
            above.extend_from_slice(&entry.comments);
            match &entry.value {
                Value::Table(inner) => {
                    if !is_implied(entry) {
                        self.header(&path, ("[", "]"), &std::mem::take(&mut above), entry.beside.as_ref());
                    }
                    self.body(&path, inner, &std::mem::take(&mut above));
                    self.comments(&inner.end);
                }
                Value::Array(array) => {
                    for item in &array.items {
                        above.extend_from_slice(&item.comments);
                        self.header(&path, ("[[", "]]"), &std::mem::take(&mut above), item.beside.as_ref());
                        if let Value::Table(inner) = &item.value {
                            self.body(&path, inner, &[]);
                            self.comments(&inner.end);
                        }
                    }
                }
                Value::Text(_) | Value::Number(_) | Value::Bool(_) | Value::Null | Value::Bare(_) => {}
            }
        }
    }

    fn header(&mut self, path: &[&str], brackets: (&str, &str), comments: &[String], beside: Option<&String>) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
        self.comments(comments);
        self.text.push_str(brackets.0);
        self.text.push_str(&dotted(path));
        self.text.push_str(brackets.1);
        self.beside(beside);
    }

    /// `a.b = value`; a table becomes several of them.
    fn value_entry(&mut self, path: &[&str], entry: &Entry) {
        match &entry.value {
            Value::Null => {
                self.comments(entry.beside.as_slice());
            }
            Value::Table(table) if is_dotted(entry) => {
                self.comments(entry.beside.as_slice());
                for inner in &table.entries {
                    self.comments(&inner.comments);
                    let mut path = path.to_vec();
                    path.push(&inner.key);
                    self.value_entry(&path, inner);
                }
                self.comments(&table.end);
            }
            value => {
                self.text.push_str(&dotted(path));
                self.text.push_str(" = ");
                self.value(value);
                self.beside(entry.beside.as_ref());
            }
        }
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Array(array) => self.array(array),
            plain => self.text.push_str(&inline(plain)),
        }
    }

    fn array(&mut self, array: &Array) {
        let comments = comments_in(array);
        let line = inline(&Value::Array(array.clone()));
        if comments == 0 && (line.chars().count() <= LINE_MAX || array.items.len() < 2) {
            self.text.push_str(&line);
            return;
        }
        self.text.push_str("[\n");
        for Item { comments, value, beside, .. } in &array.items {
            for comment in comments.iter().map(String::as_str).chain(comments_below(value)) {
                self.comment("  ", comment);
            }
            self.text.push_str("  ");
            self.text.push_str(&inline(value));
            self.text.push(',');
            self.beside(beside.as_ref());
        }
        for comment in &array.end {
            self.comment("  ", comment);
        }
        self.text.push(']');
    }

    fn comments(&mut self, comments: &[String]) {
        for comment in comments {
            self.comment("", comment);
        }
    }

    fn comment(&mut self, indent: &str, comment: &str) {
        self.text.push_str(indent);
        self.text.push('#');
        self.text.push_str(comment);
        self.text.push('\n');
    }

    fn beside(&mut self, comment: Option<&String>) {
        if let Some(comment) = comment {
            self.text.push_str(" #");
            self.text.push_str(comment);
        }
        self.text.push('\n');
    }
}

fn comments_in(array: &Array) -> usize {
    let of_item = |item: &Item| item.comments.len() + usize::from(item.beside.is_some()) + comments_below(&item.value).count();
    array.end.len() + array.items.iter().map(of_item).sum::<usize>()
}

/// Comments inside an item: an inline table has no place for them.
fn comments_below(value: &Value) -> impl Iterator<Item = &str> {
    let found = match value {
        Value::Table(table) => table.comments(),
        Value::Array(array) => {
            let mut found: Vec<&str> = Vec::new();
            for item in &array.items {
                found.extend(item.comments.iter().chain(&item.beside).map(String::as_str));
                found.extend(comments_below(&item.value).collect::<Vec<_>>());
            }
            found.extend(array.end.iter().map(String::as_str));
            found
        }
        Value::Text(_) | Value::Number(_) | Value::Bool(_) | Value::Null | Value::Bare(_) => Vec::new(),
    };
    found.into_iter()
}

fn dotted(path: &[&str]) -> String {
    path.iter().map(|part| key(part)).collect::<Vec<_>>().join(".")
}

fn key(name: &str) -> String {
    let is_bare = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    if is_bare { name.to_owned() } else { quoted(name) }
}

/// Without line breaks, but for those of a text of several lines.
fn inline(value: &Value) -> String {
    match value {
        Value::Text(text) => string(text),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        Value::Null => String::new(),
        Value::Bare(text) => text.clone(),
        Value::Array(array) => {
            let items: Vec<String> = array.items.iter().map(|item| single(&item.value)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Table(table) if table.entries.is_empty() => "{}".to_owned(),
        Value::Table(table) => {
            let entries: Vec<String> =
                table.entries.iter().map(|entry| format!("{} = {}", key(&entry.key), single(&entry.value))).collect();
            format!("{{ {} }}", entries.join(", "))
        }
    }
}

/// On one line, whatever it is.
fn single(value: &Value) -> String {
    match value {
        Value::Text(text) => quoted(text),
        value => inline(value),
    }
}

fn string(text: &str) -> String {
    let is_plain = |c: char| !c.is_control() || matches!(c, '\n' | '\t');
    if !text.contains('\n') {
        let fits_literal = text.contains(['"', '\\']) && !text.contains('\'') && text.chars().all(is_plain);
        return if fits_literal { format!("'{text}'") } else { quoted(text) };
    }
    if text.chars().all(is_plain) && !text.contains("'''") && !text.ends_with('\'') {
        return format!("'''\n{text}'''");
    }
    let mut escaped = String::new();
    for c in text.chars() {
        if c == '\n' { escaped.push(c) } else { escape(c, &mut escaped) }
    }
    format!("\"\"\"\n{escaped}\"\"\"")
}

fn quoted(text: &str) -> String {
    let mut found = String::from("\"");
    for c in text.chars() {
        escape(c, &mut found);
    }
    found.push('"');
    found
}

fn escape(c: char, into: &mut String) {
    match c {
        '"' => into.push_str("\\\""),
        '\\' => into.push_str("\\\\"),
        '\n' => into.push_str("\\n"),
        '\t' => into.push_str("\\t"),
        '\r' => into.push_str("\\r"),
        c if c.is_control() => into.push_str(&format!("\\u{:04X}", u32::from(c))),
        c => into.push(c),
    }
}
