//! `CALL schema.procedure(...)`. One file a procedure; all of them are in [`ALL`].

mod optimize;

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::common::ScalarValue;
use datafusion::sql::sqlparser::ast::{Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments};

use super::Session;
use super::dispatch::text_columns;
use super::execution::Running;
use super::explain::rows_of_text;
use super::insert::folded;
use super::outcome::Outcome;
use crate::Result;
use crate::engine::Engine;
use crate::error::{EngineError, ObjectClass, Refusal};

/// Something that CALL does.
#[async_trait]
pub(super) trait Procedure: Send + Sync {
    /// Schema and name.
    fn name(&self) -> (&'static str, &'static str);
    /// Names of the answer's columns, all text.
    fn answer(&self) -> &'static [&'static str];
    /// Does it; one value for each column.
    async fn call(&self, engine: &Arc<Engine>, arguments: &[ScalarValue]) -> Result<Vec<String>>;

    /// The answer's columns.
    fn columns(&self) -> SchemaRef {
        text_columns(self.answer())
    }
}

/// All procedures.
static ALL: &[&dyn Procedure] = &[&optimize::Optimize];

impl Session {
    pub(super) async fn call(&self, call: &Function, running: Running) -> Result<Outcome> {
        let procedure = self.procedure(call)?;
        if !self.transaction.lock().is_idle() {
            return Err(EngineError::Refused {
                reason: Refusal::ActiveTransaction,
                message: format!("CALL {} cannot run inside a transaction block", call.name),
                hint: Some("Run it outside of BEGIN and COMMIT.".into()),
            });
        }
        let arguments = self.constants(&arguments(call)?).await?;
        let answer = running.unless_stopped(procedure.call(&self.engine, &arguments)).await?;
        let columns = procedure.columns();
        let values = answer.into_iter().map(|value| vec![value]).collect();
        let stream = running.into_stream(rows_of_text(columns.clone(), values)?);
        Ok(Outcome::Rows { columns, stream, verb: "CALL" })
    }

    /// The procedure that a CALL names.
    pub(super) fn procedure(&self, call: &Function) -> Result<&'static dyn Procedure> {
        let parts: Vec<String> = call.name.0.iter().filter_map(|part| part.as_ident()).map(folded).collect();
        let found = ALL.iter().find(|procedure| {
            let (schema, name) = procedure.name();
            parts == [schema, name]
        });
        found.copied().ok_or_else(|| EngineError::Undefined {
            what: ObjectClass::Function,
            name: call.name.to_string(),
            hint: Some(format!(
                "There is {}.",
                ALL.iter().map(|p| format!("{}.{}", p.name().0, p.name().1)).collect::<Vec<_>>().join(", ")
            )),
        })
    }
}

fn arguments(call: &Function) -> Result<Vec<Expr>> {
    let FunctionArguments::List(list) = &call.args else { return Ok(Vec::new()) };
    let plain = |argument: &FunctionArg| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Ok(expr.clone()),
        other => Err(EngineError::Unsupported { message: format!("argument {other} of a procedure"), hint: None }),
    };
    list.args.iter().map(plain).collect()
}

/// The one text argument of a procedure.
fn text_argument<'a>(arguments: &'a [ScalarValue], example: &str) -> Result<&'a str> {
    match arguments {
        [value] => value.try_as_str().flatten(),
        _ => None,
    }
    .ok_or_else(|| EngineError::Undefined {
        what: ObjectClass::Function,
        name: example.split('(').next().unwrap_or(example).to_owned(),
        hint: Some(format!("Call it with one text, for example {example}.")),
    })
}
