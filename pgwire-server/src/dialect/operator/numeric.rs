//! `numeric`: exact digits, with as many behind the point as [`crate::dialect::numeric_type`] says.

use std::sync::Arc;

use arrow::array::{Array, AsArray, Decimal128Array};
use arrow::datatypes::{DataType, Decimal128Type, i256};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::expr::Cast;
use datafusion::logical_expr::{ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility, cast};
use strata_engine::error::DataFault;

use super::{Sign, call};
use crate::dialect::fault;
use crate::dialect::numeric_type::{self, FREE_SCALE, QUOTIENT_SCALE};
use crate::types::numeric;

/// More digits than these behind the point are rounded away.
const SCALE_MAX: i8 = 30;

/// The operation, an integer being a `numeric` without digits behind the point.
pub(super) fn planned(sign: Sign, left: Expr, right: Expr, left_type: &DataType, right_type: &DataType) -> Expr {
    let scale = scale(sign, &left, &right, left_type, right_type);
    let argument = |expr: Expr, data_type: &DataType| match data_type {
        DataType::Decimal128(..) => expr,
        _ => cast(expr, DataType::Decimal128(20, 0)),
    };
    let signature = Signature::any(2, Volatility::Immutable);
    call(Numeric { sign, scale, signature }, vec![argument(left, left_type), argument(right, right_type)])
}

fn scale(sign: Sign, left: &Expr, right: &Expr, left_type: &DataType, right_type: &DataType) -> i8 {
    let of = |data_type: &DataType| match data_type {
        DataType::Decimal128(_, scale) => *scale,
        _ => 0,
    };
    let (a, b) = (of(left_type), of(right_type));
    match sign {
        Sign::Over => match (constant(left), constant(right)) {
            (Some(a), Some(b)) => quotient_scale(a, b),
            _ => QUOTIENT_SCALE,
        },
        _ if a == QUOTIENT_SCALE || b == QUOTIENT_SCALE => QUOTIENT_SCALE,
        _ if a == FREE_SCALE || b == FREE_SCALE => FREE_SCALE,
        Sign::Times => (a + b).min(SCALE_MAX),
        _ => a.max(b),
    }
}

/// The unscaled value and scale of an expression that is a number already.
fn constant(expr: &Expr) -> Option<(i128, i8)> {
    match expr {
        Expr::Literal(ScalarValue::Decimal128(Some(value), _, scale), _) => Some((*value, *scale)),
        Expr::Literal(ScalarValue::Int64(Some(value)), _) => Some((i128::from(*value), 0)),
        Expr::Cast(Cast { expr, field }) => match (expr.as_ref(), field.data_type()) {
            (Expr::Literal(text, _), DataType::Decimal128(precision, scale)) if *scale != FREE_SCALE => {
                let value = numeric::parse(text.try_as_str()??, *precision, *scale).ok()?;
                Some((value.to_i128()?, *scale))
            }
            (inner, DataType::Decimal128(_, scale)) => {
                let (value, own) = constant(inner)?;
                Some((rescaled(i256::from_i128(value), own, *scale)?.to_i128()?, *scale))
            }
            _ => None,
        },
        Expr::Negative(inner) => constant(inner).map(|(value, scale)| (-value, scale)),
        _ => None,
    }
}

/// Digits behind the point of a quotient: at least 16 that count, counted in groups of four, and no fewer than the operands have.
fn quotient_scale(a: (i128, i8), b: (i128, i8)) -> i8 {
    let (weight_a, first_a) = leading(a);
    let (weight_b, first_b) = leading(b);
    let mut weight = weight_a - weight_b;
    if first_a <= first_b {
        weight -= 1;
    }
    let digits = (16 - 4 * weight).max(i32::from(a.1)).max(i32::from(b.1)).clamp(0, i32::from(SCALE_MAX));
    i8::try_from(digits).unwrap_or(SCALE_MAX)
}

/// The power of 10,000 of a number's first group of four digits, and that group.
fn leading((value, scale): (i128, i8)) -> (i32, i128) {
    if value == 0 {
        return (0, 0);
    }
    let digits = value.unsigned_abs().to_string();
    let places = i32::from(scale);
    let whole = i32::try_from(digits.len()).unwrap_or_default() - places;
    let weight = (whole - 1).div_euclid(4);
    // How many digits the first group has.
    let count = usize::try_from(whole - weight * 4).unwrap_or(1);
    let padded = format!("{digits:0<width$}", width = count.max(digits.len()));
    (weight, padded[..count].parse().unwrap_or_default())
}

