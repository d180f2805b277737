//! Text: what DataFusion's functions lack.

use std::sync::Arc;

use arrow::array::{ArrayRef, StringViewBuilder};
use bytes::{BufMut, BytesMut};
use datafusion::common::Result;
use strata_engine::error::DataFault;

use super::value::{Batch, Column, Kind, Row, Value};
use super::{Function, Overload};
use crate::dialect::fault;

/// The functions.
pub(super) const ALL: &[Function] = &[
    // The grammar of `substring` is the parser's own; what it says comes here by this name.
    Function { name: "substring_of", overloads: &SUBSTRING },
    Function { name: "concat", overloads: &[Overload::batch(&[Kind::Any], Kind::Text, |batch| joined(batch, None)).variadic()] },
    Function {
        name: "concat_ws",
        overloads: &[
            Overload::batch(&[Kind::Text, Kind::Any], Kind::Text, |batch| joined(batch, Some(&batch.columns[0]))).variadic()
        ],
    },
    Function { name: "unistr", overloads: &[Overload::new(&[Kind::Text], Kind::Text, unistr)] },
    Function {
        name: "string_to_table",
        overloads: &[Overload::new(&[Kind::Text, Kind::Text], Kind::Texts, |row| {
            let parts = row.text(0).split(row.text(1)).map(|part| Some(part.to_owned()));
            Ok(Value::Texts(parts.collect()))
        })],
    },
    Function {
        name: "chr",
        overloads: &[Overload::new(&[Kind::Int], Kind::Text, |row| {
            match u32::try_from(row.int(0)).ok().and_then(char::from_u32) {
                Some('\0') => Err(fault::data(DataFault::LimitExceeded, "null character not permitted")),
                Some(character) => Ok(Value::Text(character.into())),
                None if row.int(0) < 0 => Err(fault::data(DataFault::InvalidArgument, "character number must be positive")),
                None => Err(fault::data(
                    DataFault::LimitExceeded,
                    format!("requested character too large for encoding: {}", row.int(0)),
                )),
            }
        })],
    },
];

/// The texts of all arguments, with a text between them that is the first argument; NULLs are left out.
fn joined(batch: &Batch, between: Option<&Column>) -> Result<ArrayRef> {
    let mut texts = StringViewBuilder::with_capacity(batch.rows);
    let mut text = BytesMut::new();
    for row in 0..batch.rows {
        if between.is_some_and(|between| between.is_null(row)) {
            texts.append_null();
            continue;
        }
        text.clear();
        let mut first = true;
        for column in &batch.columns[usize::from(between.is_some())..] {
            if column.is_null(row) {
                continue;
            }
            if let Some(between) = between.filter(|_| !first) {
                text.put_slice(between.text(row).as_bytes());
            }
            first = false;
            column.show(row, batch.style, &mut text)?;
        }
        texts.append_value(String::from_utf8_lossy(&text));
    }
    Ok(Arc::new(texts.finish()))
}

const SUBSTRING: [Overload; 3] = [
    Overload::new(&[Kind::Text, Kind::Int, Kind::Int], Kind::Text, substring).optional(1),
    Overload::new(&[Kind::Bytes, Kind::Int, Kind::Int], Kind::Bytes, super::bytes::part).optional(1),
    // What matches a pattern, or its first group.
    Overload::new(&[Kind::Text, Kind::Text], Kind::Text, |row| {
        let found = super::regexp::compiled(row, 1, 2)?.captures(row.text(0));
        let group = found.and_then(|found| found.get(1).or_else(|| found.get(0)).map(|group| group.as_str().to_owned()));
        Ok(group.map_or(Value::Null, Value::Text))
    }),
];

fn substring(row: &Row) -> Result<Value> {
    let text = row.text(0);
    let start = row.int(1);
    let end = match row.len() {
        3 if row.int(2) < 0 => return Err(fault::data(DataFault::InvalidSubstring, "negative substring length not allowed")),
        3 => start.saturating_add(row.int(2)),
        _ => i64::MAX,
    };
    let first = usize::try_from(start.max(1) - 1).unwrap_or(usize::MAX);
    let count = usize::try_from(end.saturating_sub(start.max(1)).max(0)).unwrap_or(usize::MAX);
    // A text of one byte a character needs no counting.
    if text.is_ascii() {
        let first = first.min(text.len());
        return Ok(Value::Text(text[first..first.saturating_add(count).min(text.len())].to_owned()));
    }
    Ok(Value::Text(text.chars().skip(first).take(count).collect()))
}

/// `\0061`, `\+000061`, `\u0061`, `\U00000061` and `\\`.
fn unistr(row: &Row) -> Result<Value> {
    let bad = || fault::data(DataFault::InvalidArgument, "invalid Unicode escape");
    let mut out = String::new();
    let mut rest = row.text(0);
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let (skip, digits) = match rest.as_bytes().first() {
            Some(b'\\') => {
                out.push('\\');
                rest = &rest[1..];
                continue;
            }
            Some(b'u') => (1, 4),
            Some(b'U') => (1, 8),
            Some(b'+') => (1, 6),
            _ => (0, 4),
        };
        let code = rest.get(skip..skip + digits).ok_or_else(bad)?;
        let code = u32::from_str_radix(code, 16).map_err(|_| bad())?;
        out.push(char::from_u32(code).ok_or_else(bad)?);
        rest = &rest[skip + digits..];
    }
    out.push_str(rest);
    Ok(Value::Text(out))
}
