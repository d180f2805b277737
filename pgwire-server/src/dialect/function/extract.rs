//! `extract` and `date_part`: the fields of times and intervals.
//!
//! `extract` gives `numeric`, with six digits behind the point for seconds and three for milliseconds; `date_part` gives a float.

use std::sync::Arc;

use arrow::array::{ArrayRef, Decimal128Builder, Float64Builder};
use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::Result;
use strata_engine::EngineError;
use strata_engine::error::DataFault;

use super::value::{Batch, Kind, Row, rescaled};
use super::{Function, Gives, Overload};
use crate::dialect::fault;
use crate::types::civil::{self, DAY_US};
use crate::types::interval::Interval;

/// The functions.
pub(super) const ALL: &[Function] = &[
    Function {
        name: "extract_field",
        overloads: &[
            Overload::batch(&[Kind::Text, Kind::Timestamptz], Kind::Numeric, |batch| exact(batch, moment_tz))
                .gives(Gives::Scale(scale)),
            Overload::batch(&[Kind::Text, Kind::Timestamp], Kind::Numeric, |batch| exact(batch, moment))
                .gives(Gives::Scale(scale)),
            Overload::batch(&[Kind::Text, Kind::Date], Kind::Numeric, |batch| exact(batch, date)).gives(Gives::Scale(scale)),
            Overload::batch(&[Kind::Text, Kind::Time], Kind::Numeric, |batch| exact(batch, time)).gives(Gives::Scale(scale)),
            Overload::batch(&[Kind::Text, Kind::Interval], Kind::Numeric, |batch| exact(batch, span)).gives(Gives::Scale(scale)),
        ],
    },
    Function {
        name: "date_part",
        overloads: &[
            Overload::batch(&[Kind::Text, Kind::Timestamptz], Kind::Float, |batch| float(batch, moment_tz)),
            Overload::batch(&[Kind::Text, Kind::Timestamp], Kind::Float, |batch| float(batch, moment)),
            Overload::batch(&[Kind::Text, Kind::Time], Kind::Float, |batch| float(batch, time)),
            Overload::batch(&[Kind::Text, Kind::Interval], Kind::Float, |batch| float(batch, span)),
        ],
    },
];

/// A field's value: an unscaled number and its digits behind the point; `None` if the type has no such field.
type Field = Option<(i128, i8)>;

fn scale(arguments: &[FieldRef], constants: &[Option<String>]) -> i8 {
    match constants.first().and_then(Option::as_deref).map(Part::of) {
        Some(Some(Part::Second)) => 6,
        Some(Some(Part::Epoch)) if *arguments[1].data_type() != DataType::Date32 => 6,
        Some(Some(Part::Milliseconds)) => 3,
        Some(Some(Part::Julian)) => 10,
        Some(_) => 0,
        None => 6,
    }
}

/// A field that some type has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Year,
    Month,
    Day,
    Hour,
    Minute,
    Second,
    Milliseconds,
    Microseconds,
    Decade,
    Century,
    Millennium,
    Week,
    Quarter,
    Epoch,
    DayOfWeek,
    IsoDayOfWeek,
    DayOfYear,
    IsoYear,
    Julian,
    Timezone,
    TimezoneHour,
    TimezoneMinute,
}

impl Part {
    /// By its name or one of its short names, in lower case.
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "year" | "years" | "y" | "yr" | "yrs" => Self::Year,
            "month" | "months" | "mon" | "mons" => Self::Month,
            "day" | "days" | "d" => Self::Day,
            "hour" | "hours" | "h" | "hr" | "hrs" => Self::Hour,
            "minute" | "minutes" | "m" | "min" | "mins" => Self::Minute,
            "second" | "seconds" | "s" | "sec" | "secs" => Self::Second,
            "milliseconds" | "millisecond" | "ms" | "msec" | "msecs" => Self::Milliseconds,
            "microseconds" | "microsecond" | "us" | "usec" | "usecs" => Self::Microseconds,
            "decade" | "decades" | "dec" | "decs" => Self::Decade,
            "century" | "centuries" | "c" | "cent" => Self::Century,
            "millennium" | "millenniums" | "mil" | "mils" => Self::Millennium,
            "week" | "weeks" | "w" => Self::Week,
            "quarter" | "qtr" => Self::Quarter,
            "epoch" => Self::Epoch,
            "dow" => Self::DayOfWeek,
            "isodow" => Self::IsoDayOfWeek,
            "doy" => Self::DayOfYear,
            "isoyear" => Self::IsoYear,
            "julian" => Self::Julian,
            "timezone" => Self::Timezone,
            "timezone_hour" => Self::TimezoneHour,
            "timezone_minute" => Self::TimezoneMinute,
            _ => return None,
        })
    }
}

fn exact(batch: &Batch, of: fn(&Row, Part) -> Field) -> Result<ArrayRef> {
    let (precision, scale) = batch.decimal();
    let most = 10_u128.pow(u32::from(precision));
    let mut found = Decimal128Builder::with_capacity(batch.rows).with_data_type(batch.field.data_type().clone());
    each(batch, of, |field| {
        match field {
            Some((value, own)) => {
                let value = if own == scale { Some(value) } else { rescaled(value, own, scale) };
                found.append_value(value.filter(|value| value.unsigned_abs() < most).ok_or_else(super::value::overflow)?);
            }
            None => found.append_null(),
        }
        Ok(())
    })?;
    Ok(Arc::new(found.finish()))
}