fn rescaled(value: i256, from: i8, to: i8) -> Option<i256> {
    let ten = |power: i8| i256::from_i128(10).checked_pow(u32::from(power.unsigned_abs()));
    if to >= from {
        return value.checked_mul(ten(to - from)?);
    }
    let one = ten(from - to)?;
    let half = one.checked_div(i256::from_i128(2))?;
    let half = if value < i256::ZERO { half.wrapping_neg() } else { half };
    value.checked_add(half)?.checked_div(one)
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Numeric {
    sign: Sign,
    scale: i8,
    signature: Signature,
}

impl ScalarUDFImpl for Numeric {
    fn name(&self) -> &str {
        match self.sign {
            Sign::Plus => "numeric_add",
            Sign::Minus => "numeric_sub",
            Sign::Times => "numeric_mul",
            Sign::Over => "numeric_div",
            Sign::Modulo => "numeric_mod",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(numeric_type::of_scale(self.scale))
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let columns = ColumnarValue::values_to_arrays(&arguments.args)?;
        let (left, right) = (columns[0].as_primitive::<Decimal128Type>(), columns[1].as_primitive::<Decimal128Type>());
        let (a_scale, b_scale) = (left.scale(), right.scale());
        let most = match numeric_type::of_scale(self.scale) {
            DataType::Decimal128(precision, _) => 10_u128.pow(precision.into()),
            _ => u128::MAX,
        };
        let one = |row: usize| {
            if left.is_null(row) || right.is_null(row) {
                return Ok(None);
            }
            let (a, b) = (i256::from_i128(left.value(row)), i256::from_i128(right.value(row)));
            if b == i256::ZERO && matches!(self.sign, Sign::Over | Sign::Modulo) {
                return Err(fault::data(DataFault::DivisionByZero, "division by zero"));
            }
            let value = self.value(a, a_scale, b, b_scale).and_then(i256::to_i128);
            value
                .filter(|value| value.unsigned_abs() < most)
                .map(Some)
                .ok_or_else(|| fault::data(DataFault::NumericOutOfRange, "value overflows numeric format"))
        };
        let values: Decimal128Array = (0..left.len()).map(one).collect::<Result<_>>()?;
        Ok(ColumnarValue::Array(Arc::new(values.with_data_type(numeric_type::of_scale(self.scale)))))
    }
}

impl Numeric {
    /// The unscaled result; `None` if it does not fit.
    fn value(&self, a: i256, a_scale: i8, b: i256, b_scale: i8) -> Option<i256> {
        let common = a_scale.max(b_scale);
        let both = || Some((rescaled(a, a_scale, common)?, rescaled(b, b_scale, common)?));
        match self.sign {
            Sign::Plus => both().and_then(|(a, b)| rescaled(a.checked_add(b)?, common, self.scale)),
            Sign::Minus => both().and_then(|(a, b)| rescaled(a.checked_sub(b)?, common, self.scale)),
            Sign::Modulo => both().and_then(|(a, b)| rescaled(a.checked_rem(b)?, common, self.scale)),
            Sign::Times => rescaled(a.checked_mul(b)?, a_scale + b_scale, self.scale),
            // One digit more than is kept, for rounding.
            Sign::Over => {
                let shift = self.scale + 1 + b_scale - a_scale;
                let (a, b) = if shift >= 0 { (rescaled(a, 0, shift)?, b) } else { (a, rescaled(b, 0, -shift)?) };
                rescaled(a.checked_div(b)?, self.scale + 1, self.scale)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotients_have_postgresqls_digits() {
        // 1 / 3, 10 / 4, 5 / 5, 30000 / 4, 50000 / 4, 0.05 / 3.
        assert_eq!(quotient_scale((1, 0), (3, 0)), 20);
        assert_eq!(quotient_scale((10, 0), (4, 0)), 16);
        assert_eq!(quotient_scale((5, 0), (5, 0)), 20);
        assert_eq!(quotient_scale((30_000, 0), (4, 0)), 16);
        assert_eq!(quotient_scale((50_000, 0), (4, 0)), 12);
        assert_eq!(quotient_scale((5, 2), (3, 0)), 20);
    }
}
