//! YAML to a tree, comments included.
//!
//! The parser gives values with their places; comments are what follows a `#` between them. Aliases are replaced by what
//! they stand for, for rows have no references to each other. Of a tag only `!!str` and its like mean something here.

use std::collections::{HashMap, HashSet};

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput, Tag};
use serde_json::Number;
use strata_catalog::etl::component::Refusal;

use super::lines::{Lines, count};
use super::remark::{Remark, attach};
use super::tree::{Array, Entry, Item, Origin, Place, Table, Value};

/// How deep tables and arrays stand in each other.
const DEPTH_MAX: usize = 64;
/// Values that all aliases of a text may become together.
const ALIASED_VALUES_MAX: usize = 10_000;

/// Reads a whole text. One without a value is an empty table.
///
/// # Errors
/// [`Refusal`] where the text is no YAML, or is one that a configuration cannot be.
pub fn read(text: &str) -> Result<Table, Refusal> {
    let mut reader = Reader {
        parser: Parser::new_from_str(text),
        characters: text.chars().collect(),
        named: HashMap::new(),
        aliased: 0,
        spans: Vec::new(),
    };
    let mut root = None;
    loop {
        let (event, span) = reader.next()?;
        match event {
            Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing => {}
            Event::StreamEnd => break,
            _ if root.is_some() => return Err(refusal(place(span), "a second document begins", None)),
            event => root = Some((place(span), reader.value(event, span, 0)?.0)),
        }
    }
    let mut root = match root {
        Some((_, Value::Table(table))) => table,
        Some((_, Value::Null)) | None => Table::default(),
        Some((at, _)) => return Err(refusal(at, "a table was expected", Some("Sources, transforms and sinks are its keys."))),
    };
    attach(&mut root, remarks(text, &reader.spans));
    root.tidy();
    Ok(root)
}

fn place(span: Span) -> Place {
    Place { line: count(span.start.line()), column: count(span.start.col() + 1) }
}

fn refusal(at: Place, message: &str, hint: Option<&str>) -> Refusal {
    Refusal { line: at.line, column: at.column, message: message.to_owned(), hint: hint.map(str::to_owned) }
}

fn scan_error(error: &ScanError) -> Refusal {
    let at = Place { line: count(error.marker().line()), column: count(error.marker().col() + 1) };
    refusal(at, error.info(), None)
}

struct Reader<'t> {
    parser: Parser<'t, StrInput<'t>>,
    /// Of the text; places are counted in them.
    characters: Vec<char>,
    /// Values by the number of their name, with how many they are.
    named: HashMap<usize, (Value, usize)>,
    aliased: usize,
    /// What is no gap, in characters: scalars and aliases.
    spans: Vec<(usize, usize)>,
}

