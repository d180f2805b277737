//! `length` of texts, in characters, and of bytes.

use arrow::compute::cast;
use arrow::compute::kernels::length::length;
use arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::functions::unicode::character_length;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};
use strata_engine::EngineError;
use strata_engine::error::ObjectClass;
use strata_engine::session::sql_type::data_type_name;

use super::fault;

/// The function.
pub(super) fn function() -> ScalarUDF {
    ScalarUDF::new_from_impl(Length { signature: Signature::user_defined(Volatility::Immutable) })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Length {
    signature: Signature,
}

impl ScalarUDFImpl for Length {
    fn name(&self) -> &'static str {
        "length"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        match types {
            [DataType::Binary | DataType::LargeBinary | DataType::BinaryView] => Ok(vec![DataType::Binary]),
            [DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null] => Ok(vec![DataType::Utf8View]),
            [DataType::Dictionary(_, value)] if value.is_string() => Ok(vec![DataType::Utf8View]),
            _ => Err(fault::carried(EngineError::Undefined {
                what: ObjectClass::Function,
                name: format!("length({})", types.iter().map(data_type_name).collect::<Vec<_>>().join(", ")),
                hint: Some(
                    "No function matches the given name and argument types. You might need to add explicit type casts.".into(),
                ),
            })),
        }
    }

    fn return_type(&self, _types: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int32)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        if arguments.args[0].data_type() == DataType::Binary {
            let bytes = ColumnarValue::values_to_arrays(&arguments.args)?.remove(0);
            return Ok(ColumnarValue::Array(cast(&length(&bytes)?, &DataType::Int32)?));
        }
        character_length().invoke_with_args(arguments)
    }
}
