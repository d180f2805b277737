//! Putting `attrs` together again from its columns and the rest.

use std::cmp::Ordering;
use std::fmt::Write;

use arrow::array::{ArrayRef, StringArray, StringBuilder};

use super::super::layout::FieldKind;
use super::super::text::TextPart;
use crate::Result;
use crate::json::{self, Path};

/// The stored fields as a tree, children in the order of canonical text.
#[derive(Debug, Default)]
pub struct Tree {
    /// The key.
    key: String,
    /// The key as it stands in canonical text.
    escaped: String,
    /// Its column, if it has one.
    column: Option<(usize, FieldKind)>,
    children: Vec<Tree>,
}

/// Canonical order of keys: by length, then by bytes.
pub fn key_order(a: &str, b: &str) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

impl Tree {
    /// Adds a field.
    pub fn add(&mut self, path: &[String], column: usize, kind: FieldKind) {
        let Some((key, below)) = path.split_first() else {
            self.column = Some((column, kind));
            return;
        };
        let place = self.children.iter().position(|child| child.key == *key).unwrap_or_else(|| {
            let mut escaped = String::new();
            json::escape(key, &mut escaped);
            self.children.push(Self { key: key.clone(), escaped, ..Self::default() });
            self.children.len() - 1
        });
        self.children[place].add(below, column, kind);
    }

    /// Puts the children in order, once all are added.
    pub fn sort(&mut self) {
        self.children.sort_by(|a, b| key_order(&a.key, &b.key));
        self.children.iter_mut().for_each(Self::sort);
    }

    /// The text of each row, or the field at `path` of it. The last of `columns` is the rest if `rest`.
    pub fn rebuild(&self, columns: &[ArrayRef], rest: bool, path: Option<&Path>) -> Result<StringArray> {
        let parts = columns.iter().map(TextPart::of).collect::<Result<Vec<_>>>()?;
        let rows = columns.first().map_or(0, |column| column.len());
        let mut texts = StringBuilder::with_capacity(rows, rows * 64);
        let (mut text, mut buffer) = (String::new(), String::new());
        for row in 0..rows {
            let row = Row { parts: &parts, row };
            let rest = parts.last().filter(|_| rest).and_then(|rest| rest.value(row.row, &mut buffer));
            text.clear();
            let whole = if self.is_present(row) {
                self.write_object(row, rest.unwrap_or("{}"), &mut text);
                Some(text.as_str())
            } else {
                rest
            };
            match path {
                None => texts.append_option(whole),
                Some(path) => texts.append_option(whole.and_then(|whole| path.find_text(whole))),
            }
        }
        Ok(texts.finish())
    }

    fn is_present(&self, row: Row<'_>) -> bool {
        self.column.is_some_and(|(column, _)| row.parts[column].is_valid(row.row))
            || self.children.iter().any(|child| child.is_present(row))
    }

    fn write_object(&self, row: Row<'_>, rest: &str, text: &mut String) {
        text.push('{');
        let mut members = json::members(rest).peekable();
        let mut first = true;
        let mut separate = |text: &mut String| {
            if !std::mem::replace(&mut first, false) {
                text.push_str(", ");
            }
        };
        for child in self.children.iter().filter(|child| child.is_present(row)) {
            let mut beside = None;
            while let Some((key, value)) = members.peek() {
                match key_order(&json::unescape(key), &child.key) {
                    Ordering::Less => {
                        separate(text);
                        write_member(key, value, text);
                        members.next();
                    }
                    Ordering::Equal => {
                        beside = Some(*value);
                        members.next();
                        break;
                    }
                    Ordering::Greater => break,
                }
            }
            separate(text);
            child.write(row, beside, text);
        }
        for (key, value) in members {
            separate(text);
            write_member(key, value, text);
        }
        text.push('}');
    }

    fn write(&self, row: Row<'_>, beside: Option<&str>, text: &mut String) {
        text.push('"');
        text.push_str(&self.escaped);
        text.push_str("\": ");
        let mut buffer = String::new();
        let own = self.column.and_then(|(column, kind)| Some((row.parts[column].value(row.row, &mut buffer)?, kind)));
        match own {
            Some((value, FieldKind::Scalar)) => text.push_str(value),
            Some((value, FieldKind::Text)) => {
                text.push('"');
                json::escape(value, text);
                text.push('"');
            }
            None => self.write_object(row, beside.unwrap_or("{}"), text),
        }
    }
}

#[derive(Clone, Copy)]
struct Row<'a> {
    parts: &'a [TextPart],
    row: usize,
}

fn write_member(key: &str, value: &str, text: &mut String) {
    // Writing to a string cannot fail.
    let _ = write!(text, "\"{key}\": {value}");
}

/// The first column if `own`, and where it is NULL the field at `path` of the last.
pub fn or_rest(columns: &[ArrayRef], own: bool, path: &Path) -> Result<StringArray> {
    let parts = columns.iter().map(TextPart::of).collect::<Result<Vec<_>>>()?;
    let rows = columns.first().map_or(0, |column| column.len());
    let mut texts = StringBuilder::with_capacity(rows, rows * 16);
    let (mut own_buffer, mut rest_buffer) = (String::new(), String::new());
    for row in 0..rows {
        if let Some(value) = parts.first().filter(|_| own).and_then(|own| own.value(row, &mut own_buffer)) {
            texts.append_value(value);
            continue;
        }
        let rest = parts.last().and_then(|rest| rest.value(row, &mut rest_buffer));
        texts.append_option(rest.and_then(|rest| path.find_text(rest)));
    }
    Ok(texts.finish())
}
