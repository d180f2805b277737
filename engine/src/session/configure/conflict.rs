//! `ON CONFLICT`: rows whose name is taken are left alone or change the object that has it, so that a script can be run twice.
//!
//! `excluded` is the row that was to be inserted, its defaults included.

use std::sync::Arc;

use datafusion::catalog::MemTable;
use datafusion::datasource::provider_as_source;
use datafusion::sql::sqlparser::ast::{
    BinaryOperator, ConflictTarget, DoUpdate, Expr, Ident, Insert, ObjectName, OnConflictAction, OnInsert, Statement, TableFactor,
};
use futures::TryStreamExt;
use strata_catalog::etl::{Fold, Relation, Row, Staging, Uid};

use super::layer_error;
use super::update::{assignments, changes, query, table_alias};
use crate::Result;
use crate::error::{EngineError, Refusal};
use crate::etl::{RelationTable, columns};
use crate::session::execution::Running;
use crate::session::insert::{TARGET, folded, template};
use crate::session::outcome::{Parameters, Prepared};
use crate::session::planner::Planner;
use crate::session::{Session, select};

/// What becomes of a row whose name is taken.
#[derive(Debug, Clone)]
pub(super) enum OnRow {
    /// It is an error.
    Refuse,
    /// The row is left out.
    Nothing,
    /// The object that has the name is changed, where the condition holds.
    Update(Box<DoUpdate>),
}

impl OnRow {
    /// What an INSERT says.
    pub fn of(relation: Relation, insert: &Insert) -> Result<Self> {
        let conflict = match &insert.on {
            None => return Ok(Self::Refuse),
            Some(OnInsert::OnConflict(conflict)) => conflict,
            Some(other) => {
                return Err(EngineError::Unsupported {
                    message: format!("INSERT{other}"),
                    hint: Some("Use ON CONFLICT.".into()),
                });
            }
        };
        let key: &[&str] = match relation {
            Relation::Roles => &["name"],
            Relation::Rules => &["role", "name"],
        };
        let update = matches!(conflict.action, OnConflictAction::DoUpdate(_));
        let fits = match &conflict.conflict_target {
            None => !update,
            Some(ConflictTarget::Columns(names)) => {
                let mut names: Vec<String> = names.iter().map(folded).collect();
                let mut key: Vec<String> = key.iter().map(|name| (*name).to_owned()).collect();
                names.sort();
                key.sort();
                names == key
            }
            Some(ConflictTarget::OnConstraint(_)) => false,
        };
        if !fits {
            return Err(EngineError::Refused {
                reason: Refusal::InvalidDefinition,
                message: "there is no unique constraint matching the ON CONFLICT specification".into(),
                hint: Some(format!("etl.{relation} is unique by ({}).", key.join(", "))),
            });
        }
        Ok(match &conflict.action {
            OnConflictAction::DoNothing => Self::Nothing,
            OnConflictAction::DoUpdate(update) => Self::Update(Box::new(update.clone())),
        })
    }
}

