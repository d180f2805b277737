//! `to_jsonb(any)`, `jsonb_build_object(key, value, ...)`, `jsonb_build_array(value, ...)`: jsonb from SQL values.

use std::sync::Arc;

use arrow::array::{ArrayRef, StringViewBuilder};
use arrow::compute::cast;
use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::{Result, internal_err, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::error::DataFault;

use super::canonical::Canonicalizer;
use super::encode::{encode, is_null};
use super::function::{data_error, jsonb_field};

/// What is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Shape {
    Value,
    Object,
    Array,
}

/// The three functions.
pub(super) fn udfs() -> impl Iterator<Item = ScalarUDF> {
    [Shape::Value, Shape::Object, Shape::Array].into_iter().map(|shape| {
        let signature = match shape {
            Shape::Value => Signature::any(1, Volatility::Stable),
            Shape::Object | Shape::Array => Signature::variadic_any(Volatility::Stable),
        };
        ScalarUDF::new_from_impl(Build { shape, signature })
    })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Build {
    shape: Shape,
    signature: Signature,
}

impl ScalarUDFImpl for Build {
    fn name(&self) -> &str {
        match self.shape {
            Shape::Value => "to_jsonb",
            Shape::Object => "jsonb_build_object",
            Shape::Array => "jsonb_build_array",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _types: &[DataType]) -> Result<DataType> {
        internal_err!("{} says what it returns by its field", self.name())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        if self.shape == Shape::Object && !args.arg_fields.len().is_multiple_of(2) {
            return plan_err!("argument list must have even number of elements");
        }
        Ok(Arc::new(jsonb_field(self.name())))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = args.number_rows;
        let arrays = args.args.iter().map(|value| value.to_array(rows)).collect::<Result<Vec<_>>>()?;
        let mut out = StringViewBuilder::with_capacity(rows);
        let mut canonical = Canonicalizer::default();
        let mut text = String::new();
        for row in 0..rows {
            text.clear();
            match self.shape {
                Shape::Value if is_null(&arrays[0], row) => {
                    out.append_null();
                    continue;
                }
                Shape::Value => encode(&arrays[0], &args.arg_fields[0], row, &mut text)?,
                Shape::Array => {
                    text.push('[');
                    for (i, (array, field)) in arrays.iter().zip(&args.arg_fields).enumerate() {
                        if i > 0 {
                            text.push_str(", ");
                        }
                        encode(array, field, row, &mut text)?;
                    }
                    text.push(']');
                }
                Shape::Object => object(&arrays, &args.arg_fields, row, &mut canonical, &mut text)?,
            }
            out.append_value(&text);
        }
        Ok(ColumnarValue::Array(Arc::new(out.finish())))
    }
}

fn object(arrays: &[ArrayRef], fields: &[FieldRef], row: usize, canonical: &mut Canonicalizer, out: &mut String) -> Result<()> {
    let open = canonical.open_object(out);
    for (pair, pair_fields) in arrays.chunks_exact(2).zip(fields.chunks_exact(2)) {
        if is_null(&pair[0], row) {
            canonical.abandon(open);
            return Err(data_error(DataFault::InvalidArgument, "an object's key must not be null".to_owned()));
        }
        let key = cast(&pair[0].slice(row, 1), &DataType::Utf8)?;
        let key = arrow::array::AsArray::as_string::<i32>(&key).value(0).to_owned();
        canonical.member(&key, out, |_, out| encode(&pair[1], &pair_fields[1], row, out))?;
    }
    canonical.close_object(open, out);
    Ok(())
}
