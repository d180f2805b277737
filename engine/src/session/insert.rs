//! `INSERT INTO topic`: rows from VALUES or a query, cast to the topic's columns, appended at once or at COMMIT.
//!
//! `RETURNING` gives back what was inserted, without `_offset` and `_ingested_at`: these are given when the records get
//! into the log, which inside a transaction block is later.

use std::ops::ControlFlow;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, FieldRef, SchemaRef};
use datafusion::catalog::MemTable;
use datafusion::catalog::default_table_source::DefaultTableSource;
use datafusion::common::Column as PlanColumn;
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::{Expr as PlanExpr, ExprSchemable, LogicalPlan, LogicalPlanBuilder};
use datafusion::sql::sqlparser::ast::{
    Expr, Ident, Insert, ObjectName, Query, SelectItem, SetExpr, Statement, TableObject, Value, Visit, Visitor,
};
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::parser::Parser;
use futures::{StreamExt, TryStreamExt};
use strata_catalog::Topic;
use strata_storage::schema::Column;

use super::execution::Running;
use super::outcome::{Outcome, Parameters, Prepared};
use super::planner::{Planner, undefined_relation};
use super::relations::Relation;
use super::spool::Spool;
use super::write::{conform, target_columns};
use super::{Session, select};
use crate::Result;
use crate::error::{EngineError, Refusal};
use crate::users::MayInsert;

/// The name of the target while an INSERT is planned, so that its SELECT may read the topic under its own name.
pub(super) const TARGET: &str = "strata insert target";

impl Session {
    pub(super) async fn insert(
        &self,
        insert: &Insert,
        prepared: &Prepared,
        parameters: Parameters,
        running: Running,
    ) -> Result<Outcome> {
        self.refuse_when_read_only("INSERT")?;
        if let Some(relation) = self.configured_by(insert)? {
            return self.insert_configuration(relation, insert, prepared, parameters, running).await;
        }
        let (topic, columns, allowed) = self.insert_target(insert)?;
        let statement = source_statement(insert, &columns)?;
        let count = select::parameter_count(&statement)?;
        let state = self.state();
        let plan = self.plan_insert(&state, statement, &columns, select::known(&prepared.parameters)).await?;
        let plan = select::bind(plan, count, &prepared.parameters, parameters)?;

        let stored = topic.columns.stored();
        let mut records = self.spool(stored.clone());
        let mut rows = running.start(&state, &plan).await?.stream;
        while let Some(batch) = running.unless_stopped(async { Ok(rows.try_next().await?) }).await? {
            records.push(conform(&batch, &columns, &stored)?)?;
        }
        let Some(returning) = &insert.returning else {
            let rows = self.write(&topic, records, allowed).await?;
            return Ok(Outcome::done(format!("INSERT 0 {rows}")));
        };
        let (batches, memory) = records.into_batches()?;
        let mut records = self.spool(stored.clone());
        batches.iter().try_for_each(|batch| records.push(batch.clone()))?;
        let plan = self.plan_returning(&state, insert, returning, &stored, batches).await?;
        // Evaluated before the write: an error in RETURNING must leave nothing behind.
        let started = running.start(&state, &plan).await?;
        let schema = started.stream.schema();
        let answer: Vec<RecordBatch> = running.unless_stopped(async { Ok(started.stream.try_collect().await?) }).await?;
        self.write(&topic, records, allowed).await?;
        drop(memory);
        let rows = datafusion::physical_plan::stream::RecordBatchStreamAdapter::new(
            schema,
            futures::stream::iter(answer.into_iter().map(Ok)).boxed(),
        );
        let stream = running.into_stream(Box::pin(rows));
        Ok(Outcome::Rows { columns: stream.schema(), stream, verb: "INSERT 0" })
    }

    /// Types of parameters, and columns of RETURNING.
    pub(super) async fn describe_insert(
        &self,
        insert: &Insert,
        given: &[Option<FieldRef>],
    ) -> Result<(Vec<FieldRef>, Option<SchemaRef>)> {
        if let Some(relation) = self.configured_by(insert)? {
            return self.describe_insert_configuration(relation, insert, given).await;
        }
        let (topic, columns, _) = self.insert_target(insert)?;
        let statement = source_statement(insert, &columns)?;
        let count = select::parameter_count(&statement)?;
        let state = self.state();
        let mut types: Vec<_> = (0..count.max(given.len())).map(|i| given.get(i).cloned().flatten()).collect();
        if types.iter().any(Option::is_none) {
            let plan = self.plan_insert(&state, statement, &columns, Vec::new()).await?;
            select::fill(&mut types, &plan)?;
        }
        let types = select::or_text(types);
        let shown = match &insert.returning {
            None => None,
            Some(returning) => {
                let plan = self.plan_returning(&state, insert, returning, &topic.columns.stored(), Vec::new()).await?;
                Some(super::column_names::shown(plan.schema().inner()))
            }
        };
        Ok((types, shown))
    }

