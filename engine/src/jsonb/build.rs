//! `to_jsonb(any)`, `jsonb_build_object(key, value, ...)`, `jsonb_build_array(value, ...)`: jsonb from SQL values.
//!
//! `row_to_json(key, value, ...)` is text of type json: its members stay in their order. In SQL it has one argument, a record, of which
//! an extension makes its columns' names and values before a plan runs.

use std::sync::Arc;

use arrow::array::{ArrayRef, StringViewBuilder};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, internal_err, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use strata_storage::schema::SQL_TYPE;

use crate::error::DataFault;

use super::canonical::Canonicalizer;
use super::encode::{encode, encode_json, is_null};
use super::function::{data_error, jsonb_field};
use super::quoted::quote;

/// What is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Shape {
    Value,
    Object,
    Array,
    Row,
}

/// The four functions.
pub(super) fn udfs() -> impl Iterator<Item = ScalarUDF> {
    [Shape::Value, Shape::Object, Shape::Array, Shape::Row].into_iter().map(|shape| {
        let signature = match shape {
            Shape::Value => Signature::any(1, Volatility::Stable),
            Shape::Object | Shape::Array | Shape::Row => Signature::variadic_any(Volatility::Stable),
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
            Shape::Row => "row_to_json",
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
        if self.shape == Shape::Row {
            let is_record = matches!(args.arg_fields, [record] if record.data_type().is_null());
            if !is_record && !args.arg_fields.len().is_multiple_of(2) {
                return plan_err!("Invalid function 'row_to_json' of a value that is no record");
            }
            let json = Field::new(self.name(), DataType::Utf8View, true);
            return Ok(Arc::new(json.with_metadata([(SQL_TYPE.to_owned(), "json".to_owned())].into())));
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
                Shape::Row => record(&arrays, &args.arg_fields, row, &mut text)?,
                Shape::Object => object(&arrays, &args.arg_fields, row, &mut canonical, &mut text)?,
            }
            out.append_value(&text);
        }
        Ok(ColumnarValue::Array(Arc::new(out.finish())))
    }
}

fn record(arrays: &[ArrayRef], fields: &[FieldRef], row: usize, out: &mut String) -> Result<()> {
    let (pairs, []) = arrays.as_chunks::<2>() else { return internal_err!("a record that has no columns") };
    out.push('{');
    for (i, ([key, value], field)) in pairs.iter().zip(fields.iter().skip(1).step_by(2)).enumerate() {
        if i > 0 {
            out.push(',');
        }
        let key = cast(&key.slice(row, 1), &DataType::Utf8)?;
        quote(arrow::array::AsArray::as_string::<i32>(&key).value(0), out);
        out.push(':');
        encode_json(value, field, row, out)?;
    }
    out.push('}');
    Ok(())
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
