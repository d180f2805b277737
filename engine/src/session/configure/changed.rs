//! The rows that a statement changed, and what RETURNING makes of them.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{FieldRef, SchemaRef};
use datafusion::catalog::MemTable;
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::LogicalPlan;
use datafusion::sql::sqlparser::ast::{SelectItem, SetExpr, Statement};
use futures::TryStreamExt;
use strata_catalog::etl::{Fold, Relation, Row, Uid};

use crate::Result;
use crate::etl::columns;
use crate::session::execution::Running;
use crate::session::insert::template;
use crate::session::planner::Planner;
use crate::session::{Session, column_names, select};

/// See the module.
#[derive(Debug)]
pub(super) struct Changed {
    relation: Relation,
    /// What RETURNING calls the table.
    alias: String,
    rows: Vec<Row>,
    returning: Option<Vec<SelectItem>>,
}

impl Changed {
    /// Objects as a fold has them.
    pub fn new(relation: Relation, alias: String, fold: &Fold, uids: &[Uid], returning: Option<&Vec<SelectItem>>) -> Self {
        let rows = uids.iter().filter_map(|uid| fold.row(*uid)).collect();
        Self { relation, alias, rows, returning: returning.cloned() }
    }

    /// How many.
    pub fn rows(&self) -> usize {
        self.rows.len()
    }
}

impl Session {
    /// What RETURNING gives back; `None` without RETURNING.
    pub(super) async fn answer(&self, changed: &Changed, running: &Running) -> Result<Option<(SchemaRef, Vec<RecordBatch>)>> {
        let Some(returning) = &changed.returning else { return Ok(None) };
        let batch = columns::batch(changed.relation, &changed.rows, None)?;
        let plan = self.plan_of_returning(changed.relation, &changed.alias, returning, vec![batch]).await?;
        let started = running.start(&self.state(), &plan).await?;
        let schema = started.stream.schema();
        let batches = running.unless_stopped(async { Ok(started.stream.try_collect().await?) }).await?;
        Ok(Some((schema, batches)))
    }

    /// Columns of RETURNING.
    pub(super) async fn returned_columns(&self, relation: Relation, alias: &str, returning: &[SelectItem]) -> Result<SchemaRef> {
        let plan = self.plan_of_returning(relation, alias, returning, Vec::new()).await?;
        Ok(column_names::shown(plan.schema().inner()))
    }

    /// `SELECT returning FROM (the changed rows)`.
    async fn plan_of_returning(
        &self,
        relation: Relation,
        alias: &str,
        returning: &[SelectItem],
        batches: Vec<RecordBatch>,
    ) -> Result<LogicalPlan> {
        let state = self.state();
        let mut planner = Planner::new(&state, self.relations.clone());
        let table = MemTable::try_new(columns::schema(relation, false), vec![batches])?;
        planner.name(alias, provider_as_source(Arc::new(table)));
        let mut query = template(&format!("SELECT 1 FROM \"{}\"", alias.replace('"', "\"\"")))?;
        if let Statement::Query(query) = &mut query
            && let SetExpr::Select(select) = query.body.as_mut()
        {
            select.projection = returning.to_vec();
        }
        let plan = planner.plan(self.rewritten(query), Vec::new()).await?;
        Ok(state.analyzer().execute_and_check(plan, state.config_options(), |_, _| {})?)
    }

    /// Types of all parameters of a statement: those given, those that planning finds, text for the rest.
    pub(super) async fn parameter_types<F>(
        &self,
        statement: &Statement,
        given: &[Option<FieldRef>],
        plan: impl FnOnce(Vec<Option<FieldRef>>) -> F,
    ) -> Result<Vec<FieldRef>>
    where
        F: Future<Output = Result<LogicalPlan>>,
    {
        let count = select::parameter_count(statement)?;
        let mut types: Vec<_> = (0..count.max(given.len())).map(|i| given.get(i).cloned().flatten()).collect();
        if types.iter().any(Option::is_none) {
            select::fill(&mut types, &plan(Vec::new()).await?)?;
        }
        Ok(select::or_text(types))
    }
}
