//! Functions of `pg_catalog` that clients call about the server: names, comments, definitions, rights, sizes.
//!
//! Those that know the session (`current_setting`, `version` ...) are the engine's. A function here is a name, the
//! number of arguments it takes and an evaluation of one row; arguments come as text or numbers, whatever the client
//! wrote, because clients send oids as both.

mod acl;
pub(crate) mod definitions;
mod descriptions;
mod keywords;
pub(crate) mod naming;
mod parse_ident;
mod patterns;
mod privileges;
pub(crate) mod quoting;
mod regclass;
mod server;
mod sizes;
mod vector;
mod visibility;

use std::hash::{Hash, Hasher};
use std::ops::RangeInclusive;
use std::sync::{Arc, OnceLock};

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result as PlanResult};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, TypeSignature, Volatility,
};
use datafusion::prelude::SessionContext;
use strata_engine::Engine;
use strata_engine::session::SessionInfo;

use crate::catalog::world::{Scope, Source, World};

/// A function of this module.
pub(crate) struct Definition {
    /// Name.
    pub name: &'static str,
    /// How many arguments it takes.
    pub arguments: RangeInclusive<usize>,
    /// Type of its result.
    pub returns: Returns,
    /// One row.
    pub evaluate: fn(&Call<'_>) -> strata_engine::Result<Value>,
}

/// Type of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Returns {
    /// `text`.
    Text,
    /// `boolean`.
    Bool,
    /// `integer`, and oids.
    Int,
    /// `bigint`.
    Long,
}

/// A result.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    /// NULL.
    Null,
    /// Text.
    Text(String),
    /// A truth value.
    Bool(bool),
    /// A number.
    Int(i64),
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

/// One row's arguments, and what there is to know.
pub(crate) struct Call<'a> {
    source: &'a Source,
    world: &'a OnceLock<World>,
    arguments: &'a [Argument],
    row: usize,
}

/// An argument as text and, where it is one, as a number.
struct Argument {
    texts: arrow::array::StringArray,
    numbers: arrow::array::Int64Array,
}

impl<'a> Call<'a> {
    /// The session and the engine.
    pub fn source(&self) -> &'a Source {
        self.source
    }

    /// What exists, looked up once a batch; views have no columns in it.
    pub fn world(&self) -> &'a World {
        self.world.get_or_init(|| futures::executor::block_on(World::look(self.source, false, &Scope::All)))
    }

    /// How many arguments there are.
    pub fn count(&self) -> usize {
        self.arguments.len()
    }

    /// An argument as text; `None` for NULL or none.
    pub fn text(&self, at: usize) -> Option<&'a str> {
        let argument = self.arguments.get(at)?;
        argument.texts.is_valid(self.row).then(|| argument.texts.value(self.row))
    }

    /// An argument as a number; `None` for NULL, none, or text that is no number.
    pub fn number(&self, at: usize) -> Option<i64> {
        let argument = self.arguments.get(at)?;
        argument.numbers.is_valid(self.row).then(|| argument.numbers.value(self.row))
    }

    /// An argument as an oid.
    pub fn oid(&self, at: usize) -> Option<u32> {
        u32::try_from(self.number(at)?).ok()
    }
}

/// Registers all of them.
pub(crate) fn register(context: &SessionContext, engine: &Arc<Engine>, session: &Arc<SessionInfo>) {
    let Some(catalog) = context.catalog(&session.database) else { return };
    let source = Source {
        engine: Arc::clone(engine),
        session: Arc::clone(session),
        catalog: Arc::downgrade(&catalog),
        state: context.state_weak_ref(),
        planning_views: Arc::default(),
    };
    let families = [
        definitions::ALL,
        descriptions::ALL,
        naming::ALL,
        patterns::ALL,
        privileges::ALL,
        quoting::ALL,
        regclass::ALL,
        server::ALL,
        sizes::ALL,
        visibility::ALL,
    ];
    for definition in families.into_iter().flatten() {
        context.register_udf(ScalarUDF::from(CatalogFunction::new(definition, source.clone())));
    }
    context.register_udf(ScalarUDF::new_from_impl(acl::AclExplode::new(source)));
    context.register_udf(ScalarUDF::new_from_impl(parse_ident::ParseIdent::default()));
    vector::all().for_each(|function| context.register_udf(function));
    context.register_udtf("pg_get_keywords", Arc::new(keywords::Keywords));
}

