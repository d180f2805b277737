//! `INSERT INTO etl.roles` and `etl.rules`, with `ON CONFLICT` and `RETURNING`.
//!
//! A column that is not given, or is given as DEFAULT, gets its default when the row is staged; NULL is NULL.

use std::collections::BTreeSet;

use arrow::array::RecordBatch;
use arrow::datatypes::{FieldRef, SchemaRef};
use datafusion::sql::sqlparser::ast::{Insert, SetExpr, TableObject};
use futures::TryStreamExt;
use strata_catalog::Privilege;
use strata_catalog::etl::{Relation, Row};
use strata_storage::schema::Column;

use super::changed::Changed;
use super::conflict::OnRow;
use super::layer_error;
use super::update::is_default;
use crate::Result;
use crate::error::{EngineError, ObjectClass};
use crate::etl::columns;
use crate::session::execution::Running;
use crate::session::insert::{folded, source_statement};
use crate::session::outcome::{Outcome, Parameters, Prepared};
use crate::session::write::value_of;
use crate::session::{Session, select};

impl Session {
    pub(in crate::session) async fn insert_configuration(
        &self,
        relation: Relation,
        insert: &Insert,
        prepared: &Prepared,
        parameters: Parameters,
        running: Running,
    ) -> Result<Outcome> {
        let on_row = OnRow::of(relation, insert)?;
        self.may_configure(relation, needed(&on_row, insert))?;
        let mut staging = self.staged("INSERT")?;
        let alias = alias(insert);
        let rows = self.source_rows(relation, insert, prepared, parameters.clone(), &running).await?;
        let made = match on_row {
            OnRow::Refuse => staging.insert(relation, rows).map_err(layer_error)?,
            _ => self.insert_or(relation, &on_row, &alias, rows, &mut staging, prepared, parameters, &running).await?,
        };
        let changed = Changed::new(relation, alias, staging.fold(), &made, insert.returning.as_ref());
        self.finish(staging, &changed, "INSERT", running).await
    }

    /// Types of parameters and columns of RETURNING.
    pub(in crate::session) async fn describe_insert_configuration(
        &self,
        relation: Relation,
        insert: &Insert,
        given: &[Option<FieldRef>],
    ) -> Result<(Vec<FieldRef>, Option<SchemaRef>)> {
        let columns = target_columns(relation, insert)?;
        let statement = source_statement(insert, &columns)?;
        let state = self.state();
        let plan = |types| self.plan_insert(&state, statement.clone(), &columns, types);
        let types = self.parameter_types(&statement, given, plan).await?;
        let shown = match &insert.returning {
            Some(returning) => Some(self.returned_columns(relation, &alias(insert), returning).await?),
            None => None,
        };
        Ok((types, shown))
    }

    /// The rows that VALUES or the query gives, with the columns that it gives.
    async fn source_rows(
        &self,
        relation: Relation,
        insert: &Insert,
        prepared: &Prepared,
        parameters: Parameters,
        running: &Running,
    ) -> Result<Vec<Row>> {
        let columns = target_columns(relation, insert)?;
        let (given, defaults) = given(insert, columns.len());
        let statement = source_statement(insert, &columns)?;
        let count = select::parameter_count(&statement)?;
        let state = self.state();
        let plan = self.plan_insert(&state, statement, &columns, select::known(&prepared.parameters)).await?;
        let plan = select::bind(plan, count, &prepared.parameters, parameters)?;
        let batches = running.start(&state, &plan).await?.stream;
        let batches: Vec<RecordBatch> = running.unless_stopped(async { Ok(batches.try_collect().await?) }).await?;
        let mut rows = Vec::new();
        for batch in batches {
            let arrays = batch.columns().iter().zip(&columns).take(given);
            let arrays = arrays.map(|(array, column)| value_of(array, column)).collect::<Result<Vec<_>>>()?;
            for at in 0..batch.num_rows() {
                let mut row = Row::new();
                for (i, (array, column)) in arrays.iter().zip(&columns).enumerate() {
                    if !defaults.contains(&(rows.len(), i)) {
                        let field = relation.field(&column.name).map_err(layer_error)?;
                        row.insert(column.name.clone(), columns::value(field, array, at)?);
                    }
                }
                rows.push(row);
            }
        }
        Ok(rows)
    }
}

/// The rights that an INSERT needs: what looks at rows that are there reads them.
fn needed(on_row: &OnRow, insert: &Insert) -> &'static [Privilege] {
    match on_row {
        OnRow::Refuse if insert.returning.is_none() => &[Privilege::Insert],
        OnRow::Refuse | OnRow::Nothing => &[Privilege::Insert, Privilege::Select],
        OnRow::Update(_) => &[Privilege::Insert, Privilege::Select, Privilege::Update],
    }
}

/// What RETURNING and ON CONFLICT call the table.
fn alias(insert: &Insert) -> String {
    let TableObject::TableName(name) = &insert.table else { return String::new() };
    let named = name.0.last().and_then(|part| part.as_ident());
    insert.table_alias.as_ref().map(|alias| &alias.alias).or(named).map(folded).unwrap_or_default()
}

/// The columns that an INSERT names, or all.
fn target_columns(relation: Relation, insert: &Insert) -> Result<Vec<Column>> {
    let all = columns::columns(relation);
    if insert.columns.is_empty() {
        return Ok(all);
    }
    let mut found: Vec<Column> = Vec::new();
    for name in insert.columns.iter().filter_map(|name| name.0.last()?.as_ident().map(folded)) {
        relation.field(&name).map_err(layer_error)?;
        if found.iter().any(|known| known.name == name) {
            return Err(EngineError::Duplicate { what: ObjectClass::Column, name });
        }
        found.extend(all.iter().find(|column| column.name == name).cloned());
    }
    Ok(found)
}

/// How many columns get a value, and the (row, column) of each DEFAULT.
fn given(insert: &Insert, columns: usize) -> (usize, BTreeSet<(usize, usize)>) {
    let mut defaults = BTreeSet::new();
    let Some(source) = &insert.source else { return (0, defaults) };
    let SetExpr::Values(values) = source.body.as_ref() else { return (columns, defaults) };
    for (at, row) in values.rows.iter().enumerate() {
        defaults.extend(row.iter().enumerate().filter(|(_, value)| is_default(value)).map(|(i, _)| (at, i)));
    }
    let width = values.rows.first().map_or(columns, |row| row.len());
    (if insert.columns.is_empty() { width.min(columns) } else { columns }, defaults)
}
