//! Statements that change `etl.roles` and `etl.rules`.
//!
//! ```text
//! UPDATE t SET a = e WHERE w  ->  SELECT uid, e FROM t WHERE w  ->  staged rows  ->  COMMIT: one layer
//! ```
//!
//! Expressions are the query engine's, so anything that SELECT can compute can be assigned. Rows are then staged, where
//! names, defaults and what must hold together are looked after. Outside of a block a statement commits by itself.

mod changed;
mod conflict;
mod insert;
mod update;

use std::sync::Arc;

use arrow::datatypes::{FieldRef, SchemaRef};
use datafusion::sql::sqlparser::ast::{FromTable, Insert, ObjectName, Statement, TableFactor, TableObject};
use strata_catalog::CatalogError;
use strata_catalog::Privilege;
use strata_catalog::etl::{Fold, Layer, LayerError, LayerState, Origin, Relation as EtlRelation, Staging};

use self::changed::Changed;
use super::Session;
use super::execution::Running;
use super::outcome::{Outcome, Parameters, Prepared};
use super::relations::Relation;
use crate::Result;
use crate::error::{EngineError, Refusal};
use crate::etl::configuration::Authorship;
use crate::etl::rollout;
use crate::users::Target;

/// Findings that are told as notices when nothing is refused for them.
const NOTICES_MAX: usize = 100;

/// The error of a block that would write records and configuration.
pub(super) fn mixed() -> EngineError {
    EngineError::Refused {
        reason: Refusal::ActiveTransaction,
        message: "a transaction cannot write records and change the configuration".into(),
        hint: Some("Use two transactions.".into()),
    }
}

/// An error of the layer model.
fn layer_error(error: LayerError) -> EngineError {
    EngineError::Catalog(CatalogError::Layer(error))
}

impl Session {
    /// The relation of `etl` that an INSERT writes.
    pub(super) fn configured_by(&self, insert: &Insert) -> Result<Option<EtlRelation>> {
        match &insert.table {
            TableObject::TableName(name) => self.configured(name),
            _ => Ok(None),
        }
    }

    /// The relation of `etl` that an UPDATE or DELETE writes.
    pub(super) fn configuration_target(&self, statement: &Statement) -> Result<Option<EtlRelation>> {
        match target(statement) {
            Some(TableFactor::Table { name, .. }) => self.configured(name),
            _ => Ok(None),
        }
    }

    fn configured(&self, name: &ObjectName) -> Result<Option<EtlRelation>> {
        Ok(match self.lookup(name)? {
            Some((schema, name, Relation::System)) if schema == "etl" => EtlRelation::named(&name),
            _ => None,
        })
    }

    /// Runs an UPDATE or DELETE.
    pub(super) async fn configure(
        &self,
        statement: &Statement,
        prepared: &Prepared,
        parameters: Parameters,
        running: Running,
    ) -> Result<Outcome> {
        let (verb, privilege) = match statement {
            Statement::Update(_) => ("UPDATE", Privilege::Update),
            _ => ("DELETE", Privilege::Delete),
        };
        let relation = self.configuration_target(statement)?.ok_or_else(|| EngineError::Internal(statement.to_string()))?;
        self.may_configure(relation, &[privilege, Privilege::Select])?;
        let mut staging = self.staged(verb)?;
        let changed = match statement {
            Statement::Update(update) => self.update_rows(relation, update, &mut staging, prepared, parameters, &running).await?,
            Statement::Delete(delete) => self.delete_rows(relation, delete, &mut staging, prepared, parameters, &running).await?,
            other => return Err(EngineError::Internal(format!("no UPDATE or DELETE: {other}"))),
        };
        self.finish(staging, &changed, verb, running).await
    }

    /// Types of parameters and columns of RETURNING.
    pub(super) async fn describe_configure(
        &self,
        statement: &Statement,
        given: &[Option<FieldRef>],
    ) -> Result<(Vec<FieldRef>, Option<SchemaRef>)> {
        let relation = self.configuration_target(statement)?.ok_or_else(|| EngineError::Internal(statement.to_string()))?;
        self.may_configure(relation, &[Privilege::Select])?;
        let staging = self.staged("UPDATE")?;
        let state = self.state();
        let (query, returning) = match statement {
            Statement::Update(update) => (update::query_of_update(relation, update)?.0, &update.returning),
            Statement::Delete(delete) => (update::query_of_delete(delete)?, &delete.returning),
            other => return Err(EngineError::Internal(format!("no UPDATE or DELETE: {other}"))),
        };
        let plan = |types| self.plan_on_target(&state, relation, staging.fold(), query.clone(), types);
        let types = self.parameter_types(&query, given, plan).await?;
        let columns = match returning {
            Some(returning) => Some(self.returned_columns(relation, &update::alias(statement), returning).await?),
            None => None,
        };
        Ok((types, columns))
    }

    /// Refuses whom one of these rights was not granted to.
    fn may_configure(&self, relation: EtlRelation, privileges: &[Privilege]) -> Result<()> {
        let (users, user) = (self.engine.users(), self.info.current_user());
        let target = Target::system_table("etl", relation.name());
        privileges.iter().try_for_each(|privilege| users.check(&user, target, self.engine.topics(), *privilege))
    }

