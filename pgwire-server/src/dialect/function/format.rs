//! `format('%s is %I', ...)` and `pg_typeof`.

use datafusion::common::Result;
use strata_engine::error::DataFault;
use strata_engine::session::sql_type;

use super::value::{Kind, Row, Value};
use super::{Function, Overload};
use crate::dialect::fault;
use crate::functions::quoting;

/// The functions.
pub(super) const ALL: &[Function] = &[
    Function {
        name: "format",
        overloads: &[Overload::new(&[Kind::Text, Kind::Any], Kind::Text, format).optional(1).variadic().nulls()],
    },
    Function {
        name: "pg_typeof",
        overloads: &[Overload::new(&[Kind::Any], Kind::Text, |row| {
            let name = sql_type::type_name(row.field(0));
            // Without its modifier; a literal that fits is an integer.
            Ok(Value::Text(
                name.split('(').next().unwrap_or_default().to_owned()
                    + if name.ends_with("[]") && name.contains('(') { "[]" } else { "" },
            ))
        })
        .nulls()],
    },
];

/// Widest field that is asked for.
const WIDTH_MAX: usize = 1 << 20;

fn format(row: &Row) -> Result<Value> {
    if row.is_null(0) {
        return Ok(Value::Null);
    }
    let mut out = String::new();
    let mut next = 1;
    let mut rest = row.text(0).chars().peekable();
    while let Some(character) = rest.next() {
        if character != '%' {
            out.push(character);
            continue;
        }
        if rest.next_if_eq(&'%').is_some() {
            out.push('%');
            continue;
        }
        let mut number = String::new();
        let mut left = false;
        loop {
            match rest.peek() {
                Some('-') if number.is_empty() => left = true,
                Some(digit) if digit.is_ascii_digit() => number.push(*digit),
                Some('$') => {
                    next = number.parse().unwrap_or(0);
                    if next == 0 {
                        return Err(bad("format specifies argument 0, but arguments are numbered from 1"));
                    }
                    number.clear();
                }
                _ => break,
            }
            rest.next();
        }
        let kind = rest.next().ok_or_else(|| bad("unterminated format() type specifier"))?;
        if !matches!(kind, 's' | 'I' | 'L') {
            return Err(bad(&format!("unrecognized format() type specifier \"{kind}\"")));
        }
        if next >= row.len() {
            return Err(bad("too few arguments for format()"));
        }
        let value = if row.is_null(next) { None } else { Some(row.shown(next)?) };
        next += 1;
        let text = match (kind, value) {
            ('s', value) => value.unwrap_or_default(),
            ('I', Some(name)) => quoting::ident(&name),
            ('I', None) => return Err(fault::data(DataFault::NotNull, "null values cannot be formatted as an SQL identifier")),
            (_, Some(text)) => quoting::literal(&text),
            (_, None) => "NULL".to_owned(),
        };
        let width = number.parse::<usize>().unwrap_or(0).min(WIDTH_MAX);
        let padding = " ".repeat(width.saturating_sub(text.chars().count()));
        if left {
            out.push_str(&text);
            out.push_str(&padding);
        } else {
            out.push_str(&padding);
            out.push_str(&text);
        }
    }
    Ok(Value::Text(out))
}

fn bad(message: &str) -> datafusion::error::DataFusionError {
    fault::data(DataFault::InvalidArgument, message)
}
