//! `CALL schema.procedure(...)`. One file a procedure; all of them are in [`ALL`].

mod arguments;
mod cancel;
mod etl;
mod manifest;
mod optimize;

use arrow::datatypes::SchemaRef;
use datafusion::sql::sqlparser::ast::{Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments};
use futures::future::BoxFuture;
use strata_catalog::users::Privilege;

use self::arguments::Arguments;
use super::Session;
use super::dispatch::text_columns;
use super::execution::Running;
use super::explain::rows_of_text;
use super::insert::folded;
use super::outcome::Outcome;
use crate::Result;
use crate::error::{EngineError, ObjectClass, Refusal};
use crate::users::Target;

/// How a procedure is called and what for.
#[derive(Debug, Clone, Copy)]
pub struct Signature {
    /// Its schema.
    pub schema: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Names and types of its parameters, as `CREATE PROCEDURE` would list them.
    pub parameters: &'static str,
    /// What it does.
    pub comment: &'static str,
}

/// Every procedure.
pub fn procedures() -> impl Iterator<Item = Signature> {
    ALL.iter().map(|procedure| procedure.signature())
}

/// Something that CALL does.
pub(super) trait Procedure: Send + Sync {
    /// How it is called.
    fn signature(&self) -> Signature;
    /// Names of the answer's columns, all text.
    fn answer(&self) -> &'static [&'static str];
    /// Does it; one value for each column.
    // Not `async fn` in a macro's clothes: with several lifetimes the compiler proves anew, three seconds for each procedure,
    // that all a session holds may go to another thread.
    fn call<'a>(&'a self, session: &'a Session, arguments: &'a Arguments) -> BoxFuture<'a, Result<Vec<String>>>;

    /// The answer's columns.
    fn columns(&self) -> SchemaRef {
        text_columns(self.answer())
    }
}

/// All procedures.
static ALL: &[&dyn Procedure] = &[
    &cancel::Cancel,
    &manifest::Manifest,
    &optimize::Optimize,
    &etl::DropLayer,
    &etl::RestoreLayer,
    &etl::RollbackTo,
    &etl::Apply,
    &etl::Enable,
    &etl::Disable,
    &etl::Import,
    &etl::Retry,
    &etl::Cancel,
];

impl Session {
    pub(super) async fn call(&self, call: &Function, running: Running) -> Result<Outcome> {
        let procedure = self.procedure(call)?;
        let Signature { schema, name, .. } = procedure.signature();
        let target = Target::procedure(schema, name);
        self.engine.users().check(&self.info.current_user(), target, self.engine.topics(), Privilege::Execute)?;
        if !self.transaction.lock().is_idle() {
            return Err(EngineError::Refused {
                reason: Refusal::ActiveTransaction,
                message: format!("CALL {} cannot run inside a transaction block", call.name),
                hint: Some("Run it outside of BEGIN and COMMIT.".into()),
            });
        }
        let (names, expressions): (Vec<_>, Vec<_>) = arguments(call)?.into_iter().unzip();
        let mut arguments = Arguments::default();
        for (name, value) in names.into_iter().zip(self.constants(&expressions).await?) {
            match name {
                Some(name) => arguments.names.push((name, value)),
                None => arguments.places.push(value),
            }
        }
        let answer = running.unless_stopped(procedure.call(self, &arguments)).await?;
        let columns = procedure.columns();
        let values = answer.into_iter().map(|value| vec![value]).collect();
        let stream = running.into_stream(rows_of_text(columns.clone(), values)?);
        Ok(Outcome::Rows { columns, stream, verb: "CALL" })
    }

    /// The procedure that a CALL names.
    pub(super) fn procedure(&self, call: &Function) -> Result<&'static dyn Procedure> {
        let parts: Vec<String> = call.name.0.iter().filter_map(|part| part.as_ident()).map(folded).collect();
        let found = ALL.iter().find(|procedure| {
            let Signature { schema, name, .. } = procedure.signature();
            parts == [schema, name]
        });
        found.copied().ok_or_else(|| EngineError::Undefined {
            what: ObjectClass::Function,
            name: call.name.to_string(),
            hint: Some(format!(
                "There is {}.",
                procedures().map(|known| format!("{}.{}", known.schema, known.name)).collect::<Vec<_>>().join(", ")
            )),
        })
    }
}

/// The arguments of a call, with their names where they have one.
fn arguments(call: &Function) -> Result<Vec<(Option<String>, Expr)>> {
    let FunctionArguments::List(list) = &call.args else { return Ok(Vec::new()) };
    let one = |argument: &FunctionArg| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Ok((None, expr.clone())),
        FunctionArg::Named { name, arg: FunctionArgExpr::Expr(expr), .. }
        | FunctionArg::ExprNamed { name: Expr::Identifier(name), arg: FunctionArgExpr::Expr(expr), .. } => {
            Ok((Some(folded(name)), expr.clone()))
        }
        other => Err(EngineError::Unsupported { message: format!("argument {other} of a procedure"), hint: None }),
    };
    list.args.iter().map(one).collect()
}
