//! `extract` and `date_part`: the fields of times and intervals.
//!
//! `extract` gives `numeric`, with six digits behind the point for seconds and three for milliseconds; `date_part` gives a float.

use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::Result;
use strata_engine::EngineError;
use strata_engine::error::DataFault;

use super::value::{Kind, Row, Value, rescaled};
use super::{Function, Gives, Overload};
use crate::dialect::fault;
use crate::types::civil::{self, DAY_US};
use crate::types::interval::Interval;

/// The functions.
pub(super) const ALL: &[Function] = &[
    Function {
        name: "extract_field",
        overloads: &[
            Overload::new(&[Kind::Text, Kind::Timestamptz], Kind::Numeric, |row| exact(row, moment_tz))
                .gives(Gives::Scale(scale)),
            Overload::new(&[Kind::Text, Kind::Timestamp], Kind::Numeric, |row| exact(row, moment)).gives(Gives::Scale(scale)),
            Overload::new(&[Kind::Text, Kind::Date], Kind::Numeric, |row| exact(row, date)).gives(Gives::Scale(scale)),
            Overload::new(&[Kind::Text, Kind::Time], Kind::Numeric, |row| exact(row, time)).gives(Gives::Scale(scale)),
            Overload::new(&[Kind::Text, Kind::Interval], Kind::Numeric, |row| exact(row, span)).gives(Gives::Scale(scale)),
        ],
    },
    Function {
        name: "date_part",
        overloads: &[
            Overload::new(&[Kind::Text, Kind::Timestamptz], Kind::Float, |row| float(row, moment_tz)),
            Overload::new(&[Kind::Text, Kind::Timestamp], Kind::Float, |row| float(row, moment)),
            Overload::new(&[Kind::Text, Kind::Time], Kind::Float, |row| float(row, time)),
            Overload::new(&[Kind::Text, Kind::Interval], Kind::Float, |row| float(row, span)),
        ],
    },
];

/// A field's value: an unscaled number and its digits behind the point; `None` if the type has no such field.
type Field = Option<(i128, i8)>;

fn scale(arguments: &[FieldRef], constants: &[Option<String>]) -> i8 {
    match constants.first().and_then(Option::as_deref).map(canonical) {
        Some("second") => 6,
        Some("epoch") if *arguments[1].data_type() != DataType::Date32 => 6,
        Some("milliseconds") => 3,
        Some("julian") => 10,
        Some(_) => 0,
        None => 6,
    }
}

/// A field under its first name.
fn canonical(name: &str) -> &str {
    match name {
        "years" | "y" | "yr" | "yrs" => "year",
        "months" | "mon" | "mons" => "month",
        "days" | "d" => "day",
        "hours" | "h" | "hr" | "hrs" => "hour",
        "minutes" | "m" | "min" | "mins" => "minute",
        "seconds" | "s" | "sec" | "secs" => "second",
        "millisecond" | "ms" | "msec" | "msecs" => "milliseconds",
        "microsecond" | "us" | "usec" | "usecs" => "microseconds",
        "decades" | "dec" | "decs" => "decade",
        "centuries" | "c" | "cent" => "century",
        "millenniums" | "mil" | "mils" => "millennium",
        "weeks" | "w" => "week",
        "qtr" => "quarter",
        other => other,
    }
}

fn exact(row: &Row, of: fn(&Row, &str) -> Field) -> Result<Value> {
    let (value, scale) = found(row, of)?;
    Ok(Value::Numeric(rescaled(value, scale, row.scale).ok_or_else(super::value::overflow)?, row.scale))
}

fn float(row: &Row, of: fn(&Row, &str) -> Field) -> Result<Value> {
    let (value, scale) = found(row, of)?;
    #[allow(clippy::cast_precision_loss, reason = "a float is what was asked for")]
    Ok(Value::Float(value as f64 / 10_f64.powi(scale.into())))
}

fn found(row: &Row, of: fn(&Row, &str) -> Field) -> Result<(i128, i8)> {
    let given = row.text(0);
    // Most are written in lower case, and there is one for each row.
    let lower = given.bytes().any(|byte| byte.is_ascii_uppercase()).then(|| given.to_ascii_lowercase());
    let name = lower.as_deref().unwrap_or(given);
    of(row, canonical(name)).ok_or_else(|| {
        let type_name = strata_engine::session::sql_type::data_type_name(row.field(1).data_type());
        if KNOWN.contains(&canonical(name)) {
            fault::carried(EngineError::Unsupported {
                message: format!("unit \"{name}\" not supported for type {type_name}"),
                hint: None,
            })
        } else {
            fault::data(DataFault::InvalidArgument, format!("unit \"{name}\" not recognized for type {type_name}"))
        }
    })
}

