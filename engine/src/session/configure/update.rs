//! `UPDATE` and `DELETE`: a query that finds the rows and computes the new values, then the change.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{FieldRef, Int64Type};
use datafusion::datasource::provider_as_source;
use datafusion::execution::SessionState;
use datafusion::logical_expr::LogicalPlan;
use datafusion::sql::sqlparser::ast::{
    Assignment, AssignmentTarget, Delete, Expr, FromTable, Ident, ObjectName, SelectItem, SetExpr, Statement, TableAlias,
    TableFactor, TableWithJoins, Update, UpdateTableFromKind,
};
use futures::TryStreamExt;
use strata_catalog::etl::{Field, FieldKind, Fold, LayerError, Relation, Row, Staging, Uid};

use super::changed::Changed;
use super::{layer_error, target};
use crate::Result;
use crate::error::{EngineError, ObjectClass};
use crate::etl::{RelationTable, columns};
use crate::session::execution::Running;
use crate::session::insert::{TARGET, folded, template};
use crate::session::outcome::{Parameters, Prepared};
use crate::session::planner::Planner;
use crate::session::write::value_of;
use crate::session::{Session, select};

/// What SET gives a column.
pub(super) enum Assigned {
    /// The value of this column of the query.
    Computed(&'static Field),
    /// `DEFAULT`.
    Default(&'static Field),
}

impl Session {
    pub(super) async fn update_rows(
        &self,
        relation: Relation,
        update: &Update,
        staging: &mut Staging,
        prepared: &Prepared,
        parameters: Parameters,
        running: &Running,
    ) -> Result<Changed> {
        let (query, assigned) = query_of_update(relation, update)?;
        let batches = self.rows_of_target(relation, staging.fold(), query, prepared, parameters, running).await?;
        let changes = changes(relation, &assigned, &batches)?;
        let uids: Vec<Uid> = changes.iter().map(|(uid, _)| *uid).collect();
        staging.update(relation, changes).map_err(layer_error)?;
        let alias = alias(&Statement::Update(update.clone()));
        Ok(Changed::new(relation, alias, staging.fold(), &uids, update.returning.as_ref()))
    }

    pub(super) async fn delete_rows(
        &self,
        relation: Relation,
        delete: &Delete,
        staging: &mut Staging,
        prepared: &Prepared,
        parameters: Parameters,
        running: &Running,
    ) -> Result<Changed> {
        let query = query_of_delete(delete)?;
        let batches = self.rows_of_target(relation, staging.fold(), query, prepared, parameters, running).await?;
        let uids: Vec<Uid> = changes(relation, &[], &batches)?.into_iter().map(|(uid, _)| uid).collect();
        let alias = alias(&Statement::Delete(delete.clone()));
        let changed = Changed::new(relation, alias, staging.fold(), &uids, delete.returning.as_ref());
        staging.delete(&uids).map_err(layer_error)?;
        Ok(changed)
    }

    async fn rows_of_target(
        &self,
        relation: Relation,
        fold: &Arc<Fold>,
        query: Statement,
        prepared: &Prepared,
        parameters: Parameters,
        running: &Running,
    ) -> Result<Vec<RecordBatch>> {
        let state = self.state();
        let count = select::parameter_count(&query)?;
        let plan = self.plan_on_target(&state, relation, fold, query, select::known(&prepared.parameters)).await?;
        let plan = select::bind(plan, count, &prepared.parameters, parameters)?;
        let rows = running.start(&state, &plan).await?.stream;
        running.unless_stopped(async { Ok(rows.try_collect().await?) }).await
    }

    /// Plans a query on the target, which goes by the name [`TARGET`] and has its uids.
    pub(super) async fn plan_on_target(
        &self,
        state: &SessionState,
        relation: Relation,
        fold: &Arc<Fold>,
        query: Statement,
        parameters: Vec<Option<FieldRef>>,
    ) -> Result<LogicalPlan> {
        let mut planner = Planner::new(state, self.relations.clone());
        let table = RelationTable::new(relation, fold.clone(), true);
        planner.name(TARGET, provider_as_source(Arc::new(table)));
        planner.plan(self.rewritten(query), parameters).await
    }
}

/// `SELECT uid, values FROM target, others WHERE condition`, and what the values are for.
pub(super) fn query_of_update(relation: Relation, update: &Update) -> Result<(Statement, Vec<Assigned>)> {
    let mut tables = vec![aliased(&update.table)?];
    match &update.from {
        Some(UpdateTableFromKind::AfterSet(from) | UpdateTableFromKind::BeforeSet(from)) => tables.extend(from.iter().cloned()),
        None => {}
    }
    let (assigned, values) = assignments(relation, &update.assignments)?;
    let alias = alias(&Statement::Update(update.clone()));
    Ok((query(&alias, tables, values, update.selection.as_ref())?, assigned))
}

/// `SELECT uid FROM target, others WHERE condition`.
pub(super) fn query_of_delete(delete: &Delete) -> Result<Statement> {
    let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = &delete.from;
    let [table] = from.as_slice() else {
        return Err(EngineError::Unsupported { message: "DELETE of several tables".into(), hint: None });
    };
    let tables = [aliased(table)?].into_iter().chain(delete.using.iter().flatten().cloned()).collect();
    query(&alias(&Statement::Delete(delete.clone())), tables, Vec::new(), delete.selection.as_ref())
}

/// What SET assigns, and the expressions to be computed.
pub(super) fn assignments(relation: Relation, list: &[Assignment]) -> Result<(Vec<Assigned>, Vec<Expr>)> {
    let (mut assigned, mut values) = (Vec::new(), Vec::new());
    let mut seen: Vec<&str> = Vec::new();
    for Assignment { target, value } in list {
        let AssignmentTarget::ColumnName(name) = target else {
            return Err(EngineError::Unsupported {
                message: format!("assignment to {target}"),
                hint: Some("Assign one column at a time.".into()),
            });
        };
        let name = name.0.last().and_then(|part| part.as_ident()).map(folded).unwrap_or_default();
        let field = relation.field(&name).map_err(layer_error)?;
        if seen.contains(&field.name) {
            return Err(EngineError::Duplicate { what: ObjectClass::Column, name });
        }
        seen.push(field.name);
        if is_default(value) {
            assigned.push(Assigned::Default(field));
        } else {
            assigned.push(Assigned::Computed(field));
            values.push(value.clone());
        }
    }
    Ok((assigned, values))
}

/// The word DEFAULT.
pub(super) fn is_default(value: &Expr) -> bool {
    matches!(value, Expr::Identifier(ident) if ident.quote_style.is_none() && ident.value.eq_ignore_ascii_case("default"))
}

/// Puts a query together.
pub(super) fn query(alias: &str, tables: Vec<TableWithJoins>, values: Vec<Expr>, selection: Option<&Expr>) -> Result<Statement> {
    let mut statement = template("SELECT 1")?;
    if let Statement::Query(query) = &mut statement
        && let SetExpr::Select(select) = query.body.as_mut()
    {
        let quoted = |name: &str| Ident::with_quote('"', name);
        let uid = Expr::CompoundIdentifier(vec![quoted(alias), quoted(columns::UID)]);
        let numbered = (0..).zip(values).map(|(i, expr): (usize, Expr)| (format!("strata value {i}"), expr));
        let items = [(columns::UID.to_owned(), uid)].into_iter().chain(numbered);
        select.projection = items.map(|(name, expr)| SelectItem::ExprWithAlias { expr, alias: quoted(&name) }).collect();
        select.from = tables;
        select.selection = selection.cloned();
    }
    Ok(statement)
}

/// The target table under its reserved name, called what the statement calls it.
fn aliased(table: &TableWithJoins) -> Result<TableWithJoins> {
    let mut table = table.clone();
    match &mut table.relation {
        TableFactor::Table { name, alias, .. } if table.joins.is_empty() => {
            let called = name.0.last().and_then(|part| part.as_ident()).map(folded).unwrap_or_default();
            *alias = alias.take().or_else(|| Some(table_alias(&called)));
            *name = ObjectName::from(vec![Ident::with_quote('"', TARGET)]);
            Ok(table)
        }
        other => Err(EngineError::Unsupported { message: format!("{other} cannot be changed"), hint: None }),
    }
}

/// `AS name`.
pub(super) fn table_alias(name: &str) -> TableAlias {
    TableAlias { explicit: true, name: Ident::with_quote('"', name), columns: Vec::new(), at: None }
}

/// What a statement calls its target.
pub(super) fn alias(statement: &Statement) -> String {
    match target(statement) {
        Some(TableFactor::Table { alias: Some(alias), .. }) => folded(&alias.name),
        Some(TableFactor::Table { name, .. }) => name.0.last().and_then(|part| part.as_ident()).map(folded).unwrap_or_default(),
        _ => String::new(),
    }
}

/// The rows of a query as changes. A row that several others match is changed by the first, as in PostgreSQL.
pub(super) fn changes(relation: Relation, assigned: &[Assigned], batches: &[RecordBatch]) -> Result<Vec<(Uid, Row)>> {
    let all = columns::columns(relation);
    let mut found: BTreeMap<Uid, Row> = BTreeMap::new();
    for batch in batches {
        let uids = batch.column(0).as_primitive::<Int64Type>();
        let mut arrays = batch.columns()[1..].iter();
        let mut values = Vec::with_capacity(assigned.len());
        for one in assigned {
            values.push(match one {
                Assigned::Default(field) => (*field, None),
                Assigned::Computed(field) => {
                    let column = all.iter().find(|column| column.name == field.name);
                    let (Some(column), Some(array)) = (column, arrays.next()) else {
                        return Err(EngineError::Internal(format!("column {} was not computed", field.name)));
                    };
                    (*field, Some(value_of(array, column)?))
                }
            });
        }
        for row in (0..batch.num_rows()).filter(|row| !uids.is_null(*row)) {
            let uid = Uid(uids.value(row));
            if found.contains_key(&uid) {
                continue;
            }
            let mut changed = Row::new();
            for (field, array) in &values {
                let value = match array {
                    Some(array) => columns::value(field, array, row)?,
                    None => default_of(relation, field)?,
                };
                changed.insert(field.name.to_owned(), value);
            }
            found.insert(uid, changed);
        }
    }
    Ok(found.into_iter().collect())
}

fn default_of(relation: Relation, field: &Field) -> Result<serde_json::Value> {
    if field.kind == FieldKind::Position {
        return Err(EngineError::Unsupported {
            message: "SET position = DEFAULT".into(),
            hint: Some("Give a number; a position is given once and never found anew.".into()),
        });
    }
    Relation::default_of(field).ok_or_else(|| layer_error(LayerError::NullField { relation, field: field.name }))
}
