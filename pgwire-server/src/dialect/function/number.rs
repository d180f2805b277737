//! Numbers: rounding of `numeric`, division, and functions that have no value for some arguments.
//!
//! Roots, powers and logarithms of a `numeric` are in [`super::logarithm`].

use std::sync::Arc;

use arrow::array::{ArrayRef, Decimal128Builder};
use arrow::datatypes::{DataType, FieldRef, i256};
use datafusion::common::Result;
use strata_engine::error::DataFault;

use super::value::{Batch, Kind, Row, Value, overflow, rescaled};
use super::{Body, Function, Gives, Overload, logarithm as exact};
use crate::dialect::fault;
use crate::dialect::numeric_type::FREE_SCALE;

const NUMERIC: &[Kind] = &[Kind::Numeric];
const FLOAT: &[Kind] = &[Kind::Float];
const TWO_NUMERIC: &[Kind] = &[Kind::Numeric, Kind::Numeric];

/// A function of a float.
const fn float(body: fn(f64) -> Result<f64>) -> Overload {
    Overload::with(FLOAT, Kind::Float, Body::Float(body))
}

/// A function of two floats.
const fn floats(body: fn(f64, f64) -> Result<f64>) -> Overload {
    Overload::with(&[Kind::Float, Kind::Float], Kind::Float, Body::Floats(body))
}

/// A function of a `numeric`, computed exactly.
const fn decimal(body: fn(&Row) -> Result<Value>, digits: exact::Digits) -> Overload {
    Overload::new(&[Kind::Decimal], Kind::Numeric, body).gives(Gives::Digits(digits))
}

/// A function that gives a `numeric` without digits behind the point.
const fn whole(takes: &'static [Kind], body: fn(&Row) -> Result<Value>) -> Overload {
    Overload::new(takes, Kind::Numeric, body).gives(Gives::Scale(|_, _| 0))
}