/// Fields that some type has.
const KNOWN: [&str; 21] = [
    "year",
    "month",
    "day",
    "hour",
    "minute",
    "second",
    "milliseconds",
    "microseconds",
    "decade",
    "century",
    "millennium",
    "week",
    "quarter",
    "epoch",
    "dow",
    "isodow",
    "doy",
    "isoyear",
    "julian",
    "timezone",
    "timezone_hour",
];

fn moment(row: &Row, name: &str) -> Field {
    let us = row.local(1);
    if name == "epoch" {
        return Some((us.into(), 6));
    }
    day(us.div_euclid(DAY_US), name).or_else(|| clock(us.rem_euclid(DAY_US), name))
}

fn moment_tz(row: &Row, name: &str) -> Field {
    let offset = (row.local(1) - row.int(1)) / 1_000_000;
    match name {
        "epoch" => Some((row.int(1).into(), 6)),
        "timezone" => Some((offset.into(), 0)),
        "timezone_hour" => Some(((offset / 3600).into(), 0)),
        "timezone_minute" => Some(((offset / 60 % 60).into(), 0)),
        _ => moment(row, name),
    }
}

fn date(row: &Row, name: &str) -> Field {
    let days = row.int(1);
    if name == "epoch" { Some(((days * 86_400).into(), 0)) } else { day(days, name) }
}

fn time(row: &Row, name: &str) -> Field {
    let us = row.int(1);
    if name == "epoch" { Some((us.into(), 6)) } else { clock(us, name) }
}

/// Fields of a day, counted from 1970.
fn day(days: i64, name: &str) -> Field {
    let (year, month, day_of_month) = civil::date(days);
    // There is no year 0 in the calendar of people.
    let shown_year = if year > 0 { year } else { year - 1 };
    let value = match name {
        "year" => shown_year,
        "month" => month.into(),
        "day" => day_of_month.into(),
        "quarter" => i64::from((month - 1) / 3 + 1),
        "decade" => year.div_euclid(10),
        "century" => {
            if shown_year > 0 {
                (shown_year + 99) / 100
            } else {
                -((99 - shown_year) / 100)
            }
        }
        "millennium" => {
            if shown_year > 0 {
                (shown_year + 999) / 1000
            } else {
                -((999 - shown_year) / 1000)
            }
        }
        "dow" => (days + 4).rem_euclid(7),
        "isodow" => weekday(days),
        "doy" => days - civil::days(year, 1, 1) + 1,
        "week" => iso_week(days).1,
        "isoyear" => iso_week(days).0,
        "julian" => days + 2_440_588,
        _ => return None,
    };
    Some((value.into(), 0))
}

/// Monday is 1, Sunday 7.
pub(super) fn weekday(days: i64) -> i64 {
    (days + 3).rem_euclid(7) + 1
}

/// Year and week of ISO 8601: a week belongs to the year that its Thursday is in.
pub(super) fn iso_week(days: i64) -> (i64, i64) {
    let thursday = days - weekday(days) + 4;
    let (year, _, _) = civil::date(thursday);
    (year, (thursday - civil::days(year, 1, 1)) / 7 + 1)
}

fn clock(us: i64, name: &str) -> Field {
    let value = match name {
        "hour" => us / 3_600_000_000,
        "minute" => us / 60_000_000 % 60,
        "second" => return Some(((us % 60_000_000).into(), 6)),
        "milliseconds" => return Some(((us % 60_000_000).into(), 3)),
        "microseconds" => us % 60_000_000,
        _ => return None,
    };
    Some((value.into(), 0))
}

fn span(row: &Row, name: &str) -> Field {
    let Interval { months, days, time_us } = row.interval(1);
    let months = i64::from(months);
    let value = match name {
        // A year is 365.25 days here, a month 30.
        "epoch" => {
            let days = months / 12 * 36_525 + (months % 12) * 3000 + i64::from(days) * 100;
            return Some((i128::from(days) * 864_000_000 + i128::from(time_us), 6));
        }
        "year" => months / 12,
        "month" => months % 12,
        "quarter" => months % 12 / 3 + 1,
        "decade" => months / 120,
        "century" => months / 1200,
        "millennium" => months / 12_000,
        "day" => days.into(),
        _ => return clock(time_us, name),
    };
    Some((value.into(), 0))
}
