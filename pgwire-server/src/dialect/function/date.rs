//! Dates and timestamps: made, truncated, moved between zones.

use datafusion::common::Result;
use strata_engine::error::DataFault;

use super::extract::weekday;
use super::value::{Kind, Row, Value};
use super::{Function, Overload};
use crate::dialect::fault;
use crate::types::Zone;
use crate::types::civil::{self, DAY_US};
use crate::types::interval::Interval;

/// The functions.
pub(super) const ALL: &[Function] = &[
    Function {
        name: "isfinite",
        overloads: &[
            Overload::new(&[Kind::Date], Kind::Bool, |row| {
                Ok(Value::Bool(row.int(0) != i64::from(i32::MAX) && row.int(0) != i64::from(i32::MIN)))
            }),
            Overload::new(&[Kind::Timestamp], Kind::Bool, |row| Ok(Value::Bool(is_finite(row.int(0))))),
            Overload::new(&[Kind::Timestamptz], Kind::Bool, |row| Ok(Value::Bool(is_finite(row.int(0))))),
            Overload::new(&[Kind::Interval], Kind::Bool, |_| Ok(Value::Bool(true))),
        ],
    },
    Function {
        name: "make_date",
        overloads: &[Overload::new(&[Kind::Int, Kind::Int, Kind::Int], Kind::Date, |row| Ok(Value::Int(day(row)?)))],
    },
    Function {
        name: "make_time",
        overloads: &[Overload::new(&[Kind::Int, Kind::Int, Kind::Float], Kind::Time, |row| Ok(Value::Int(clock(row, 0)?)))],
    },
    Function {
        name: "make_timestamp",
        overloads: &[Overload::new(&MOMENT, Kind::Timestamp, |row| Ok(Value::Int(day(row)? * DAY_US + clock(row, 3)?)))],
    },
    Function {
        name: "make_timestamptz",
        overloads: &[
            Overload::new(&MOMENT, Kind::Timestamptz, |row| to_utc(row.style.zone, day(row)? * DAY_US + clock(row, 3)?)),
            Overload::new(
                &[Kind::Int, Kind::Int, Kind::Int, Kind::Int, Kind::Int, Kind::Float, Kind::Text],
                Kind::Timestamptz,
                |row| to_utc(zone(row.text(6))?, day(row)? * DAY_US + clock(row, 3)?),
            ),
        ],
    },
    Function {
        name: "timezone",
        overloads: &[
            Overload::new(&[Kind::Text, Kind::Timestamptz], Kind::Timestamp, |row| {
                let us = row.int(1);
                Ok(Value::Int(us.saturating_add(i64::from(zone(row.text(0))?.offset_at(us)) * 1_000_000)))
            }),
            Overload::new(&[Kind::Text, Kind::Timestamp], Kind::Timestamptz, |row| to_utc(zone(row.text(0))?, row.int(1))),
            Overload::new(&[Kind::Interval, Kind::Timestamptz], Kind::Timestamp, |row| {
                Ok(Value::Int(row.int(1) + row.interval(0).time_us))
            }),
            Overload::new(&[Kind::Interval, Kind::Timestamp], Kind::Timestamptz, |row| {
                Ok(Value::Int(row.int(1) - row.interval(0).time_us))
            }),
        ],
    },
    Function {
        name: "date_trunc_in",
        overloads: &[
            Overload::new(&[Kind::Text, Kind::Timestamptz, Kind::Text], Kind::Timestamptz, |row| {
                let zone = zone(row.text(2))?;
                let us = row.int(1);
                let local = us.saturating_add(i64::from(zone.offset_at(us)) * 1_000_000);
                to_utc(zone, truncated(row.text(0), local)?)
            }),
            Overload::new(&[Kind::Text, Kind::Timestamptz], Kind::Timestamptz, |row| {
                to_utc(row.style.zone, truncated(row.text(0), row.local(1))?)
            }),
            Overload::new(&[Kind::Text, Kind::Timestamp], Kind::Timestamp, |row| {
                Ok(Value::Int(truncated(row.text(0), row.int(1))?))
            }),
        ],
    },
    Function {
        name: "date_trunc_interval",
        overloads: &[Overload::new(&[Kind::Text, Kind::Interval], Kind::Interval, |row| {
            Ok(Value::Interval(truncated_interval(row.text(0), row.interval(1))?))
        })],
    },
];

const MOMENT: [Kind; 6] = [Kind::Int, Kind::Int, Kind::Int, Kind::Int, Kind::Int, Kind::Float];

