//! Text to a value of any type, by the type's input function.

use std::sync::Arc;

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::Result;
use datafusion::logical_expr::{ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};

use crate::dialect::fault;
use crate::types::Style;
use crate::types::decode::ColumnBuilder;

/// Whether there is an input function for the field's type.
pub(super) fn reads(field: &Field) -> bool {
    ColumnBuilder::new(Arc::new(field.clone()), Style::default()).is_ok()
}

/// Reads texts as values of a field.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Input {
    field: FieldRef,
    style: Style,
    signature: Signature,
}

impl Input {
    pub fn new(field: Field, style: Style) -> Self {
        Self { field: Arc::new(field), style, signature: Signature::any(1, Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for Input {
    fn name(&self) -> &str {
        "input"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(self.field.data_type().clone())
    }

    fn return_field_from_args(&self, _arguments: ReturnFieldArgs) -> Result<FieldRef> {
        Ok(self.field.clone())
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let texts = cast(&ColumnarValue::values_to_arrays(&arguments.args)?.remove(0), &DataType::Utf8View)?;
        let texts = texts.as_string_view();
        let mut values = ColumnBuilder::new(self.field.clone(), self.style).map_err(fault::carried)?;
        for row in 0..texts.len() {
            if texts.is_null(row) {
                values.append_null();
            } else {
                values.append_text(texts.value(row)).map_err(fault::carried)?;
            }
        }
        Ok(ColumnarValue::Array(values.finish().map_err(fault::carried)?))
    }
}
