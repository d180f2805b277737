//! The columns of a topic as storage sees them: ids, names and Arrow types.
//!
//! ```text
//! stored in the log, the buffer and segments      derived from where a record lies
//! ┌──────────┬──────────┬─────┬────────┐          ┌─────────┬──────────────┐
//! │ column 1 │ column 2 │ ... │ attrs  │          │ _offset │ _ingested_at │
//! └──────────┴──────────┴─────┴────────┘          └─────────┴──────────────┘
//! ```
//!
//! Logical and physical types differ. A text column is `Utf8View` to queries, but a batch in the log or in memory may
//! hold it as `Utf8`, `Utf8View` or a dictionary of `Utf8`, whichever is smallest. Batches name columns by the id in the
//! field's metadata, never by position, so a batch written before `ALTER TABLE` is still understood.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef, TimeUnit};
use serde::{Deserialize, Serialize};

use crate::ids::ColumnId;

/// Field metadata key of the column id. Parquet writes it as the field id.
pub const FIELD_ID: &str = "PARQUET:field_id";
/// Field metadata key that tells apart SQL types of one Arrow type.
pub const SQL_TYPE: &str = "strata.type";
/// Value of [`SQL_TYPE`] for `jsonb`. The text of such a column is canonical jsonb text.
pub const JSONB: &str = "jsonb";

/// One column: its identity, its name now, its logical Arrow type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Identity.
    pub id: ColumnId,
    /// Name now.
    pub name: String,
    /// Logical type: text is `Utf8View`, `timestamptz` is `Timestamp(Microsecond, "UTC")`, `jsonb` is `Utf8View`
    /// with `sql_type`.
    pub data_type: DataType,
    /// Whether NULL is allowed.
    pub nullable: bool,
    /// SQL type where the Arrow type does not say it: `jsonb`, `uuid` ...
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sql_type: Option<String>,
}

impl Column {
    /// The Arrow field with id and SQL type in its metadata.
    pub fn field(&self) -> Field {
        let mut metadata = HashMap::from([(FIELD_ID.to_owned(), self.id.0.to_string())]);
        if let Some(sql_type) = &self.sql_type {
            metadata.insert(SQL_TYPE.to_owned(), sql_type.clone());
        }
        Field::new(&self.name, self.data_type.clone(), self.nullable).with_metadata(metadata)
    }

    /// `attrs jsonb`.
    pub fn attrs() -> Self {
        Self {
            id: ColumnId::ATTRS,
            name: "attrs".to_owned(),
            data_type: DataType::Utf8View,
            nullable: true,
            sql_type: Some(JSONB.to_owned()),
        }
    }

    /// `_offset bigint`.
    pub fn offset() -> Self {
        Self { id: ColumnId::OFFSET, name: "_offset".to_owned(), data_type: DataType::Int64, nullable: false, sql_type: None }
    }

    /// `_ingested_at timestamptz`.
    pub fn ingested_at() -> Self {
        Self {
            id: ColumnId::INGESTED_AT,
            name: "_ingested_at".to_owned(),
            data_type: timestamptz(),
            nullable: false,
            sql_type: None,
        }
    }
}

/// The logical type of `timestamptz`.
pub fn timestamptz() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

/// What storage must know to seal, merge and read a topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicSchema {
    /// The declared columns in the order of their declaration. `attrs`, `_offset` and `_ingested_at` are not among them.
    pub declared: Vec<Column>,
    /// The column that holds a record's time; `_ingested_at` if none.
    pub time_column: Option<ColumnId>,
    /// Rows of a segment are sorted by these, ascending, NULLs last; then by `_offset`.
    pub sort_by: Vec<ColumnId>,
}

impl TopicSchema {
    /// Declared columns, then `attrs`: what the log, the buffer and `INSERT` know.
    pub fn stored(&self) -> SchemaRef {
        Arc::new(Schema::new(self.declared.iter().map(Column::field).chain([Column::attrs().field()]).collect::<Vec<_>>()))
    }

    /// Declared columns, `attrs`, `_offset`, `_ingested_at`: what `SELECT *` shows.
    pub fn visible(&self) -> SchemaRef {
        Arc::new(Schema::new(self.columns().map(|column| column.field()).collect::<Vec<_>>()))
    }

    /// All visible columns in their order.
    pub fn columns(&self) -> impl Iterator<Item = Column> + '_ {
        self.declared.iter().cloned().chain([Column::attrs(), Column::offset(), Column::ingested_at()])
    }

    /// The column of a record's time.
    pub fn time_column(&self) -> ColumnId {
        self.time_column.unwrap_or(ColumnId::INGESTED_AT)
    }
}

/// The id in a field's metadata.
pub fn column_id(field: &Field) -> Option<ColumnId> {
    field.metadata().get(FIELD_ID)?.parse().ok().map(ColumnId)
}

/// The array of column `id` in `batch`, whatever its position and physical type; `None` if the batch is older than the
/// column, which means NULL in every row.
pub fn column_by_id(batch: &RecordBatch, id: ColumnId) -> Option<(FieldRef, ArrayRef)> {
    let position = batch.schema_ref().fields().iter().position(|field| column_id(field) == Some(id))?;
    Some((batch.schema_ref().fields()[position].clone(), batch.column(position).clone()))
}
