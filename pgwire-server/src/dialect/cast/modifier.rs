//! What stands in brackets behind a type: `varchar(3)` cuts, `char(5)` cuts and pads, `timestamp(0)` rounds.

use std::sync::Arc;

use arrow::array::{Array, AsArray, StringViewBuilder};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use datafusion::common::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};

/// The change that a modifier makes to values of its type.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Modifier {
    change: Change,
    signature: Signature,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Change {
    Cut(usize),
    Pad(usize),
    /// Microseconds of the last digit that is kept.
    Round(i64),
}

impl Modifier {
    /// `varchar 3`, `char 5`, `seconds 0`.
    pub fn new(text: &str) -> Self {
        let (word, number) = text.split_once(' ').unwrap_or((text, ""));
        let number: u32 = number.parse().unwrap_or(u32::MAX);
        let length = usize::try_from(number).unwrap_or(usize::MAX);
        let change = match word {
            "varchar" => Change::Cut(length),
            "char" => Change::Pad(length),
            _ => Change::Round(10_i64.pow(6 - number.min(6))),
        };
        Self { change, signature: Signature::any(1, Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for Modifier {
    fn name(&self) -> &str {
        "modified"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        Ok(match self.change {
            Change::Round(_) => arguments[0].clone(),
            _ => DataType::Utf8View,
        })
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let values = ColumnarValue::values_to_arrays(&arguments.args)?.remove(0);
        let length = match self.change {
            Change::Cut(length) | Change::Pad(length) => length,
            Change::Round(unit) => {
                let micros = cast(&values, &DataType::Int64)?;
                let rounded = micros.as_primitive::<Int64Type>().unary::<_, Int64Type>(|us| round(us, unit));
                return Ok(ColumnarValue::Array(cast(&rounded, values.data_type())?));
            }
        };
        let texts = cast(&values, &DataType::Utf8View)?;
        let texts = texts.as_string_view();
        let mut out = StringViewBuilder::with_capacity(texts.len());
        for row in 0..texts.len() {
            if texts.is_null(row) {
                out.append_null();
                continue;
            }
            let mut text: String = texts.value(row).chars().take(length).collect();
            if matches!(self.change, Change::Pad(_)) {
                let missing = length - text.chars().count();
                text.extend(std::iter::repeat_n(' ', missing));
            }
            out.append_value(text);
        }
        Ok(ColumnarValue::Array(Arc::new(out.finish())))
    }
}

/// To the nearest multiple, away from zero in the middle; infinities stay.
fn round(us: i64, unit: i64) -> i64 {
    match us {
        i64::MIN | i64::MAX => us,
        _ => us.saturating_add(us.signum() * unit / 2) / unit * unit,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_rounded() {
        assert_eq!(round(1_499_999, 1_000_000), 1_000_000);
        assert_eq!(round(1_500_000, 1_000_000), 2_000_000);
        assert_eq!(round(-1_500_000, 1_000_000), -2_000_000);
        assert_eq!(round(1_234_567, 1_000), 1_235_000);
        assert_eq!(round(7, 1), 7);
        assert_eq!(round(i64::MAX, 1_000_000), i64::MAX);
    }
}
