//! `ts::text` as PostgreSQL writes it: `2026-03-01 08:00:00.5+08`, where DataFusion writes `2026-03-01T08:00:00.500+08:00`.

use std::sync::Arc;

use arrow::array::timezone::Tz;
use arrow::array::{Array, AsArray, StringViewBuilder};
use arrow::compute::cast as cast_array;
use arrow::datatypes::{DataType, TimeUnit, TimestampMicrosecondType};
use chrono::{DateTime, Datelike, FixedOffset, NaiveDateTime, Offset};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::expr::{Cast, ScalarFunction};
use datafusion::logical_expr::expr_rewriter::FunctionRewrite;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExprSchemable, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility, cast,
};
use strata_storage::schema::SQL_TYPE;

use super::sql_type::MODIFIER;

/// Puts the function in the place of casts of timestamps to text.
#[derive(Debug)]
pub(super) struct TimestampToText;

impl FunctionRewrite for TimestampToText {
    fn name(&self) -> &str {
        "timestamp_to_text"
    }

    fn rewrite(&self, expr: Expr, schema: &DFSchema, _config: &ConfigOptions) -> Result<Transformed<Expr>> {
        let Expr::Cast(Cast { expr: inner, field }) = expr else { return Ok(Transformed::no(expr)) };
        let to_text = matches!(field.data_type(), DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8);
        // Other types that are texts here have casts of their own, and so have texts of a length.
        let plain = ![SQL_TYPE, MODIFIER].iter().any(|key| field.metadata().contains_key(*key));
        if !to_text || !plain || !matches!(inner.get_type(schema), Ok(DataType::Timestamp(..))) {
            return Ok(Transformed::no(Expr::Cast(Cast { expr: inner, field })));
        }
        let function = ScalarUDF::new_from_impl(Text { signature: Signature::any(1, Volatility::Immutable) });
        let text = Expr::ScalarFunction(ScalarFunction::new_udf(Arc::new(function), vec![*inner]));
        let text = if *field.data_type() == DataType::Utf8View { text } else { cast(text, field.data_type().clone()) };
        Ok(Transformed::yes(text))
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Text {
    signature: Signature,
}

impl ScalarUDFImpl for Text {
    fn name(&self) -> &str {
        "timestamp_text"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8View)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let array = ColumnarValue::values_to_arrays(&arguments.args)?.remove(0);
        let zone = match array.data_type() {
            DataType::Timestamp(_, Some(zone)) => Some(zone.parse::<Tz>()?),
            _ => None,
        };
        let kept = zone.is_some().then(|| Arc::from("UTC"));
        let micros = cast_array(&array, &DataType::Timestamp(TimeUnit::Microsecond, kept))?;
        let micros = micros.as_primitive::<TimestampMicrosecondType>();
        let mut texts = StringViewBuilder::with_capacity(micros.len());
        for row in 0..micros.len() {
            // The largest and the smallest number stand for the two infinities.
            match micros.value(row) {
                i64::MAX if micros.is_valid(row) => {
                    texts.append_value("infinity");
                    continue;
                }
                i64::MIN if micros.is_valid(row) => {
                    texts.append_value("-infinity");
                    continue;
                }
                _ => {}
            }
            let time = if micros.is_null(row) { None } else { DateTime::from_timestamp_micros(micros.value(row)) };
            match (time, &zone) {
                // Beyond what the calendar of the library has stand the infinities.
                (None, _) if micros.is_valid(row) && micros.value(row) == i64::MAX => texts.append_value("infinity"),
                (None, _) if micros.is_valid(row) && micros.value(row) == i64::MIN => texts.append_value("-infinity"),
                (None, _) => texts.append_null(),
                (Some(time), None) => texts.append_value(local_text(time.naive_utc()) + era(time.naive_utc())),
                (Some(time), Some(zone)) => {
                    let time = time.with_timezone(zone);
                    let local = time.naive_local();
                    texts.append_value(local_text(local) + &offset_text(time.offset().fix()) + era(local));
                }
            }
        }
        Ok(ColumnarValue::Array(Arc::new(texts.finish())))
    }
}

fn local_text(time: NaiveDateTime) -> String {
    // There is no year 0: before 1 comes 1 BC.
    let year = if time.year() > 0 { time.year() } else { 1 - time.year() };
    let text = format!("{year:04}-{}", time.format("%m-%d %H:%M:%S%.6f"));
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// What follows a time before the year 1.
fn era(time: NaiveDateTime) -> &'static str {
    if time.year() > 0 { "" } else { " BC" }
}

/// `+00`, `-03:30`.
fn offset_text(offset: FixedOffset) -> String {
    let seconds = offset.local_minus_utc();
    let (sign, seconds) = if seconds < 0 { ('-', -seconds) } else { ('+', seconds) };
    match (seconds / 3600, seconds / 60 % 60) {
        (hours, 0) => format!("{sign}{hours:02}"),
        (hours, minutes) => format!("{sign}{hours:02}:{minutes:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_and_offsets_are_short() {
        let time = |us| DateTime::from_timestamp_micros(us).unwrap().naive_utc();
        assert_eq!(local_text(time(0)), "1970-01-01 00:00:00");
        assert_eq!(local_text(time(10_500_000)), "1970-01-01 00:00:10.5");
        assert_eq!(local_text(time(600_000_001)), "1970-01-01 00:10:00.000001");
        assert_eq!(offset_text(FixedOffset::east_opt(0).unwrap()), "+00");
        assert_eq!(offset_text(FixedOffset::west_opt(12_600).unwrap()), "-03:30");
    }
}