/// The functions.
pub(super) const ALL: &[Function] = &[
    Function {
        name: "sign",
        overloads: &[
            float(|value| {
                Ok(if value > 0.0 {
                    1.0
                } else if value < 0.0 {
                    -1.0
                } else {
                    0.0
                })
            }),
            whole(NUMERIC, |row| Ok(Value::Numeric(row.numeric(0).0.signum(), 0))),
        ],
    },
    Function {
        name: "div",
        overloads: &[whole(TWO_NUMERIC, |row| {
            let (a, b) = aligned(row)?;
            Ok(Value::Numeric(a.checked_div(b).ok_or_else(by_zero)?, 0))
        })],
    },
    Function {
        name: "mod",
        overloads: &[
            Overload::with(
                &[Kind::Long, Kind::Long],
                Kind::Long,
                Body::Longs(|value, by| match by {
                    0 => Err(by_zero()),
                    by => Ok(value.wrapping_rem(by)),
                }),
            ),
            Overload::new(TWO_NUMERIC, Kind::Numeric, |row| {
                let (a, b) = aligned(row)?;
                let scale = row.numeric(0).1.max(row.numeric(1).1);
                Ok(Value::Numeric(a.checked_rem(b).ok_or_else(by_zero)?, scale))
            })
            .gives(Gives::Scale(|fields, _| scale_of(&fields[0]).max(scale_of(&fields[1])))),
        ],
    },
    Function { name: "ceil", overloads: &CEIL },
    Function { name: "ceiling", overloads: &CEIL },
    Function {
        name: "floor",
        overloads: &[float(|value| Ok(value.floor())), whole(NUMERIC, |row| Ok(Value::Numeric(step(row, false), 0)))],
    },
    Function {
        name: "round",
        overloads: &[
            float(|value| Ok(value.round_ties_even())),
            Overload::batch(NUMERIC, Kind::Numeric, |batch| each(batch, rounded)).gives(Gives::Scale(|_, _| 0)),
            Overload::batch(&[Kind::Numeric, Kind::Int], Kind::Numeric, |batch| each(batch, rounded)).gives(Gives::Scale(asked)),
        ],
    },
    Function {
        name: "trunc",
        overloads: &[
            float(|value| Ok(value.trunc())),
            Overload::batch(NUMERIC, Kind::Numeric, |batch| each(batch, cut)).gives(Gives::Scale(|_, _| 0)),
            Overload::batch(&[Kind::Numeric, Kind::Int], Kind::Numeric, |batch| each(batch, cut)).gives(Gives::Scale(asked)),
        ],
    },
    Function {
        name: "scale",
        overloads: &[Overload::new(NUMERIC, Kind::Int, |row| {
            let (value, scale) = row.numeric(0);
            let shown = if scale == FREE_SCALE { trimmed(value, scale).1 } else { scale };
            Ok(Value::Int(shown.into()))
        })],
    },
    Function {
        name: "min_scale",
        overloads: &[Overload::new(NUMERIC, Kind::Int, |row| {
            let (value, scale) = row.numeric(0);
            Ok(Value::Int(trimmed(value, scale).1.into()))
        })],
    },
    Function {
        name: "trim_scale",
        overloads: &[Overload::new(NUMERIC, Kind::Numeric, |row| {
            let (value, scale) = row.numeric(0);
            Ok(Value::Numeric(value, scale))
        })],
    },
    Function {
        name: "width_bucket",
        overloads: &[Overload::new(&[Kind::Float, Kind::Float, Kind::Float, Kind::Int], Kind::Int, bucket)],
    },
    Function { name: "factorial", overloads: &[whole(&[Kind::Long], factorial)] },
    Function {
        name: "sqrt",
        overloads: &[
            float(|value| match value {
                value if value < 0.0 => Err(fault::data(DataFault::InvalidPower, "cannot take square root of a negative number")),
                value => Ok(value.sqrt()),
            }),
            decimal(exact::root, exact::ROOT),
        ],
    },
    Function { name: "ln", overloads: &[float(|value| Ok(logarithm(value)?.ln())), decimal(exact::natural, exact::NATURAL)] },
    Function { name: "log10", overloads: &[float(|value| Ok(logarithm(value)?.log10())), decimal(exact::common, exact::COMMON)] },
    Function {
        name: "log",
        overloads: &[
            float(|value| Ok(logarithm(value)?.log10())),
            decimal(exact::common, exact::COMMON),
            Overload::new(TWO_NUMERIC, Kind::Numeric, exact::to_base).gives(Gives::Digits(exact::TO_BASE)),
            floats(|base, value| Ok(logarithm(value)?.ln() / logarithm(base)?.ln())),
        ],
    },
    Function { name: "asin", overloads: &[float(|value| Ok(ratio(value)?.asin()))] },
    Function { name: "acos", overloads: &[float(|value| Ok(ratio(value)?.acos()))] },
    Function { name: "sin", overloads: &[float(|value| Ok(angle(value)?.sin()))] },
    Function { name: "cos", overloads: &[float(|value| Ok(angle(value)?.cos()))] },
    Function { name: "tan", overloads: &[float(|value| Ok(angle(value)?.tan()))] },
    Function {
        name: "exp",
        overloads: &[float(|value| finite(value.exp(), value.is_finite())), decimal(exact::exponential, exact::EXPONENTIAL)],
    },
    Function { name: "power", overloads: &POWER },
    Function { name: "pow", overloads: &POWER },
    Function {
        name: "lcm",
        overloads: &[
            Overload::new(&[Kind::Int, Kind::Int], Kind::Int, |row| multiple(row, "integer", i32::MAX.into())),
            Overload::new(&[Kind::Long, Kind::Long], Kind::Long, |row| multiple(row, "bigint", i64::MAX.into())),
        ],
    },
    Function {
        name: "to_hex",
        overloads: &[
            #[allow(clippy::cast_possible_truncation, reason = "the argument is an integer of 32 bits")]
            Overload::new(&[Kind::Int], Kind::Text, |row| Ok(Value::Text(format!("{:x}", row.int(0) as i32)))),
            Overload::new(&[Kind::Long], Kind::Text, |row| Ok(Value::Text(format!("{:x}", row.int(0))))),
        ],
    },
    Function { name: "bit_not", overloads: &[Overload::new(&[Kind::Long], Kind::Long, |row| Ok(Value::Int(!row.int(0))))] },
];

const CEIL: [Overload; 2] = [float(|value| Ok(value.ceil())), whole(NUMERIC, |row| Ok(Value::Numeric(step(row, true), 0)))];

/// Digits behind the point of a power of a `numeric`.
const POWER_SCALE: i8 = 16;

const POWER: [Overload; 4] = [
    Overload::new(&[Kind::Long, Kind::Long], Kind::Float, |row| {
        #[allow(clippy::cast_precision_loss, reason = "the result is a float")]
        Ok(Value::Float(power(row.int(0) as f64, row.int(1) as f64)?))
    }),
    Overload::new(&[Kind::Numeric, Kind::Long], Kind::Numeric, whole_power).gives(Gives::Scale(|_, _| POWER_SCALE)),
    Overload::new(TWO_NUMERIC, Kind::Numeric, exact::power).gives(Gives::Digits(exact::POWER)),
    floats(power),
];

