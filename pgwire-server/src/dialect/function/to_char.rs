//! `to_char`: times, intervals and numbers by a template of PostgreSQL's patterns.

mod moment;
mod number;

use std::sync::Arc;

use arrow::array::{ArrayRef, StringViewBuilder};
use datafusion::common::Result;

use super::value::{Batch, Kind, Row, Value};
use super::{Function, Overload};
use crate::types::civil::{self, DAY_US};
use moment::{Moment, Template};

/// The functions.
pub(super) const ALL: &[Function] = &[Function {
    name: "to_char",
    overloads: &[
        Overload::batch(&[Kind::Timestamptz, Kind::Text], Kind::Text, |batch| {
            let utc = batch.style.zone == crate::types::Zone::default();
            shown(batch, |row| {
                let (local, us) = (row.local(0), row.int(0));
                at(local, if local == us && utc { "UTC" } else { "" }, (local - us) / 1_000_000)
            })
        }),
        Overload::batch(&[Kind::Timestamp, Kind::Text], Kind::Text, |batch| shown(batch, |row| at(row.int(0), "", 0))),
        Overload::batch(&[Kind::Interval, Kind::Text], Kind::Text, |batch| {
            shown(batch, |row| {
                let interval = row.interval(0);
                Moment {
                    year: i64::from(interval.months / 12),
                    month: i64::from(interval.months % 12),
                    day: interval.days.into(),
                    time_us: interval.time_us,
                    days: None,
                    zone: "",
                    offset: 0,
                }
            })
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

/// The moment of each row by its template, which is read again only where it is another than that of the row before.
fn shown(batch: &Batch, moment: impl Fn(&Row) -> Moment) -> Result<ArrayRef> {
    let mut texts = StringViewBuilder::with_capacity(batch.rows);
    let mut template: Option<(&str, Template)> = None;
    let mut text = String::new();
    for row in 0..batch.rows {
        let row = batch.row(row);
        if row.is_null(0) || row.is_null(1) {
            texts.append_null();
            continue;
        }
        let written = row.columns[1].text(row.row);
        let template = match &mut template {
            Some((same, template)) if *same == written => template,
            other => &mut other.insert((written, Template::parse(written))).1,
        };
        text.clear();
        template.show(&moment(&row), &mut text);
        texts.append_value(&text);
    }
    Ok(Arc::new(texts.finish()))
}

fn at(us: i64, zone: &'static str, offset: i64) -> Moment {
    let days = us.div_euclid(DAY_US);
    let (year, month, day) = civil::date(days);
    Moment { year, month: month.into(), day: day.into(), time_us: us.rem_euclid(DAY_US), days: Some(days), zone, offset }
}
