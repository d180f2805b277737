//! `WITH (time_column = 'ts', sort_by = 'service, ts', retention = '30 days', retention_bytes = '100 GB')`.

use arrow::datatypes::DataType;
use datafusion::sql::sqlparser::ast::{Expr, Ident, SqlOption, UnaryOperator, Value};
use strata_catalog::TopicOptions;
use strata_storage::ColumnId;
use strata_storage::schema::{JSONB, TopicSchema};

use crate::Result;
use crate::error::{EngineError, Refusal};

/// What an option may be called.
const NAMES: &str = "time_column, sort_by, retention and retention_bytes";

/// Applies options to a topic's schema and options.
///
/// # Errors
/// Unknown names; values that do not fit the columns.
pub(super) fn apply(options: &[SqlOption], columns: &mut TopicSchema, topic: &mut TopicOptions) -> Result<()> {
    for option in options {
        let SqlOption::KeyValue { key, value } = option else { return Err(unknown(&option.to_string())) };
        let text = option_text(value)?;
        match key.value.to_ascii_lowercase().as_str() {
            "time_column" => columns.time_column = Some(time_column(columns, &text)?),
            "sort_by" => columns.sort_by = sort_by(columns, &text)?,
            "retention" => {
                topic.retention_us = Some(duration_us(&text).ok_or_else(|| invalid("retention", &text, "'30 days', '12 hours'"))?)
            }
            "retention_bytes" => {
                topic.retention_bytes =
                    Some(bytes(&text).ok_or_else(|| invalid("retention_bytes", &text, "'100 GB', '512 MB'"))?);
            }
            // Scripts made for PostgreSQL carry these; they mean nothing here and change no answer.
            "fillfactor" | "oids" | "autovacuum_enabled" => {}
            other => return Err(unknown(other)),
        }
    }
    Ok(())
}

/// Takes options back.
///
/// # Errors
/// Unknown names, and options that cannot go.
pub(super) fn reset(names: &[Ident], columns: &mut TopicSchema, topic: &mut TopicOptions) -> Result<()> {
    for name in names {
        match name.value.to_ascii_lowercase().as_str() {
            "sort_by" => columns.sort_by.clear(),
            "retention" => topic.retention_us = None,
            "retention_bytes" => topic.retention_bytes = None,
            "time_column" => return Err(fixed_time_column()),
            "fillfactor" | "oids" | "autovacuum_enabled" => {}
            other => return Err(unknown(other)),
        }
    }
    Ok(())
}

/// The error of changing the time column of a topic that is there.
pub(super) fn fixed_time_column() -> EngineError {
    EngineError::Unsupported {
        message: "the time column of a topic cannot be changed".into(),
        hint: Some("Create a new topic with another time column.".into()),
    }
}

fn time_column(columns: &TopicSchema, name: &str) -> Result<ColumnId> {
    let name = fold(name);
    let column = columns.declared.iter().find(|column| column.name == name);
    let column = column.ok_or_else(|| definition(format!("time_column \"{name}\" is not among the columns")))?;
    if !matches!(column.data_type, DataType::Timestamp(..)) {
        return Err(definition(format!("time_column \"{name}\" must be of type timestamptz or timestamp")));
    }
    Ok(column.id)
}

fn sort_by(columns: &TopicSchema, text: &str) -> Result<Vec<ColumnId>> {
    let mut ids = Vec::new();
    for name in text.split(',').map(fold).filter(|name| !name.is_empty()) {
        let column = columns.declared.iter().find(|column| column.name == name);
        let column = column.ok_or_else(|| definition(format!("sort_by column \"{name}\" is not among the columns")))?;
        if column.sql_type.as_deref() == Some(JSONB) {
            return Err(definition(format!("sort_by column \"{name}\" is jsonb, which has no order that helps a search")));
        }
        if ids.contains(&column.id) {
            return Err(definition(format!("sort_by names column \"{name}\" twice")));
        }
        ids.push(column.id);
    }
    Ok(ids)
}

fn fold(name: &str) -> String {
    let name = name.trim();
    match name.strip_prefix('"').and_then(|name| name.strip_suffix('"')) {
        Some(quoted) => quoted.replace("\"\"", "\""),
        None => name.to_lowercase(),
    }
}

fn definition(message: String) -> EngineError {
    EngineError::Refused { reason: Refusal::InvalidDefinition, message, hint: None }
}

fn unknown(name: &str) -> EngineError {
    EngineError::Refused {
        reason: Refusal::InvalidParameter,
        message: format!("unrecognized parameter \"{name}\""),
        hint: Some(format!("The options of a topic are {NAMES}.")),
    }
}