fn power(base: f64, exponent: f64) -> Result<f64> {
    if base == 0.0 && exponent < 0.0 {
        return Err(fault::data(DataFault::InvalidPower, "zero raised to a negative power is undefined"));
    }
    if base < 0.0 && base.is_finite() && exponent.is_finite() && exponent.fract() != 0.0 {
        return Err(fault::data(
            DataFault::InvalidPower,
            "a negative number raised to a non-integer power yields a complex result",
        ));
    }
    let value = base.powf(exponent);
    if value.is_infinite() && base.is_finite() && exponent.is_finite() {
        return Err(fault::data(DataFault::NumericOutOfRange, "value out of range: overflow"));
    }
    Ok(value)
}

/// A `numeric` times itself, exactly, and then rounded.
fn whole_power(row: &Row) -> Result<Value> {
    let ((base, scale), exponent) = (row.numeric(0), row.int(1));
    if base == 0 && exponent < 0 {
        return Err(fault::data(DataFault::InvalidPower, "zero raised to a negative power is undefined"));
    }
    let ten = |power: u32| i256::from_i128(10).checked_pow(power);
    let times = u32::try_from(exponent.unsigned_abs()).ok().filter(|times| *times <= 256).ok_or_else(overflow)?;
    let product = i256::from_i128(base).checked_pow(times).ok_or_else(overflow)?;
    let places = u32::from(scale.unsigned_abs()) * times;
    let wanted = u32::from(POWER_SCALE.unsigned_abs());
    let (above, below) = if exponent < 0 {
        (ten(places + wanted + 1), Some(product))
    } else {
        (product.checked_mul(ten(wanted + 1).ok_or_else(overflow)?), ten(places))
    };
    let tenths =
        above.zip(below).and_then(|(above, below)| above.checked_div(below)).and_then(i256::to_i128).ok_or_else(overflow)?;
    Ok(Value::Numeric((tenths + tenths.signum() * 5) / 10, POWER_SCALE))
}

fn by_zero() -> datafusion::error::DataFusionError {
    fault::data(DataFault::DivisionByZero, "division by zero")
}

fn logarithm(value: f64) -> Result<f64> {
    if value == 0.0 {
        return Err(fault::data(DataFault::InvalidLogarithm, "cannot take logarithm of zero"));
    }
    if value < 0.0 {
        return Err(fault::data(DataFault::InvalidLogarithm, "cannot take logarithm of a negative number"));
    }
    Ok(value)
}

fn ratio(value: f64) -> Result<f64> {
    if value.abs() > 1.0 { Err(fault::data(DataFault::NumericOutOfRange, "input is out of range")) } else { Ok(value) }
}

fn angle(value: f64) -> Result<f64> {
    if value.is_infinite() { Err(fault::data(DataFault::NumericOutOfRange, "input is out of range")) } else { Ok(value) }
}

fn finite(value: f64, from_finite: bool) -> Result<f64> {
    if value.is_infinite() && from_finite {
        return Err(fault::data(DataFault::NumericOutOfRange, "value out of range: overflow"));
    }
    Ok(value)
}

fn scale_of(field: &FieldRef) -> i8 {
    match field.data_type() {
        DataType::Decimal128(_, scale) => *scale,
        _ => 0,
    }
}

/// Digits that a call asks for, within what a `numeric` has; below zero the result is whole.
fn digits(asked: i64) -> i8 {
    i8::try_from(asked.clamp(-38, 30)).unwrap_or_default()
}

fn asked(_fields: &[FieldRef], constants: &[Option<String>]) -> i8 {
    match constants.get(1).and_then(Option::as_deref).map(str::parse::<i64>) {
        Some(Ok(asked)) => digits(asked).max(0),
        _ => FREE_SCALE,
    }
}

/// Both arguments with the same digits behind the point.
fn aligned(row: &Row) -> Result<(i128, i128)> {
    let ((a, a_scale), (b, b_scale)) = (row.numeric(0), row.numeric(1));
    let scale = a_scale.max(b_scale);
    let both = rescaled(a, a_scale, scale).zip(rescaled(b, b_scale, scale));
    both.ok_or_else(overflow)
}

