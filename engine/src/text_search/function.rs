//! What the functions of full text have in common: an optional configuration, typed arguments, NULL in and NULL out.
//!
//! A function is a [`Definition`]: its name, the kinds of its arguments and a body that computes one row. A query or a vector that
//! is the same for all rows is read once a batch.

use std::borrow::Cow;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanBuilder, Float32Builder, Int32Builder, Int64Array, StringViewArray, StringViewBuilder,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Int64Type};
use datafusion::common::{DataFusionError, Result as PlanResult, ScalarValue, internal_err, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use strata_storage::words::{Tokenizer, WordQuery};

use super::configuration;
use super::parse::parse_canonical;
use super::types::{Kind, TSQUERY, TSVECTOR, field, is_text};
use super::vector::WordVector;
use crate::Result;
use crate::error::EngineError;

/// The kind of an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Argument {
    Text,
    /// A `tsquery`, or a literal that is one.
    Query,
    /// A `tsvector`, or a literal that is one.
    Vector,
    Integer,
}

/// Computes the result of a row whose arguments are not NULL.
#[derive(Debug, Clone, Copy)]
pub(super) enum Body {
    Query(fn(&Call, usize) -> Result<WordQuery>),
    Vector(fn(&Call, usize) -> Result<WordVector>),
    Text(fn(&Call, usize) -> Result<String>),
    Integer(fn(&Call, usize) -> Result<i32>),
    Real(fn(&Call, usize) -> Result<f32>),
    Boolean(fn(&Call, usize) -> Result<bool>),
}

/// A function of SQL.
#[derive(Debug)]
pub(super) struct Definition {
    pub(super) name: &'static str,
    /// Whether the name of a configuration may come first.
    pub(super) configured: bool,
    pub(super) arguments: &'static [Argument],
    /// How many of the last arguments may be left out.
    pub(super) optional: usize,
    pub(super) body: Body,
}

impl Definition {
    /// The function as DataFusion wants it.
    pub(super) fn udf(&'static self) -> ScalarUDF {
        let signature = Signature::user_defined(Volatility::Immutable);
        ScalarUDF::new_from_impl(TextSearchFunction { definition: self, signature })
    }

    fn counts(&self) -> std::ops::RangeInclusive<usize> {
        self.arguments.len() - self.optional..=self.arguments.len() + usize::from(self.configured)
    }

    /// Whether the first of these arguments is a configuration. Where the count does not say it, a query does, which a
    /// configuration moves by one.
    pub(super) fn is_configured(&self, kinds: &[Kind]) -> bool {
        let plain = self.arguments.len() - self.optional;
        let query = self.arguments.iter().position(|argument| *argument == Argument::Query);
        self.configured
            && match kinds.len() {
                count if count > self.arguments.len() => true,
                count if count <= plain => false,
                _ => query.and_then(|query| kinds.get(query)) != Some(&Kind::Query),
            }
    }
}

/// A [`Definition`] for DataFusion.
#[derive(Debug)]
pub(super) struct TextSearchFunction {
    pub(super) definition: &'static Definition,
    signature: Signature,
}

impl PartialEq for TextSearchFunction {
    fn eq(&self, other: &Self) -> bool {
        self.definition.name == other.definition.name
    }
}

impl Eq for TextSearchFunction {}

impl Hash for TextSearchFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.definition.name.hash(state);
    }
}

