//! PostgreSQL's types and Arrow's, and the text and binary form of each value: one file a type, one place for all.
//!
//! ```text
//! Arrow array --encode.rs--> text or binary bytes      (rows, COPY TO)
//! text or binary bytes --decode.rs--> Arrow array      (parameters, COPY FROM)
//! ```
//!
//! The Arrow type alone does not name the SQL type: `jsonb` and text are both `Utf8View`. The field's metadata
//! ([`SQL_TYPE`]) says the rest.
//!
//! **Invariant:** what `encode` writes, `decode` reads back to the same value, in both forms, but for `tsquery` and `tsvector`,
//! which are never read.

pub mod array;
pub mod boolean;
pub mod bytea;
pub mod civil;
pub mod date;
pub mod datetime_text;
pub mod decode;
pub mod encode;
pub mod float;
pub mod inet;
pub mod integer;
pub mod interval;
pub mod json;
pub mod numeric;
pub mod string;
pub mod time;
pub mod timestamp;
pub mod tsquery;
pub mod tsvector;
pub mod uuid;
pub mod zone;

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, IntervalUnit, TimeUnit};
use strata_engine::EngineError;
use strata_engine::error::DataFault;

pub use pgwire::api::Type;
pub use strata_storage::schema::SQL_TYPE;
pub use zone::Zone;

/// How values look that depend on the session.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Style {
    /// `TimeZone`: `timestamptz` is shown in it, and read in it when the text names no zone.
    pub zone: Zone,
}

/// The SQL type of a column.
pub fn of_field(field: &Field) -> Type {
    if let Some(named) = field.metadata().get(SQL_TYPE).and_then(|name| by_name(name)) {
        return match field.data_type() {
            DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(_, _) => array_of(&named),
            _ => named,
        };
    }
    of_data_type(field.data_type())
}

/// The SQL type of an Arrow type that carries no metadata.
pub fn of_data_type(data_type: &DataType) -> Type {
    match data_type {
        DataType::Boolean => Type::BOOL,
        DataType::Int8 | DataType::Int16 | DataType::UInt8 => Type::INT2,
        DataType::Int32 | DataType::UInt16 => Type::INT4,
        // Clients expect `bigint` of row_number() and the like, which DataFusion answers as unsigned.
        DataType::Int64 | DataType::UInt32 | DataType::UInt64 => Type::INT8,
        DataType::Float16 | DataType::Float32 => Type::FLOAT4,
        DataType::Float64 => Type::FLOAT8,
        DataType::Decimal32(_, _) | DataType::Decimal64(_, _) | DataType::Decimal128(_, _) | DataType::Decimal256(_, _) => {
            Type::NUMERIC
        }
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => Type::BYTEA,
        DataType::Date32 | DataType::Date64 => Type::DATE,
        DataType::Time32(_) | DataType::Time64(_) => Type::TIME,
        DataType::Timestamp(_, None) => Type::TIMESTAMP,
        DataType::Timestamp(_, Some(_)) => Type::TIMESTAMPTZ,
        DataType::Interval(_) | DataType::Duration(_) => Type::INTERVAL,
        DataType::List(field) | DataType::LargeList(field) | DataType::FixedSizeList(field, _) => array_of(&of_field(field)),
        DataType::Dictionary(_, value) => of_data_type(value),
        DataType::RunEndEncoded(_, values) => of_field(values),
        DataType::Struct(_) => Type::RECORD,
        _ => Type::TEXT,
    }
}

/// The type that PostgreSQL's catalog or SQL calls `name`.
pub fn by_name(name: &str) -> Option<Type> {
    Some(match name {
        "bool" | "boolean" => Type::BOOL,
        "char" => Type::CHAR,
        "name" => Type::NAME,
        "int2" | "smallint" => Type::INT2,
        "int4" | "integer" | "int" => Type::INT4,
        "int8" | "bigint" => Type::INT8,
        "float4" | "real" => Type::FLOAT4,
        "float8" | "double precision" => Type::FLOAT8,
        "numeric" | "decimal" => Type::NUMERIC,
        "text" => Type::TEXT,
        "varchar" | "character varying" => Type::VARCHAR,
        "bpchar" | "character" => Type::BPCHAR,
        "bytea" => Type::BYTEA,
        "date" => Type::DATE,
        "time" => Type::TIME,
        "timestamp" => Type::TIMESTAMP,
        "timestamptz" => Type::TIMESTAMPTZ,
        "interval" => Type::INTERVAL,
        "uuid" => Type::UUID,
        "inet" => Type::INET,
        "cidr" => Type::CIDR,
        "json" => Type::JSON,
        "jsonb" => Type::JSONB,
        "tsvector" => Type::TS_VECTOR,
        "tsquery" => Type::TSQUERY,
        "oid" => Type::OID,
        "xid" => Type::XID,
        "regclass" => Type::REGCLASS,
        "regtype" => Type::REGTYPE,
        "regproc" => Type::REGPROC,
        "regnamespace" => Type::REGNAMESPACE,
        "regrole" => Type::REGROLE,
        "int2vector" => Type::INT2_VECTOR,
        "oidvector" => Type::OID_VECTOR,
        "pg_node_tree" => Type::PG_NODE_TREE,
        "aclitem" => Type::ACLITEM,
        "void" => Type::VOID,
        _ => return None,
    })
}

