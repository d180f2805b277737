//! `to_char`: times, intervals and numbers by a template of PostgreSQL's patterns.

mod moment;
mod number;

use super::value::{Kind, Value};
use super::{Function, Overload};
use crate::types::civil::{self, DAY_US};
use moment::Moment;

/// The functions.
pub(super) const ALL: &[Function] = &[Function {
    name: "to_char",
    overloads: &[
        Overload::new(&[Kind::Timestamptz, Kind::Text], Kind::Text, |row| {
            let (us, utc) = (row.local(0), row.int(0));
            let zone =
                if us == utc && row.style.zone == crate::types::Zone::default() { "UTC".to_owned() } else { String::new() };
            Ok(Value::Text(at(us, zone, (us - utc) / 1_000_000).shown(row.text(1))))
        }),
        Overload::new(&[Kind::Timestamp, Kind::Text], Kind::Text, |row| {
            Ok(Value::Text(at(row.int(0), String::new(), 0).shown(row.text(1))))
        }),
        Overload::new(&[Kind::Interval, Kind::Text], Kind::Text, |row| {
            let interval = row.interval(0);
            let moment = Moment {
                year: i64::from(interval.months / 12),
                month: i64::from(interval.months % 12),
                day: interval.days.into(),
                time_us: interval.time_us,
                days: None,
                zone: String::new(),
                offset: 0,
            };
            Ok(Value::Text(moment.shown(row.text(1))))
        }),
        Overload::new(&[Kind::Numeric, Kind::Text], Kind::Text, |row| {
            let (value, scale) = row.numeric(0);
            Ok(Value::Text(number::shown(value, scale, row.text(1))?))
        }),
        Overload::new(&[Kind::Float, Kind::Text], Kind::Text, |row| {
            Ok(Value::Text(number::of_float(row.float(0), row.text(1))?))
        }),
    ],
}];

fn at(us: i64, zone: String, offset: i64) -> Moment {
    let days = us.div_euclid(DAY_US);
    let (year, month, day) = civil::date(days);
    Moment { year, month: month.into(), day: day.into(), time_us: us.rem_euclid(DAY_US), days: Some(days), zone, offset }
}
