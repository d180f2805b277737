//! Functions that know their session: who, where, when, settings, other sessions.
//!
//! All are stable: within a statement they have one value, so the optimizer folds them and scans can prune by `now()`.
//! Those that do something (`set_config`, `pg_cancel_backend`) are volatile and run once a row.

mod backend;
mod configuration;
mod identity;
mod sleep;
mod time;

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result as PlanResult};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, TypeSignature, Volatility,
};
use datafusion::prelude::SessionContext;

use super::SessionInfo;
use crate::Result;
use crate::engine::Engine;

/// What a function may look at.
#[derive(Debug, Clone)]
struct Surroundings {
    engine: Arc<Engine>,
    session: Arc<SessionInfo>,
}

type Evaluate = fn(&Surroundings, &[ScalarValue]) -> Result<ScalarValue>;

/// A function's definition.
struct Definition {
    name: &'static str,
    aliases: &'static [&'static str],
    /// Argument types; several lists for a function that takes more or fewer.
    arguments: &'static [&'static [DataType]],
    returns: fn() -> DataType,
    volatility: Volatility,
    evaluate: Evaluate,
}

impl Definition {
    /// A function without arguments that has one value a statement.
    const fn constant(
        name: &'static str,
        aliases: &'static [&'static str],
        returns: fn() -> DataType,
        evaluate: Evaluate,
    ) -> Self {
        Self { name, aliases, arguments: &[&[]], returns, volatility: Volatility::Stable, evaluate }
    }
}

/// Registers all of them.
pub(super) fn register(context: &SessionContext, engine: &Arc<Engine>, session: &Arc<SessionInfo>) {
    let surroundings = Surroundings { engine: engine.clone(), session: session.clone() };
    let families = [identity::ALL, time::ALL, configuration::ALL, backend::ALL];
    for definition in families.into_iter().flatten() {
        let function = SessionFunction {
            definition,
            aliases: definition.aliases.iter().map(|alias| (*alias).to_owned()).collect(),
            signature: definition.signature(),
            surroundings: surroundings.clone(),
        };
        context.register_udf(ScalarUDF::new_from_impl(function));
    }
    context.register_udf(sleep::pg_sleep());
}

impl Definition {
    fn signature(&self) -> Signature {
        let one = |types: &[DataType]| match types {
            [] => TypeSignature::Nullary,
            types => TypeSignature::Exact(types.to_vec()),
        };
        match self.arguments {
            [only] => Signature::new(one(only), self.volatility),
            several => Signature::new(TypeSignature::OneOf(several.iter().map(|types| one(types)).collect()), self.volatility),
        }
    }
}

struct SessionFunction {
    definition: &'static Definition,
    aliases: Vec<String>,
    signature: Signature,
    surroundings: Surroundings,
}

impl std::fmt::Debug for SessionFunction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionFunction").field("name", &self.definition.name).finish_non_exhaustive()
    }
}

impl PartialEq for SessionFunction {
    fn eq(&self, other: &Self) -> bool {
        (self.definition.name, self.surroundings.session.id) == (other.definition.name, other.surroundings.session.id)
    }
}

impl Eq for SessionFunction {}

impl Hash for SessionFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.definition.name, self.surroundings.session.id).hash(state);
    }
}

impl ScalarUDFImpl for SessionFunction {
    fn name(&self) -> &str {
        self.definition.name
    }

    fn aliases(&self) -> &[String] {
        &self.aliases
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> PlanResult<DataType> {
        Ok((self.definition.returns)())
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> PlanResult<ColumnarValue> {
        let evaluate = |values: &[ScalarValue]| {
            (self.definition.evaluate)(&self.surroundings, values).map_err(|error| DataFusionError::External(Box::new(error)))
        };
        let scalars: Option<Vec<ScalarValue>> = arguments
            .args
            .iter()
            .map(|argument| match argument {
                ColumnarValue::Scalar(value) => Some(value.clone()),
                ColumnarValue::Array(_) => None,
            })
            .collect();
        if let Some(scalars) = scalars {
            return Ok(ColumnarValue::Scalar(evaluate(&scalars)?));
        }
        let columns = ColumnarValue::values_to_arrays(&arguments.args)?;
        let rows = (0..arguments.number_rows).map(|row| {
            let values: Vec<ScalarValue> =
                columns.iter().map(|column| ScalarValue::try_from_array(column, row)).collect::<PlanResult<_>>()?;
            evaluate(&values)
        });
        let rows: Vec<ScalarValue> = rows.collect::<PlanResult<_>>()?;
        if rows.is_empty() {
            return Ok(ColumnarValue::Array(arrow::array::new_empty_array(&(self.definition.returns)())));
        }
        Ok(ColumnarValue::Array(ScalarValue::iter_to_array(rows)?))
    }
}

fn text() -> DataType {
    DataType::Utf8
}

fn text_value(text: impl Into<String>) -> ScalarValue {
    ScalarValue::Utf8(Some(text.into()))
}

/// The text of an argument; `None` for NULL.
fn text_of(value: &ScalarValue) -> Option<&str> {
    value.try_as_str().flatten()
}
