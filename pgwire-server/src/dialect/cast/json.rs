//! jsonb to what it holds: a truth value or a number.

use std::sync::Arc;

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field};
use datafusion::common::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};
use strata_engine::error::DataFault;
use strata_engine::jsonb::is_jsonb;
use strata_engine::session::sql_type::data_type_name;

use super::number;
use crate::dialect::fault;
use crate::types::Style;
use crate::types::decode::ColumnBuilder;

/// Digits of a number in JSON on its way to an integer, which rounds it.
const WIDE: DataType = DataType::Decimal128(38, 10);

/// Whether a field is of type jsonb.
pub(super) fn is_json(field: &Field) -> bool {
    is_jsonb(field)
}

/// Takes the scalar out of its JSON.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Unwrap {
    target: DataType,
    signature: Signature,
}

impl Unwrap {
    pub fn new(target: &DataType) -> Self {
        Self { target: target.clone(), signature: Signature::any(1, Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for Unwrap {
    fn name(&self) -> &str {
        "jsonb_unwrap"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(self.target.clone())
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let texts = cast(&ColumnarValue::values_to_arrays(&arguments.args)?.remove(0), &DataType::Utf8View)?;
        let texts = texts.as_string_view();
        let read = if self.target.is_integer() { &WIDE } else { &self.target };
        let field = Arc::new(Field::new("", read.clone(), true));
        let mut values = ColumnBuilder::new(field, Style::default()).map_err(fault::carried)?;
        for row in 0..texts.len() {
            if texts.is_null(row) {
                values.append_null();
                continue;
            }
            let text = texts.value(row);
            let found = kind(text);
            if found != if self.target == DataType::Boolean { "boolean" } else { "numeric" } {
                let message = format!("cannot cast jsonb {found} to type {}", data_type_name(&self.target));
                return Err(fault::data(DataFault::InvalidArgument, message));
            }
            values.append_text(text).map_err(fault::carried)?;
        }
        let values = values.finish().map_err(fault::carried)?;
        Ok(ColumnarValue::Array(if self.target.is_integer() { number::rounded(&values, &self.target)? } else { values }))
    }
}

/// What a canonical JSON text is, in the words of PostgreSQL's error.
fn kind(text: &str) -> &'static str {
    match text.as_bytes().first() {
        Some(b'{') => "object",
        Some(b'[') => "array",
        Some(b'"') => "string",
        Some(b't' | b'f') => "boolean",
        Some(b'n') => "null",
        _ => "numeric",
    }
}
