//! Arrays: what DataFusion's functions lack.

use arrow::array::{Array, ArrayRef, AsArray, UInt32Array};
use arrow::compute::{cast, take};
use arrow::datatypes::{DataType, Int64Type};
use datafusion::common::Result;
use strata_engine::error::DataFault;

use super::value::{Kind, Row, Value};
use super::{Body, Function, Gives, Overload};
use crate::dialect::fault;

/// The functions.
pub(super) const ALL: &[Function] = &[
    Function {
        name: "array_lower",
        overloads: &[Overload::new(&[Kind::Array, Kind::Int], Kind::Int, |row| {
            Ok(if row.array(0).is_empty() || row.int(1) != 1 { Value::Null } else { Value::Int(1) })
        })],
    },
    // Bounds of slices are evaluated once, and NULL stays.
    Function {
        name: "strata_at_least",
        overloads: &[Overload::with(&[Kind::Long, Kind::Long], Kind::Long, Body::Longs(|value, least| Ok(value.max(least))))],
    },
    Function {
        name: "array_upper",
        overloads: &[Overload::new(&[Kind::Array, Kind::Int], Kind::Int, |row| Ok(extent(&row.array(0), row.int(1))))],
    },
    Function {
        name: "trim_array",
        overloads: &[Overload::new(&[Kind::Array, Kind::Int], Kind::Array, trimmed).gives(Gives::Same(0))],
    },
    Function {
        name: "array_to_string",
        overloads: &[Overload::new(&[Kind::Array, Kind::Text, Kind::Text], Kind::Text, joined).optional(1).nulls()],
    },
    Function {
        name: "array_fill",
        overloads: &[Overload::new(&[Kind::Any, Kind::Array], Kind::Array, filled).gives(Gives::ListOf(0)).nulls()],
    },
    Function {
        name: "num_nulls",
        overloads: &[Overload::new(&[Kind::Any], Kind::Int, |row| Ok(Value::Int(count(row, true)))).variadic().nulls()],
    },
    Function {
        name: "num_nonnulls",
        overloads: &[Overload::new(&[Kind::Any], Kind::Int, |row| Ok(Value::Int(count(row, false)))).variadic().nulls()],
    },
];

/// How many elements there are in a dimension, counted from 1; NULL for none.
fn extent(array: &ArrayRef, dimension: i64) -> Value {
    match (i64::try_from(array.len()), dimension, array.as_list_opt::<i32>()) {
        (Ok(length), 1, _) if length > 0 => Value::Int(length),
        (_, 2.., Some(inner)) if !inner.is_empty() => extent(&inner.value(0), dimension - 1),
        _ => Value::Null,
    }
}

fn trimmed(row: &Row) -> Result<Value> {
    let array: ArrayRef = row.array(0);
    let length = usize::try_from(row.int(1)).ok().and_then(|cut| array.len().checked_sub(cut)).ok_or_else(|| {
        fault::data(DataFault::ArraySubscript, format!("number of elements to trim must be between 0 and {}", array.len()))
    })?;
    Ok(Value::Array(array.slice(0, length)))
}

fn joined(row: &Row) -> Result<Value> {
    if row.is_null(0) || row.is_null(1) {
        return Ok(Value::Null);
    }
    let null = (row.len() == 3 && !row.is_null(2)).then(|| row.text(2).to_owned());
    let texts: Vec<String> = row.texts(0)?.into_iter().filter_map(|text| text.or_else(|| null.clone())).collect();
    Ok(Value::Text(texts.join(row.text(1))))
}

/// Most elements that an array is filled with.
const FILLED_MAX: usize = 10_000_000;

/// As many copies of a value as the one dimension says.
fn filled(row: &Row) -> Result<Value> {
    if row.is_null(1) {
        return Err(fault::data(DataFault::NotNull, "dimension array or low bound array cannot be null"));
    }
    let lengths = cast(&row.array(1), &DataType::Int64)?;
    let lengths = lengths.as_primitive::<Int64Type>();
    let length = match lengths.len() {
        0 => 0,
        1 if lengths.is_valid(0) => lengths.value(0),
        1 => return Err(fault::data(DataFault::NotNull, "dimension values cannot be null")),
        _ => return Err(fault::data(DataFault::LimitExceeded, "arrays of more than one dimension are not filled")),
    };
    let length = usize::try_from(length)
        .ok()
        .filter(|length| *length <= FILLED_MAX)
        .ok_or_else(|| fault::data(DataFault::LimitExceeded, format!("array size exceeds the maximum allowed ({FILLED_MAX})")))?;
    let places = UInt32Array::from(vec![0; length]);
    Ok(Value::Array(take(&row.one(0), &places, None)?))
}

fn count(row: &Row, null: bool) -> i64 {
    let found = (0..row.len()).filter(|at| row.is_null(*at) == null).count();
    i64::try_from(found).unwrap_or(i64::MAX)
}
