//! Which types PostgreSQL casts to which.

use arrow::datatypes::{DataType, Field};

use super::json::is_json;
use crate::types::SQL_TYPE;

/// What a type is, as far as casts can tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bool,
    Integer,
    Number,
    Text,
    Date,
    Timestamp,
    Time,
    Interval,
    Json,
    Uuid,
    Bytes,
    Other,
}

/// Whether PostgreSQL has a cast between the types of two fields. Types that it does not have are left to whoever brings them.
pub(super) fn allowed(from: &Field, to: &Field) -> bool {
    if let (DataType::List(inner), DataType::List(target)) = (from.data_type(), to.data_type()) {
        return allowed(inner, target);
    }
    let (source, target) = (kind(from), kind(to));
    match (from.data_type(), to.data_type()) {
        (DataType::Null, _) => return true,
        (DataType::List(_), _) => return matches!(target, Kind::Text),
        (_, DataType::List(_)) => return matches!(source, Kind::Text),
        _ => {}
    }
    source == target
        || matches!(source, Kind::Text | Kind::Other)
        || matches!(target, Kind::Text | Kind::Other)
        || match source {
            Kind::Bool => *to.data_type() == DataType::Int32,
            Kind::Integer => target == Kind::Number || target == Kind::Bool && *from.data_type() == DataType::Int32,
            Kind::Number => target == Kind::Integer,
            Kind::Date => target == Kind::Timestamp,
            Kind::Timestamp => matches!(target, Kind::Date | Kind::Time),
            Kind::Time => target == Kind::Interval,
            Kind::Interval => target == Kind::Time,
            Kind::Json => matches!(target, Kind::Bool | Kind::Integer | Kind::Number),
            Kind::Text | Kind::Uuid | Kind::Bytes | Kind::Other => false,
        }
}

fn kind(field: &Field) -> Kind {
    match field.data_type() {
        DataType::Boolean => Kind::Bool,
        data_type if data_type.is_integer() => Kind::Integer,
        data_type if data_type.is_numeric() => Kind::Number,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => match field.metadata().get(SQL_TYPE).map(String::as_str) {
            _ if is_json(field) => Kind::Json,
            None => Kind::Text,
            Some("uuid") => Kind::Uuid,
            Some(_) => Kind::Other,
        },
        DataType::Date32 | DataType::Date64 => Kind::Date,
        DataType::Timestamp(..) => Kind::Timestamp,
        DataType::Time32(_) | DataType::Time64(_) => Kind::Time,
        DataType::Interval(_) | DataType::Duration(_) => Kind::Interval,
        DataType::Binary | DataType::BinaryView | DataType::LargeBinary => Kind::Bytes,
        _ => Kind::Other,
    }
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::{IntervalUnit, TimeUnit};

    use super::*;

    #[test]
    fn pairs_are_postgresqls() {
        let time = DataType::Time64(TimeUnit::Microsecond);
        let interval = DataType::Interval(IntervalUnit::MonthDayNano);
        let check = |from: &DataType, to: &DataType, expected| {
            let field = |data_type: &DataType| Field::new("", data_type.clone(), true);
            assert_eq!(allowed(&field(from), &field(to)), expected, "{from} to {to}");
        };
        check(&DataType::Int32, &DataType::Boolean, true);
        check(&DataType::Int32, &DataType::Date32, false);
        check(&DataType::Boolean, &DataType::Int32, true);
        check(&DataType::Boolean, &DataType::Float64, false);
        check(&time, &interval, true);
        check(&DataType::Date32, &time, false);
        check(&DataType::Null, &interval, true);
        check(&DataType::Utf8, &DataType::Date32, true);
        check(&DataType::Binary, &DataType::Int32, false);
        check(&DataType::new_list(DataType::Int32, true), &DataType::new_list(DataType::Int64, true), true);
        check(&DataType::new_list(DataType::Int32, true), &DataType::Int32, false);
    }
}
