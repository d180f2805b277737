//! What aggregates make of the array that they gathered.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use datafusion::common::{Result, ScalarValue};
use strata_engine::error::DataFault;
use strata_engine::jsonb::canonical::canonical;
use strata_engine::jsonb::quoted::quote;

use super::value::{Kind, Row, Value};
use super::{Function, Gives, Overload};
use crate::dialect::fault;

/// The functions.
pub(super) const ALL: &[Function] = &[
    Function {
        name: "array_or_empty",
        overloads: &[Overload::new(&[Kind::Array], Kind::Array, |row| {
            Ok(Value::Array(if row.is_null(0) { row.empty(0) } else { row.array(0) }))
        })
        .gives(Gives::Same(0))
        .nulls()],
    },
    Function {
        name: "jsonb_of",
        overloads: &[Overload::new(&[Kind::Array], Kind::Json, |row| {
            let parts: Vec<String> = row.texts(0)?.into_iter().map(|text| text.unwrap_or_else(|| "null".to_owned())).collect();
            Ok(Value::Text(format!("[{}]", parts.join(", "))))
        })],
    },
    Function {
        name: "jsonb_of_pairs",
        overloads: &[Overload::new(&[Kind::Array, Kind::Array], Kind::Json, |row| {
            let mut text = String::from("{");
            for (nth, (key, value)) in row.texts(0)?.into_iter().zip(row.texts(1)?).enumerate() {
                if nth > 0 {
                    text.push(',');
                }
                let key = key.ok_or_else(|| fault::data(DataFault::InvalidArgument, "field name must not be null"))?;
                quote(&key, &mut text);
                text.push(':');
                text.push_str(value.as_deref().unwrap_or("null"));
            }
            text.push('}');
            canonical(&text).map(Value::Text).map_err(|error| fault::data(DataFault::InvalidJson, error.to_string()))
        })],
    },
    Function { name: "mode_of", overloads: &[Overload::new(&[Kind::Array], Kind::Array, mode).gives(Gives::Element(0))] },
    Function {
        name: "percentile_disc_of",
        overloads: &[Overload::new(&[Kind::Array, Kind::Float], Kind::Array, |row| {
            let values = row.array(0);
            #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index")]
            let at = (fraction(row.float(1))? * values.len() as f64).ceil().max(1.0) as usize - 1;
            one(&values, at)
        })
        .gives(Gives::Element(0))],
    },
    Function {
        name: "percentile_cont_of",
        overloads: &[Overload::new(&[Kind::Array, Kind::Array], Kind::Floats, |row| {
            let values = cast(&row.array(0), &DataType::Float64)?;
            let fractions = cast(&row.array(1), &DataType::Float64)?;
            let found = fractions.as_primitive::<Float64Type>().iter();
            let found: Vec<Option<f64>> = found.map(|of| of.map(|of| between(&values, of)).transpose()).collect::<Result<_>>()?;
            Ok(Value::Array(std::sync::Arc::new(arrow::array::Float64Array::from(found))))
        })],
    },
];

fn fraction(of: f64) -> Result<f64> {
    if (0.0..=1.0).contains(&of) {
        return Ok(of);
    }
    Err(fault::data(DataFault::NumericOutOfRange, format!("percentile value {of} is not between 0 and 1")))
}

fn one(values: &ArrayRef, at: usize) -> Result<Value> {
    if at >= values.len() {
        return Ok(Value::Null);
    }
    Ok(Value::Array(values.slice(at, 1)))
}

/// The value that stands between two neighbours.
fn between(values: &ArrayRef, of: f64) -> Result<f64> {
    let values = values.as_primitive::<Float64Type>();
    #[allow(clippy::cast_precision_loss, reason = "an index")]
    let at = fraction(of)? * values.len().saturating_sub(1) as f64;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the values")]
    let (low, high) = (at.floor() as usize, at.ceil() as usize);
    let (low, high) = (values.value(low), values.value(high));
    Ok(low + at.fract() * (high - low))
}

/// The value that is most often in a sorted array; the first of several.
fn mode(row: &Row) -> Result<Value> {
    let values = row.array(0);
    let (mut best, mut best_count, mut start) = (0, 0, 0);
    for at in 1..=values.len() {
        let same = at < values.len() && ScalarValue::try_from_array(&values, at)? == ScalarValue::try_from_array(&values, start)?;
        if !same {
            if at - start > best_count {
                (best, best_count) = (start, at - start);
            }
            start = at;
        }
    }
    one(&values, best)
}
