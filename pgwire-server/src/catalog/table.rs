//! A system table: its columns, and a function that gives its rows.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Float32Array, Float64Array, Int16Array, Int32Array, Int64Array, ListBuilder, RecordBatch,
    RecordBatchOptions, StringArray, StringBuilder, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use datafusion::error::Result as PlanResult;

use super::world::World;
use crate::types::SQL_TYPE;

/// A table of a system schema.
pub struct Table {
    /// Name.
    pub name: &'static str,
    /// Its own oid: PostgreSQL's where it has a fixed one, else below 16384 and never given twice.
    pub oid: u32,
    /// Whether `World` must know the columns of relations, which takes planning every view.
    pub needs_columns: bool,
    /// Name and type of each column.
    pub columns: &'static [(&'static str, Kind)],
    /// The rows, each as long as `columns`.
    pub rows: fn(&World) -> Vec<Vec<Cell>>,
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Table").field("name", &self.name).field("oid", &self.oid).finish_non_exhaustive()
    }
}

/// Type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `boolean`.
    Bool,
    /// `smallint`.
    Int2,
    /// `integer`.
    Int4,
    /// `bigint`.
    Int8,
    /// `real`.
    Float4,
    /// `double precision`.
    Float8,
    /// `oid`.
    Oid,
    /// `"char"`: one letter.
    Char,
    /// `name`.
    Name,
    /// `text`.
    Text,
    /// `timestamptz`.
    Timestamp,
    /// `text[]`.
    Texts,
    /// `smallint[]`, `int2vector`, `oidvector`: as a list in text form.
    Vector,
}

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// NULL.
    Null,
    /// For `boolean`.
    Bool(bool),
    /// For every number and oid, and microseconds of times.
    Int(i64),
    /// For `real` and `double precision`.
    Float(f32),
    /// For text, names and letters.
    Text(String),
    /// For lists.
    Texts(Vec<String>),
}

impl From<bool> for Cell {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<&str> for Cell {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Cell {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<u32> for Cell {
    fn from(value: u32) -> Self {
        Self::Int(i64::from(value))
    }
}

impl From<i32> for Cell {
    fn from(value: i32) -> Self {
        Self::Int(i64::from(value))
    }
}

impl From<i64> for Cell {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A row of values that become cells.
macro_rules! row {
    ($($value:expr),* $(,)?) => { vec![$($crate::catalog::table::Cell::from($value)),*] };
}
pub(super) use row;

impl Table {
    /// The columns as Arrow sees them.
    pub fn schema(&self) -> SchemaRef {
        Arc::new(Schema::new(self.columns.iter().map(|(name, kind)| kind.field(name)).collect::<Vec<_>>()))
    }

    /// The rows as one batch.
    ///
    /// # Errors
    /// Arrow's.
    pub fn batch(&self, world: &World) -> PlanResult<RecordBatch> {
        let rows = (self.rows)(world);
        debug_assert!(rows.iter().all(|row| row.len() == self.columns.len()), "rows of {} have a wrong width", self.name);
        let arrays = self.columns.iter().enumerate().map(|(at, (_, kind))| kind.array(rows.iter().map(|row| &row[at]))).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
        Ok(RecordBatch::try_new_with_options(self.schema(), arrays, &options)?)
    }
}

impl Kind {
    fn field(self, name: &str) -> Field {
        let (data_type, sql_type) = match self {
            Self::Bool => (DataType::Boolean, None),
            Self::Int2 => (DataType::Int16, None),
            Self::Int4 => (DataType::Int32, None),
            Self::Int8 => (DataType::Int64, None),
            Self::Float4 => (DataType::Float32, None),
            Self::Float8 => (DataType::Float64, None),
            Self::Oid => (DataType::Int32, Some("oid")),
            Self::Char => (DataType::Utf8, Some("char")),
            Self::Name => (DataType::Utf8, Some("name")),
            Self::Text | Self::Vector => (DataType::Utf8, None),
            Self::Timestamp => (DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), None),
            Self::Texts => (DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true))), None),
        };
        let metadata = sql_type.map(|name| (SQL_TYPE.to_owned(), name.to_owned()));
        Field::new(name, data_type, true).with_metadata(metadata.into_iter().collect::<HashMap<_, _>>())
    }

    fn array<'a>(self, cells: impl Iterator<Item = &'a Cell>) -> ArrayRef {
        let int = |cell: &Cell| if let Cell::Int(value) = cell { Some(*value) } else { None };
        let text = |cell: &'a Cell| match cell {
            Cell::Text(text) => Some(text.as_str()),
            _ => None,
        };
        match self {
            Self::Bool => Arc::new(
                cells.map(|cell| if let Cell::Bool(value) = cell { Some(*value) } else { None }).collect::<BooleanArray>(),
            ),
            Self::Int2 => Arc::new(cells.map(|cell| int(cell).and_then(|v| i16::try_from(v).ok())).collect::<Int16Array>()),
            Self::Int4 | Self::Oid => {
                Arc::new(cells.map(|cell| int(cell).and_then(|v| i32::try_from(v).ok())).collect::<Int32Array>())
            }
            Self::Int8 => Arc::new(cells.map(int).collect::<Int64Array>()),
            Self::Float4 => Arc::new(
                cells.map(|cell| if let Cell::Float(value) = cell { Some(*value) } else { None }).collect::<Float32Array>(),
            ),
            Self::Float8 => Arc::new(
                cells
                    .map(|cell| if let Cell::Float(value) = cell { Some(f64::from(*value)) } else { None })
                    .collect::<Float64Array>(),
            ),
            Self::Char | Self::Name | Self::Text | Self::Vector => Arc::new(cells.map(text).collect::<StringArray>()),
            Self::Timestamp => Arc::new(cells.map(int).collect::<TimestampMicrosecondArray>().with_timezone("UTC")),
            Self::Texts => {
                let mut builder = ListBuilder::new(StringBuilder::new());
                for cell in cells {
                    match cell {
                        Cell::Texts(values) => builder.append_value(values.iter().map(Some)),
                        _ => builder.append_null(),
                    }
                }
                Arc::new(builder.finish())
            }
        }
    }
}