impl ScalarUDFImpl for TextSearchFunction {
    fn name(&self) -> &str {
        self.definition.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> PlanResult<Vec<DataType>> {
        let counts = self.definition.counts();
        if !counts.contains(&types.len()) {
            let (name, given) = (self.name(), types.len());
            return plan_err!("{name} takes {} to {} arguments, not {given}", counts.start(), counts.end());
        }
        let coerce = |(n, given): (usize, &DataType)| {
            // A configuration before it moves an integer by one.
            let integer = n > 0 && self.definition.arguments.contains(&Argument::Integer);
            match given {
                DataType::Null => Ok(if integer && n + 1 == types.len() { DataType::Int64 } else { DataType::Utf8View }),
                given if given.is_integer() && integer => Ok(DataType::Int64),
                given if is_text(given) => Ok(DataType::Utf8View),
                given => plan_err!("argument {} of {} cannot be of type {given}", n + 1, self.name()),
            }
        };
        types.iter().enumerate().map(coerce).collect()
    }

    fn return_type(&self, _types: &[DataType]) -> PlanResult<DataType> {
        internal_err!("{} says what it returns by its field", self.name())
    }

    /// Says the type, and finds what is wrong with constant arguments before there are rows.
    fn return_field_from_args(&self, args: ReturnFieldArgs) -> PlanResult<FieldRef> {
        let name = self.name();
        let kinds: Vec<Kind> = args.arg_fields.iter().map(|field| Kind::of(field)).collect();
        let configured = self.definition.is_configured(&kinds);
        let named = args.scalar_arguments.first().filter(|_| configured).copied().flatten();
        let named = named.and_then(|name| name.try_as_str().flatten()).map(configuration::tokenizer).transpose();
        let tokenizer = named.map_err(external)?;
        if let Body::Query(_) = self.definition.body {
            let constants: Option<Vec<_>> =
                args.scalar_arguments.iter().map(|value| value.map(|value| ColumnarValue::Scalar(value.clone()))).collect();
            if let Some(constants) = constants {
                self.rows(&constants, &kinds, 1)?;
            }
        }
        Ok(Arc::new(match self.definition.body {
            Body::Query(_) => field(name, TSQUERY, tokenizer),
            Body::Vector(_) => field(name, TSVECTOR, tokenizer),
            Body::Text(_) => Field::new(name, DataType::Utf8View, true),
            Body::Integer(_) => Field::new(name, DataType::Int32, true),
            Body::Real(_) => Field::new(name, DataType::Float32, true),
            Body::Boolean(_) => Field::new(name, DataType::Boolean, true),
        }))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> PlanResult<ColumnarValue> {
        let constant = args.args.iter().all(|argument| matches!(argument, ColumnarValue::Scalar(_)));
        let kinds: Vec<Kind> = args.arg_fields.iter().map(|field| Kind::of(field)).collect();
        let result = self.rows(&args.args, &kinds, if constant { 1 } else { args.number_rows })?;
        if constant {
            Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&result, 0)?))
        } else {
            Ok(ColumnarValue::Array(result))
        }
    }
}

impl TextSearchFunction {
    fn rows(&self, arguments: &[ColumnarValue], kinds: &[Kind], rows: usize) -> PlanResult<ArrayRef> {
        let configured = self.definition.is_configured(kinds);
        let (tokenizer, arguments) = match arguments {
            [named, arguments @ ..] if configured => (tokenizer(named)?, arguments),
            arguments => (Some(Tokenizer::default()), arguments),
        };
        let values = arguments.iter().zip(self.definition.arguments).map(|(value, argument)| Values::new(*argument, value));
        let arguments = values.collect::<PlanResult<Vec<_>>>()?;
        // Without a configuration every row is NULL.
        let known = tokenizer.is_some();
        let call = Call { tokenizer: tokenizer.unwrap_or_default(), arguments };
        self.definition.body.rows(&call, rows, known).map_err(external)
    }
}

/// The tokenizer of a configuration; `None` for NULL.
fn tokenizer(named: &ColumnarValue) -> PlanResult<Option<Tokenizer>> {
    match named {
        ColumnarValue::Scalar(name) => name.try_as_str().flatten().map(configuration::tokenizer).transpose().map_err(external),
        ColumnarValue::Array(_) => Err(external(EngineError::Unsupported {
            message: "a text search configuration must be constant".into(),
            hint: Some("Write its name as a literal.".into()),
        })),
    }
}

/// The arguments of one batch, without the configuration.
#[derive(Debug)]
pub(super) struct Call {
    /// That of the configuration.
    pub(super) tokenizer: Tokenizer,
    arguments: Vec<Values>,
}

#[derive(Debug)]
enum Values {
    Texts(StringViewArray, bool),
    Integers(Int64Array, bool),
    Query(Option<WordQuery>),
    Queries(StringViewArray),
    Vector(Option<WordVector>),
    Vectors(StringViewArray),
}

