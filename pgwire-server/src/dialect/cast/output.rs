//! A value of any type as its text, by the type's output function.

use std::sync::Arc;

use arrow::array::{Array, AsArray, StringViewBuilder};
use arrow::datatypes::{DataType, Field, FieldRef};
use bytes::BytesMut;
use datafusion::common::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};

use crate::dialect::fault;
use crate::types::Style;
use crate::types::encode::Column;

/// Writes values of a field.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Output {
    field: FieldRef,
    style: Style,
    signature: Signature,
}

impl Output {
    pub fn new(field: Field, style: Style) -> Self {
        Self { field: Arc::new(field), style, signature: Signature::any(1, Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for Output {
    fn name(&self) -> &str {
        "output"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8View)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let values = ColumnarValue::values_to_arrays(&arguments.args)?.remove(0);
        let column = Column::new(&self.field, &values).map_err(fault::carried)?;
        let mut texts = StringViewBuilder::with_capacity(values.len());
        let mut text = BytesMut::new();
        for row in 0..values.len() {
            if column.is_null(row) {
                texts.append_null();
                continue;
            }
            text.clear();
            // As a column a truth value is a letter, as text it is a word.
            if let Some(truths) = values.as_boolean_opt() {
                texts.append_value(if truths.value(row) { "true" } else { "false" });
                continue;
            }
            column.write_text(row, self.style, &mut text).map_err(fault::carried)?;
            texts.append_value(String::from_utf8_lossy(&text));
        }
        Ok(ColumnarValue::Array(Arc::new(texts.finish())))
    }
}
