//! Functions that PostgreSQL has and DataFusion has not, or has otherwise.
//!
//! A [`Function`] is a name and its overloads: what each takes and gives, and a body that computes one row, or a kernel that computes all
//! of them where columns are large and rows are cheap. The overload is chosen
//! as PostgreSQL does, roughly: the one that needs the fewest conversions; a literal text converts to anything. NULL in any argument
//! gives NULL, unless the overload says that it looks at NULLs itself.

mod array;
mod bytes;
mod date;
mod extract;
mod format;
mod gathered;
mod interval;
mod json;
mod logarithm;
mod number;
mod regexp;
mod results;
mod series;
#[cfg(test)]
mod speed;
mod template;
mod text;
mod to_char;
mod value;

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray};
use arrow::compute::kernels::arity::try_binary;
use arrow::datatypes::{DataType, Field, FieldRef, Float64Type, Int64Type};
use arrow::error::ArrowError;
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::prelude::SessionContext;
use strata_engine::EngineError;
use strata_engine::error::ObjectClass;
use strata_engine::session::sql_type::data_type_name;

use self::results::Results;
use self::value::{Batch, Column, Kind, Row, Value};
use super::{fault, numeric_type};

/// A function of SQL.
pub(super) struct Function {
    name: &'static str,
    overloads: &'static [Overload],
}

/// One way to call it.
struct Overload {
    takes: &'static [Kind],
    /// How many of the last arguments may be missing.
    optional: usize,
    /// Whether the last argument may be repeated.
    variadic: bool,
    gives: Gives,
    /// Whether the body looks at NULLs itself.
    nulls: bool,
    body: Body,
}

/// What computes results.
#[derive(Clone, Copy)]
enum Body {
    /// One row.
    Row(fn(&Row) -> Result<Value>),
    /// A float of a float.
    Float(fn(f64) -> Result<f64>),
    /// A float of two.
    Floats(fn(f64, f64) -> Result<f64>),
    /// A `bigint` of two.
    Longs(fn(i64, i64) -> Result<i64>),
    /// All rows at once.
    Batch(fn(&Batch) -> Result<ArrayRef>),
}

/// The type of a result.
#[derive(Clone, Copy)]
enum Gives {
    Kind(Kind),
    /// That of an argument.
    Same(usize),
    /// That of the elements of an argument.
    Element(usize),
    /// `numeric` with as many digits behind the point as the types and constants of the arguments tell.
    Scale(fn(&[FieldRef], &[Option<String>]) -> i8),
    /// `numeric` with as many digits behind the point as the constants tell, those of a quotient if they do not.
    Digits(logarithm::Digits),
    /// An array of `numeric` with the most digits behind the point that an argument has.
    Numerics,
    /// An array of what an argument is.
    ListOf(usize),
}

impl Overload {
    const fn with(takes: &'static [Kind], gives: Kind, body: Body) -> Self {
        Self { takes, optional: 0, variadic: false, gives: Gives::Kind(gives), nulls: false, body }
    }

    const fn new(takes: &'static [Kind], gives: Kind, body: fn(&Row) -> Result<Value>) -> Self {
        Self::with(takes, gives, Body::Row(body))
    }

    /// One that computes all rows at once, and says itself where NULL is.
    const fn batch(takes: &'static [Kind], gives: Kind, body: fn(&Batch) -> Result<ArrayRef>) -> Self {
        Self::with(takes, gives, Body::Batch(body))
    }

    const fn optional(mut self, optional: usize) -> Self {
        self.optional = optional;
        self
    }

    const fn variadic(mut self) -> Self {
        self.variadic = true;
        self
    }

    const fn nulls(mut self) -> Self {
        self.nulls = true;
        self
    }

    const fn gives(mut self, gives: Gives) -> Self {
        self.gives = gives;
        self
    }

    fn kind(&self, at: usize) -> Kind {
        self.takes[at.min(self.takes.len().saturating_sub(1))]
    }

    /// How many conversions a call needs; `None` if it is none of this overload.
    fn cost(&self, types: &[DataType]) -> Option<u32> {
        let most = if self.variadic { usize::MAX } else { self.takes.len() };
        let least = self.takes.len() - self.optional;
        if types.len() < least || types.len() > most {
            return None;
        }
        types.iter().enumerate().map(|(at, data_type)| self.kind(at).cost(data_type)).sum()
    }
}

impl Overload {
    /// The results of all rows.
    fn computed(&self, batch: &Batch) -> Result<ArrayRef> {
        let body = match self.body {
            Body::Row(body) => body,
            Body::Float(body) => {
                return Ok(Arc::new(batch.columns[0].floats().try_unary::<_, Float64Type, DataFusionError>(body)?));
            }
            Body::Floats(body) => {
                let (a, b) = (batch.columns[0].floats(), batch.columns[1].floats());
                let carried = |a, b| body(a, b).map_err(|error| ArrowError::ExternalError(Box::new(error)));
                return Ok(Arc::new(try_binary::<_, _, _, Float64Type>(a, b, carried)?));
            }
            Body::Longs(body) => {
                let (a, b) = (batch.columns[0].longs(), batch.columns[1].longs());
                let carried = |a, b| body(a, b).map_err(|error| ArrowError::ExternalError(Box::new(error)));
                return Ok(Arc::new(try_binary::<_, _, _, Int64Type>(a, b, carried)?));
            }
            Body::Batch(body) => return body(batch),
        };
        let mut results = Results::new(batch.field, batch.rows);
        for row in 0..batch.rows {
            let row = Row { scale: results.scale(), ..batch.row(row) };
            let null = !self.nulls && (0..batch.columns.len()).any(|at| row.is_null(at));
            results.push(if null { Value::Null } else { body(&row)? })?;
        }
        results.finish()
    }
}