fn float(batch: &Batch, of: fn(&Row, Part) -> Field) -> Result<ArrayRef> {
    let mut found = Float64Builder::with_capacity(batch.rows);
    each(batch, of, |field| {
        #[allow(clippy::cast_precision_loss, reason = "a float is what was asked for")]
        found.append_option(
            field.map(|(value, scale)| if scale == 0 { value as f64 } else { value as f64 / 10_f64.powi(scale.into()) }),
        );
        Ok(())
    })?;
    Ok(Arc::new(found.finish()))
}

/// The field of each row, `None` for NULL. The name of the field is read again only where it is another than in the row before.
fn each(batch: &Batch, of: fn(&Row, Part) -> Field, mut found: impl FnMut(Field) -> Result<()>) -> Result<()> {
    let mut last: Option<(&str, Part)> = None;
    for row in 0..batch.rows {
        let row = batch.row(row);
        if row.is_null(0) || row.is_null(1) {
            found(None)?;
            continue;
        }
        let name = row.columns[0].text(row.row);
        let part = match last {
            Some((same, part)) if same == name => part,
            _ => last.insert((name, known(name, &row)?)).1,
        };
        found(Some(of(&row, part).ok_or_else(|| unsupported(name, &row))?))?;
    }
    Ok(())
}

fn known(name: &str, row: &Row) -> Result<Part> {
    Part::of(&name.to_ascii_lowercase()).ok_or_else(|| {
        let message = format!("unit \"{}\" not recognized for type {}", name.to_ascii_lowercase(), type_of(row));
        fault::data(DataFault::InvalidArgument, message)
    })
}

fn unsupported(name: &str, row: &Row) -> datafusion::error::DataFusionError {
    let message = format!("unit \"{}\" not supported for type {}", name.to_ascii_lowercase(), type_of(row));
    fault::carried(EngineError::Unsupported { message, hint: None })
}

fn type_of(row: &Row) -> String {
    strata_engine::session::sql_type::data_type_name(row.field(1).data_type())
}

fn moment(row: &Row, part: Part) -> Field {
    let us = row.local(1);
    if part == Part::Epoch {
        return Some((us.into(), 6));
    }
    clock(us.rem_euclid(DAY_US), part).or_else(|| day(us.div_euclid(DAY_US), part))
}

fn moment_tz(row: &Row, part: Part) -> Field {
    let offset = (row.local(1) - row.int(1)) / 1_000_000;
    match part {
        Part::Epoch => Some((row.int(1).into(), 6)),
        Part::Timezone => Some((offset.into(), 0)),
        Part::TimezoneHour => Some(((offset / 3600).into(), 0)),
        Part::TimezoneMinute => Some(((offset / 60 % 60).into(), 0)),
        _ => moment(row, part),
    }
}

fn date(row: &Row, part: Part) -> Field {
    let days = row.int(1);
    if part == Part::Epoch { Some(((days * 86_400).into(), 0)) } else { day(days, part) }
}

fn time(row: &Row, part: Part) -> Field {
    let us = row.int(1);
    if part == Part::Epoch { Some((us.into(), 6)) } else { clock(us, part) }
}

/// Fields of a day, counted from 1970.
fn day(days: i64, part: Part) -> Field {
    let (year, month, day_of_month) = civil::date(days);
    // There is no year 0 in the calendar of people.
    let shown_year = if year > 0 { year } else { year - 1 };
    let value = match part {
        Part::Year => shown_year,
        Part::Month => month.into(),
        Part::Day => day_of_month.into(),
        Part::Quarter => i64::from((month - 1) / 3 + 1),
        Part::Decade => year.div_euclid(10),
        Part::Century => {
            if shown_year > 0 {
                (shown_year + 99) / 100
            } else {
                -((99 - shown_year) / 100)
            }
        }
        Part::Millennium => {
            if shown_year > 0 {
                (shown_year + 999) / 1000
            } else {
                -((999 - shown_year) / 1000)
            }
        }
        Part::DayOfWeek => (days + 4).rem_euclid(7),
        Part::IsoDayOfWeek => weekday(days),
        Part::DayOfYear => days - civil::days(year, 1, 1) + 1,
        Part::Week => iso_week(days).1,
        Part::IsoYear => iso_week(days).0,
        Part::Julian => days + 2_440_588,
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

fn clock(us: i64, part: Part) -> Field {
    let value = match part {
        Part::Hour => us / 3_600_000_000,
        Part::Minute => us / 60_000_000 % 60,
        Part::Second => return Some(((us % 60_000_000).into(), 6)),
        Part::Milliseconds => return Some(((us % 60_000_000).into(), 3)),
        Part::Microseconds => us % 60_000_000,
        _ => return None,
    };
    Some((value.into(), 0))
}

fn span(row: &Row, part: Part) -> Field {
    let Interval { months, days, time_us } = row.interval(1);
    let months = i64::from(months);
    let value = match part {
        // A year is 365.25 days here, a month 30.
        Part::Epoch => {
            let days = months / 12 * 36_525 + (months % 12) * 3000 + i64::from(days) * 100;
            return Some((i128::from(days) * 864_000_000 + i128::from(time_us), 6));
        }
        Part::Year => months / 12,
        Part::Month => months % 12,
        Part::Quarter => months % 12 / 3 + 1,
        Part::Decade => months / 120,
        Part::Century => months / 1200,
        Part::Millennium => months / 12_000,
        Part::Day => days.into(),
        _ => return clock(time_us, part),
    };
    Some((value.into(), 0))
}
