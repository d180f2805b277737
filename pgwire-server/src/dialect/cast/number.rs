//! Numbers with a fraction to integers, and floats to `numeric`: rounded and checked.
//!
//! A float is rounded to the even neighbour when it stands between two, a `numeric` away from zero. A float becomes the `numeric` of
//! its first 15 digits, a `real` of its first 6.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Decimal128Type, Field, Float32Type, Float64Type, Int64Type};
use datafusion::common::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};
use strata_engine::error::DataFault;
use strata_engine::session::sql_type::data_type_name;

use crate::dialect::fault;
use crate::types::Style;
use crate::types::decode::ColumnBuilder;

/// Whether a cast is done here.
pub(super) fn rounds(from: &DataType, to: &DataType) -> bool {
    let decimal = |data_type: &DataType| matches!(data_type, DataType::Decimal128(..));
    from.is_floating() && (to.is_integer() || decimal(to))
        || decimal(from) && to.is_integer()
        || matches!((from, to), (DataType::Float64, DataType::Float32))
}

/// Casts to a type by rounding.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Round {
    target: DataType,
    signature: Signature,
}

impl Round {
    pub fn new(target: &DataType) -> Self {
        Self { target: target.clone(), signature: Signature::any(1, Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for Round {
    fn name(&self) -> &str {
        "rounded"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(self.target.clone())
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let values = ColumnarValue::values_to_arrays(&arguments.args)?.remove(0);
        Ok(ColumnarValue::Array(rounded(&values, &self.target)?))
    }
}

/// The values as `target`.
///
/// # Errors
/// Out of the target's range.
pub(super) fn rounded(values: &ArrayRef, target: &DataType) -> Result<ArrayRef> {
    if matches!(target, DataType::Decimal128(..)) {
        return decimals(values, target);
    }
    if *target == DataType::Float32 {
        return reals(values);
    }
    let out_of_range = || fault::data(DataFault::NumericOutOfRange, format!("{} out of range", data_type_name(target)));
    let whole: Vec<Option<i64>> = if let Some(decimals) = values.as_primitive_opt::<Decimal128Type>() {
        let one = 10_i128.pow(u32::from(decimals.scale().unsigned_abs()));
        let round = |value: i128| {
            // A literal with an exponent has digits less than none behind the point.
            let whole =
                if decimals.scale() < 0 { value.checked_mul(one) } else { Some((value + value.signum() * (one / 2)) / one) };
            whole.and_then(|whole| i64::try_from(whole).ok()).ok_or_else(out_of_range)
        };
        decimals.iter().map(|value| value.map(round).transpose()).collect::<Result<_>>()?
    } else {
        let floats = cast(values, &DataType::Float64)?;
        #[allow(clippy::cast_possible_truncation, reason = "checked to be within the range")]
        let round = |value: f64| {
            let whole = value.round_ties_even();
            (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0)
                .contains(&whole)
                .then_some(whole as i64)
                .ok_or_else(out_of_range)
        };
        floats.as_primitive::<Float64Type>().iter().map(|value| value.map(round).transpose()).collect::<Result<_>>()?
    };
    let whole: ArrayRef = Arc::new(arrow::array::PrimitiveArray::<Int64Type>::from(whole));
    let narrow = cast(&whole, target)?;
    if narrow.null_count() == whole.null_count() { Ok(narrow) } else { Err(out_of_range()) }
}

fn decimals(values: &ArrayRef, target: &DataType) -> Result<ArrayRef> {
    let mut out = ColumnBuilder::new(Arc::new(Field::new("", target.clone(), true)), Style::default()).map_err(fault::carried)?;
    let single = values.as_primitive_opt::<Float32Type>();
    let floats = cast(values, &DataType::Float64)?;
    let floats = floats.as_primitive::<Float64Type>();
    for row in 0..floats.len() {
        if floats.is_null(row) {
            out.append_null();
        } else {
            let value = floats.value(row);
            let text = if single.is_some() { format!("{value:.5e}") } else { format!("{value:.14e}") };
            out.append_text(&text).map_err(fault::carried)?;
        }
    }
    out.finish().map_err(fault::carried)
}

fn reals(values: &ArrayRef) -> Result<ArrayRef> {
    let floats = values.as_primitive::<Float64Type>();
    #[allow(clippy::cast_possible_truncation, reason = "what is lost is what the cast is for")]
    let narrow = |value: f64| {
        let real = value as f32;
        let fits = (real.is_finite() || !value.is_finite()) && (real != 0.0 || value == 0.0);
        let message = if real == 0.0 { "value out of range: underflow" } else { "value out of range: overflow" };
        fits.then_some(real).ok_or_else(|| fault::data(DataFault::NumericOutOfRange, message))
    };
    let reals: Vec<Option<f32>> = floats.iter().map(|value| value.map(narrow).transpose()).collect::<Result<_>>()?;
    Ok(Arc::new(arrow::array::Float32Array::from(reals)))
}

#[cfg(test)]
mod tests {
    use arrow::array::{Decimal128Array, Float64Array};

    use super::*;

    #[test]
    fn halves_go_their_way() {
        let floats: ArrayRef = Arc::new(Float64Array::from(vec![Some(0.5), Some(1.5), Some(-2.5), None]));
        let expected: ArrayRef = Arc::new(arrow::array::Int32Array::from(vec![Some(0), Some(2), Some(-2), None]));
        assert_eq!(&rounded(&floats, &DataType::Int32).unwrap(), &expected);
        let decimals = Decimal128Array::from(vec![Some(5), Some(15), Some(-25), None]).with_precision_and_scale(3, 1).unwrap();
        let decimals: ArrayRef = Arc::new(decimals);
        let expected: ArrayRef = Arc::new(arrow::array::Int32Array::from(vec![Some(1), Some(2), Some(-3), None]));
        assert_eq!(&rounded(&decimals, &DataType::Int32).unwrap(), &expected);
        let large: ArrayRef = Arc::new(Float64Array::from(vec![40_000.0]));
        assert!(rounded(&large, &DataType::Int16).is_err());
        assert!(rounded(&large, &DataType::Int32).is_ok());
        let nan: ArrayRef = Arc::new(Float64Array::from(vec![f64::NAN]));
        assert!(rounded(&nan, &DataType::Int64).is_err());
    }
}