impl Values {
    fn new(argument: Argument, value: &ColumnarValue) -> PlanResult<Self> {
        let (array, constant) = match value {
            ColumnarValue::Array(array) => (Arc::clone(array), false),
            ColumnarValue::Scalar(scalar) => (scalar.to_array()?, true),
        };
        if argument == Argument::Integer {
            return Ok(Self::Integers(cast(&array, &DataType::Int64)?.as_primitive::<Int64Type>().clone(), constant));
        }
        let texts = cast(&array, &DataType::Utf8View)?.as_string_view().clone();
        let only = || texts.iter().next().flatten();
        Ok(match (argument, constant) {
            (Argument::Query, true) => Self::Query(only().map(parse_canonical).transpose().map_err(external)?),
            (Argument::Vector, true) => Self::Vector(only().map(WordVector::parse).transpose().map_err(external)?),
            (Argument::Query, false) => Self::Queries(texts),
            (Argument::Vector, false) => Self::Vectors(texts),
            (Argument::Text | Argument::Integer, _) => Self::Texts(texts, constant),
        })
    }

    fn is_null(&self, row: usize) -> bool {
        match self {
            Self::Texts(values, constant) => values.is_null(if *constant { 0 } else { row }),
            Self::Integers(values, constant) => values.is_null(if *constant { 0 } else { row }),
            Self::Query(query) => query.is_none(),
            Self::Vector(vector) => vector.is_none(),
            Self::Queries(texts) | Self::Vectors(texts) => texts.is_null(row),
        }
    }
}

impl Call {
    /// Argument `n` of a row, which is text.
    pub(super) fn text(&self, n: usize, row: usize) -> &str {
        match self.arguments.get(n) {
            Some(Values::Texts(values, constant)) => values.value(if *constant { 0 } else { row }),
            _ => "",
        }
    }

    /// Argument `n` of a row, which is an integer; `None` if it was left out.
    pub(super) fn integer(&self, n: usize, row: usize) -> Option<i64> {
        match self.arguments.get(n)? {
            Values::Integers(values, constant) => Some(values.value(if *constant { 0 } else { row })),
            _ => None,
        }
    }

    /// Argument `n` of a row, which is a query.
    pub(super) fn query(&self, n: usize, row: usize) -> Result<Cow<'_, WordQuery>> {
        match self.arguments.get(n) {
            Some(Values::Query(Some(query))) => Ok(Cow::Borrowed(query)),
            Some(Values::Queries(texts)) => parse_canonical(texts.value(row)).map(Cow::Owned),
            _ => Ok(Cow::Owned(WordQuery::Empty)),
        }
    }

    /// Argument `n` of a row, which is a vector.
    pub(super) fn vector(&self, n: usize, row: usize) -> Result<Cow<'_, WordVector>> {
        match self.arguments.get(n) {
            Some(Values::Vector(Some(vector))) => Ok(Cow::Borrowed(vector)),
            Some(Values::Vectors(texts)) => WordVector::parse(texts.value(row)).map(Cow::Owned),
            _ => Ok(Cow::Owned(WordVector::default())),
        }
    }

    fn has_null(&self, row: usize) -> bool {
        self.arguments.iter().any(|argument| argument.is_null(row))
    }
}

impl Body {
    /// `known` is false where the configuration is NULL.
    fn rows(self, call: &Call, rows: usize, known: bool) -> Result<ArrayRef> {
        /// One loop for every kind of result.
        macro_rules! collect {
            ($builder:expr, $value:expr) => {{
                let mut out = $builder;
                for row in 0..rows {
                    if known && !call.has_null(row) {
                        out.append_value($value(row)?);
                    } else {
                        out.append_null();
                    }
                }
                Arc::new(out.finish()) as ArrayRef
            }};
        }
        Ok(match self {
            Self::Query(body) => collect!(StringViewBuilder::new(), |row| body(call, row).map(|query| query.to_string())),
            Self::Vector(body) => collect!(StringViewBuilder::new(), |row| body(call, row).map(|vector| vector.to_string())),
            Self::Text(body) => collect!(StringViewBuilder::new(), |row| body(call, row)),
            Self::Integer(body) => collect!(Int32Builder::new(), |row| body(call, row)),
            Self::Real(body) => collect!(Float32Builder::new(), |row| body(call, row)),
            Self::Boolean(body) => collect!(BooleanBuilder::new(), |row| body(call, row)),
        })
    }
}

/// An error of ours, as DataFusion carries it.
pub(super) fn external(error: EngineError) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}
