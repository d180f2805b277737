//! What the SQL functions over jsonb have in common: how arguments arrive and how results leave.
//!
//! A function is a [`Definition`]: its name, the kinds of its arguments, and a body that computes one row from views of the
//! arguments. An argument that should be jsonb but is plain text (a literal, most often) is checked and made canonical
//! once, before the rows. NULL in any argument gives NULL, unless the function says that it looks at NULLs itself.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanBuilder, Int32Builder, Int64Array, ListBuilder, StringViewArray, StringViewBuilder,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Int64Type};
use datafusion::common::{DataFusionError, Result, ScalarValue, exec_err, internal_err, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ExpressionPlacement, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use strata_storage::schema::{JSONB, SQL_TYPE};

use crate::EngineError;
use crate::error::DataFault;

use super::canonical::Canonicalizer;
use super::path::parse_path;

/// The kind of an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Argument {
    /// jsonb, or text that must be JSON.
    Jsonb,
    Text,
    /// The key of a member or the index of an element.
    Key,
    /// `text[]`, or its text form `{a,b}`.
    Path,
}

/// Computes the result of one row.
#[derive(Debug, Clone, Copy)]
pub(super) enum Body {
    /// Appends the canonical text of a jsonb value to the last argument; false is NULL.
    Jsonb(fn(&Call, usize, &mut String) -> Result<bool>),
    /// Appends text; false is NULL.
    Text(fn(&Call, usize, &mut String) -> Result<bool>),
    Boolean(fn(&Call, usize) -> Result<Option<bool>>),
    Integer(fn(&Call, usize) -> Result<Option<i32>>),
    /// Gives the elements of a `text[]`; `None` is NULL.
    Texts(fn(&Call, usize) -> Result<Option<Vec<String>>>),
}

/// A function of SQL.
#[derive(Debug)]
pub(super) struct Definition {
    pub(super) name: &'static str,
    pub(super) arguments: &'static [Argument],
    /// Whether the last argument may be repeated.
    pub(super) variadic: bool,
    pub(super) body: Body,
}

impl Definition {
    fn argument(&self, n: usize) -> Argument {
        self.arguments[n.min(self.arguments.len() - 1)]
    }

    /// The function as DataFusion wants it.
    pub(super) fn udf(&'static self) -> ScalarUDF {
        ScalarUDF::new_from_impl(JsonbFunction { definition: self, signature: Signature::user_defined(Volatility::Immutable) })
    }
}

/// The arguments of one batch.
#[derive(Debug)]
pub(super) struct Call {
    arguments: Vec<Values>,
}

#[derive(Debug)]
enum Values {
    Texts(StringViewArray, bool),
    Integers(Int64Array, bool),
    Paths(Vec<Option<Vec<String>>>, bool),
}

impl Call {
    /// Argument `n` of a row as text, or as canonical jsonb text if it is jsonb.
    pub(super) fn text(&self, n: usize, row: usize) -> Option<&str> {
        match &self.arguments[n] {
            Values::Texts(values, constant) => {
                let row = if *constant { 0 } else { row };
                values.is_valid(row).then(|| values.value(row))
            }
            _ => None,
        }
    }

    /// Argument `n` of a row as an integer, if the key was given as one.
    pub(super) fn integer(&self, n: usize, row: usize) -> Option<i64> {
        match &self.arguments[n] {
            Values::Integers(values, constant) => {
                let row = if *constant { 0 } else { row };
                values.is_valid(row).then(|| values.value(row))
            }
            _ => None,
        }
    }

    /// Argument `n` of a row as a path.
    pub(super) fn path(&self, n: usize, row: usize) -> Option<&[String]> {
        match &self.arguments[n] {
            Values::Paths(paths, constant) => paths[if *constant { 0 } else { row }].as_deref(),
            _ => None,
        }
    }

    /// How many arguments there are.
    pub(super) fn len(&self) -> usize {
        self.arguments.len()
    }
}

#[derive(Debug)]
struct JsonbFunction {
    definition: &'static Definition,
    signature: Signature,
}

impl PartialEq for JsonbFunction {
    fn eq(&self, other: &Self) -> bool {
        self.definition.name == other.definition.name
    }
}

impl Eq for JsonbFunction {}

impl Hash for JsonbFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.definition.name.hash(state);
    }
}

impl ScalarUDFImpl for JsonbFunction {
    fn name(&self) -> &str {
        self.definition.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        let Definition { name, arguments, variadic, .. } = self.definition;
        let fits = if *variadic { types.len() >= arguments.len() } else { types.len() == arguments.len() };
        if !fits {
            return plan_err!("{name} takes {} arguments, not {}", arguments.len(), types.len());
        }
        let coerce = |(n, given): (usize, &DataType)| match (self.definition.argument(n), given) {
            (Argument::Key, integer) if integer.is_integer() => Ok(DataType::Int64),
            (Argument::Path, DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(_, _)) => {
                Ok(DataType::List(Arc::new(Field::new_list_field(DataType::Utf8View, true))))
            }
            (_, DataType::Null) => Ok(DataType::Utf8View),
            (_, text) if is_text(text) => Ok(DataType::Utf8View),
            (wanted, other) => plan_err!("argument {} of {name} is of type {other}, which is no {wanted:?}", n + 1),
        };
        types.iter().enumerate().map(coerce).collect()
    }

    /// Reading a field of a column by a constant key belongs into the scan, which may have the field as a column.
    fn placement(&self, arguments: &[ExpressionPlacement]) -> ExpressionPlacement {
        let reads = matches!(self.definition.name, "jsonb_get" | "jsonb_get_text");
        match arguments {
            [ExpressionPlacement::Column | ExpressionPlacement::MoveTowardsLeafNodes, ExpressionPlacement::Literal] if reads => {
                ExpressionPlacement::MoveTowardsLeafNodes
            }
            _ => ExpressionPlacement::KeepInPlace,
        }
    }

