//! Floats: a finite sum or product that becomes infinite is an error, and so is a division by zero.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray};
use arrow::compute::kernels::arity::try_binary;
use arrow::datatypes::{DataType, Float32Type, Float64Type};
use arrow::error::ArrowError;
use datafusion::common::Result;
use datafusion::logical_expr::{ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility, cast};
use strata_engine::error::DataFault;

use super::{Sign, call};
use crate::dialect::fault;

/// The operation on `real` if both are, on `double precision` otherwise.
pub(super) fn planned(sign: Sign, left: Expr, right: Expr, left_type: &DataType, right_type: &DataType) -> Expr {
    let single = *left_type == DataType::Float32 && *right_type == DataType::Float32;
    let wider = if single { DataType::Float32 } else { DataType::Float64 };
    let argument = |expr: Expr| cast(expr, wider.clone());
    let signature = Signature::exact(vec![wider.clone(); 2], Volatility::Immutable);
    call(Float { sign, single, signature }, vec![argument(left), argument(right)])
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Float {
    sign: Sign,
    single: bool,
    signature: Signature,
}

impl ScalarUDFImpl for Float {
    fn name(&self) -> &str {
        match self.sign {
            Sign::Plus => "float_add",
            Sign::Minus => "float_sub",
            Sign::Times => "float_mul",
            Sign::Over => "float_div",
            Sign::Modulo => "float_mod",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(if self.single { DataType::Float32 } else { DataType::Float64 })
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let columns = ColumnarValue::values_to_arrays(&arguments.args)?;
        let sign = self.sign;
        let array: ArrayRef = if self.single {
            let (left, right) = (columns[0].as_primitive::<Float32Type>(), columns[1].as_primitive::<Float32Type>());
            #[allow(clippy::cast_possible_truncation, reason = "the result of two single floats, as a single float")]
            let apply = |a: f32, b: f32| {
                let wide = apply(sign, a.into(), b.into())?;
                checked(sign, wide, wide as f32 == 0.0, (wide as f32).is_infinite(), a.into(), b.into())?;
                Ok(wide as f32)
            };
            Arc::new(try_binary::<_, _, _, Float32Type>(left, right, apply).map_err(carried)?)
        } else {
            let (left, right) = (columns[0].as_primitive::<Float64Type>(), columns[1].as_primitive::<Float64Type>());
            let apply = |a: f64, b: f64| {
                let value = apply(sign, a, b)?;
                checked(sign, value, value == 0.0, value.is_infinite(), a, b)?;
                Ok(value)
            };
            Arc::new(try_binary::<_, _, _, Float64Type>(left, right, apply).map_err(carried)?)
        };
        Ok(ColumnarValue::Array(array))
    }
}

fn apply(sign: Sign, a: f64, b: f64) -> std::result::Result<f64, ArrowError> {
    if b == 0.0 && !a.is_nan() && matches!(sign, Sign::Over | Sign::Modulo) {
        return Err(ArrowError::DivideByZero);
    }
    Ok(match sign {
        Sign::Plus => a + b,
        Sign::Minus => a - b,
        Sign::Times => a * b,
        Sign::Over => a / b,
        Sign::Modulo => a % b,
    })
}

fn checked(sign: Sign, value: f64, zero: bool, infinite: bool, a: f64, b: f64) -> std::result::Result<(), ArrowError> {
    let lost = match sign {
        Sign::Times => a != 0.0 && b != 0.0,
        Sign::Over => a != 0.0 && b.is_finite(),
        _ => false,
    };
    if infinite && a.is_finite() && b.is_finite() && !value.is_nan() {
        return Err(ArrowError::ArithmeticOverflow("value out of range: overflow".to_owned()));
    }
    if zero && lost {
        return Err(ArrowError::ArithmeticOverflow("value out of range: underflow".to_owned()));
    }
    Ok(())
}

fn carried(error: ArrowError) -> datafusion::error::DataFusionError {
    match error {
        ArrowError::DivideByZero => fault::data(DataFault::DivisionByZero, "division by zero"),
        ArrowError::ArithmeticOverflow(message) => fault::data(DataFault::NumericOutOfRange, message),
        other => other.into(),
    }
}
