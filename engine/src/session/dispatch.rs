//! Which file answers which statement, and what each brings back.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use datafusion::sql::sqlparser::ast::{CreateTable, Declare, Statement};

use super::cast_types;
use super::execution::Running;
use super::outcome::{Outcome, Parameters, Prepared};
use super::select::{missing_parameter, parameter_count};
use super::statement::{Command, Parsed};
use super::{Session, explain, show};
use crate::Result;
use crate::error::EngineError;

impl Session {
    /// Runs a statement. An error fails the transaction block. The rows of the outcome must be read or dropped before the
    /// next statement is run; a request to stop reaches them too.
    ///
    /// # Errors
    /// Anything that the statement can do wrong.
    pub async fn execute(&self, prepared: &Prepared, parameters: Parameters) -> Result<Outcome> {
        let Some(command) = &prepared.statement else { return Ok(Outcome::Empty) };
        let outcome = Box::pin(self.execute_command(command, prepared, parameters)).await;
        outcome.inspect_err(|_| self.transaction.lock().fail())
    }

    /// Runs a statement that comes without parameters and whose columns nobody asks for before its rows: it is planned once,
    /// where [`Session::prepare`] and [`Session::execute`] plan twice.
    ///
    /// # Errors
    /// Anything that the statement can do wrong.
    pub async fn execute_at_once(&self, parsed: &Parsed) -> Result<Outcome> {
        if let Some(command) = parsed.command.as_deref() {
            self.refuse_in_failed_block(command)?;
            no_parameters(command).inspect_err(|_| self.transaction.lock().fail())?;
        }
        let (statement, sql) = (parsed.command.clone(), Arc::clone(&parsed.sql));
        self.execute(&Prepared { statement, sql, parameters: Vec::new(), columns: None }, Vec::new()).await
    }

    async fn execute_command(&self, command: &Arc<Command>, prepared: &Prepared, parameters: Parameters) -> Result<Outcome> {
        self.refuse_in_failed_block(command)?;
        if self.info.cancel.is_terminated() {
            return Err(super::cancel::StopReason::Terminate.error());
        }
        let running = self.begin_statement(&prepared.sql);
        Box::pin(self.dispatch(command, prepared, parameters, running)).await
    }

    /// Runs a command as part of the running statement. Each kind's future has its own box: together on one stack they are
    /// too large for a worker thread.
    pub(super) async fn dispatch(
        &self,
        command: &Command,
        prepared: &Prepared,
        parameters: Parameters,
        running: Running,
    ) -> Result<Outcome> {
        self.record(command, &prepared.sql).await?;
        self.permit(command)?;
        let statement = match command {
            Command::Sql(statement) => statement.as_ref(),
            Command::Move(fetch) => return Box::pin(self.fetch(fetch, true, running)).await,
            Command::StorageOptions { name, if_exists, set, reset } => {
                return Box::pin(self.set_storage_options(name, *if_exists, set, reset)).await;
            }
            Command::User(statement) => return Box::pin(self.user_statement(statement)).await,
            Command::Maintenance { verb } => {
                self.notice(
                    format!("{verb} has nothing to do: storage is kept in shape in the background"),
                    Some("CALL sys.optimize('schema.topic') seals and merges a topic at once.".into()),
                );
                return Ok(Outcome::done(*verb));
            }
        };
        match statement {
            Statement::Query(query) => Box::pin(self.select(query, prepared, parameters, running)).await,
            Statement::Explain { .. } | Statement::ExplainTable { .. } => {
                Box::pin(self.explain(statement, prepared, parameters, running)).await
            }
            Statement::Insert(insert) => Box::pin(self.insert(insert, prepared, parameters, running)).await,
            Statement::Copy { .. } => Box::pin(self.copy(statement, running)).await,
            Statement::StartTransaction { .. }
            | Statement::Commit { .. }
            | Statement::Rollback { .. }
            | Statement::Savepoint { .. }
            | Statement::ReleaseSavepoint { .. } => Box::pin(self.control_transaction(statement)).await,
            Statement::Set(_)
            | Statement::Reset(_)
            | Statement::Discard { .. }
            | Statement::ShowVariable { .. }
            | Statement::ShowTables { .. }
            | Statement::ShowSchemas { .. }
            | Statement::ShowDatabases { .. } => self.settings_statement(statement, running),
            Statement::Declare { .. } | Statement::Fetch { .. } | Statement::Close { .. } => {
                Box::pin(self.cursor_statement(statement, prepared, parameters, running)).await
            }
            Statement::Prepare { .. } | Statement::Execute { .. } | Statement::Deallocate { .. } => {
                Box::pin(self.prepared_statement(statement, running)).await
            }
            Statement::LISTEN { .. } | Statement::UNLISTEN { .. } | Statement::NOTIFY { .. } => self.listen_statement(statement),
            Statement::Call(call) => Box::pin(self.call(call, running)).await,
            Statement::CreateTable(CreateTable { query: Some(_), .. }) => {
                Box::pin(self.create_table_as(statement, running)).await
            }
            Statement::Analyze(_) | Statement::Vacuum(_) => Ok(Outcome::done("ANALYZE")),
            Statement::Update(_) | Statement::Delete(_) if self.configuration_target(statement)?.is_some() => {
                Box::pin(self.configure(statement, prepared, parameters, running)).await
            }
            other => Box::pin(self.define(other, &running)).await,
        }
    }