    /// A spool for records of this schema.
    pub(super) fn spool(&self, schema: SchemaRef) -> Spool {
        Spool::new(schema, self.engine.config().data_dir.join("spill"), self.engine.memory())
    }

    /// The topic that a statement writes to.
    ///
    /// # Errors
    /// Nothing of that name, or something that is no topic.
    pub(super) fn writable_topic(&self, name: &ObjectName, verb: &str) -> Result<Arc<Topic>> {
        match self.lookup(name)? {
            Some((_, _, Relation::Topic(topic))) => Ok(topic.definition()),
            Some((schema, name, relation)) => {
                let kind = if matches!(relation, Relation::View(_)) { "view" } else { "system table" };
                Err(EngineError::Refused {
                    reason: Refusal::WrongObjectType,
                    message: format!("cannot {verb} {kind} \"{schema}.{name}\""),
                    hint: None,
                })
            }
            None => Err(undefined_relation(&name.to_string())),
        }
    }

    /// The topic that a statement appends to, with the proof that it may.
    ///
    /// # Errors
    /// As [`Session::writable_topic`]; permission denied.
    pub(super) fn appendable_topic(&self, name: &ObjectName, verb: &str) -> Result<(Arc<Topic>, MayInsert)> {
        let definition = self.writable_topic(name, verb)?;
        let topic = self.engine.topics().by_id(definition.id).ok_or_else(|| undefined_relation(&name.to_string()))?;
        let allowed = self.relations.may_insert(&topic)?;
        Ok((definition, allowed))
    }

    fn insert_target(&self, insert: &Insert) -> Result<(Arc<Topic>, Vec<Column>, MayInsert)> {
        if insert.on.is_some() {
            return Err(EngineError::Unsupported {
                message: "ON CONFLICT is not supported for topics".into(),
                hint: Some(
                    "Topics have no unique columns. SET strata.producer and strata.sequence make an INSERT exactly-once.".into(),
                ),
            });
        }
        let TableObject::TableName(name) = &insert.table else {
            return Err(EngineError::Unsupported { message: "INSERT needs the name of a topic".into(), hint: None });
        };
        let (topic, allowed) = self.appendable_topic(name, "insert into")?;
        let names: Vec<String> = insert.columns.iter().filter_map(|name| name.0.last()?.as_ident().map(folded)).collect();
        let columns = target_columns(&topic, &names)?;
        Ok((topic, columns, allowed))
    }

    pub(super) async fn plan_insert(
        &self,
        state: &datafusion::execution::SessionState,
        statement: Statement,
        columns: &[Column],
        parameters: Vec<Option<arrow::datatypes::FieldRef>>,
    ) -> Result<LogicalPlan> {
        let mut planner = Planner::new(state, self.relations.clone());
        // The planner casts to this schema; NOT NULL is checked on the rows, whose error can name the column.
        let zone = self.info.setting("TimeZone").unwrap_or_default();
        let nullable = columns.iter().map(|column| target_field(column, &zone)).collect::<Vec<_>>();
        if let Statement::Insert(Insert { source: Some(query), .. }) = &statement
            && !matches!(query.body.as_ref(), SetExpr::Values(_))
        {
            // DataFusion takes every VALUES inside an INSERT, however deep, for rows of the target.
            let query = self.rewritten(Statement::Query(query.clone()));
            return cast_to_target(planner.plan(query, parameters).await?, &nullable);
        }
        let target = MemTable::try_new(Arc::new(arrow::datatypes::Schema::new(nullable)), vec![Vec::new()])?;
        planner.name(TARGET, Arc::new(DefaultTableSource::new(Arc::new(target))));
        match planner.plan(self.rewritten(statement), parameters).await? {
            LogicalPlan::Dml(write) => Ok(Arc::unwrap_or_clone(write.input)),
            other => Err(EngineError::Internal(format!("an INSERT was planned as {}", other.display()))),
        }
    }

    /// `SELECT returning FROM (the inserted rows)`.
    async fn plan_returning(
        &self,
        state: &datafusion::execution::SessionState,
        insert: &Insert,
        returning: &[SelectItem],
        stored: &SchemaRef,
        batches: Vec<RecordBatch>,
    ) -> Result<LogicalPlan> {
        let TableObject::TableName(name) = &insert.table else { unreachable!("checked by insert_target") };
        let alias = name.0.last().and_then(|part| part.as_ident()).map(folded).unwrap_or_default();
        let mut planner = Planner::new(state, self.relations.clone());
        planner.name(&alias, provider_as_source(Arc::new(MemTable::try_new(stored.clone(), vec![batches])?)));
        let mut query = template(&format!("SELECT 1 FROM \"{}\"", alias.replace('"', "\"\"")))?;
        if let Statement::Query(query) = &mut query
            && let SetExpr::Select(select) = query.body.as_mut()
        {
            select.projection = returning.to_vec();
        }
        planner.plan(self.rewritten(query), Vec::new()).await
    }
}

