//! TOML to a tree, comments included.
//!
//! Tables with headers follow the plain values of their table, wherever their headers stood, for so they are written.

use serde_json::Number;
use strata_catalog::etl::component::Refusal;
use toml_edit::{Document, Item as TomlItem, Key, TableLike, Value as TomlValue};
use toml_parser::Source;
use toml_parser::lexer::TokenKind;

use super::lines::Lines;
use super::remark::{Remark, attach};
use super::toml_printer::settle;
use super::tree::{Array, Entry, Item, Origin, Place, Table, Value};

/// Reads a whole text.
///
/// # Errors
/// [`Refusal`] where the text is no TOML.
pub fn read(text: &str) -> Result<Table, Refusal> {
    let lines = Lines::of(text);
    let document = Document::parse(text).map_err(|error| {
        let Place { line, column } = lines.place(error.span().map_or(text.len(), |span| span.start));
        let message = error.message().lines().next().unwrap_or("this is no TOML").to_owned();
        Refusal { line, column, message, hint: hint(text, line) }
    })?;
    let reader = Reader { text, lines: &lines };
    let mut root = reader.table(document.as_table());
    attach(&mut root, reader.remarks());
    root.tidy();
    settle(&mut root);
    Ok(root)
}

/// A reference to the environment is only text where quotes are around it.
fn hint(text: &str, line: u32) -> Option<String> {
    let line = text.lines().nth(line.saturating_sub(1) as usize)?;
    line.contains("${").then(|| "Write references to the environment in quotes; only the instance knows their values.".to_owned())
}

struct Reader<'t> {
    text: &'t str,
    lines: &'t Lines<'t>,
}

impl Reader<'_> {
    fn table(&self, table: &dyn TableLike) -> Table {
        let mut entries = Vec::new();
        let mut headed = Vec::new();
        for (name, item) in table.iter() {
            let at = table.key(name).and_then(Key::span).map_or(Place::default(), |span| self.lines.place(span.start));
            let at = match item {
                TomlItem::ArrayOfTables(tables) => tables.get(0).map_or(at, |table| self.start(table)),
                TomlItem::None | TomlItem::Value(_) | TomlItem::Table(_) => at,
            };
            let Some((value, close)) = self.item(item) else { continue };
            let is_headed = match item {
                TomlItem::Table(table) => !table.is_dotted(),
                TomlItem::ArrayOfTables(_) => true,
                TomlItem::None | TomlItem::Value(_) => false,
            };
            let entry = Entry { origin: Origin { at, close, column: 0 }, ..Entry::new(name, value) };
            if is_headed { headed.push(entry) } else { entries.push(entry) }
        }
        entries.append(&mut headed);
        Table { entries, end: Vec::new() }
    }

    fn start(&self, table: &toml_edit::Table) -> Place {
        table.span().map_or(Place::default(), |span| self.lines.place(span.start))
    }

    /// The value, and where its closing bracket stands.
    fn item(&self, item: &TomlItem) -> Option<(Value, Option<Place>)> {
        match item {
            TomlItem::None => None,
            TomlItem::Value(value) => Some(self.value(value)),
            TomlItem::Table(table) => Some((Value::Table(self.table(table)), None)),
            TomlItem::ArrayOfTables(tables) => {
                let items = tables.iter().map(|table| {
                    let origin = Origin { at: self.start(table), close: None, column: 0 };
                    Item { origin, ..Item::new(Value::Table(self.table(table))) }
                });
                Some((Value::Array(Array { items: items.collect(), end: Vec::new() }), None))
            }
        }
    }

    fn value(&self, value: &TomlValue) -> (Value, Option<Place>) {
        let close = || value.span().map(|span| self.lines.place(span.end.saturating_sub(1)));
        match value {
            TomlValue::String(text) => (Value::Text(text.value().clone()), None),
            TomlValue::Integer(number) => (Value::Number((*number.value()).into()), None),
            TomlValue::Float(number) => (float(*number.value()), None),
            TomlValue::Boolean(flag) => (Value::Bool(*flag.value()), None),
            TomlValue::Datetime(moment) => (Value::Bare(moment.value().to_string()), None),
            TomlValue::InlineTable(table) => (Value::Table(self.table(table)), close()),
            TomlValue::Array(array) => {
                let items = array.iter().map(|item| {
                    let at = item.span().map_or(Place::default(), |span| self.lines.place(span.start));
                    let (value, close) = self.value(item);
                    Item { origin: Origin { at, close, column: 0 }, ..Item::new(value) }
                });
                (Value::Array(Array { items: items.collect(), end: Vec::new() }), close())
            }
        }
    }

    /// All comments.
    fn remarks(&self) -> Vec<Remark> {
        let tokens = Source::new(self.text).lex().into_vec();
        let comments = tokens.into_iter().filter(|token| token.kind() == TokenKind::Comment);
        comments
            .map(|token| {
                let (start, end) = (token.span().start(), token.span().end());
                let text = &self.text[start + 1..end];
                let own_line = self.lines.before(start).trim().is_empty();
                Remark { place: self.lines.place(start), text: text.trim_end_matches('\r').to_owned(), own_line }
            })
            .collect()
    }
}

fn float(number: f64) -> Value {
    match Number::from_f64(number) {
        Some(number) => Value::Number(number),
        None if number.is_nan() => Value::Bare("nan".to_owned()),
        None if number < 0.0 => Value::Bare("-inf".to_owned()),
        None => Value::Bare("inf".to_owned()),
    }
}

#[cfg(test)]
mod tests;
