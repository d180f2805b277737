//! Intervals: `age`, `justify_*`, `make_interval`.

use datafusion::common::Result;
use strata_engine::error::DataFault;

use super::value::{Kind, Row, Value};
use super::{Function, Overload};
use crate::dialect::fault;
use crate::types::civil::{self, DAY_US};
use crate::types::interval::Interval;

/// The functions.
pub(super) const ALL: &[Function] = &[
    Function {
        name: "age",
        overloads: &[
            Overload::new(&[Kind::Timestamp, Kind::Timestamp], Kind::Interval, |row| {
                Ok(Value::Interval(age(row.local(0), row.local(1))))
            }),
            Overload::new(&[Kind::Timestamptz, Kind::Timestamptz], Kind::Interval, |row| {
                Ok(Value::Interval(age(row.local(0), row.local(1))))
            }),
        ],
    },
    Function {
        name: "justify_hours",
        overloads: &[Overload::new(&[Kind::Interval], Kind::Interval, |row| Ok(Value::Interval(hours(row.interval(0)))))],
    },
    Function {
        name: "justify_days",
        overloads: &[Overload::new(&[Kind::Interval], Kind::Interval, |row| Ok(Value::Interval(days(row.interval(0)))))],
    },
    Function {
        name: "justify_interval",
        overloads: &[Overload::new(&[Kind::Interval], Kind::Interval, |row| Ok(Value::Interval(both(row.interval(0)))))],
    },
    Function {
        name: "make_interval",
        overloads: &[Overload::new(
            &[Kind::Int, Kind::Int, Kind::Int, Kind::Int, Kind::Int, Kind::Int, Kind::Float],
            Kind::Interval,
            make,
        )
        .optional(7)],
    },
];

fn out_of_range() -> datafusion::error::DataFusionError {
    fault::data(DataFault::DatetimeOverflow, "interval out of range")
}

/// Years, months, days and a time from the second moment to the first, as a calendar counts them.
fn age(later: i64, earlier: i64) -> Interval {
    if later < earlier {
        let Interval { months, days, time_us } = age(earlier, later);
        return Interval { months: -months, days: -days, time_us: -time_us };
    }
    let parts = |us: i64| (civil::date(us.div_euclid(DAY_US)), us.rem_euclid(DAY_US));
    let ((year, month, day), time) = parts(later);
    let ((from_year, from_month, from_day), from_time) = parts(earlier);
    let mut time_us = time - from_time;
    let mut days = i64::from(day) - i64::from(from_day);
    let mut months = (year - from_year) * 12 + i64::from(month) - i64::from(from_month);
    if time_us < 0 {
        time_us += DAY_US;
        days -= 1;
    }
    if days < 0 {
        // A borrowed month is the one that the earlier moment is in.
        days += i64::from(civil::month_days(from_year, from_month));
        months -= 1;
    }
    Interval { months: i32::try_from(months).unwrap_or(i32::MAX), days: i32::try_from(days).unwrap_or_default(), time_us }
}

fn hours(interval: Interval) -> Interval {
    let mut whole = interval.time_us / DAY_US;
    let mut time_us = interval.time_us % DAY_US;
    let mut days = i64::from(interval.days) + whole;
    whole = days;
    if whole > 0 && time_us < 0 {
        time_us += DAY_US;
        days -= 1;
    } else if whole < 0 && time_us > 0 {
        time_us -= DAY_US;
        days += 1;
    }
    Interval { months: interval.months, days: i32::try_from(days).unwrap_or(i32::MAX), time_us }
}

fn days(interval: Interval) -> Interval {
    let mut months = interval.months.saturating_add(interval.days / 30);
    let mut days = interval.days % 30;
    if months > 0 && days < 0 {
        days += 30;
        months -= 1;
    } else if months < 0 && days > 0 {
        days -= 30;
        months += 1;
    }
    Interval { months, days, time_us: interval.time_us }
}

/// All parts with one sign.
fn both(interval: Interval) -> Interval {
    let total_days = i64::from(interval.days) + interval.time_us / DAY_US;
    let mut time_us = interval.time_us % DAY_US;
    let mut months = i64::from(interval.months) + total_days / 30;
    let mut days = total_days % 30;
    if months > 0 && (days < 0 || days == 0 && time_us < 0) {
        days += 30;
        months -= 1;
    } else if months < 0 && (days > 0 || days == 0 && time_us > 0) {
        days -= 30;
        months += 1;
    }
    if days > 0 && time_us < 0 {
        time_us += DAY_US;
        days -= 1;
    } else if days < 0 && time_us > 0 {
        time_us -= DAY_US;
        days += 1;
    }
    let narrow = |value: i64| i32::try_from(value).unwrap_or(i32::MAX);
    Interval { months: narrow(months), days: narrow(days), time_us }
}

fn make(row: &Row) -> Result<Value> {
    let part = |at: usize| if at < row.len() { row.int(at) } else { 0 };
    let months = part(0) * 12 + part(1);
    let days = part(2) * 7 + part(3);
    let seconds = if row.len() > 6 { row.float(6) } else { 0.0 };
    #[allow(clippy::cast_possible_truncation, reason = "microseconds of seconds that a person writes")]
    let time_us = part(4) * 3_600_000_000 + part(5) * 60_000_000 + (seconds * 1e6).round() as i64;
    match (i32::try_from(months), i32::try_from(days)) {
        (Ok(months), Ok(days)) => Ok(Value::Interval(Interval { months, days, time_us })),
        _ => Err(out_of_range()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_of_the_calendar() {
        let at = |year, month, day| civil::days(year, month, day) * DAY_US;
        let check = |later, earlier, months, days| {
            assert_eq!(age(later, earlier), Interval { months, days, time_us: 0 });
        };
        check(at(2024, 3, 1), at(2024, 2, 1), 1, 0);
        check(at(2024, 3, 1), at(2024, 1, 31), 1, 1);
        check(at(2001, 4, 10), at(1957, 6, 13), 43 * 12 + 9, 27);
        check(at(2024, 2, 1), at(2024, 3, 1), -1, 0);
    }

    #[test]
    fn parts_get_one_sign() {
        let interval = |months, days, time_us| Interval { months, days, time_us };
        assert_eq!(both(interval(1, 0, -3_600_000_000)), interval(0, 29, 82_800_000_000));
        assert_eq!(hours(interval(0, 0, 27 * 3_600_000_000)), interval(0, 1, 3 * 3_600_000_000));
        assert_eq!(days(interval(0, 35, 0)), interval(1, 5, 0));
    }
}