impl<'t> Reader<'t> {
    fn next(&mut self) -> Result<(Event<'t>, Span), Refusal> {
        match self.parser.next_event() {
            Some(Ok(found)) => Ok(found),
            Some(Err(error)) => Err(scan_error(&error)),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    /// Keeps where a scalar or an alias stands. The parser counts what follows a closing quote as part of it.
    fn no_gap(&mut self, span: Span, style: ScalarStyle) {
        let (start, mut end) = (span.start.index(), span.end.index());
        let quote = match style {
            ScalarStyle::SingleQuoted => Some('\''),
            ScalarStyle::DoubleQuoted => Some('"'),
            ScalarStyle::Plain | ScalarStyle::Literal | ScalarStyle::Folded => None,
        };
        if let Some(quote) = quote {
            let mut at = start + self.characters[start..end].iter().position(|sign| *sign == quote).unwrap_or_default() + 1;
            while at < end && (self.characters[at] != quote || self.characters.get(at + 1) == Some(&quote) && quote == '\'') {
                let is_pair = quote == '"' && self.characters[at] == '\\' || self.characters[at] == quote;
                at += if is_pair { 2 } else { 1 };
            }
            end = end.min(at + 1);
        }
        self.spans.push((start, end));
    }

    /// Where the sign of a block stands; the parser says where its text begins.
    fn block_header(&self, span: Span) -> Place {
        let start = span.start.index().min(self.characters.len());
        let before = &self.characters[..start];
        // Back over the indentation of the text, and over empty lines.
        let end = before.iter().rposition(|sign| !sign.is_whitespace()).map_or(0, |last| last + 1);
        let line = before[..end].iter().rposition(|sign| *sign == '\n').map_or(0, |last| last + 1);
        let sign = before[line..end].iter().position(|sign| matches!(sign, '|' | '>')).unwrap_or_default();
        let lines_between = before[end..].iter().filter(|sign| **sign == '\n').count();
        Place { line: count(span.start.line().saturating_sub(lines_between)), column: count(sign + 1) }
    }

    /// The value that begins with `event`, with how many values it is, itself included.
    fn value(&mut self, event: Event<'t>, span: Span, depth: usize) -> Result<(Value, usize, Origin), Refusal> {
        let at = place(span);
        if depth > DEPTH_MAX {
            return Err(refusal(at, "tables and arrays stand too deep in each other", None));
        }
        let mut origin = Origin { at, close: None, column: 0 };
        let (value, size, name) = match event {
            Event::Scalar(text, style, name, tag) => {
                self.no_gap(span, style);
                if matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
                    origin.at = self.block_header(span);
                }
                (scalar(&text, style, tag.as_deref()).map_err(|message| refusal(at, message, None))?, 1, name)
            }
            Event::Alias(name) => {
                self.no_gap(span, ScalarStyle::Plain);
                let Some((value, size)) = self.named.get(&name).cloned() else {
                    return Err(refusal(at, "an alias stands inside of what it stands for", None));
                };
                self.aliased += size;
                if self.aliased > ALIASED_VALUES_MAX {
                    return Err(refusal(at, "the aliases stand for too many values", None));
                }
                (without_places(value), size, 0)
            }
            Event::SequenceStart(name, tag) => {
                no_tag(tag.as_deref()).map_err(|message| refusal(at, message, None))?;
                origin.column = at.column;
                let (mut items, mut size) = (Vec::new(), 1);
                loop {
                    let (event, span) = self.next()?;
                    if event == Event::SequenceEnd {
                        origin.close = closing(span);
                        break;
                    }
                    let (value, inner, origin) = self.value(event, span, depth + 1)?;
                    size += inner;
                    items.push(Item { origin, ..Item::new(value) });
                }
                (Value::Array(Array { items, end: Vec::new() }), size, name)
            }
            Event::MappingStart(name, tag) => {
                no_tag(tag.as_deref()).map_err(|message| refusal(at, message, None))?;
                let (table, size, close) = self.table(depth)?;
                origin.column = table.entries.first().map_or(0, |entry| entry.origin.at.column);
                origin.close = close;
                (Value::Table(table), size, name)
            }
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::SequenceEnd
            | Event::MappingEnd => return Err(refusal(at, "a value was expected", None)),
        };
        if name > 0 {
            self.named.insert(name, (value.clone(), size));
        }
        Ok((value, size, origin))
    }

    /// The rest of a table, with how many values it is, and where its bracket closes.
    fn table(&mut self, depth: usize) -> Result<(Table, usize, Option<Place>), Refusal> {
        let (mut entries, mut keys, mut size) = (Vec::new(), HashSet::new(), 1);
        loop {
            let (event, span) = self.next()?;
            let at = place(span);
            let key = match event {
                Event::MappingEnd => return Ok((Table { entries, end: Vec::new() }, size, closing(span))),
                Event::Scalar(text, style, ..) => {
                    self.no_gap(span, style);
                    text.into_owned()
                }
                _ => return Err(refusal(at, "a key is a text", None)),
            };
            if !keys.insert(key.clone()) {
                return Err(refusal(at, &format!("the key \"{key}\" stands here a second time"), None));
            }
            let (event, span) = self.next()?;
            let (value, inner, origin) = self.value(event, span, depth + 1)?;
            size += inner;
            entries.push(Entry { origin: Origin { at, ..origin }, ..Entry::new(&key, value) });
        }
    }
}

/// Where the bracket stands; a block has none.
fn closing(span: Span) -> Option<Place> {
    (!span.is_empty()).then(|| place(span))
}

/// What an alias stands for stood elsewhere, so that no comment is meant for it.
fn without_places(mut value: Value) -> Value {
    match &mut value {
        Value::Table(table) => {
            for entry in &mut table.entries {
                entry.origin = Origin::default();
                entry.value = without_places(std::mem::replace(&mut entry.value, Value::Null));
            }
        }
        Value::Array(array) => {
            for item in &mut array.items {
                item.origin = Origin::default();
                item.value = without_places(std::mem::replace(&mut item.value, Value::Null));
            }
        }
        Value::Text(_) | Value::Number(_) | Value::Bool(_) | Value::Null | Value::Bare(_) => {}
    }
    value
}

fn no_tag(tag: Option<&Tag>) -> Result<(), &'static str> {
    match tag {
        Some(tag) if !tag.is_yaml_core_schema() => Err("a tag of its own means nothing to Vector"),
        _ => Ok(()),
    }
}

