//! One line of NDJSON to cells.
//!
//! The line is checked to be one JSON object and nothing else; spaces between tokens may not contain a line feed. Of equal
//! keys the last one wins.

use std::fmt;

use crate::jsonb::fault::{JsonFault, JsonFaultReason};
use crate::jsonb::lexer;

use super::cell::Cell;
use super::keys::{Keys, Target};

/// Why a line is no record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// The line is not JSON.
    Json(JsonFault),
    /// JSON, but no object.
    NoObject,
    /// Longer than a record may be.
    TooLong,
    /// A NUL byte.
    Nul,
    /// A column that must not be NULL has no value.
    NotNull(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(fault) => match fault.reason {
                JsonFaultReason::Nul => f.write_str("the line holds a NUL character, which text cannot hold"),
                JsonFaultReason::Deep => write!(f, "the record is {fault}"),
                _ => write!(f, "the line is not JSON: {fault}"),
            },
            Self::NoObject => f.write_str("the line is JSON but not an object"),
            Self::TooLong => f.write_str("the line is longer than a record may be"),
            Self::Nul => f.write_str("the line holds a NUL byte, which text cannot hold"),
            Self::NotNull(column) => write!(f, "null value in column \"{column}\" violates not-null constraint"),
        }
    }
}

impl From<JsonFault> for Fault {
    fn from(fault: JsonFault) -> Self {
        Self::Json(fault)
    }
}

/// The values of one line: one cell a slot, and the fields that have no slot, in their order.
#[derive(Debug)]
pub(super) struct Cells<'a> {
    pub(super) slots: Vec<Cell<'a>>,
    pub(super) undeclared: Vec<(u32, Cell<'a>)>,
}

/// Parses lines; remembers keys.
#[derive(Debug)]
pub(super) struct LineParser {
    keys: Keys,
    slots: usize,
}

impl LineParser {
    /// A parser for a topic whose slots have these names, in the order of their numbers.
    pub(super) fn new(slot_names: Vec<String>) -> Self {
        let slots = slot_names.len();
        // The first of equal names wins, so that a declared column goes before another name of one.
        Self { keys: Keys::new(slot_names.into_iter().enumerate().rev().map(|(slot, name)| (name, slot))), slots }
    }

    /// Room for the cells of a line.
    pub(super) fn cells<'a>(&self) -> Cells<'a> {
        Cells { slots: vec![Cell::Missing; self.slots], undeclared: Vec::new() }
    }

    /// The name of an undeclared field of the last line.
    pub(super) fn name(&self, number: u32) -> &str {
        self.keys.name(number)
    }

    /// Reads the line that starts at byte `start` of `text`; returns the byte where it ends, which is a line feed or the
    /// end of the text. Positions in faults count from `start`.
    pub(super) fn line<'a>(&mut self, text: &'a str, start: usize, cells: &mut Cells<'a>) -> Result<usize, Fault> {
        cells.slots.fill(Cell::Missing);
        cells.undeclared.clear();
        self.keys.begin_line();
        self.object(text, start, cells).map_err(|fault| match fault {
            Fault::Json(JsonFault { reason, at }) => Fault::Json(JsonFault { reason, at: at - start }),
            other => other,
        })
    }

    fn object<'a>(&mut self, text: &'a str, start: usize, cells: &mut Cells<'a>) -> Result<usize, Fault> {
        let bytes = text.as_bytes();
        let mut at = start;
        let mut next = 0;
        loop {
            let target;
            if let Some(hit) = self.keys.predicted(bytes, at, next) {
                (target, at, next) = hit;
            } else {
                match self.key(text, at, next)? {
                    (Some(found), behind) => {
                        target = found;
                        at = behind;
                        next += 1;
                    }
                    (None, behind) => return end_of_line(bytes, behind),
                }
            }
            let cell;
            (cell, at) = value(text, at)?;
            match target {
                Target::Slot(slot) => cells.slots[slot] = cell,
                Target::Undeclared(name) => cells.undeclared.push((name, cell)),
            }
            if bytes.get(at) == Some(&b'}') {
                return end_of_line(bytes, at + 1);
            }
        }
    }

    /// A key that was not predicted, with the brace or comma before it and the colon behind it; or the closing brace.
    #[inline(never)]
    fn key(&mut self, text: &str, start: usize, next: usize) -> Result<(Option<Target>, usize), Fault> {
        let bytes = text.as_bytes();
        let mut at = skip_blank(bytes, start);
        if next == 0 {
            if bytes[at..].starts_with(b"\xef\xbb\xbf") {
                at = skip_blank(bytes, at + 3);
            }
            if bytes.get(at) != Some(&b'{') {
                return Err(no_object(bytes, at));
            }
            at = skip_blank(bytes, at + 1);
            if bytes.get(at) == Some(&b'}') {
                return Ok((None, at + 1));
            }
        } else {
            match bytes.get(at) {
                Some(b',') => at = skip_blank(bytes, at + 1),
                Some(b'}') => return Ok((None, at + 1)),
                _ => return Err(JsonFault::expected("a comma or }", at).into()),
            }
        }
        let quoted = lexer::string(bytes, at)?;
        at = skip_blank(bytes, quoted.end + 1);
        if bytes.get(at) != Some(&b':') {
            return Err(JsonFault::expected("a colon", at).into());
        }
        at = skip_blank(bytes, at + 1);
        let target = self.keys.target(&text[quoted.start..quoted.end], quoted.escaped);
        self.keys.expect(next, &bytes[start..at], target);
        Ok((Some(target), at))
    }
}