/// All functions, by what they are about.
const FAMILIES: [&[Function]; 14] = [
    array::ALL,
    bytes::ALL,
    date::ALL,
    extract::ALL,
    format::ALL,
    gathered::ALL,
    interval::ALL,
    json::ALL,
    number::ALL,
    regexp::ALL,
    series::ALL,
    template::ALL,
    text::ALL,
    to_char::ALL,
];

/// Registers all of them.
pub(super) fn register(context: &SessionContext) {
    for function in FAMILIES.into_iter().flatten() {
        let signature = Signature::user_defined(Volatility::Immutable);
        context.register_udf(ScalarUDF::new_from_impl(Called { function, signature }));
    }
}

struct Called {
    function: &'static Function,
    signature: Signature,
}

impl std::fmt::Debug for Called {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Called").field(&self.function.name).finish()
    }
}

impl PartialEq for Called {
    fn eq(&self, other: &Self) -> bool {
        self.function.name == other.function.name
    }
}

impl Eq for Called {}

impl std::hash::Hash for Called {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.function.name.hash(state);
    }
}

impl Called {
    fn overload(&self, types: &[DataType]) -> Result<&'static Overload> {
        let costs = self.function.overloads.iter().filter_map(|overload| Some((overload.cost(types)?, overload)));
        match costs.min_by_key(|(cost, _)| *cost) {
            Some((_, overload)) => Ok(overload),
            None => {
                let types: Vec<String> = types.iter().map(data_type_name).collect();
                Err(fault::carried(EngineError::Undefined {
                    what: ObjectClass::Function,
                    name: format!("{}({})", self.function.name, types.join(", ")),
                    hint: Some(
                        "No function matches the given name and argument types. You might need to add explicit type casts."
                            .into(),
                    ),
                }))
            }
        }
    }
}

impl ScalarUDFImpl for Called {
    fn name(&self) -> &str {
        self.function.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        let overload = self.overload(types)?;
        Ok(types.iter().enumerate().map(|(at, data_type)| overload.kind(at).planned(data_type)).collect())
    }

    fn return_type(&self, _types: &[DataType]) -> Result<DataType> {
        plan_err!("{} says what it gives by its field", self.name())
    }

    fn return_field_from_args(&self, arguments: ReturnFieldArgs) -> Result<FieldRef> {
        let types: Vec<DataType> = arguments.arg_fields.iter().map(|field| field.data_type().clone()).collect();
        Ok(Arc::new(match self.overload(&types)?.gives {
            Gives::Kind(kind) => kind.field(self.name()),
            Gives::Same(at) => arguments.arg_fields[at].as_ref().clone().with_name(self.name()).with_nullable(true),
            Gives::Element(at) => match arguments.arg_fields[at].data_type() {
                DataType::List(element) => element.as_ref().clone().with_name(self.name()).with_nullable(true),
                other => Field::new(self.name(), other.clone(), true),
            },
            Gives::Scale(scale) => {
                // Literals as they were written: what is folded to one later, of other types, must not change the type of the result.
                let written = |value: &Option<&ScalarValue>| match value {
                    Some(value @ (ScalarValue::Utf8(Some(_)) | ScalarValue::Int64(Some(_)))) => Some(value.to_string()),
                    _ => None,
                };
                let constants: Vec<Option<String>> = arguments.scalar_arguments.iter().map(written).collect();
                Field::new(self.name(), numeric_type::of_scale(scale(arguments.arg_fields, &constants)), true)
            }
            Gives::Digits(digits) => {
                let data_type = digits(arguments.scalar_arguments).map_or(numeric_type::QUOTIENT, numeric_type::of_scale);
                Field::new(self.name(), data_type, true)
            }
            Gives::Numerics => {
                let scale = |field: &FieldRef| match field.data_type() {
                    DataType::Decimal128(_, scale) => *scale,
                    _ => 0,
                };
                let scale = arguments.arg_fields.iter().map(scale).max().unwrap_or_default();
                Field::new(self.name(), DataType::new_list(numeric_type::of_scale(scale), true), true)
            }
            Gives::ListOf(at) => {
                let element =
                    arguments.arg_fields[at].as_ref().clone().with_name(Field::LIST_FIELD_DEFAULT_NAME).with_nullable(true);
                Field::new(self.name(), DataType::List(Arc::new(element)), true)
            }
        }))
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let types: Vec<DataType> = arguments.arg_fields.iter().map(|field| field.data_type().clone()).collect();
        let overload = self.overload(&types)?;
        let constant = arguments.args.iter().all(|argument| matches!(argument, ColumnarValue::Scalar(_)));
        let rows = if constant { 1 } else { arguments.number_rows };
        let style = super::cast::style(&arguments.config_options);
        let columns = arguments.args.iter().zip(&arguments.arg_fields).enumerate();
        let columns = columns.map(|(at, (value, field))| Column::new(overload.kind(at), &value.to_array(rows)?, field, style));
        let columns = columns.collect::<Result<Vec<_>>>()?;
        let batch = Batch { columns: &columns, rows, style, field: &arguments.return_field };
        let array = overload.computed(&batch)?;
        if constant {
            // The fields of a list's elements say what they are, and a scalar made of its elements would forget it.
            return Ok(ColumnarValue::Scalar(match array.as_list_opt::<i32>() {
                Some(list) => ScalarValue::List(Arc::new(list.clone())),
                None => ScalarValue::try_from_array(&array, 0)?,
            }));
        }
        Ok(ColumnarValue::Array(array))
    }
}