fn invalid(name: &str, value: &str, examples: &str) -> EngineError {
    EngineError::Refused {
        reason: Refusal::InvalidParameter,
        message: format!("invalid value for option \"{name}\": \"{value}\""),
        hint: Some(format!("Examples: {examples}.")),
    }
}

/// The text of an option's value.
pub(super) fn option_text(value: &Expr) -> Result<String> {
    match value {
        Expr::Identifier(ident) => Ok(ident.value.clone()),
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) | Value::EscapedStringLiteral(text) | Value::Number(text, _) => Ok(text.clone()),
            Value::Boolean(on) => Ok(on.to_string()),
            other => Err(EngineError::Syntax { message: format!("syntax error at or near \"{other}\""), position: None }),
        },
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => Ok(format!("-{}", option_text(expr)?)),
        other => Err(EngineError::Syntax { message: format!("syntax error at or near \"{other}\""), position: None }),
    }
}

/// `30 days`, `1 day 12:00`, `36h`: microseconds, above zero.
pub(crate) fn duration_us(text: &str) -> Option<i64> {
    let spaced: String = text
        .chars()
        .zip(text.chars().skip(1).map(Some).chain([None]))
        .flat_map(|(c, next)| {
            let boundary = next.is_some_and(|next| {
                (c.is_ascii_digit() && next.is_ascii_alphabetic()) || (c.is_ascii_alphabetic() && next.is_ascii_digit())
            });
            if boundary { vec![c, ' '] } else { vec![c] }
        })
        .collect();
    let mut total: i64 = 0;
    let mut words = spaced.split_whitespace();
    while let Some(word) = words.next() {
        if let Some((hours, rest)) = word.split_once(':') {
            let (minutes, seconds) = rest.split_once(':').unwrap_or((rest, "0"));
            let seconds = hours.parse::<i64>().ok()? * 3600 + minutes.parse::<i64>().ok()? * 60 + seconds.parse::<i64>().ok()?;
            total = total.checked_add(seconds.checked_mul(1_000_000)?)?;
            continue;
        }
        let number: f64 = word.parse().ok()?;
        let unit_us: f64 = match words.next()?.to_ascii_lowercase().trim_end_matches('s') {
            "u" | "microsecond" => 1.0,
            "m" if text.contains("ms") => 1e3,
            "millisecond" => 1e3,
            "" | "sec" | "second" => 1e6,
            "m" | "min" | "minute" => 6e7,
            "h" | "hour" | "hr" => 3.6e9,
            "d" | "day" => 8.64e10,
            "w" | "week" => 6.048e11,
            "mon" | "month" => 2.592e12,
            "y" | "year" => 3.155_76e13,
            _ => return None,
        };
        let us = number * unit_us;
        if !us.is_finite() || us.abs() > 9e18 {
            return None;
        }
        #[allow(clippy::cast_possible_truncation, reason = "checked one line above")]
        let us = us as i64;
        total = total.checked_add(us)?;
    }
    (total > 0).then_some(total)
}

/// `100 GB`, `512MB`, `1048576`: bytes, units of 1024, above zero.
pub(crate) fn bytes(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let number: f64 = text[..digits].parse().ok()?;
    let unit: f64 = match text[digits..].trim().to_ascii_lowercase().as_str() {
        "" | "b" | "bytes" => 1.0,
        "kb" | "kib" | "k" => 1024.0,
        "mb" | "mib" | "m" => 1024.0 * 1024.0,
        "gb" | "gib" | "g" => 1024.0 * 1024.0 * 1024.0,
        "tb" | "tib" | "t" => 1024.0_f64.powi(4),
        _ => return None,
    };
    let bytes = number * unit;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked in the same expression")]
    (1.0..1e18).contains(&bytes).then_some(bytes as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        const DAY_US: i64 = 86_400_000_000;
        for (text, expected) in [
            ("30 days", Some(30 * DAY_US)),
            ("1 day 12:00:00", Some(DAY_US + DAY_US / 2)),
            ("36h", Some(DAY_US + DAY_US / 2)),
            ("90 s", Some(90_000_000)),
            ("5 min", Some(300_000_000)),
            ("250ms", Some(250_000)),
            ("0 days", None),
            ("-1 day", None),
            ("soon", None),
            ("30", None),
            ("1 fortnight", None),
        ] {
            assert_eq!(duration_us(text), expected, "{text}");
        }
    }

    #[test]
    fn sizes() {
        for (text, expected) in
            [("100 GB", Some(100 << 30)), ("1.5kb", Some(1536)), ("42", Some(42)), ("0", None), ("-1", None), ("many", None)]
        {
            assert_eq!(bytes(text), expected, "{text}");
        }
    }
}
