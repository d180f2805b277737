//! Dates, times and intervals.
//!
//! | operation | result |
//! |---|---|
//! | `date + interval`, `date + time` | `timestamp` |
//! | `date + integer`, `date - date` | `date`, `integer` |
//! | `timestamp - timestamp` | `interval` of days and a time |
//! | `time + interval`, `time - time` | `time`, round the clock; `interval` |
//! | `interval < interval` | by length, a month being 30 days and a day 24 hours |
//!
//! The others are DataFusion's.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Date32Array, Decimal128Array, Int32Array, IntervalMonthDayNanoArray, Time64MicrosecondArray,
};
use arrow::datatypes::{
    DataType, Date32Type, Int64Type, IntervalMonthDayNano, IntervalMonthDayNanoType, IntervalUnit, Time64MicrosecondType,
    TimeUnit, TimestampMicrosecondType,
};
use datafusion::common::Result;
use datafusion::logical_expr::planner::{PlannerResult, RawBinaryExpr};
use datafusion::logical_expr::{
    BinaryExpr, ColumnarValue, Expr, Operator, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility, cast,
};
use datafusion::sql::sqlparser::ast::BinaryOperator;
use strata_engine::error::DataFault;

use super::{Sign, call};
use crate::dialect::fault;
use crate::types::civil::DAY_US;
use crate::types::date;

const INTERVAL: DataType = DataType::Interval(IntervalUnit::MonthDayNano);
const TIME: DataType = DataType::Time64(TimeUnit::Microsecond);
const TIMESTAMP: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);

