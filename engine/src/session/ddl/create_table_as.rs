//! `CREATE TABLE ... AS SELECT`: a topic with the query's columns and rows.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, TimeUnit};
use datafusion::sql::sqlparser::ast::{CreateTable, Statement};
use futures::TryStreamExt;
use strata_storage::ColumnId;
use strata_storage::schema::{Column, SQL_TYPE, timestamptz};

use super::columns;
use super::create_table::{refuse_unknown, with_options};
use crate::Result;
use crate::error::EngineError;
use crate::session::execution::Running;
use crate::session::insert::folded;
use crate::session::outcome::Outcome;
use crate::session::planner::undefined_relation;
use crate::session::write::conform;
use crate::session::{Session, column_names};

/// The column of a topic that a column of a query becomes; `None` for those that are given anew.
fn column(field: &Field, name: &str, id: ColumnId) -> Result<Option<Column>> {
    if matches!(name, "_offset" | "_ingested_at") {
        return Ok(None);
    }
    if name == "attrs" && field.metadata().contains_key(SQL_TYPE) {
        return Ok(Some(Column::attrs()));
    }
    columns::refuse_reserved(name)?;
    super::check_name(name)?;
    let data_type = match field.data_type() {
        DataType::Dictionary(_, value) => value.as_ref().clone(),
        other => other.clone(),
    };
    let data_type = match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null => DataType::Utf8View,
        DataType::Timestamp(_, Some(_)) => timestamptz(),
        DataType::Timestamp(_, None) => DataType::Timestamp(TimeUnit::Microsecond, None),
        DataType::Time32(_) | DataType::Time64(_) => DataType::Time64(TimeUnit::Microsecond),
        DataType::Date32 | DataType::Date64 => DataType::Date32,
        DataType::Int8 | DataType::UInt8 => DataType::Int16,
        DataType::UInt16 => DataType::Int32,
        DataType::UInt32 | DataType::UInt64 => DataType::Int64,
        DataType::Float16 => DataType::Float32,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => DataType::Binary,
        other @ (DataType::Boolean
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::Float32
        | DataType::Float64
        | DataType::Decimal128(..)
        | DataType::Interval(_)) => other,
        other => {
            return Err(EngineError::Unsupported {
                message: format!("column \"{name}\" of type {other} cannot be stored in a topic"),
                hint: Some("Cast it to text or jsonb.".into()),
            });
        }
    };
    Ok(Some(Column { id, name: name.to_owned(), data_type, nullable: true, sql_type: field.metadata().get(SQL_TYPE).cloned() }))
}

impl Session {
    pub(in crate::session) async fn create_table_as(&self, statement: &Statement, running: Running) -> Result<Outcome> {
        let Statement::CreateTable(create @ CreateTable { query: Some(query), .. }) = statement else {
            return Err(EngineError::Internal("CREATE TABLE AS without a query".into()));
        };
        self.refuse_when_read_only("CREATE TABLE AS")?;
        refuse_unknown(create)?;
        let name = self.new_name(&create.name)?;
        let state = self.state();
        let plan = self.plan_query(&state, Statement::Query(query.clone()), &[], Vec::new());
        let plan = running.unless_stopped(plan).await?;
        let started = running.start(&state, &plan).await?;
        let schema = column_names::shown(&started.stream.schema());
        let names: Vec<String> = match create.columns.as_slice() {
            [] => schema.fields().iter().map(|field| field.name().clone()).collect(),
            named => named.iter().map(|column| folded(&column.name)).collect(),
        };
        if names.len() > schema.fields().len() {
            return Err(EngineError::Syntax { message: "too many column names were specified".into(), position: None });
        }
        let mut kept = Vec::new();
        let mut columns = Vec::new();
        for (i, field) in schema.fields().iter().enumerate() {
            let name = names.get(i).unwrap_or(field.name());
            let id = ColumnId(i32::try_from(columns.len()).unwrap_or(i32::MAX).saturating_add(1));
            if let Some(column) = column(field, name, id)? {
                kept.push(i);
                columns.push(column);
            }
        }
        if kept.len() < schema.fields().len() {
            self.notice("_offset and _ingested_at are given anew to the records of a new topic", None);
        }
        let declared = columns.iter().filter(|column| column.id != ColumnId::ATTRS).cloned().collect();
        let Some(topic) = self.create_topic(name, declared, with_options(create), create.if_not_exists).await? else {
            return Ok(Outcome::done("CREATE TABLE AS"));
        };
        let topic = topic.definition();
        let filled = self.fill(&topic, &columns, &kept, started.stream, &running).await;
        if filled.is_err() && self.transaction.lock().is_idle() {
            self.engine.topics().drop_topic(&topic.schema, &topic.name).await?;
        }
        Ok(Outcome::done(format!("SELECT {}", filled?)))
    }

    async fn fill(
        &self,
        topic: &Arc<strata_catalog::Topic>,
        columns: &[Column],
        kept: &[usize],
        mut rows: datafusion::execution::SendableRecordBatchStream,
        running: &Running,
    ) -> Result<u64> {
        let stored = topic.columns.stored();
        let mut records = self.spool(stored.clone());
        while let Some(batch) = running.unless_stopped(async { Ok(rows.try_next().await?) }).await? {
            records.push(conform(&batch.project(kept)?, columns, &stored)?)?;
        }
        let made = self.engine.topics().by_id(topic.id).ok_or_else(|| undefined_relation(&topic.name))?;
        let allowed = self.relations.may_insert(&made)?;
        self.write(topic, records, allowed).await
    }
}
