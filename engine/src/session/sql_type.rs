//! PostgreSQL's type names as Arrow types, for columns and for casts.
//!
//! Types that Strata has no form of are refused by name, never replaced by a wider one in silence. Lengths of
//! `varchar(n)` and precisions of times are read and not enforced: text is text, times are microseconds.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, IntervalUnit, TimeUnit};
use datafusion::error::{DataFusionError, Result as PlanResult};
use datafusion::logical_expr::planner::TypePlanner;
use datafusion::sql::sqlparser::ast::{
    ArrayElemTypeDef, CharacterLength, DataType as SqlType, ExactNumberInfo, ObjectName, TimezoneInfo,
};
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::parser::Parser;
use strata_storage::schema::{JSONB, SQL_TYPE};

use crate::Result;
use crate::error::{EngineError, ObjectClass};

/// Digits of a `numeric` without precision: all that fit in 128 bits, ten of them behind the point.
const NUMERIC: DataType = DataType::Decimal128(38, 10);

/// The Arrow type of a type name and, where that does not say it, the SQL type; of an array, that of its elements.
///
/// # Errors
/// Undefined type, for types that PostgreSQL or nobody has.
pub fn arrow_type(sql_type: &SqlType, zone: &str) -> Result<(DataType, Option<&'static str>)> {
    let plain = |data_type| Ok((data_type, None));
    match sql_type {
        SqlType::Bool | SqlType::Boolean => plain(DataType::Boolean),
        SqlType::SmallInt(_) | SqlType::Int2(_) => plain(DataType::Int16),
        SqlType::Int(_) | SqlType::Integer(_) | SqlType::Int4(_) => plain(DataType::Int32),
        SqlType::BigInt(_) | SqlType::Int8(_) => plain(DataType::Int64),
        SqlType::Real | SqlType::Float4 => plain(DataType::Float32),
        SqlType::Float(ExactNumberInfo::Precision(bits)) if *bits <= 24 => plain(DataType::Float32),
        SqlType::Float(_) | SqlType::Float8 | SqlType::Double(_) | SqlType::DoublePrecision => plain(DataType::Float64),
        SqlType::Numeric(info) | SqlType::Decimal(info) | SqlType::Dec(info) => plain(numeric(info)?),
        SqlType::Text | SqlType::String(_) | SqlType::Clob(_) => plain(DataType::Utf8View),
        SqlType::Varchar(_)
        | SqlType::CharacterVarying(_)
        | SqlType::CharVarying(_)
        | SqlType::Char(_)
        | SqlType::Character(_) => plain(DataType::Utf8View),
        SqlType::Bytea => plain(DataType::Binary),
        SqlType::Date => plain(DataType::Date32),
        SqlType::Time(_, TimezoneInfo::None | TimezoneInfo::WithoutTimeZone) => plain(DataType::Time64(TimeUnit::Microsecond)),
        SqlType::Timestamp(_, TimezoneInfo::None | TimezoneInfo::WithoutTimeZone) => {
            plain(DataType::Timestamp(TimeUnit::Microsecond, None))
        }
        SqlType::Timestamp(_, TimezoneInfo::Tz | TimezoneInfo::WithTimeZone) => {
            plain(DataType::Timestamp(TimeUnit::Microsecond, Some(zone.into())))
        }
        SqlType::Interval { .. } => plain(DataType::Interval(IntervalUnit::MonthDayNano)),
        SqlType::JSON | SqlType::JSONB => Ok((DataType::Utf8View, Some(JSONB))),
        SqlType::Uuid => Ok((DataType::Utf8View, Some("uuid"))),
        SqlType::Array(ArrayElemTypeDef::SquareBracket(element, _)) => {
            let (element, name) = arrow_type(element, zone)?;
            Ok((DataType::List(Arc::new(Field::new_list_field(element, true))), name))
        }
        SqlType::Custom(name, _) => match catalog_name(name).as_str() {
            "inet" => Ok((DataType::Utf8View, Some("inet"))),
            "cidr" => Ok((DataType::Utf8View, Some("cidr"))),
            "name" | "bpchar" | "citext" | "regtype" | "regproc" => plain(DataType::Utf8View),
            "oid" | "xid" | "cid" => plain(DataType::Int32),
            bare => match parsed(bare) {
                Some(SqlType::Custom(..)) | None => Err(undefined(sql_type)),
                Some(known) => arrow_type(&known, zone),
            },
        },
        _ => Err(undefined(sql_type)),
    }
}