/// The columns of a query as those of the target, by place.
fn cast_to_target(query: LogicalPlan, target: &[Field]) -> Result<LogicalPlan> {
    let given = query.schema().fields().len();
    if given != target.len() {
        let (more, fewer) =
            if given > target.len() { ("expressions", "target columns") } else { ("target columns", "expressions") };
        return Err(EngineError::Syntax {
            message: format!("INSERT has more {more} than {fewer} ({given} for {})", target.len()),
            position: None,
        });
    }
    let cast = |(at, field): (usize, &Field)| {
        let column = PlanExpr::Column(PlanColumn::from(query.schema().qualified_field(at)));
        Ok(column.cast_to(field.data_type(), query.schema())?.alias(field.name()))
    };
    let columns = target.iter().enumerate().map(cast).collect::<Result<Vec<_>>>()?;
    Ok(LogicalPlanBuilder::from(query).project(columns)?.build()?)
}

/// A column as values are cast to it. Text without a zone is a time in the session's zone.
fn target_field(column: &Column, zone: &str) -> Field {
    let field = column.field().with_nullable(true);
    match &column.data_type {
        DataType::Timestamp(unit, Some(_)) => field.with_data_type(DataType::Timestamp(*unit, Some(zone.into()))),
        _ => field,
    }
}

/// The INSERT with the target's reserved name, all columns named, and NULL for DEFAULT (no column has another default).
pub(super) fn source_statement(insert: &Insert, columns: &[Column]) -> Result<Statement> {
    let mut insert = insert.clone();
    insert.table = TableObject::TableName(ObjectName::from(vec![Ident::with_quote('"', TARGET)]));
    insert.returning = None;
    insert.on = None;
    insert.table_alias = None;
    let mut width = None;
    match insert.source.as_mut().map(|query| query.body.as_mut()) {
        Some(SetExpr::Values(values)) => {
            for row in &mut values.rows {
                width = Some(row.len());
                for value in row.iter_mut() {
                    if matches!(value, Expr::Identifier(ident) if ident.quote_style.is_none() && ident.value.eq_ignore_ascii_case("default"))
                    {
                        *value = Expr::value(Value::Null);
                    }
                }
            }
        }
        Some(_) => {}
        None => insert.source = Some(all_defaults(columns.len())?),
    }
    // As in PostgreSQL, fewer values than columns fill the first columns when no column is named.
    let named = if insert.columns.is_empty() { width.unwrap_or(columns.len()).min(columns.len()) } else { columns.len() };
    if let Some(width) = width.filter(|width| *width > columns.len()) {
        return Err(EngineError::Syntax {
            message: format!("INSERT has more expressions than target columns ({width} for {})", columns.len()),
            position: None,
        });
    }
    insert.columns = columns[..named].iter().map(|column| ObjectName::from(vec![Ident::with_quote('"', &column.name)])).collect();
    Ok(Statement::Insert(insert))
}

/// `DEFAULT VALUES`.
fn all_defaults(columns: usize) -> Result<Box<Query>> {
    let nulls = vec!["NULL"; columns].join(", ");
    match template(&format!("VALUES ({nulls})"))? {
        Statement::Query(query) => Ok(query),
        other => Err(EngineError::Internal(format!("no query: {other}"))),
    }
}

pub(super) fn template(sql: &str) -> Result<Statement> {
    let parsed = Parser::new(&PostgreSqlDialect {}).try_with_sql(sql).and_then(|mut parser| parser.parse_statement());
    parsed.map_err(|error| EngineError::Internal(format!("{sql}: {error}")))
}

/// A name as PostgreSQL folds it.
pub(super) fn folded(ident: &Ident) -> String {
    if ident.quote_style.is_some() { ident.value.clone() } else { ident.value.to_lowercase() }
}

/// Whether an INSERT is of values alone: no SELECT, no subquery, nothing that another statement may have written before.
pub(super) fn reads_nothing(insert: &Insert) -> bool {
    struct Queries(usize);
    impl Visitor for Queries {
        type Break = ();
        fn pre_visit_query(&mut self, _query: &Query) -> ControlFlow<()> {
            self.0 += 1;
            ControlFlow::Continue(())
        }
    }
    let Some(source) = &insert.source else { return true };
    let mut queries = Queries(0);
    let _: ControlFlow<()> = Visit::visit(source.as_ref(), &mut queries);
    matches!(source.body.as_ref(), SetExpr::Values(_)) && queries.0 <= 1 && insert.returning.is_none()
}
