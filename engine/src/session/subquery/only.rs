//! The one row that a scalar subquery may have.

use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, FieldRef, Int64Type};
use datafusion::common::{Result, exec_err};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

/// `first`, where `count` rows are at most one; an error where they are more. It is asked of outer rows, so that two rows for a value
/// that no outer row has are no error.
pub(super) fn only(first: Expr, count: Expr) -> Expr {
    ScalarUDF::new_from_impl(Only { signature: Signature::any(2, Volatility::Immutable) }).call(vec![first, count])
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Only {
    signature: Signature,
}

impl ScalarUDFImpl for Only {
    fn name(&self) -> &'static str {
        "only_row"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        Ok(types[0].clone())
    }

    fn return_field_from_args(&self, arguments: ReturnFieldArgs) -> Result<FieldRef> {
        Ok(arguments.arg_fields[0].as_ref().clone().with_name(self.name()).with_nullable(true).into())
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let counts = arguments.args[1].to_array(arguments.number_rows)?;
        let counts = counts.as_primitive::<Int64Type>();
        if (0..counts.len()).any(|row| counts.is_valid(row) && counts.value(row) > 1) {
            return exec_err!("more than one row returned by a subquery used as an expression");
        }
        Ok(arguments.args[0].clone())
    }
}
