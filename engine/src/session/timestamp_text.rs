//! `ts::text` as PostgreSQL writes it: `2026-03-01 08:00:00.5+08`, where DataFusion writes `2026-03-01T08:00:00.500+08:00`.

use std::sync::Arc;

use arrow::array::timezone::Tz;
use arrow::array::{AsArray, StringViewBuilder};
use arrow::compute::cast as cast_array;
use arrow::datatypes::{DataType, TimeUnit, TimestampMicrosecondType};
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
use crate::moment::{self, Form};

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
        for us in micros {
            texts.append_option(us.and_then(|us| moment::timestamp(us, zone, Form::Text)));
        }
        Ok(ColumnarValue::Array(Arc::new(texts.finish())))
    }
}
