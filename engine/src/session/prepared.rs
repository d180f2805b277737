//! `PREPARE`, `EXECUTE`, `DEALLOCATE`: prepared statements of SQL. Those of the protocol are the front end's.

use arrow::datatypes::FieldRef;
use datafusion::common::ScalarValue;
use datafusion::sql::sqlparser::ast::{Expr, ObjectName, Statement};
use std::sync::Arc;

use super::Session;
use super::execution::Running;
use super::insert::folded;
use super::outcome::{Outcome, Prepared};
use super::physical::physical_plan;
use super::sql_type::field;
use super::statement::{Command, Parsed, parse};
use crate::Result;
use crate::error::{EngineError, ObjectClass, Refusal};

/// Prepared statements of one session, at most.
const PREPARED_MAX: usize = 10_000;

impl Session {
    pub(super) async fn prepared_statement(&self, statement: &Statement, running: Running) -> Result<Outcome> {
        match statement {
            Statement::Prepare { name, data_types, statement } => {
                let name = folded(name);
                let zone = self.info.setting("TimeZone").unwrap_or_default();
                let types: Vec<Option<FieldRef>> =
                    data_types.iter().map(|data_type| Ok(Some(field(data_type, &zone)?))).collect::<Result<_>>()?;
                self.prepare_named(name, statement, &types).await
            }
            Statement::Execute { parameters, .. } => {
                let prepared = self.executed(statement)?;
                let values = self.constants(parameters).await?;
                if values.len() != prepared.parameters.len() {
                    return Err(EngineError::Refused {
                        reason: Refusal::MissingParameter,
                        message: format!(
                            "wrong number of parameters: expected {}, got {}",
                            prepared.parameters.len(),
                            values.len()
                        ),
                        hint: None,
                    });
                }
                let Some(command) = prepared.statement.clone() else { return Ok(Outcome::Empty) };
                Box::pin(self.dispatch(&command, &prepared, values, running)).await
            }
            Statement::Deallocate { name, .. } if name.quote_style.is_none() && name.value.eq_ignore_ascii_case("all") => {
                self.prepared.lock().clear();
                Ok(Outcome::done("DEALLOCATE ALL"))
            }
            Statement::Deallocate { name, .. } => {
                let name = folded(name);
                let removed = self.prepared.lock().remove(&name);
                removed.map(|_| Outcome::done("DEALLOCATE")).ok_or_else(|| undefined(name))
            }
            other => Err(EngineError::Internal(format!("no prepared statement: {other}"))),
        }
    }

    /// What an EXECUTE runs.
    pub(super) fn executed(&self, statement: &Statement) -> Result<Prepared> {
        let Statement::Execute { name: Some(name), .. } = statement else {
            return Err(EngineError::Syntax { message: "EXECUTE needs the name of a prepared statement".into(), position: None });
        };
        let name = bare(name);
        let found = self.prepared.lock().get(&name).cloned();
        found.ok_or_else(|| undefined(name))
    }

    /// All prepared statements of SQL: name and text.
    pub fn prepared_statements(&self) -> Vec<(String, Arc<str>)> {
        self.prepared.lock().iter().map(|(name, prepared)| (name.clone(), prepared.sql.clone())).collect()
    }

    async fn prepare_named(&self, name: String, statement: &Statement, types: &[Option<FieldRef>]) -> Result<Outcome> {
        if self.prepared.lock().contains_key(&name) {
            return Err(EngineError::Duplicate { what: ObjectClass::Prepared, name });
        }
        if self.prepared.lock().len() >= PREPARED_MAX {
            return Err(EngineError::Refused {
                reason: Refusal::LimitExceeded,
                message: format!("a session holds at most {PREPARED_MAX} prepared statements"),
                hint: Some("DEALLOCATE the ones that are no longer needed.".into()),
            });
        }
        if !matches!(statement, Statement::Query(_) | Statement::Insert(_)) {
            return Err(EngineError::Refused {
                reason: Refusal::InvalidStatementKind,
                message: "only SELECT, VALUES and INSERT can be prepared".into(),
                hint: None,
            });
        }
        let parsed =
            Parsed { command: Some(Arc::new(Command::Sql(Box::new(statement.clone())))), sql: statement.to_string().into() };
        let prepared = Box::pin(self.describe(&parsed, types)).await?;
        self.prepared.lock().insert(name, prepared);
        Ok(Outcome::done("PREPARE"))
    }

    /// The values of expressions without columns.
    pub(super) async fn constants(&self, expressions: &[Expr]) -> Result<Vec<ScalarValue>> {
        if expressions.is_empty() {
            return Ok(Vec::new());
        }
        let list: Vec<String> = expressions.iter().map(ToString::to_string).collect();
        let parsed = parse(&format!("SELECT {}", list.join(", ")))?;
        let Some(Command::Sql(statement)) = parsed.first().and_then(|parsed| parsed.command.as_deref()) else {
            return Err(EngineError::Internal("constants are no query".into()));
        };
        let state = self.state();
        let plan = self.plan_query(&state, statement.as_ref().clone(), &[], Vec::new()).await?;
        let physical = physical_plan(&state, &plan).await?;
        let batches = datafusion::physical_plan::collect(physical, state.task_ctx()).await?;
        let one_row = arrow::compute::concat_batches(
            &batches.first().map(|batch| batch.schema()).ok_or_else(|| EngineError::Internal("constants have no row".into()))?,
            &batches,
        )?;
        Ok(one_row.columns().iter().map(|column| ScalarValue::try_from_array(column, 0)).collect::<Result<_, _>>()?)
    }
}

fn bare(name: &ObjectName) -> String {
    name.0.last().and_then(|part| part.as_ident()).map(folded).unwrap_or_default()
}

fn undefined(name: String) -> EngineError {
    EngineError::Undefined { what: ObjectClass::Prepared, name, hint: None }
}