/// The operation, if it is one of this file.
pub(super) fn planned(sign: Sign, raw: &RawBinaryExpr, left: &DataType, right: &DataType) -> Option<Expr> {
    let (a, b) = (raw.left.clone(), raw.right.clone());
    match (sign, left, right) {
        (Sign::Plus, DataType::Date32, days) if days.is_integer() => return Some(function(Operation::After, a, b)),
        (Sign::Plus, days, DataType::Date32) if days.is_integer() => return Some(function(Operation::After, b, a)),
        (Sign::Minus, DataType::Date32, days) if days.is_integer() => return Some(function(Operation::Before, a, b)),
        _ => {}
    }
    let kinds = (sign, kind(left)?, kind(right)?);
    Some(match kinds {
        (Sign::Plus | Sign::Minus, Kind::Date, Kind::Interval) => {
            let op = if sign == Sign::Plus { Operator::Plus } else { Operator::Minus };
            Expr::BinaryExpr(BinaryExpr::new(Box::new(cast(a, TIMESTAMP)), op, Box::new(b)))
        }
        (Sign::Plus, Kind::Interval, Kind::Date) => {
            Expr::BinaryExpr(BinaryExpr::new(Box::new(cast(b, TIMESTAMP)), Operator::Plus, Box::new(a)))
        }
        (Sign::Plus, Kind::Date, Kind::Time) => function(Operation::Join, cast(a, TIMESTAMP), b),
        (Sign::Plus, Kind::Time, Kind::Date) => function(Operation::Join, cast(b, TIMESTAMP), a),
        (Sign::Minus, Kind::Date, Kind::Timestamp) => function(Operation::Between, cast(a, TIMESTAMP), cast(b, TIMESTAMP)),
        (Sign::Minus, Kind::Timestamp, Kind::Timestamp | Kind::Date) => {
            function(Operation::Between, cast(a, TIMESTAMP), cast(b, TIMESTAMP))
        }
        (Sign::Minus, Kind::Date, Kind::Date) => function(Operation::Days, a, b),
        (Sign::Minus, Kind::Time, Kind::Time) => function(Operation::Apart, a, b),
        (Sign::Plus, Kind::Time, Kind::Interval) => function(Operation::Later, a, b),
        (Sign::Plus, Kind::Interval, Kind::Time) => function(Operation::Later, b, a),
        (Sign::Minus, Kind::Time, Kind::Interval) => function(Operation::Earlier, a, b),
        (Sign::Plus, Kind::Interval, Kind::Interval) => function(Operation::Sum, a, b),
        (Sign::Minus, Kind::Interval, Kind::Interval) => function(Operation::Difference, a, b),
        _ => return None,
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Date,
    Timestamp,
    Time,
    Interval,
}

fn kind(data_type: &DataType) -> Option<Kind> {
    Some(match data_type {
        DataType::Date32 => Kind::Date,
        DataType::Timestamp(..) => Kind::Timestamp,
        DataType::Time64(_) | DataType::Time32(_) => Kind::Time,
        DataType::Interval(_) => Kind::Interval,
        _ => return None,
    })
}

/// Intervals are compared by their length.
pub(super) fn compared(raw: RawBinaryExpr, left: &DataType, right: &DataType) -> PlannerResult<RawBinaryExpr> {
    let op = match raw.op {
        BinaryOperator::Eq => Operator::Eq,
        BinaryOperator::NotEq => Operator::NotEq,
        BinaryOperator::Lt => Operator::Lt,
        BinaryOperator::LtEq => Operator::LtEq,
        BinaryOperator::Gt => Operator::Gt,
        BinaryOperator::GtEq => Operator::GtEq,
        _ => return PlannerResult::Original(raw),
    };
    if !matches!((left, right), (DataType::Interval(_), _) | (_, DataType::Interval(_))) {
        return PlannerResult::Original(raw);
    }
    let length = |expr: Expr| {
        let signature = Signature::exact(vec![INTERVAL], Volatility::Immutable);
        call(Length { signature }, vec![cast(expr, INTERVAL)])
    };
    let (left, right) = (Box::new(length(raw.left)), Box::new(length(raw.right)));
    PlannerResult::Planned(Expr::BinaryExpr(BinaryExpr::new(left, op, right)))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Operation {
    /// A day and a time of day.
    Join,
    /// A day, a number of days later or earlier.
    After,
    Before,
    /// From one day to another.
    Days,
    /// From one moment to another.
    Between,
    /// From one time of day to another.
    Apart,
    Later,
    Earlier,
    Sum,
    Difference,
}

fn function(operation: Operation, left: Expr, right: Expr) -> Expr {
    let (a, b) = match operation {
        Operation::Join => (TIMESTAMP, TIME),
        Operation::After | Operation::Before => (DataType::Date32, DataType::Int64),
        Operation::Days => (DataType::Date32, DataType::Date32),
        Operation::Between => (TIMESTAMP, TIMESTAMP),
        Operation::Apart => (TIME, TIME),
        Operation::Later | Operation::Earlier => (TIME, INTERVAL),
        Operation::Sum | Operation::Difference => (INTERVAL, INTERVAL),
    };
    let signature = Signature::exact(vec![a.clone(), b.clone()], Volatility::Immutable);
    call(Times { operation, signature }, vec![cast(left, a), cast(right, b)])
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Times {
    operation: Operation,
    signature: Signature,
}

impl ScalarUDFImpl for Times {
    fn name(&self) -> &str {
        match self.operation {
            Operation::Join => "datetime_join",
            Operation::After => "date_add",
            Operation::Before => "date_minus",
            Operation::Days => "date_sub",
            Operation::Between => "timestamp_sub",
            Operation::Apart => "time_sub",
            Operation::Later => "time_add",
            Operation::Earlier => "time_minus",
            Operation::Sum => "interval_add",
            Operation::Difference => "interval_sub",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(match self.operation {
            Operation::After | Operation::Before => DataType::Date32,
            Operation::Days => DataType::Int32,
            Operation::Join => TIMESTAMP,
            Operation::Later | Operation::Earlier => TIME,
            _ => INTERVAL,
        })
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let columns = ColumnarValue::values_to_arrays(&arguments.args)?;
        let (left, right) = (&columns[0], &columns[1]);
        let rows = 0..left.len();
        let both = |row: usize| !left.is_null(row) && !right.is_null(row);
        Ok(ColumnarValue::Array(match self.operation {
            Operation::Join => {
                let (days, times) =
                    (left.as_primitive::<TimestampMicrosecondType>(), right.as_primitive::<Time64MicrosecondType>());
                let moments = rows.map(|row| both(row).then(|| days.value(row).saturating_add(times.value(row))));
                Arc::new(moments.collect::<arrow::array::TimestampMicrosecondArray>()) as ArrayRef
            }
            Operation::After | Operation::Before => {
                let (dates, days) = (left.as_primitive::<Date32Type>(), right.as_primitive::<Int64Type>());
                let direction = if self.operation == Operation::After { 1 } else { -1 };
                let one = |row: usize| both(row).then(|| moved(dates.value(row), direction * days.value(row))).transpose();
                Arc::new(rows.map(one).collect::<Result<Date32Array>>()?)
            }
            Operation::Days => {
                let (a, b) = (left.as_primitive::<Date32Type>(), right.as_primitive::<Date32Type>());
                let one =
                    |row: usize| both(row).then(|| a.value(row).checked_sub(b.value(row)).ok_or_else(out_of_range)).transpose();
                Arc::new(rows.map(one).collect::<Result<Int32Array>>()?)
            }
            Operation::Between => {
                let (a, b) = (left.as_primitive::<TimestampMicrosecondType>(), right.as_primitive::<TimestampMicrosecondType>());
                let one = |row: usize| both(row).then(|| between(a.value(row), b.value(row))).transpose();
                Arc::new(rows.map(one).collect::<Result<IntervalMonthDayNanoArray>>()?)
            }
            Operation::Apart => {
                let (a, b) = (left.as_primitive::<Time64MicrosecondType>(), right.as_primitive::<Time64MicrosecondType>());
                let one = |row: usize| both(row).then(|| IntervalMonthDayNano::new(0, 0, (a.value(row) - b.value(row)) * 1000));
                Arc::new(rows.map(one).collect::<IntervalMonthDayNanoArray>())
            }
            Operation::Later | Operation::Earlier => {
                let (times, spans) =
                    (left.as_primitive::<Time64MicrosecondType>(), right.as_primitive::<IntervalMonthDayNanoType>());
                let direction = if self.operation == Operation::Later { 1 } else { -1 };
                let one = |row: usize| {
                    both(row).then(|| {
                        (times.value(row) + direction * (spans.value(row).nanoseconds / 1000 % DAY_US)).rem_euclid(DAY_US)
                    })
                };
                Arc::new(rows.map(one).collect::<Time64MicrosecondArray>())
            }
            Operation::Sum | Operation::Difference => {
                let (a, b) = (left.as_primitive::<IntervalMonthDayNanoType>(), right.as_primitive::<IntervalMonthDayNanoType>());
                let add = self.operation == Operation::Sum;
                let one = |row: usize| both(row).then(|| combined(a.value(row), b.value(row), add)).transpose();
                Arc::new(rows.map(one).collect::<Result<IntervalMonthDayNanoArray>>()?)
            }
        }))
    }
}

fn out_of_range() -> datafusion::error::DataFusionError {
    fault::data(DataFault::DatetimeOverflow, "interval out of range")
}

/// A date some days later; infinities stay.
fn moved(date: i32, days: i64) -> Result<i32> {
    if date == i32::MAX || date == i32::MIN {
        return Ok(date);
    }
    let moved = i64::from(date).saturating_add(days);
    let valid = (date::DAYS_MIN..=date::DAYS_MAX).contains(&moved).then(|| i32::try_from(moved).ok()).flatten();
    valid.ok_or_else(|| fault::data(DataFault::DatetimeOverflow, "date out of range"))
}

fn between(a: i64, b: i64) -> Result<IntervalMonthDayNano> {
    let us = a.checked_sub(b).filter(|_| ![a, b].contains(&i64::MAX) && ![a, b].contains(&i64::MIN)).ok_or_else(out_of_range)?;
    let days = i32::try_from(us / DAY_US).map_err(|_| out_of_range())?;
    Ok(IntervalMonthDayNano::new(0, days, us % DAY_US * 1000))
}

fn combined(a: IntervalMonthDayNano, b: IntervalMonthDayNano, add: bool) -> Result<IntervalMonthDayNano> {
    let parts = if add {
        (a.months.checked_add(b.months), a.days.checked_add(b.days), a.nanoseconds.checked_add(b.nanoseconds))
    } else {
        (a.months.checked_sub(b.months), a.days.checked_sub(b.days), a.nanoseconds.checked_sub(b.nanoseconds))
    };
    match parts {
        (Some(months), Some(days), Some(nanoseconds)) => Ok(IntervalMonthDayNano::new(months, days, nanoseconds)),
        _ => Err(out_of_range()),
    }
}

/// The length of an interval, for comparing.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Length {
    signature: Signature,
}

impl ScalarUDFImpl for Length {
    fn name(&self) -> &str {
        "interval_length"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Decimal128(38, 0))
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let intervals = ColumnarValue::values_to_arrays(&arguments.args)?.remove(0);
        let lengths: Decimal128Array =
            intervals.as_primitive::<IntervalMonthDayNanoType>().iter().map(|value| value.map(nanoseconds)).collect();
        Ok(ColumnarValue::Array(Arc::new(lengths.with_precision_and_scale(38, 0)?)))
    }
}

fn nanoseconds(interval: IntervalMonthDayNano) -> i128 {
    let days = i128::from(interval.months) * 30 + i128::from(interval.days);
    days * i128::from(DAY_US) * 1000 + i128::from(interval.nanoseconds)
}