    /// Types of parameters and columns.
    pub(super) async fn describe(&self, parsed: &Parsed, types: &[Option<FieldRef>]) -> Result<Prepared> {
        let mut prepared = Prepared {
            statement: parsed.command.clone(),
            sql: parsed.sql.clone(),
            parameters: super::select::or_text(types.to_vec()),
            columns: None,
        };
        let Some(command) = &parsed.command else { return Ok(prepared) };
        self.refuse_in_failed_block(command)?;
        self.permit(command)?;
        let Command::Sql(statement) = command.as_ref() else { return Ok(prepared) };
        let zone = self.info.setting("TimeZone").unwrap_or_default();
        let types = &cast_types::with_casts(statement, types, &zone);
        match statement.as_ref() {
            Statement::Query(_) => {
                let (parameters, columns) = self.describe_query(statement, types).await?;
                prepared.parameters = parameters;
                prepared.columns = Some(columns);
            }
            Statement::Insert(insert) => {
                let (parameters, columns) = self.describe_insert(insert, types).await?;
                prepared.parameters = parameters;
                prepared.columns = columns;
            }
            Statement::Update(_) | Statement::Delete(_) if self.configuration_target(statement)?.is_some() => {
                let (parameters, columns) = self.describe_configure(statement, types).await?;
                prepared.parameters = parameters;
                prepared.columns = columns;
            }
            Statement::Explain { statement: inner, .. } => {
                if matches!(inner.as_ref(), Statement::Query(_)) {
                    prepared.parameters = self.describe_query(inner, types).await?.0;
                }
                prepared.columns = Some(explain::columns());
            }
            Statement::Declare { stmts } => {
                if let [Declare { for_query: Some(query), .. }] = stmts.as_slice() {
                    prepared.parameters = self.describe_query(&Statement::Query(query.clone()), types).await?.0;
                }
            }
            Statement::ShowVariable { variable } => prepared.columns = Some(show::columns(variable)?),
            Statement::ShowTables { .. } | Statement::ShowSchemas { .. } | Statement::ShowDatabases { .. } => {
                prepared.columns = Some(show::list_columns(statement));
            }
            Statement::Fetch { name, .. } => prepared.columns = Some(self.cursor_columns(name)?),
            Statement::Execute { .. } => prepared.columns = self.executed(statement)?.columns,
            Statement::Call(call) => prepared.columns = Some(self.procedure(call)?.columns()),
            _ => {}
        }
        Ok(prepared)
    }

    fn refuse_in_failed_block(&self, command: &Command) -> Result<()> {
        let mut transaction = self.transaction.lock();
        let failed = transaction.block().is_some_and(|block| block.is_failed());
        let ends = |statement: &Statement| matches!(statement, Statement::Commit { .. } | Statement::Rollback { .. });
        match command {
            Command::Sql(statement) if ends(statement) => Ok(()),
            _ if failed => Err(EngineError::InFailedTransaction),
            _ => Ok(()),
        }
    }
}

/// Refuses a statement that needs parameters to run; one that is to be prepared may name them.
fn no_parameters(command: &Command) -> Result<()> {
    match command {
        Command::Sql(statement) if matches!(statement.as_ref(), Statement::Prepare { .. }) => Ok(()),
        Command::Sql(statement) if parameter_count(statement)? > 0 => Err(missing_parameter(1)),
        _ => Ok(()),
    }
}

/// Columns of text, for the statements that answer with a few words.
pub(super) fn text_columns(names: &[&str]) -> SchemaRef {
    Arc::new(Schema::new(names.iter().map(|name| Field::new(*name, DataType::Utf8, true)).collect::<Vec<_>>()))
}
