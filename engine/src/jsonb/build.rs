//! `to_jsonb(any)`, `jsonb_build_object(key, value, ...)`, `jsonb_build_array(value, ...)`: jsonb from SQL values.
//!
//! `row_to_json(record, pretty)` is text of type json: its members stay in their order. An extension makes `strata_row_to_json(pretty,
//! key, value, ...)` of it before a plan runs, when the columns of the record are known. A record that stays is NULL.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, StringViewBuilder};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, internal_err, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, TypeSignature, Volatility,
};

use strata_storage::schema::SQL_TYPE;

use crate::error::DataFault;

use super::canonical::Canonicalizer;
use super::encode::{encode, encode_json, is_null};
use super::function::{data_error, jsonb_field};
use super::quoted::quote;

/// The function of a record's columns. Nobody writes it.
const ROW_TO_JSON: &str = "strata_row_to_json";

/// What is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Shape {
    Value,
    Object,
    Array,
    Record,
    Row,
}

/// The five functions.
pub(super) fn udfs() -> impl Iterator<Item = ScalarUDF> {
    [Shape::Value, Shape::Object, Shape::Array, Shape::Record, Shape::Row].into_iter().map(|shape| {
        let signature = match shape {
            Shape::Value => Signature::any(1, Volatility::Stable),
            Shape::Record => Signature::one_of(vec![TypeSignature::Any(1), TypeSignature::Any(2)], Volatility::Stable),
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
            Shape::Record => "row_to_json",
            Shape::Row => ROW_TO_JSON,
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
        let (fits, types) = match self.shape {
            Shape::Value | Shape::Object | Shape::Array => return Ok(Arc::new(jsonb_field(self.name()))),
            Shape::Record => (args.arg_fields[0].data_type().is_null(), &args.arg_fields[1..]),
            Shape::Row => (!args.arg_fields.len().is_multiple_of(2), &args.arg_fields[..args.arg_fields.len().min(1)]),
        };
        if !fits || !types.iter().all(|pretty| matches!(pretty.data_type(), DataType::Boolean | DataType::Null)) {
            return plan_err!("Invalid function 'row_to_json' of a value that is no record");
        }
        let json = Field::new(self.name(), DataType::Utf8View, true);
        Ok(Arc::new(json.with_metadata([(SQL_TYPE.to_owned(), "json".to_owned())].into())))
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
                Shape::Value | Shape::Row if is_null(&arrays[0], row) => {
                    out.append_null();
                    continue;
                }
                Shape::Record => {
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

/// Pretty is a line for each column of the record, and none for what its values are made of.
fn record(arrays: &[ArrayRef], fields: &[FieldRef], row: usize, out: &mut String) -> Result<()> {
    let Some((pretty, columns)) = arrays.split_first() else { return internal_err!("a record without arguments") };
    let separator = if pretty.as_boolean().value(row) { ",\n " } else { "," };
    out.push('{');
    for (i, (pair, field)) in columns.chunks_exact(2).zip(fields.iter().skip(2).step_by(2)).enumerate() {
        let (key, value) = (&pair[0], &pair[1]);
        if i > 0 {
            out.push_str(separator);
        }
        let key = cast(&key.slice(row, 1), &DataType::Utf8)?;
        quote(key.as_string::<i32>().value(0), out);
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
        let key = key.as_string::<i32>().value(0).to_owned();
        canonical.member(&key, out, |_, out| encode(&pair[1], &pair_fields[1], row, out))?;
    }
    canonical.close_object(open, out);
    Ok(())
}