impl Session {
    /// Stages rows; those that were made or changed, in the order of the rows.
    #[allow(clippy::too_many_arguments, reason = "all that a statement knows")]
    pub(super) async fn insert_or(
        &self,
        relation: Relation,
        on_row: &OnRow,
        alias: &str,
        rows: Vec<Row>,
        staging: &mut Staging,
        prepared: &Prepared,
        parameters: Parameters,
        running: &Running,
    ) -> Result<Vec<Uid>> {
        let mut fresh: Vec<Row> = Vec::new();
        let mut taken: Vec<(Uid, Row)> = Vec::new();
        for row in rows {
            match found(relation, staging.fold(), &row) {
                Some(uid) if matches!(on_row, OnRow::Update(..)) && taken.iter().any(|(known, _)| *known == uid) => {
                    return Err(twice());
                }
                Some(uid) => taken.push((uid, row)),
                None if fresh.iter().any(|known| key(relation, known) == key(relation, &row)) => match on_row {
                    OnRow::Nothing => {}
                    OnRow::Refuse | OnRow::Update(..) => return Err(twice()),
                },
                None => fresh.push(row),
            }
        }
        let mut uids = staging.insert(relation, fresh).map_err(layer_error)?;
        if let OnRow::Update(update) = on_row
            && !taken.is_empty()
        {
            let (assigned, values) = assignments(relation, &update.assignments)?;
            let query = query_of_conflict(alias, values, update.selection.as_ref())?;
            let state = self.state();
            let mut planner = Planner::new(&state, self.relations.clone());
            planner.name(TARGET, provider_as_source(Arc::new(RelationTable::new(relation, staging.fold().clone(), true))));
            let (ids, excluded): (Vec<Uid>, Vec<Row>) =
                taken.into_iter().map(|(uid, row)| (uid, with_defaults(relation, row))).unzip();
            let batch = columns::batch(relation, &excluded, Some(&ids))?;
            let excluded = MemTable::try_new(columns::schema(relation, true), vec![vec![batch]])?;
            planner.name("excluded", provider_as_source(Arc::new(excluded)));
            let count = select::parameter_count(&query)?;
            let plan = planner.plan(self.rewritten(query), select::known(&prepared.parameters)).await?;
            let plan = select::bind(plan, count, &prepared.parameters, parameters)?;
            let stream = running.start(&state, &plan).await?.stream;
            let batches: Vec<_> = running.unless_stopped(async { Ok(stream.try_collect().await?) }).await?;
            let changes = changes(relation, &assigned, &batches)?;
            uids.extend(changes.iter().map(|(uid, _)| *uid));
            staging.update(relation, changes).map_err(layer_error)?;
        }
        Ok(uids)
    }
}

fn twice() -> EngineError {
    EngineError::Refused {
        reason: Refusal::InvalidParameter,
        message: "ON CONFLICT DO UPDATE command cannot affect row a second time".into(),
        hint: Some("Ensure that no rows proposed for insertion within the same command have the same name.".into()),
    }
}

/// What makes a row unique.
fn key(relation: Relation, row: &Row) -> (Option<&str>, Option<&str>) {
    let text = |name: &str| row.get(name).and_then(|value| value.as_str());
    (if relation == Relation::Rules { text("role") } else { None }, text("name"))
}

/// The object that has a row's name.
fn found(relation: Relation, fold: &Fold, row: &Row) -> Option<Uid> {
    let (role, name) = key(relation, row);
    match relation {
        Relation::Roles => fold.role(name?),
        Relation::Rules => fold.rule(fold.role(role?)?.uid, name?),
    }
    .map(|object| object.uid)
}

fn with_defaults(relation: Relation, mut row: Row) -> Row {
    for field in relation.fields() {
        if let (false, Some(default)) = (row.contains_key(field.name), Relation::default_of(field)) {
            row.insert(field.name.to_owned(), default);
        }
    }
    row
}

/// `SELECT uid, values FROM target, excluded WHERE they are one row AND condition`.
fn query_of_conflict(alias: &str, values: Vec<Expr>, selection: Option<&Expr>) -> Result<Statement> {
    let mut statement = template(&format!("SELECT 1 FROM \"{TARGET}\", excluded"))?;
    let mut tables = Vec::new();
    if let Statement::Query(query) = &mut statement
        && let datafusion::sql::sqlparser::ast::SetExpr::Select(select) = query.body.as_mut()
    {
        tables = std::mem::take(&mut select.from);
    }
    if let Some(TableFactor::Table { alias: called, name, .. }) = tables.first_mut().map(|table| &mut table.relation) {
        *called = Some(table_alias(alias));
        *name = ObjectName::from(vec![Ident::with_quote('"', TARGET)]);
    }
    let uid = |table: &str| {
        Box::new(Expr::CompoundIdentifier(vec![Ident::with_quote('"', table), Ident::with_quote('"', columns::UID)]))
    };
    let one_row = Expr::BinaryOp { left: uid(alias), op: BinaryOperator::Eq, right: uid("excluded") };
    let condition = match selection {
        Some(selection) => Expr::BinaryOp {
            left: Box::new(one_row),
            op: BinaryOperator::And,
            right: Box::new(Expr::Nested(Box::new(selection.clone()))),
        },
        None => one_row,
    };
    query(alias, tables, values, Some(&condition))
}
