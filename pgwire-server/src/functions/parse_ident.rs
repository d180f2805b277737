//! `parse_ident`: the parts of a qualified name, as SQL would read them.

use std::sync::Arc;

use arrow::array::{Array, AsArray, ListBuilder, StringBuilder};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field};
use datafusion::common::Result;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};
use strata_engine::EngineError;
use strata_engine::error::Refusal;

use super::regclass::split;

/// The function.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct ParseIdent {
    signature: Signature,
}

impl Default for ParseIdent {
    fn default() -> Self {
        Self { signature: Signature::any(1, Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for ParseIdent {
    fn name(&self) -> &str {
        "parse_ident"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true))))
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let texts = cast(&ColumnarValue::values_to_arrays(&arguments.args)?.remove(0), &DataType::Utf8)?;
        let texts = texts.as_string::<i32>();
        let mut names = ListBuilder::new(StringBuilder::new());
        for row in 0..texts.len() {
            if texts.is_null(row) {
                names.append_null();
                continue;
            }
            let parts = split(texts.value(row)).ok_or_else(|| invalid(texts.value(row)))?;
            names.append_value(parts.into_iter().map(Some));
        }
        Ok(ColumnarValue::Array(Arc::new(names.finish())))
    }
}

fn invalid(text: &str) -> DataFusionError {
    DataFusionError::External(Box::new(EngineError::Refused {
        reason: Refusal::InvalidParameter,
        message: format!("string is not a valid identifier: \"{text}\""),
        hint: None,
    }))
}

#[cfg(test)]
mod tests {
    use datafusion::logical_expr::ScalarUDF;
    use datafusion::prelude::SessionContext;

    use super::*;

    async fn check(sql: &str, expected: &str) {
        let context = SessionContext::new();
        context.register_udf(ScalarUDF::new_from_impl(ParseIdent::default()));
        let shown = match context.sql(sql).await.unwrap().collect().await {
            Ok(batches) => arrow::util::pretty::pretty_format_batches(&batches).unwrap().to_string(),
            Err(error) => error.strip_backtrace(),
        };
        assert!(shown.contains(expected), "{sql}: {shown}");
    }

    #[tokio::test]
    async fn names_fold_and_quotes_keep() {
        check("SELECT parse_ident('Logs.\"App\"')", "[logs, App]").await;
        check("SELECT parse_ident('\"open')", "not a valid identifier").await;
    }
}