/// The value at `at` and the byte behind it and the spaces that follow it.
#[inline(always)]
fn value(text: &str, at: usize) -> Result<(Cell<'_>, usize), Fault> {
    let bytes = text.as_bytes();
    let (cell, end) = match bytes.get(at) {
        Some(b'"') => {
            let quoted = lexer::string(bytes, at)?;
            (Cell::Text { raw: &text[quoted.start..quoted.end], escaped: quoted.escaped }, quoted.end + 1)
        }
        Some(b'0'..=b'9' | b'-') => {
            let end = lexer::number(bytes, at)?;
            (Cell::Number(&text[at..end]), end)
        }
        _ => other_value(text, at)?,
    };
    match bytes.get(end) {
        Some(b' ' | b'\t' | b'\r') => Ok((cell, skip_blank(bytes, end))),
        _ => Ok((cell, end)),
    }
}

fn other_value(text: &str, at: usize) -> Result<(Cell<'_>, usize), Fault> {
    let bytes = text.as_bytes();
    if let Some(b' ' | b'\t' | b'\r') = bytes.get(at) {
        // A predicted key ends where it ended in an earlier line, which may have had fewer spaces.
        return value(text, skip_blank(bytes, at));
    }
    if let Some(b'{' | b'[') = bytes.get(at) {
        let end = lexer::value(bytes, at, 1)?;
        // Inside a value the lexer takes a line feed for a space; in a line of records it is the end.
        if let Some(newline) = memchr::memchr(b'\n', &bytes[at..end]) {
            return Err(JsonFault::expected("the rest of the record", at + newline).into());
        }
        return Ok((Cell::Nested(&text[at..end]), end));
    }
    let end = lexer::literal(bytes, at)?;
    let cell = match bytes[at] {
        b't' => Cell::True,
        b'f' => Cell::False,
        _ => Cell::Null,
    };
    Ok((cell, end))
}

/// Behind the closing brace only spaces may follow.
#[inline(always)]
fn end_of_line(bytes: &[u8], at: usize) -> Result<usize, Fault> {
    match bytes.get(at) {
        Some(b'\n') | None => Ok(at),
        Some(_) => {
            let end = skip_blank(bytes, at);
            match bytes.get(end) {
                Some(b'\n') | None => Ok(end),
                Some(_) => Err(JsonFault::new(JsonFaultReason::Trailing, end).into()),
            }
        }
    }
}

/// What stands where an object should start.
fn no_object(bytes: &[u8], at: usize) -> Fault {
    let end = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |newline| at + newline);
    match lexer::value(&bytes[..end], at, 0) {
        Ok(behind) if skip_blank(bytes, behind) == end => Fault::NoObject,
        Ok(behind) => JsonFault::new(JsonFaultReason::Trailing, skip_blank(bytes, behind)).into(),
        Err(fault) => fault.into(),
    }
}

/// First byte at or behind `at` that is no space of a line.
fn skip_blank(bytes: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\t' | b'\r') = bytes.get(at) {
        at += 1;
    }
    at
}