    fn return_type(&self, _types: &[DataType]) -> Result<DataType> {
        internal_err!("{} says what it returns by its field", self.name())
    }

    fn return_field_from_args(&self, _args: ReturnFieldArgs) -> Result<FieldRef> {
        let data_type = match self.definition.body {
            Body::Jsonb(_) => return Ok(Arc::new(jsonb_field(self.name()))),
            Body::Text(_) => DataType::Utf8View,
            Body::Boolean(_) => DataType::Boolean,
            Body::Integer(_) => DataType::Int32,
            Body::Texts(_) => DataType::List(Arc::new(Field::new_list_field(DataType::Utf8View, true))),
        };
        Ok(Arc::new(Field::new(self.name(), data_type, true)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let constant = args.args.iter().all(|argument| matches!(argument, ColumnarValue::Scalar(_)));
        let rows = if constant { 1 } else { args.number_rows };
        let arguments = args
            .args
            .iter()
            .zip(&args.arg_fields)
            .enumerate()
            .map(|(n, (value, field))| values(self.definition.argument(n), value, field))
            .collect::<Result<Vec<_>>>()?;
        let result = self.definition.body.rows(&Call { arguments }, rows)?;
        if constant {
            Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&result, 0)?))
        } else {
            Ok(ColumnarValue::Array(result))
        }
    }
}

impl Body {
    fn rows(self, call: &Call, rows: usize) -> Result<ArrayRef> {
        match self {
            Self::Jsonb(body) | Self::Text(body) => {
                let mut out = StringViewBuilder::with_capacity(rows);
                let mut text = String::new();
                for row in 0..rows {
                    text.clear();
                    if body(call, row, &mut text)? {
                        out.append_value(&text);
                    } else {
                        out.append_null();
                    }
                }
                Ok(Arc::new(out.finish()))
            }
            Self::Boolean(body) => {
                let mut out = BooleanBuilder::with_capacity(rows);
                for row in 0..rows {
                    out.append_option(body(call, row)?);
                }
                Ok(Arc::new(out.finish()))
            }
            Self::Integer(body) => {
                let mut out = Int32Builder::with_capacity(rows);
                for row in 0..rows {
                    out.append_option(body(call, row)?);
                }
                Ok(Arc::new(out.finish()))
            }
            Self::Texts(body) => {
                let mut out = ListBuilder::new(StringViewBuilder::new());
                for row in 0..rows {
                    out.append_option(body(call, row)?.map(|texts| texts.into_iter().map(Some)));
                }
                Ok(Arc::new(out.finish()))
            }
        }
    }
}

fn values(argument: Argument, value: &ColumnarValue, field: &Field) -> Result<Values> {
    let (array, constant) = match value {
        ColumnarValue::Array(array) => (Arc::clone(array), false),
        ColumnarValue::Scalar(scalar) => (scalar.to_array()?, true),
    };
    Ok(match argument {
        Argument::Key if array.data_type().is_integer() => {
            Values::Integers(cast(&array, &DataType::Int64)?.as_primitive::<Int64Type>().clone(), constant)
        }
        Argument::Jsonb if !is_jsonb(field) => Values::Texts(canonical_texts(&texts(&array)?)?, constant),
        Argument::Jsonb | Argument::Text | Argument::Key => Values::Texts(texts(&array)?, constant),
        Argument::Path => Values::Paths(paths(&array)?, constant),
    })
}

fn texts(array: &ArrayRef) -> Result<StringViewArray> {
    Ok(cast(array, &DataType::Utf8View)?.as_string_view().clone())
}

fn paths(array: &ArrayRef) -> Result<Vec<Option<Vec<String>>>> {
    if let Some(lists) = array.as_list_opt::<i32>() {
        return lists
            .iter()
            .map(|list| list.map(|list| Ok(texts(&list)?.iter().flatten().map(str::to_owned).collect())).transpose())
            .collect();
    }
    let parse = |text: &str| match parse_path(text) {
        Some(path) => Ok(path),
        None => exec_err!("malformed array literal: \"{text}\""),
    };
    texts(array)?.iter().map(|text| text.map(parse).transpose()).collect()
}

/// The texts as canonical jsonb.
///
/// # Errors
/// A text that is no JSON.
pub fn canonical_texts(texts: &StringViewArray) -> Result<StringViewArray> {
    let mut canonical = Canonicalizer::default();
    let mut out = StringViewBuilder::with_capacity(texts.len());
    let mut printed = String::new();
    for text in texts {
        let Some(text) = text else {
            out.append_null();
            continue;
        };
        printed.clear();
        canonical
            .text(text, &mut printed)
            .map_err(|fault| data_error(DataFault::InvalidJson, format!("invalid input syntax for type json: {fault}")))?;
        out.append_value(&printed);
    }
    Ok(out.finish())
}

/// A value that does not fit, as DataFusion carries it.
pub(super) fn data_error(reason: DataFault, message: String) -> DataFusionError {
    DataFusionError::External(Box::new(EngineError::Data { reason, message, hint: None }))
}

pub(super) fn is_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, value) => is_text(value),
        _ => false,
    }
}

/// Whether the field says that its text is jsonb. A list with that mark is one of jsonb.
pub fn is_jsonb(field: &Field) -> bool {
    !matches!(field.data_type(), DataType::List(_)) && field.metadata().get(SQL_TYPE).is_some_and(|name| name == JSONB)
}

/// A field of type jsonb.
pub fn jsonb_field(name: &str) -> Field {
    Field::new(name, DataType::Utf8View, true).with_metadata([(SQL_TYPE.to_owned(), JSONB.to_owned())].into())
}