/// A [`Definition`] as DataFusion calls it.
struct CatalogFunction {
    definition: &'static Definition,
    source: Source,
    signature: Signature,
}

impl CatalogFunction {
    fn new(definition: &'static Definition, source: Source) -> Self {
        let counts = definition.arguments.clone().map(|count| match count {
            0 => TypeSignature::Nullary,
            count => TypeSignature::Any(count),
        });
        Self { definition, source, signature: Signature::one_of(counts.collect(), Volatility::Stable) }
    }
}

impl std::fmt::Debug for CatalogFunction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("CatalogFunction").field(&self.definition.name).finish()
    }
}

impl PartialEq for CatalogFunction {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.definition, other.definition)
    }
}

impl Eq for CatalogFunction {}

impl Hash for CatalogFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.definition.name.hash(state);
    }
}

impl ScalarUDFImpl for CatalogFunction {
    fn name(&self) -> &str {
        self.definition.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> PlanResult<DataType> {
        Ok(match self.definition.returns {
            Returns::Text => DataType::Utf8,
            Returns::Bool => DataType::Boolean,
            Returns::Int => DataType::Int32,
            Returns::Long => DataType::Int64,
        })
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> PlanResult<ColumnarValue> {
        let constant = args.args.iter().all(|argument| matches!(argument, ColumnarValue::Scalar(_)));
        let rows = if constant { 1 } else { args.number_rows };
        let arguments = args.args.iter().map(|argument| Argument::new(argument, rows)).collect::<PlanResult<Vec<_>>>()?;
        let world = OnceLock::new();
        let mut values = Vec::with_capacity(rows);
        for row in 0..rows {
            let call = Call { source: &self.source, world: &world, arguments: &arguments, row };
            let value = (self.definition.evaluate)(&call).map_err(|error| DataFusionError::External(Box::new(error)))?;
            values.push(self.definition.returns.scalar(value));
        }
        match (constant, values.pop()) {
            (true, Some(value)) => Ok(ColumnarValue::Scalar(value)),
            (_, last) => {
                values.extend(last);
                match values.is_empty() {
                    true => Ok(ColumnarValue::Array(arrow::array::new_empty_array(args.return_field.data_type()))),
                    false => Ok(ColumnarValue::Array(ScalarValue::iter_to_array(values)?)),
                }
            }
        }
    }
}

impl Argument {
    fn new(value: &ColumnarValue, rows: usize) -> PlanResult<Self> {
        let array = value.to_array(rows)?;
        let texts = cast(&array, &DataType::Utf8)
            .or_else(|_| cast(&arrow::array::new_null_array(&DataType::Utf8, rows), &DataType::Utf8))?;
        // A cast that is not safe would fail on text that is no number; this one gives NULL.
        let numbers = match array.data_type() {
            data_type if data_type.is_integer() => cast(&array, &DataType::Int64)?,
            _ => cast(&texts, &DataType::Int64)?,
        };
        Ok(Self { texts: texts.as_string::<i32>().clone(), numbers: numbers.as_primitive::<Int64Type>().clone() })
    }
}

impl Returns {
    fn scalar(self, value: Value) -> ScalarValue {
        match (self, value) {
            (Self::Text, Value::Text(text)) => ScalarValue::Utf8(Some(text)),
            (Self::Text, Value::Int(number)) => ScalarValue::Utf8(Some(number.to_string())),
            (Self::Text, _) => ScalarValue::Utf8(None),
            (Self::Bool, Value::Bool(value)) => ScalarValue::Boolean(Some(value)),
            (Self::Bool, _) => ScalarValue::Boolean(None),
            (Self::Int, Value::Int(number)) => ScalarValue::Int32(i32::try_from(number).ok()),
            (Self::Int, _) => ScalarValue::Int32(None),
            (Self::Long, Value::Int(number)) => ScalarValue::Int64(Some(number)),
            (Self::Long, _) => ScalarValue::Int64(None),
        }
    }
}