/// A scalar as YAML 1.2 resolves it.
fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<Value, &'static str> {
    no_tag(tag)?;
    let is_text = tag.is_some_and(|tag| tag.suffix == "str");
    if style != ScalarStyle::Plain || is_text {
        return Ok(Value::Text(text.to_owned()));
    }
    Ok(plain(text))
}

/// What a scalar without quotes is.
#[must_use]
pub fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Value::Bare("inf".to_owned()),
        "-.inf" | "-.Inf" | "-.INF" => return Value::Bare("-inf".to_owned()),
        ".nan" | ".NaN" | ".NAN" => return Value::Bare("nan".to_owned()),
        _ => {}
    }
    match number(text) {
        Some(number) => Value::Number(number),
        None => Value::Text(text.to_owned()),
    }
}

fn number(text: &str) -> Option<Number> {
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if let Some(digits) = digits.strip_prefix(prefix) {
            let is_digit = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix));
            let number = is_digit.then(|| i64::from_str_radix(digits, radix).ok()).flatten()?;
            return Some(if is_negative { -number } else { number }.into());
        }
    }
    if !digits.starts_with(|first: char| first.is_ascii_digit() || first == '.') {
        return None;
    }
    // A leading zero makes a text: it would be octal to one reader and decimal to another.
    let is_octal_for_some = digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
    if is_octal_for_some {
        return None;
    }
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let whole = text.strip_prefix('+').unwrap_or(text);
        if let Some(number) = whole.parse::<i64>().ok().map(Number::from).or_else(|| whole.parse::<u64>().ok().map(Number::from))
        {
            return Some(number);
        }
    }
    let is_float = digits.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'))
        && digits.bytes().any(|byte| byte.is_ascii_digit());
    is_float.then(|| text.parse::<f64>().ok().and_then(Number::from_f64)).flatten()
}

/// The comments of a text, given what is no gap.
fn remarks(text: &str, spans: &[(usize, usize)]) -> Vec<Remark> {
    let lines = Lines::of(text);
    let mut spans: Vec<(usize, usize)> = spans.iter().copied().filter(|(start, end)| end > start).collect();
    spans.sort_unstable();
    let mut spans = spans.into_iter().peekable();
    let mut found = Vec::new();
    let mut characters = text.char_indices().enumerate().peekable();
    let mut before = '\n';
    while let Some((index, (byte, character))) = characters.next() {
        if let Some((_, end)) = spans.next_if(|(start, _)| *start <= index) {
            while let Some((_, (_, inside))) = characters.next_if(|(index, _)| *index < end) {
                before = inside;
            }
            continue;
        }
        if character == '#' && before.is_whitespace() {
            let end = text[byte..].find('\n').map_or(text.len(), |length| byte + length);
            let own_line = lines.before(byte).chars().all(|c| c == '-' || c.is_whitespace());
            let comment = text[byte + 1..end].trim_end_matches('\r').to_owned();
            found.push(Remark { place: lines.place(byte), text: comment, own_line });
            while characters.next_if(|(_, (at, _))| *at < end).is_some() {}
        }
        before = character;
    }
    found
}

#[cfg(test)]
mod tests;
