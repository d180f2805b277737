//! Integers: a result that does not fit is an error.

use arrow::compute::kernels::numeric::{add, div, mul, rem, sub};
use arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility, cast};
use strata_engine::error::DataFault;
use strata_engine::session::sql_type::data_type_name;

use super::{Sign, call, literal};
use crate::dialect::fault;

/// The operation in the wider type of both. A literal that fits is an `integer`, as in PostgreSQL.
pub(super) fn planned(sign: Sign, left: Expr, right: Expr, left_type: &DataType, right_type: &DataType) -> Expr {
    let width = |expr: &Expr, data_type: &DataType| match (literal(expr), data_type) {
        (Some(value), _) if i32::try_from(value).is_ok() => 32,
        (_, DataType::Int8 | DataType::Int16 | DataType::UInt8) => 16,
        (_, DataType::Int32 | DataType::UInt16) => 32,
        _ => 64,
    };
    let wider = match width(&left, left_type).max(width(&right, right_type)) {
        16 => DataType::Int16,
        32 => DataType::Int32,
        _ => DataType::Int64,
    };
    let argument = |expr: Expr| cast(expr, wider.clone());
    let signature = Signature::exact(vec![wider.clone(); 2], Volatility::Immutable);
    call(Integer { sign, wider: wider.clone(), signature }, vec![argument(left), argument(right)])
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Integer {
    sign: Sign,
    wider: DataType,
    signature: Signature,
}

impl ScalarUDFImpl for Integer {
    fn name(&self) -> &str {
        match self.sign {
            Sign::Plus => "int_add",
            Sign::Minus => "int_sub",
            Sign::Times => "int_mul",
            Sign::Over => "int_div",
            Sign::Modulo => "int_mod",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(self.wider.clone())
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let columns = ColumnarValue::values_to_arrays(&arguments.args)?;
        let (left, right): (&dyn arrow::array::Datum, &dyn arrow::array::Datum) = (&columns[0], &columns[1]);
        let result = match self.sign {
            Sign::Plus => add(left, right),
            Sign::Minus => sub(left, right),
            Sign::Times => mul(left, right),
            Sign::Over => div(left, right),
            Sign::Modulo => rem(left, right),
        };
        match result {
            Ok(array) => Ok(ColumnarValue::Array(array)),
            Err(arrow::error::ArrowError::ArithmeticOverflow(_)) => {
                Err(fault::data(DataFault::NumericOutOfRange, format!("{} out of range", data_type_name(&self.wider))))
            }
            Err(arrow::error::ArrowError::DivideByZero) => Err(fault::data(DataFault::DivisionByZero, "division by zero")),
            Err(other) => Err(DataFusionError::from(other)),
        }
    }
}
