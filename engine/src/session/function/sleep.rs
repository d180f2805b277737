//! `pg_sleep(seconds)`: waits without holding a thread; a request to stop ends it.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::StringArray;
use arrow::datatypes::DataType;
use async_trait::async_trait;
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::async_udf::{AsyncScalarUDF, AsyncScalarUDFImpl};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

/// The function.
pub(super) fn pg_sleep() -> ScalarUDF {
    let signature = Signature::exact(vec![DataType::Float64], Volatility::Volatile);
    AsyncScalarUDF::new(Arc::new(Sleep { signature })).into_scalar_udf()
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Sleep {
    signature: Signature,
}

impl ScalarUDFImpl for Sleep {
    fn name(&self) -> &str {
        "pg_sleep"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, _arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        Err(DataFusionError::NotImplemented("pg_sleep here".into()))
    }
}

#[async_trait]
impl AsyncScalarUDFImpl for Sleep {
    async fn invoke_async_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = arguments.number_rows;
        for row in 0..rows {
            let seconds = match arguments.args.first() {
                Some(ColumnarValue::Scalar(value)) => value.clone(),
                Some(ColumnarValue::Array(array)) => ScalarValue::try_from_array(array, row)?,
                None => ScalarValue::Null,
            };
            if let ScalarValue::Float64(Some(seconds)) = seconds
                && seconds > 0.0
            {
                tokio::time::sleep(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)).await;
            }
        }
        Ok(ColumnarValue::Array(Arc::new(StringArray::from(vec![""; rows]))))
    }
}