/// The array type over `element`; `text[]` where PostgreSQL has none.
pub fn array_of(element: &Type) -> Type {
    match *element {
        Type::BOOL => Type::BOOL_ARRAY,
        Type::CHAR => Type::CHAR_ARRAY,
        Type::NAME => Type::NAME_ARRAY,
        Type::INT2 => Type::INT2_ARRAY,
        Type::INT4 => Type::INT4_ARRAY,
        Type::INT8 => Type::INT8_ARRAY,
        Type::FLOAT4 => Type::FLOAT4_ARRAY,
        Type::FLOAT8 => Type::FLOAT8_ARRAY,
        Type::NUMERIC => Type::NUMERIC_ARRAY,
        Type::VARCHAR => Type::VARCHAR_ARRAY,
        Type::BYTEA => Type::BYTEA_ARRAY,
        Type::DATE => Type::DATE_ARRAY,
        Type::TIME => Type::TIME_ARRAY,
        Type::TIMESTAMP => Type::TIMESTAMP_ARRAY,
        Type::TIMESTAMPTZ => Type::TIMESTAMPTZ_ARRAY,
        Type::INTERVAL => Type::INTERVAL_ARRAY,
        Type::UUID => Type::UUID_ARRAY,
        Type::INET => Type::INET_ARRAY,
        Type::CIDR => Type::CIDR_ARRAY,
        Type::JSON => Type::JSON_ARRAY,
        Type::JSONB => Type::JSONB_ARRAY,
        Type::TS_VECTOR => Type::TS_VECTOR_ARRAY,
        Type::TSQUERY => Type::TSQUERY_ARRAY,
        Type::OID => Type::OID_ARRAY,
        Type::REGCLASS => Type::REGCLASS_ARRAY,
        Type::REGTYPE => Type::REGTYPE_ARRAY,
        Type::ACLITEM => Type::ACLITEM_ARRAY,
        Type::RECORD => Type::RECORD_ARRAY,
        // An array of arrays is the same type with one more dimension.
        ref array if matches!(array.kind(), postgres_types::Kind::Array(_)) => array.clone(),
        _ => Type::TEXT_ARRAY,
    }
}

/// An element's field: the list's own metadata names the element's SQL type where the element does not.
pub(crate) fn element_of(list: &Field, element: &Field) -> Field {
    let mut metadata = element.metadata().clone();
    if let Some(name) = list.metadata().get(SQL_TYPE) {
        metadata.entry(SQL_TYPE.to_owned()).or_insert_with(|| name.clone());
    }
    element.clone().with_metadata(metadata)
}

/// Bytes of a value, -1 when it varies: `typlen`.
pub fn size(kind: &Type) -> i16 {
    match *kind {
        Type::BOOL | Type::CHAR => 1,
        Type::INT2 => 2,
        Type::INT4 | Type::FLOAT4 | Type::DATE | Type::OID | Type::XID => 4,
        Type::REGCLASS | Type::REGTYPE | Type::REGPROC | Type::REGNAMESPACE | Type::REGROLE | Type::VOID => 4,
        Type::INT8 | Type::FLOAT8 | Type::TIME | Type::TIMESTAMP | Type::TIMESTAMPTZ => 8,
        Type::INTERVAL | Type::UUID => 16,
        Type::NAME => 64,
        Type::UNKNOWN => -2,
        _ => -1,
    }
}