fn is_finite(us: i64) -> bool {
    us != i64::MAX && us != i64::MIN
}

fn zone(name: &str) -> Result<Zone> {
    Zone::parse(name).ok_or_else(|| fault::data(DataFault::InvalidArgument, format!("time zone \"{name}\" not recognized")))
}

fn to_utc(zone: Zone, local: i64) -> Result<Value> {
    zone.to_utc(local).map(Value::Int).ok_or_else(|| fault::data(DataFault::DatetimeOverflow, "timestamp out of range"))
}

fn day(row: &Row) -> Result<i64> {
    let (year, month, day) = (row.int(0), row.int(1), row.int(2));
    let exists = (1..=12).contains(&month)
        && u32::try_from(month).is_ok_and(|month| (1..=i64::from(civil::month_days(year, month))).contains(&day));
    if !exists || year == 0 {
        let message = format!("date field value out of range: {year}-{month:02}-{day:02}");
        return Err(fault::data(DataFault::DatetimeOverflow, message));
    }
    // A negative year is one before Christ; 1 BC is year 0 here.
    let year = if year < 0 { year + 1 } else { year };
    Ok(civil::days(year, u32::try_from(month).unwrap_or(1), u32::try_from(day).unwrap_or(1)))
}

fn clock(row: &Row, first: usize) -> Result<i64> {
    let (hour, minute, second) = (row.int(first), row.int(first + 1), row.float(first + 2));
    let fits = (0..=24).contains(&hour) && (0..60).contains(&minute) && (0.0..=60.0).contains(&second);
    #[allow(clippy::cast_possible_truncation, reason = "at most 60 seconds")]
    let us = hour * 3_600_000_000 + minute * 60_000_000 + if fits { (second * 1e6).round() as i64 } else { 0 };
    if !fits || us > DAY_US {
        let message = format!("time field value out of range: {hour}:{minute:02}:{second:02}");
        return Err(fault::data(DataFault::DatetimeOverflow, message));
    }
    Ok(us)
}

fn unknown_unit(unit: &str) -> datafusion::error::DataFusionError {
    fault::data(DataFault::InvalidArgument, format!("unit \"{unit}\" not recognized for type timestamp with time zone"))
}

fn truncated(unit: &str, us: i64) -> Result<i64> {
    let days = us.div_euclid(DAY_US);
    let (year, month, _) = civil::date(days);
    let start = |year: i64, month: u32| civil::days(year, month, 1) * DAY_US;
    let to = |step: i64| us.div_euclid(step) * step;
    Ok(match unit.to_ascii_lowercase().as_str() {
        "microseconds" | "microsecond" => us,
        "milliseconds" | "millisecond" => to(1000),
        "second" | "seconds" => to(1_000_000),
        "minute" | "minutes" => to(60_000_000),
        "hour" | "hours" => to(3_600_000_000),
        "day" | "days" => to(DAY_US),
        "week" | "weeks" => (days - weekday(days) + 1) * DAY_US,
        "month" | "months" => start(year, month),
        "quarter" => start(year, (month - 1) / 3 * 3 + 1),
        "year" | "years" => start(year, 1),
        "decade" => start(year.div_euclid(10) * 10, 1),
        "century" => start((year - 1).div_euclid(100) * 100 + 1, 1),
        "millennium" => start((year - 1).div_euclid(1000) * 1000 + 1, 1),
        _ => return Err(unknown_unit(unit)),
    })
}

fn truncated_interval(unit: &str, interval: Interval) -> Result<Interval> {
    let Interval { months, days, time_us } = interval;
    let months_to = |step: i32| Interval { months: months / step * step, days: 0, time_us: 0 };
    let time_to = |step: i64| Interval { months, days, time_us: time_us / step * step };
    Ok(match unit.to_ascii_lowercase().as_str() {
        "microseconds" | "microsecond" => interval,
        "milliseconds" | "millisecond" => time_to(1000),
        "second" | "seconds" => time_to(1_000_000),
        "minute" | "minutes" => time_to(60_000_000),
        "hour" | "hours" => time_to(3_600_000_000),
        "day" | "days" => Interval { months, days, time_us: 0 },
        "month" | "months" => months_to(1),
        "quarter" => months_to(3),
        "year" | "years" => months_to(12),
        "decade" => months_to(120),
        "century" => months_to(1200),
        "millennium" => months_to(12_000),
        _ => return Err(unknown_unit(unit)),
    })
}
