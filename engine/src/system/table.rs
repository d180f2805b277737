//! What all system tables share: columns with comments, and rows made when they are asked for.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, BooleanBuilder, Float64Builder, Int32Builder, Int64Builder, ListBuilder, RecordBatch, RecordBatchOptions,
    StringBuilder, StringViewBuilder, TimestampMicrosecondBuilder,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{MemTable, Session, TableProvider};
use datafusion::error::{DataFusionError, Result as PlanResult};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use futures::{StreamExt, TryStreamExt};
use strata_storage::schema::timestamptz;

use crate::Result;
use crate::engine::Engine;
use crate::jsonb::{canonical_texts, jsonb_field};
use crate::session::SessionInfo;

/// Rows of a batch.
const BATCH_ROWS: usize = 1024;

/// What a table may look at.
#[derive(Debug, Clone)]
pub(crate) struct Surroundings {
    pub engine: Arc<Engine>,
    pub session: Arc<SessionInfo>,
}

/// Type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Bool,
    Int,
    Bigint,
    Double,
    Text,
    Texts,
    /// JSON text in any form.
    Jsonb,
    Time,
}

/// A column.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SystemColumn {
    pub name: &'static str,
    pub kind: Kind,
    pub comment: &'static str,
}

/// Shorthand for lists of columns.
pub(crate) const fn column(name: &'static str, kind: Kind, comment: &'static str) -> SystemColumn {
    SystemColumn { name, kind, comment }
}

/// One value of a row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Int(i32),
    Bigint(i64),
    Double(f64),
    Text(String),
    Texts(Vec<String>),
    /// Microseconds.
    Time(i64),
}

impl Value {
    /// A count; those beyond 2^63 show as the largest bigint.
    pub fn count(n: impl TryInto<i64>) -> Self {
        Self::Bigint(n.try_into().unwrap_or(i64::MAX))
    }

    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Bigint(value)
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

/// A system table.
#[async_trait]
pub(crate) trait SystemTable: Send + Sync + std::fmt::Debug {
    /// Name in its schema.
    fn name(&self) -> &'static str;
    /// One sentence.
    fn comment(&self) -> &'static str;
    /// Columns.
    fn columns(&self) -> &'static [SystemColumn];
    /// The rows now, in the order in which they are shown.
    async fn rows(&self, around: &Surroundings) -> Result<Vec<Vec<Value>>>;
}

/// A system table as DataFusion sees it.
#[derive(Debug)]
pub(crate) struct Provider {
    table: &'static dyn SystemTable,
    around: Surroundings,
    schema: SchemaRef,
}

impl Provider {
    pub fn new(table: &'static dyn SystemTable, around: Surroundings) -> Self {
        let fields = table.columns().iter().map(field).collect::<Vec<_>>();
        Self { table, around, schema: Arc::new(Schema::new(fields)) }
    }
}

fn field(column: &SystemColumn) -> Field {
    if column.kind == Kind::Jsonb {
        return jsonb_field(column.name);
    }
    let data_type = match column.kind {
        Kind::Bool => DataType::Boolean,
        Kind::Int => DataType::Int32,
        Kind::Bigint => DataType::Int64,
        Kind::Double => DataType::Float64,
        Kind::Text => DataType::Utf8,
        Kind::Jsonb => DataType::Utf8View,
        Kind::Texts => DataType::new_list(DataType::Utf8, true),
        Kind::Time => timestamptz(),
    };
    Field::new(column.name, data_type, true)
}

#[async_trait]
impl TableProvider for Provider {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::View
    }

    async fn scan(
        &self,
        _state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> PlanResult<Arc<dyn ExecutionPlan>> {
        let part = Arc::new(Part { table: self.table, around: self.around.clone(), schema: self.schema.clone() });
        Ok(Arc::new(StreamingTableExec::try_new(self.schema.clone(), vec![part], projection, [], false, limit)?))
    }
}

/// The one partition of a system table.
#[derive(Debug)]
struct Part {
    table: &'static dyn SystemTable,
    around: Surroundings,
    schema: SchemaRef,
}

impl PartitionStream for Part {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let (table, around, schema) = (self.table, self.around.clone(), self.schema.clone());
        let batches = futures::stream::once(async move {
            let rows = table.rows(&around).await.map_err(|error| DataFusionError::External(Box::new(error)))?;
            let batches: Vec<PlanResult<RecordBatch>> =
                rows.chunks(BATCH_ROWS).map(|rows| batch(table.columns(), rows, &schema)).collect();
            Ok::<_, DataFusionError>(futures::stream::iter(batches))
        });
        Box::pin(RecordBatchStreamAdapter::new(self.schema.clone(), batches.try_flatten().boxed()))
    }
}

/// Rows that are known, as a table.
///
/// # Errors
/// A value that is not of its column's type, which is a defect.
pub(crate) fn rows_table(columns: &[SystemColumn], rows: &[Vec<Value>]) -> PlanResult<MemTable> {
    let schema: SchemaRef = Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()));
    let batch = batch(columns, rows, &schema)?;
    MemTable::try_new(schema, vec![vec![batch]])
}

fn batch(columns: &[SystemColumn], rows: &[Vec<Value>], schema: &SchemaRef) -> PlanResult<RecordBatch> {
    let arrays: Vec<ArrayRef> =
        columns.iter().enumerate().map(|(i, column)| array(column, rows, i)).collect::<PlanResult<_>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
    Ok(RecordBatch::try_new_with_options(schema.clone(), arrays, &options)?)
}

fn array(column: &SystemColumn, rows: &[Vec<Value>], i: usize) -> PlanResult<ArrayRef> {
    macro_rules! fill {
        ($builder:expr, $($pattern:pat => $value:expr),+) => {{
            let mut builder = $builder;
            for row in rows {
                match &row[i] {
                    Value::Null => builder.append_null(),
                    $($pattern => builder.append_value($value),)+
                    other => return Err(mismatch(column, other)),
                }
            }
            let array: ArrayRef = Arc::new(builder.finish());
            array
        }};
    }
    Ok(match column.kind {
        Kind::Bool => fill!(BooleanBuilder::new(), Value::Bool(value) => *value),
        Kind::Int => fill!(Int32Builder::new(), Value::Int(value) => *value),
        Kind::Bigint => fill!(Int64Builder::new(), Value::Bigint(value) => *value),
        Kind::Double => fill!(Float64Builder::new(), Value::Double(value) => *value),
        Kind::Text => fill!(StringBuilder::new(), Value::Text(value) => value),
        Kind::Jsonb => {
            let texts = fill!(StringViewBuilder::new(), Value::Text(value) => value);
            let canonical = canonical_texts(texts.as_string_view());
            Arc::new(canonical.map_err(|error| DataFusionError::External(Box::new(error)))?)
        }
        Kind::Time => {
            fill!(TimestampMicrosecondBuilder::new().with_timezone("UTC"), Value::Time(value) => *value, Value::Bigint(value) => *value)
        }
        Kind::Texts => {
            let mut builder = ListBuilder::new(StringBuilder::new());
            for row in rows {
                match &row[i] {
                    Value::Null => builder.append_null(),
                    Value::Texts(texts) => builder.append_value(texts.iter().map(Some)),
                    other => return Err(mismatch(column, other)),
                }
            }
            Arc::new(builder.finish())
        }
    })
}

fn mismatch(column: &SystemColumn, value: &Value) -> DataFusionError {
    DataFusionError::Internal(format!("system column {} got {value:?}", column.name))
}