/// `atttypmod` of a column: -1, or precision and scale of a numeric.
pub fn modifier(data_type: &DataType) -> i32 {
    match data_type {
        DataType::Decimal128(precision, scale) if *scale >= 0 => ((i32::from(*precision) << 16) | i32::from(*scale)) + 4,
        _ => -1,
    }
}

/// The Arrow field for a parameter that the client declares as `kind`; `None` for a type that has no values here, or
/// `unknown`, which leaves it to the planner.
pub fn parameter_field(kind: &Type) -> Option<Field> {
    let marked = |data_type: DataType, name: &str| {
        Field::new("", data_type, true).with_metadata(HashMap::from([(SQL_TYPE.to_owned(), name.to_owned())]))
    };
    if let postgres_types::Kind::Array(element) = kind.kind() {
        let element = parameter_field(element)?;
        let list = DataType::List(Arc::new(Field::new_list_field(element.data_type().clone(), true)));
        return Some(Field::new("", list, true).with_metadata(element.metadata().clone()));
    }
    let data_type = match *kind {
        Type::BOOL => DataType::Boolean,
        Type::INT2 => DataType::Int16,
        Type::INT4 => DataType::Int32,
        Type::INT8 => DataType::Int64,
        Type::FLOAT4 => DataType::Float32,
        Type::FLOAT8 => DataType::Float64,
        // The width is chosen by the value at Bind; this is the widest that DataFusion computes with.
        Type::NUMERIC => DataType::Decimal128(38, 10),
        Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::CHAR => DataType::Utf8View,
        Type::BYTEA => DataType::Binary,
        Type::DATE => DataType::Date32,
        Type::TIME => DataType::Time64(TimeUnit::Microsecond),
        Type::TIMESTAMP => DataType::Timestamp(TimeUnit::Microsecond, None),
        Type::TIMESTAMPTZ => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        Type::INTERVAL => DataType::Interval(IntervalUnit::MonthDayNano),
        Type::OID => return Some(marked(DataType::Int64, "oid")),
        Type::UUID => return Some(marked(DataType::Utf8View, "uuid")),
        Type::INET => return Some(marked(DataType::Utf8View, "inet")),
        Type::CIDR => return Some(marked(DataType::Utf8View, "cidr")),
        Type::JSON => return Some(marked(DataType::Utf8View, "json")),
        Type::JSONB => return Some(marked(DataType::Utf8View, "jsonb")),
        _ => return None,
    };
    Some(Field::new("", data_type, true))
}

/// `invalid input syntax for type integer: "x"`.
pub(crate) fn invalid_text(type_name: &str, text: &str) -> EngineError {
    EngineError::Data {
        reason: DataFault::InvalidText,
        message: format!("invalid input syntax for type {type_name}: \"{}\"", shorten(text)),
        hint: None,
    }
}

/// `invalid input syntax for type date: "x"`, of the class of dates and times.
pub(crate) fn invalid_datetime(type_name: &str, text: &str) -> EngineError {
    EngineError::Data {
        reason: DataFault::InvalidDatetime,
        message: format!("invalid input syntax for type {type_name}: \"{}\"", shorten(text)),
        hint: None,
    }
}

/// `date/time field value out of range: "x"`.
pub(crate) fn datetime_out_of_range(text: &str) -> EngineError {
    EngineError::Data {
        reason: DataFault::DatetimeOverflow,
        message: format!("date/time field value out of range: \"{}\"", shorten(text)),
        hint: None,
    }
}

/// `value "x" is out of range for type integer`.
pub(crate) fn out_of_range(type_name: &str, text: &str) -> EngineError {
    EngineError::Data {
        reason: DataFault::NumericOutOfRange,
        message: format!("value \"{}\" is out of range for type {type_name}", shorten(text)),
        hint: None,
    }
}

/// `incorrect binary data format`, with the type.
pub(crate) fn invalid_binary(type_name: &str) -> EngineError {
    EngineError::Data {
        reason: DataFault::InvalidBinary,
        message: format!("incorrect binary data format for type {type_name}"),
        hint: None,
    }
}

/// Bytes of a bad value that an error message repeats, at most.
const MESSAGE_VALUE_BYTES_MAX: usize = 256;

/// The start of a long value, so that a message stays readable.
fn shorten(text: &str) -> String {
    if text.len() <= MESSAGE_VALUE_BYTES_MAX {
        return text.to_owned();
    }
    let mut end = MESSAGE_VALUE_BYTES_MAX;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}...", &text[..end])
}