/// `round` or `trunc` of all rows. `way` divides by a power of ten; a number with fewer digits than are asked for stays.
fn each(batch: &Batch, way: fn(i128, i128) -> i128) -> Result<ArrayRef> {
    let values = batch.columns[0].numerics();
    let ((precision, scale), own) = (batch.decimal(), values.scale());
    let most = 10_u128.pow(u32::from(precision));
    let ten = |power: i8| 10_i128.checked_pow(u32::from(power.unsigned_abs()));
    let mut found = Decimal128Builder::with_capacity(batch.rows).with_data_type(batch.field.data_type().clone());
    // The digits that were asked for last, and what to divide and to multiply by for them.
    let mut steps: Option<(i64, Option<i128>, Option<i128>)> = None;
    for row in 0..batch.rows {
        let arguments = batch.row(row);
        if (0..batch.columns.len()).any(|at| arguments.is_null(at)) {
            found.append_null();
            continue;
        }
        let asked = if batch.columns.len() > 1 { arguments.int(1) } else { 0 };
        let (_, by, times) = match steps {
            Some(steps) if steps.0 == asked => steps,
            _ => {
                let digits = digits(asked);
                let kept = digits.min(own);
                *steps.insert((
                    asked,
                    if digits < own { ten(own - digits) } else { Some(1) },
                    ten(scale - kept).filter(|_| scale >= kept),
                ))
            }
        };
        // A power of ten beyond all digits leaves nothing.
        let value = by.map_or(0, |by| if by == 1 { values.value(row) } else { way(values.value(row), by) });
        let value = match times {
            Some(times) => value.checked_mul(times),
            None if value == 0 => Some(0),
            None => rescaled(value, digits(asked).min(own), scale),
        };
        found.append_value(value.filter(|value| value.unsigned_abs() < most).ok_or_else(overflow)?);
    }
    Ok(Arc::new(found.finish()))
}

/// Away from zero in the middle.
fn rounded(value: i128, by: i128) -> i128 {
    let rest = value % by;
    value / by + if rest.unsigned_abs() >= by.unsigned_abs() - by.unsigned_abs() / 2 { value.signum() } else { 0 }
}

/// Towards zero.
fn cut(value: i128, by: i128) -> i128 {
    value / by
}

/// The next whole number up or down.
fn step(row: &Row, up: bool) -> i128 {
    let (value, scale) = row.numeric(0);
    let one = 10_i128.pow(u32::from(scale.unsigned_abs()));
    let down = value.div_euclid(one);
    if up && value.rem_euclid(one) != 0 { down + 1 } else { down }
}

fn trimmed(mut value: i128, mut scale: i8) -> (i128, i8) {
    while scale > 0 && value % 10 == 0 {
        value /= 10;
        scale -= 1;
    }
    (value, scale)
}

fn bucket(row: &Row) -> Result<Value> {
    let (value, low, high, count) = (row.float(0), row.float(1), row.float(2), row.int(3));
    let bad = |message| Err(fault::data(DataFault::InvalidBucket, message));
    if count <= 0 {
        return bad("count must be greater than zero");
    }
    #[allow(clippy::float_cmp, reason = "bounds that are the same are what is asked")]
    if low == high {
        return bad("lower bound cannot equal upper bound");
    }
    let (value, low, high) = if low < high { (value, low, high) } else { (-value, -low, -high) };
    if value < low {
        return Ok(Value::Int(0));
    }
    if value >= high {
        return Ok(Value::Int(count + 1));
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "between 0 and the count of buckets")]
    let at = ((value - low) / (high - low) * count as f64) as i64;
    Ok(Value::Int(at + 1))
}

fn factorial(row: &Row) -> Result<Value> {
    let n = row.int(0);
    if n < 0 {
        return Err(fault::data(DataFault::NumericOutOfRange, "factorial of a negative number is undefined"));
    }
    let product = (2..=i128::from(n)).try_fold(1_i128, i128::checked_mul);
    product.map(|product| Value::Numeric(product, 0)).ok_or_else(overflow)
}

/// The least common multiple.
fn multiple(row: &Row, type_name: &str, most: i128) -> Result<Value> {
    let (a, b) = (i128::from(row.int(0)), i128::from(row.int(1)));
    let (mut x, mut y) = (a.abs(), b.abs());
    while y != 0 {
        (x, y) = (y, x % y);
    }
    let multiple = if x == 0 { 0 } else { a.abs() / x * b.abs() };
    let fits = i64::try_from(multiple).ok().filter(|_| multiple <= most);
    fits.map(Value::Int).ok_or_else(|| fault::data(DataFault::NumericOutOfRange, format!("{type_name} out of range")))
}