    /// What the block has made of the configuration so far, or a transaction for this statement alone.
    fn staged(&self, verb: &str) -> Result<Staging> {
        self.refuse_when_read_only(verb)?;
        let mut transaction = self.transaction.lock();
        if let Some(block) = transaction.block() {
            if !block.staged.is_empty() {
                return Err(mixed());
            }
            if let Some(staging) = &block.configuration {
                return Ok(staging.clone());
            }
        }
        Ok(self.engine.configuration().begin())
    }

    /// Keeps what a statement did, and answers it.
    async fn finish(&self, staging: Staging, changed: &Changed, verb: &'static str, running: Running) -> Result<Outcome> {
        // Before anything is committed: an error in RETURNING must leave nothing behind.
        let answer = self.answer(changed, &running).await?;
        let alone = {
            let mut transaction = self.transaction.lock();
            match transaction.block() {
                Some(block) => {
                    block.configuration = Some(staging);
                    None
                }
                None => Some(staging),
            }
        };
        if let Some(staging) = alone {
            self.commit_configuration(&staging).await?;
        }
        let tag = if verb == "INSERT" { "INSERT 0" } else { verb };
        match answer {
            Some((columns, rows)) => {
                let rows = futures::stream::iter(rows.into_iter().map(Ok));
                let rows = datafusion::physical_plan::stream::RecordBatchStreamAdapter::new(columns, rows);
                let stream = running.into_stream(Box::pin(rows));
                Ok(Outcome::Rows { columns: stream.schema(), stream, verb: tag })
            }
            None => Ok(Outcome::done(format!("{tag} {}", changed.rows()))),
        }
    }

    /// Makes one layer of staged changes.
    ///
    /// # Errors
    /// What another transaction did in the meantime; the catalog's.
    pub(super) async fn commit_configuration(&self, staging: &Staging) -> Result<()> {
        let by = self.authorship();
        if !by.draft {
            self.refuse_unfit(staging.base(), staging.fold())?;
        }
        match self.engine.configuration().commit(staging, Origin::Sql, by).await? {
            Some(layer) => drop(self.settled(layer).await?),
            None => self.notice("nothing was changed, so no layer was made", None),
        }
        Ok(())
    }

    /// Refuses a change that brings an error into a role that somebody runs; tells of those in other roles.
    pub(super) fn refuse_unfit(&self, before: &Fold, after: &Fold) -> Result<()> {
        let configuration = self.engine.configuration();
        let (run, others): (Vec<_>, Vec<_>) = {
            let roles = configuration.fleet().roles();
            configuration.brought_in(before, after).into_iter().partition(|found| roles.contains(&found.role))
        };
        if let Some((first, more)) = run.split_first() {
            let more = if more.is_empty() { String::new() } else { format!(" (and {} more)", more.len()) };
            let message = format!("{}{more}", first.text());
            return Err(EngineError::Refused { reason: Refusal::Unfit, message, hint: first.finding.hint.clone() });
        }
        for found in others.iter().take(NOTICES_MAX) {
            self.notice(format!("{}: {}", found.finding.severity, found.text()), found.finding.hint.clone());
        }
        Ok(())
    }

    /// Tells of a layer that was made, and waits for it if the session does so.
    pub(super) async fn settled(&self, layer: Arc<Layer>) -> Result<Arc<Layer>> {
        let task = rollout::submit(&self.engine, &layer).await?;
        if layer.state == LayerState::Draft {
            let hint = format!("CALL etl.apply({}) puts it in force.", layer.id);
            self.notice(format!("layer {} is a draft", layer.id), Some(hint));
        }
        // Who applies a draft under `manual` waits, too: it is what he asked for.
        if let Some(task) = task
            && self.info.setting("etl.apply").is_some_and(|apply| apply == "async")
        {
            let hint = format!("SELECT * FROM etl.tasks WHERE id = {} shows how far it is.", task.id);
            self.notice(format!("layer {} is rolled out by task {}", layer.id, task.id), Some(hint));
            return Ok(layer);
        }
        rollout::wait(&self.engine, layer.id).await
    }

    /// Who makes a layer now, and why.
    pub(super) fn authorship(&self) -> Authorship {
        let author = self.info.current_user();
        let settings = self.info.settings.lock();
        let comment = settings.get("etl.comment").filter(|comment| !comment.is_empty());
        let draft = settings.get("etl.apply").is_some_and(|apply| apply == "manual");
        Authorship { author, comment, draft, now_us: self.engine.clock().now_us() }
    }
}

/// The table that a statement writes.
fn target(statement: &Statement) -> Option<&TableFactor> {
    match statement {
        Statement::Update(update) => Some(&update.table.relation),
        Statement::Delete(delete) => match &delete.from {
            FromTable::WithFromKeyword(tables) | FromTable::WithoutKeyword(tables) => Some(&tables.first()?.relation),
        },
        _ => None,
    }
}
