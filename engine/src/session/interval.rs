//! Intervals times numbers: `n * interval '1 second'`, `interval '1 day' / 2`, which DataFusion does not have.
//!
//! As in PostgreSQL, what is left of a month becomes days of 30 to the month, and what is left of a day becomes time.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, IntervalMonthDayNanoArray};
use arrow::datatypes::{DataType, Float64Type, IntervalMonthDayNano, IntervalMonthDayNanoType, IntervalUnit};
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr};
use datafusion::logical_expr::{
    BinaryExpr, ColumnarValue, Expr, ExprSchemable, Operator, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility, cast,
};
use datafusion::sql::sqlparser::ast::BinaryOperator;

use crate::error::{DataFault, EngineError};

const INTERVAL: DataType = DataType::Interval(IntervalUnit::MonthDayNano);
const NANOS_A_DAY: f64 = 86_400e9;

/// Plans `*` and `/` of intervals.
#[derive(Debug)]
pub(super) struct IntervalPlanner;

impl ExprPlanner for IntervalPlanner {
    fn plan_binary_op(&self, raw: RawBinaryExpr, schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        let is_interval = |expr: &Expr| matches!(expr.get_type(schema), Ok(DataType::Interval(_)));
        let is_number = |expr: &Expr| expr.get_type(schema).is_ok_and(|data_type| data_type.is_numeric());
        let number = |expr: Expr| cast(expr, DataType::Float64);
        let (interval, factor) = match raw.op {
            BinaryOperator::Multiply if is_interval(&raw.left) && is_number(&raw.right) => (raw.left, number(raw.right)),
            BinaryOperator::Multiply if is_number(&raw.left) && is_interval(&raw.right) => (raw.right, number(raw.left)),
            BinaryOperator::Divide if is_interval(&raw.left) && is_number(&raw.right) => {
                let one = Expr::Literal(ScalarValue::Float64(Some(1.0)), None);
                let inverse = BinaryExpr::new(Box::new(one), Operator::Divide, Box::new(number(raw.right)));
                (raw.left, Expr::BinaryExpr(inverse))
            }
            _ => return Ok(PlannerResult::Original(raw)),
        };
        let signature = Signature::exact(vec![INTERVAL, DataType::Float64], Volatility::Immutable);
        let function = Arc::new(ScalarUDF::new_from_impl(Times { signature }));
        let call = ScalarFunction::new_udf(function, vec![cast(interval, INTERVAL), factor]);
        Ok(PlannerResult::Planned(Expr::ScalarFunction(call)))
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Times {
    signature: Signature,
}

impl ScalarUDFImpl for Times {
    fn name(&self) -> &str {
        "interval_mul"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(INTERVAL)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let columns = ColumnarValue::values_to_arrays(&arguments.args)?;
        let (intervals, factors) =
            (columns[0].as_primitive::<IntervalMonthDayNanoType>(), columns[1].as_primitive::<Float64Type>());
        let product = |row: usize| match (intervals.is_null(row), factors.is_null(row)) {
            (false, false) => times(intervals.value(row), factors.value(row)).map(Some),
            _ => Ok(None),
        };
        let products: IntervalMonthDayNanoArray = (0..intervals.len()).map(product).collect::<Result<_>>()?;
        Ok(ColumnarValue::Array(Arc::new(products) as ArrayRef))
    }
}

fn times(interval: IntervalMonthDayNano, factor: f64) -> Result<IntervalMonthDayNano> {
    let months = f64::from(interval.months) * factor;
    let days = f64::from(interval.days) * factor + months.fract() * 30.0;
    #[allow(clippy::cast_precision_loss, reason = "an interval is exact to the microsecond, a float to 285 years of them")]
    let nanos = interval.nanoseconds as f64 * factor + days.fract() * NANOS_A_DAY;
    // Intervals are whole microseconds, as everywhere else.
    let nanos = (nanos / 1000.0).round() * 1000.0;
    let fits = |value: f64, bound: f64| value.is_finite() && value.abs() < bound;
    if !(fits(months, 2_147_483_647.0) && fits(days, 2_147_483_647.0) && fits(nanos, 9.2e18)) {
        return Err(DataFusionError::External(Box::new(EngineError::Data {
            reason: DataFault::DatetimeOverflow,
            message: "interval out of range".into(),
            hint: None,
        })));
    }
    #[allow(clippy::cast_possible_truncation, reason = "checked three lines above")]
    let product = IntervalMonthDayNano::new(months.trunc() as i32, days.trunc() as i32, nanos as i64);
    Ok(product)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_carry_over() {
        let month = IntervalMonthDayNano::new(1, 0, 0);
        assert_eq!(times(month, 2.5).unwrap(), IntervalMonthDayNano::new(2, 15, 0));
        let day = IntervalMonthDayNano::new(0, 1, 0);
        assert_eq!(times(day, 0.5).unwrap(), IntervalMonthDayNano::new(0, 0, 43_200_000_000_000));
        let second = IntervalMonthDayNano::new(0, 0, 1_000_000_000);
        assert_eq!(times(second, -999.0).unwrap(), IntervalMonthDayNano::new(0, 0, -999_000_000_000));
        assert!(times(month, 1e300).is_err());
        assert!(times(day, f64::NAN).is_err());
    }
}
