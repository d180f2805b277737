//! Taking chosen fields out of `attrs`.

use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray, StringBuilder};

use super::super::CHUNK_ROWS;
use super::super::layout::FieldKind;
use super::super::text::TextPart;
use super::census::Census;
use crate::json::{self, Kind};

/// The values of one field, only of the rows that have it: most fields are absent from most records.
#[derive(Debug, Default)]
pub struct FieldValues {
    rows: Vec<u32>,
    ends: Vec<usize>,
    bytes: String,
}

impl FieldValues {
    fn push(&mut self, row: u32, value: &str) {
        self.bytes.push_str(value);
        self.ends.push(self.bytes.len());
        self.rows.push(row);
    }

    /// Rows that have a value.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// All of `rows` rows, NULL where there is no value.
    pub fn parts(&self, rows: usize) -> Vec<TextPart> {
        let mut at = 0;
        let part = |start: usize| {
            let end = (start + CHUNK_ROWS).min(rows);
            let mut builder = StringBuilder::with_capacity(end - start, 0);
            for row in start..end {
                if self.rows.get(at).is_some_and(|next| *next as usize == row) {
                    let from = if at == 0 { 0 } else { self.ends[at - 1] };
                    builder.append_value(&self.bytes[from..self.ends[at]]);
                    at += 1;
                } else {
                    builder.append_null();
                }
            }
            TextPart::Plain(builder.finish())
        };
        (0..rows).step_by(CHUNK_ROWS).map(part).collect()
    }
}

/// `attrs` taken apart.
#[derive(Debug)]
pub struct Split {
    /// What is left, NULL where nothing is.
    pub rest: Vec<ArrayRef>,
    /// One a chosen field, in their order.
    pub columns: Vec<FieldValues>,
}

/// Takes `columns` fields, as `census` has chosen them, out of the rows of `parts`.
pub fn split(parts: &[TextPart], census: &Census, columns: usize) -> Split {
    let mut split = Splitter { census, columns: Vec::new(), row: 0, escaped: String::new() };
    split.columns.resize_with(columns, FieldValues::default);
    let mut rest = Vec::with_capacity(parts.len());
    let (mut buffer, mut kept) = (String::new(), String::new());
    for part in parts {
        let mut builder = StringBuilder::with_capacity(part.len(), part.len() * 16);
        for at in 0..part.len() {
            let text = part.value(at, &mut buffer);
            match text {
                Some(text) if census.is_sound(split.row as usize) => {
                    kept.clear();
                    let taken = split.object(0, text, &mut kept);
                    builder.append_option((!(taken && kept == "{}")).then_some(kept.as_str()));
                }
                text => builder.append_option(text),
            }
            split.row += 1;
        }
        let part: StringArray = builder.finish();
        rest.push(Arc::new(part) as ArrayRef);
    }
    Split { rest, columns: split.columns }
}

struct Splitter<'a> {
    census: &'a Census,
    columns: Vec<FieldValues>,
    row: u32,
    escaped: String,
}

impl Splitter<'_> {
    /// Appends to `kept` what is left of the object at `node`; whether anything was taken out.
    fn object(&mut self, node: usize, object: &str, kept: &mut String) -> bool {
        let start = kept.len() + 1;
        kept.push('{');
        let mut any = false;
        for (key, value) in json::members(object) {
            let child = self.census.member(node, key);
            if child.is_some_and(|child| self.take(child, value)) {
                any = true;
                continue;
            }
            let before = kept.len();
            if before > start {
                kept.push_str(", ");
            }
            kept.push('"');
            kept.push_str(key);
            kept.push_str("\": ");
            match child.filter(|child| value.starts_with('{') && self.census.has_columns_below(*child)) {
                Some(child) => {
                    let value_start = kept.len();
                    let taken = self.object(child, value, kept);
                    any |= taken;
                    // An object whose members were all taken comes back with them.
                    if taken && kept.len() == value_start + 2 {
                        kept.truncate(before);
                    }
                }
                None => kept.push_str(value),
            }
        }
        kept.push('}');
        any
    }

    /// Puts a value into its field's column, if it has one of this kind and comes back as it is.
    fn take(&mut self, node: usize, value: &str) -> bool {
        let Some((column, kind)) = self.census.column(node) else { return false };
        let column = &mut self.columns[column];
        if column.rows.last() == Some(&self.row) {
            return false;
        }
        match (Kind::of(value), kind) {
            (Some(Kind::Number | Kind::Boolean), FieldKind::Scalar) => column.push(self.row, value),
            (Some(Kind::String), FieldKind::Text) => {
                let escaped = &value[1..value.len() - 1];
                if !json::needs_escape(escaped) {
                    column.push(self.row, escaped);
                    return true;
                }
                let text = json::unescape(escaped);
                self.escaped.clear();
                json::escape(&text, &mut self.escaped);
                if self.escaped != escaped {
                    return false;
                }
                column.push(self.row, &text);
            }
            _ => return false,
        }
        true
    }
}
