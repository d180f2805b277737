//! `generate_series` as an array: the rows that it stands for are taken out by `unnest`.

use std::sync::Arc;

use arrow::array::{ArrayRef, Decimal128Array, Int64Array, TimestampMicrosecondArray};
use datafusion::common::Result;
use strata_engine::EngineError;
use strata_engine::error::DataFault;

use super::value::{Kind, Row, Value, rescaled};
use super::{Function, Gives, Overload};
use crate::dialect::fault;
use crate::types::civil::{self, DAY_US};
use crate::types::interval::Interval;

/// Most elements that a series has here. A longer one of integers is read in FROM, where it is not an array.
const LENGTH_MAX: usize = 10_000_000;

/// The functions.
pub(super) const ALL: &[Function] = &[Function {
    name: "generate_series",
    overloads: &[
        Overload::new(&[Kind::Long, Kind::Long, Kind::Long], Kind::Longs, integers).optional(1),
        Overload::new(&[Kind::Numeric, Kind::Numeric, Kind::Numeric], Kind::Numerics, numerics)
            .optional(1)
            .gives(Gives::Numerics),
        Overload::new(&[Kind::Timestamptz, Kind::Timestamptz, Kind::Interval], Kind::Timestamptzs, moments),
        Overload::new(&[Kind::Timestamp, Kind::Timestamp, Kind::Interval], Kind::Timestamps, moments),
    ],
}];

fn no_step() -> datafusion::error::DataFusionError {
    fault::data(DataFault::InvalidArgument, "step size cannot equal zero")
}

/// From the first to the last by steps, both included.
fn counted<T: PartialOrd + Copy>(first: T, last: T, up: bool, next: impl Fn(T) -> Option<T>) -> Result<Vec<T>> {
    let mut values = Vec::new();
    let mut at = Some(first);
    while let Some(value) = at.filter(|value| if up { *value <= last } else { *value >= last }) {
        if values.len() == LENGTH_MAX {
            return Err(fault::carried(EngineError::Refused {
                reason: strata_engine::error::Refusal::LimitExceeded,
                message: format!("a series has more than {LENGTH_MAX} values"),
                hint: Some("Read it in FROM: SELECT x FROM generate_series(...) AS x.".into()),
            }));
        }
        values.push(value);
        at = next(value);
    }
    Ok(values)
}

fn integers(row: &Row) -> Result<Value> {
    let step = if row.len() > 2 { row.int(2) } else { 1 };
    if step == 0 {
        return Err(no_step());
    }
    let values = counted(row.int(0), row.int(1), step > 0, |value| value.checked_add(step))?;
    Ok(Value::Array(Arc::new(Int64Array::from(values)) as ArrayRef))
}

fn numerics(row: &Row) -> Result<Value> {
    let scale = (0..row.len()).map(|at| row.numeric(at).1).max().unwrap_or_default();
    let of = |at: usize| {
        let (value, own) = row.numeric(at);
        rescaled(value, own, scale).ok_or_else(super::value::overflow)
    };
    let step = if row.len() > 2 { of(2)? } else { 10_i128.pow(u32::from(scale.unsigned_abs())) };
    if step == 0 {
        return Err(no_step());
    }
    let values = counted(of(0)?, of(1)?, step > 0, |value| value.checked_add(step))?;
    Ok(Value::Array(Arc::new(Decimal128Array::from(values).with_precision_and_scale(38, scale)?)))
}

fn moments(row: &Row) -> Result<Value> {
    let step = row.interval(2);
    let Interval { months, days, time_us } = step;
    if step == Interval::default() {
        return Err(no_step());
    }
    let up = i128::from(months) * 30 * i128::from(DAY_US) + i128::from(days) * i128::from(DAY_US) + i128::from(time_us) > 0;
    let next = |us: i64| later(us, step);
    Ok(Value::Array(Arc::new(TimestampMicrosecondArray::from(counted(row.int(0), row.int(1), up, next)?))))
}

/// A moment and an interval; the day of a month that is too short becomes its last.
fn later(us: i64, step: Interval) -> Option<i64> {
    let (year, month, day) = civil::date(us.div_euclid(DAY_US));
    let months = i64::from(month) - 1 + i64::from(step.months);
    let (year, month) = (year + months.div_euclid(12), u32::try_from(months.rem_euclid(12) + 1).ok()?);
    let days = civil::days(year, month, day.min(civil::month_days(year, month))) + i64::from(step.days);
    days.checked_mul(DAY_US)?.checked_add(us.rem_euclid(DAY_US))?.checked_add(step.time_us)
}