/// The type of a type name as a field without a name, marked with the SQL type where the Arrow type does not say it.
///
/// # Errors
/// As [`arrow_type`].
pub(super) fn field(sql_type: &SqlType, zone: &str) -> Result<FieldRef> {
    let (data_type, mut name) = arrow_type(sql_type, zone)?;
    // As columns these are jsonb and integers; as values they keep their own names.
    match sql_type {
        SqlType::JSON => name = Some("json"),
        SqlType::Custom(custom, _) if catalog_name(custom) == "json" => name = Some("json"),
        _ => name = name.or_else(|| oid_name(sql_type)),
    }
    let metadata = name.map(|name| HashMap::from([(SQL_TYPE.to_owned(), name.to_owned())])).unwrap_or_default();
    Ok(Arc::new(Field::new("", data_type, true).with_metadata(metadata)))
}

/// `"pg_catalog"."int4"` as `int4`; any other name as it is written.
fn catalog_name(name: &ObjectName) -> String {
    let parts: Vec<&str> = name.0.iter().filter_map(|part| part.as_ident()).map(|ident| ident.value.as_str()).collect();
    match parts.as_slice() {
        [name] | ["pg_catalog", name] => name.to_ascii_lowercase(),
        _ => name.to_string(),
    }
}

/// A type by its name alone, as the grammar knows it; `pg_catalog.int4` is a [`SqlType::Custom`], and `int4` is not.
fn parsed(name: &str) -> Option<SqlType> {
    Parser::new(&PostgreSqlDialect {}).try_with_sql(name).ok()?.parse_data_type().ok()
}

/// The name of a type of oids, or of their elements.
fn oid_name(sql_type: &SqlType) -> Option<&'static str> {
    match sql_type {
        SqlType::Custom(name, _) => ["oid", "xid"].into_iter().find(|known| catalog_name(name) == *known),
        SqlType::Array(ArrayElemTypeDef::SquareBracket(element, _)) => oid_name(element),
        _ => None,
    }
}

fn undefined(sql_type: &SqlType) -> EngineError {
    EngineError::Undefined {
        what: ObjectClass::Type,
        name: sql_type.to_string().to_ascii_lowercase(),
        hint: Some("Use text, or jsonb for what has parts.".into()),
    }
}

fn numeric(info: &ExactNumberInfo) -> Result<DataType> {
    let (precision, scale) = match info {
        ExactNumberInfo::None => return Ok(NUMERIC),
        ExactNumberInfo::Precision(precision) => (*precision, 0),
        ExactNumberInfo::PrecisionAndScale(precision, scale) => (*precision, *scale),
    };
    match (u8::try_from(precision), i8::try_from(scale)) {
        (Ok(precision @ 1..=38), Ok(scale)) if scale >= 0 && scale.unsigned_abs() <= precision => {
            Ok(DataType::Decimal128(precision, scale))
        }
        _ => Err(EngineError::Refused {
            reason: crate::error::Refusal::InvalidParameter,
            message: format!("NUMERIC precision {precision}, scale {scale} is out of range"),
            hint: Some("Use a precision of 1 to 38 and a scale of 0 up to the precision.".into()),
        }),
    }
}

/// PostgreSQL's name of a column's type.
pub fn type_name(field: &Field) -> String {
    if let Some(name) = field.metadata().get(SQL_TYPE) {
        return if matches!(field.data_type(), DataType::List(_)) { format!("{name}[]") } else { name.clone() };
    }
    data_type_name(field.data_type())
}

