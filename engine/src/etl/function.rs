//! Functions of schema `etl` that stand in FROM: `SELECT * FROM etl.plan_drop(3)`. One file a family; all are in [`ALL`].
//!
//! They are computed when the statement is planned, from the layers as they are then, and never change anything.

mod blame;
mod changes;
mod plan;
mod render;
mod rules_at;
mod validate;

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::catalog::{TableFunctionArgs, TableFunctionImpl, TableProvider};
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result as PlanResult};
use datafusion::logical_expr::Expr;
use datafusion::prelude::SessionContext;
use parking_lot::Mutex;
use strata_catalog::CatalogError;
use strata_catalog::Privilege;
use strata_catalog::etl::record::Instance;
use strata_catalog::etl::{Fold, LayerError, LayerId, LayerStack};

use super::Components;
use crate::Result;
use crate::engine::Engine;
use crate::error::{EngineError, ObjectClass};
use crate::session::{SessionInfo, Transaction};
use crate::users::Target;

/// What a function is computed from.
#[derive(Debug)]
struct View {
    /// All layers.
    stack: Arc<LayerStack>,
    /// What is configured; inside a block, with its changes.
    fold: Arc<Fold>,
    components: Components,
    instances: Arc<Vec<Instance>>,
}

/// What a function makes of its arguments.
type Evaluate = fn(&View, &[ScalarValue]) -> Result<Arc<dyn TableProvider>>;

/// A function's definition.
#[derive(Debug)]
struct Definition {
    name: &'static str,
    /// How it is called, for the message when it is called otherwise.
    example: &'static str,
    arguments: &'static [DataType],
    evaluate: Evaluate,
}

/// All functions.
static ALL: &[&Definition] = &[
    &plan::PLAN_DROP,
    &plan::PLAN_ROLLBACK,
    &changes::DIFF,
    &changes::HISTORY,
    &changes::ROLE_HISTORY,
    &blame::BLAME,
    &rules_at::RULES_AT,
    &rules_at::ROLES_AT,
    &render::RENDER,
    &render::RENDER_AT,
    &validate::VALIDATE,
];

/// Registers all of them under their full names.
pub(crate) fn register(
    context: &SessionContext,
    engine: &Arc<Engine>,
    session: &Arc<SessionInfo>,
    transaction: &Arc<Mutex<Transaction>>,
) {
    let mut names: Vec<&str> = ALL.iter().map(|definition| definition.name).collect();
    names.dedup();
    for name in names {
        let (engine, session, transaction) = (engine.clone(), session.clone(), transaction.clone());
        let function = EtlFunction { name, engine, session, transaction };
        context.register_udtf(&format!("etl.{name}"), Arc::new(function));
    }
}

/// All definitions of one name.
#[derive(Debug)]
struct EtlFunction {
    name: &'static str,
    engine: Arc<Engine>,
    session: Arc<SessionInfo>,
    transaction: Arc<Mutex<Transaction>>,
}

impl TableFunctionImpl for EtlFunction {
    fn call_with_args(&self, arguments: TableFunctionArgs) -> PlanResult<Arc<dyn TableProvider>> {
        let external = |error: EngineError| DataFusionError::External(Box::new(error));
        // What layers hold is what every one of them shows.
        let (users, layers) = (self.engine.users(), Target::system_table("etl", "layers"));
        let allowed = users.check(&self.session.current_user(), layers, self.engine.topics(), Privilege::Select);
        allowed.map_err(external)?;
        let values = arguments.exprs().iter().map(constant).collect::<Result<Vec<_>>>().map_err(external)?;
        let mut named = ALL.iter().filter(|definition| definition.name == self.name);
        let first = named.clone().next();
        let fitting = named.find(|definition| definition.arguments.len() == values.len());
        let Some(definition) = fitting else {
            return Err(external(called_otherwise(self.name, first.map(|known| known.example))));
        };
        let cast = values.iter().zip(definition.arguments).map(|(value, to)| value.cast_to(to));
        let values = cast.collect::<PlanResult<Vec<_>>>()?;
        (definition.evaluate)(&self.view(), &values).map_err(external)
    }
}

impl EtlFunction {
    fn view(&self) -> View {
        let configuration = self.engine.configuration();
        let stack = configuration.stack();
        let fold = self.transaction.lock().configured().unwrap_or_else(|| stack.fold());
        View { fold, stack, components: configuration.components().clone(), instances: configuration.fleet().all() }
    }
}

fn constant(argument: &Expr) -> Result<ScalarValue> {
    match argument {
        Expr::Literal(value, _) => Ok(value.clone()),
        other => Err(EngineError::Unsupported {
            message: format!("{other} as an argument of a function in FROM"),
            hint: Some("Write a constant.".into()),
        }),
    }
}

fn called_otherwise(name: &str, example: Option<&str>) -> EngineError {
    EngineError::Undefined {
        what: ObjectClass::Function,
        name: format!("etl.{name}"),
        hint: example.map(|example| format!("Call it as {example}.")),
    }
}

fn layer_error(error: LayerError) -> EngineError {
    EngineError::Catalog(CatalogError::Layer(error))
}

/// A layer as an argument.
fn layer(value: &ScalarValue) -> Result<LayerId> {
    match value {
        ScalarValue::Int64(Some(id)) => Ok(LayerId(*id)),
        other => Err(EngineError::Data {
            reason: crate::error::DataFault::TypeMismatch,
            message: format!("{other} is no layer"),
            hint: Some("Layers have numbers: see etl.layers.".into()),
        }),
    }
}

/// A name as an argument.
fn name(value: &ScalarValue) -> Result<&str> {
    value.try_as_str().flatten().ok_or_else(|| EngineError::Data {
        reason: crate::error::DataFault::TypeMismatch,
        message: format!("{value} is no name"),
        hint: None,
    })
}