/// PostgreSQL's name of an Arrow type.
pub fn data_type_name(data_type: &DataType) -> String {
    match data_type {
        DataType::Boolean => "boolean".into(),
        DataType::Int8 | DataType::Int16 | DataType::UInt8 => "smallint".into(),
        DataType::Int32 | DataType::UInt16 => "integer".into(),
        DataType::Int64 | DataType::UInt32 | DataType::UInt64 => "bigint".into(),
        DataType::Float16 | DataType::Float32 => "real".into(),
        DataType::Float64 => "double precision".into(),
        DataType::Decimal128(precision, scale) => format!("numeric({precision},{scale})"),
        DataType::Date32 | DataType::Date64 => "date".into(),
        DataType::Time32(_) | DataType::Time64(_) => "time without time zone".into(),
        DataType::Timestamp(_, None) => "timestamp without time zone".into(),
        DataType::Timestamp(_, Some(_)) => "timestamp with time zone".into(),
        DataType::Interval(_) | DataType::Duration(_) => "interval".into(),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => "bytea".into(),
        DataType::List(element) | DataType::LargeList(element) | DataType::FixedSizeList(element, _) => {
            format!("{}[]", data_type_name(element.data_type()))
        }
        DataType::Dictionary(_, value) => data_type_name(value),
        _ => "text".into(),
    }
}

/// Key of the metadata that says how long a text becomes by a cast, or how many digits a second keeps: `varchar 3`, `char 5`,
/// `seconds 0`. It is for whoever plans the cast; columns do not have it.
pub const MODIFIER: &str = "strata.modifier";

fn modifier(sql_type: &SqlType) -> Option<String> {
    let length = |length: &Option<CharacterLength>| match length {
        Some(CharacterLength::IntegerLength { length, .. }) => Some(*length),
        _ => None,
    };
    match sql_type {
        SqlType::Varchar(given) | SqlType::CharacterVarying(given) | SqlType::CharVarying(given) => {
            length(given).map(|length| format!("varchar {length}"))
        }
        SqlType::Char(given) | SqlType::Character(given) => Some(format!("char {}", length(given).unwrap_or(1))),
        SqlType::Timestamp(Some(digits), _) | SqlType::Time(Some(digits), _) => Some(format!("seconds {digits}")),
        _ => None,
    }
}

/// Types of casts, with the session's time zone for times that have one.
#[derive(Debug)]
pub(crate) struct CastTypes {
    /// Name of the zone in which text without one is read.
    pub zone: String,
}

impl TypePlanner for CastTypes {
    fn plan_type_field(&self, sql_type: &SqlType) -> PlanResult<Option<FieldRef>> {
        // Casts to a catalog's own types are rewritten by whoever brings that catalog.
        if matches!(sql_type, SqlType::Regclass) {
            return Ok(None);
        }
        // Values of a query, never columns of a topic.
        if let Some(field) = crate::text_search::cast_field(sql_type) {
            return Ok(Some(field));
        }
        let field = field(sql_type, &self.zone).map_err(|error| DataFusionError::External(Box::new(error)))?;
        let mut metadata = field.metadata().clone();
        if let Some(modifier) = modifier(sql_type) {
            metadata.insert(MODIFIER.to_owned(), modifier);
        }
        // A field without a name would inherit the mark of what is cast: `a_uuid::text` would stay a uuid.
        Ok(Some(Arc::new(field.as_ref().clone().with_name("cast").with_metadata(metadata))))
    }
}

#[cfg(test)]
mod tests {
    use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
    use datafusion::sql::sqlparser::parser::Parser;

    use super::*;

    fn check(name: &str, expected: Option<&str>) {
        let sql_type = Parser::new(&PostgreSqlDialect {}).try_with_sql(name).unwrap().parse_data_type().unwrap();
        let found = arrow_type(&sql_type, "UTC").ok();
        let found = found.map(|(data_type, name)| name.map_or_else(|| data_type_name(&data_type), str::to_owned));
        assert_eq!(found.as_deref(), expected, "{name}");
    }

    #[test]
    fn names_go_there_and_back() {
        check("int", Some("integer"));
        check("int8", Some("bigint"));
        check("varchar(20)", Some("text"));
        check("timestamptz", Some("timestamp with time zone"));
        check("timestamp(3) without time zone", Some("timestamp without time zone"));
        check("double precision", Some("double precision"));
        check("numeric(10,2)", Some("numeric(10,2)"));
        check("numeric(99)", None);
        check("jsonb", Some("jsonb"));
        check("uuid", Some("uuid"));
        check("text[]", Some("text[]"));
        check("inet", Some("inet"));
        check("pg_catalog.int4", Some("integer"));
        check("pg_catalog.cidr", Some("cidr"));
        check("point", None);
        check("tsvector", None);
    }
}
