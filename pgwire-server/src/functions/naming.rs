//! Names of types, roles and encodings by number.

use super::{Call, Definition, Returns, Value};
use crate::types::{self, Type};

/// The functions.
pub(super) const ALL: &[Definition] = &[
    Definition { name: "format_type", arguments: 2..=2, returns: Returns::Text, evaluate: format_type },
    Definition {
        name: "pg_get_userbyid",
        arguments: 1..=1,
        returns: Returns::Text,
        evaluate: |call| {
            let known = call.source().engine.users().known();
            let name = |oid| known.with_oid(oid).map_or_else(|| format!("unknown (OID={oid})"), |user| user.name.clone());
            Ok(call.oid(0).map(name).into())
        },
    },
    Definition {
        name: "pg_encoding_to_char",
        arguments: 1..=1,
        returns: Returns::Text,
        evaluate: |call| Ok(call.number(0).map(|number| if number == 6 { "UTF8" } else { "" }).into()),
    },
    Definition {
        name: "getdatabaseencoding",
        arguments: 0..=0,
        returns: Returns::Text,
        evaluate: |_| Ok(Value::Text("UTF8".to_owned())),
    },
    Definition { name: "oidvectortypes", arguments: 1..=1, returns: Returns::Text, evaluate: types },
    Definition {
        name: "pg_char_to_encoding",
        arguments: 1..=1,
        returns: Returns::Int,
        evaluate: |call| Ok(call.text(0).map(|name| if name.eq_ignore_ascii_case("utf8") { 6 } else { -1 }).into()),
    },
];

fn format_type(call: &Call<'_>) -> strata_engine::Result<Value> {
    let modifier = call.number(1).and_then(|modifier| i32::try_from(modifier).ok());
    Ok(call.oid(0).map(|oid| type_name(oid, modifier)).into())
}

/// The names of the types of a vector of oids, `23 25`.
fn types(call: &Call<'_>) -> strata_engine::Result<Value> {
    let names = |vector: &str| {
        let oids = vector.split_ascii_whitespace().filter_map(|oid| oid.parse().ok());
        oids.map(|oid| type_name(oid, None)).collect::<Vec<_>>().join(", ")
    };
    Ok(call.text(0).map(names).into())
}

/// The SQL name of a type: `integer`, `numeric(10,2)`, `text[]`.
pub(crate) fn type_name(oid: u32, modifier: Option<i32>) -> String {
    if oid == 0 {
        return "-".to_owned();
    }
    let Some(kind) = Type::from_oid(oid) else { return "???".to_owned() };
    if let postgres_types::Kind::Array(element) = kind.kind() {
        return format!("{}[]", type_name(element.oid(), modifier));
    }
    let name = match kind {
        Type::BOOL => "boolean",
        Type::INT2 => "smallint",
        Type::INT4 => "integer",
        Type::INT8 => "bigint",
        Type::FLOAT4 => "real",
        Type::FLOAT8 => "double precision",
        Type::VARCHAR => "character varying",
        Type::BPCHAR => "character",
        Type::CHAR => "\"char\"",
        Type::TIME => "time without time zone",
        Type::TIMETZ => "time with time zone",
        Type::TIMESTAMP => "timestamp without time zone",
        Type::TIMESTAMPTZ => "timestamp with time zone",
        Type::NUMERIC => match modifier {
            Some(modifier) if modifier >= 4 => {
                return format!("numeric({},{})", (modifier - 4) >> 16, (modifier - 4) & 0xFFFF);
            }
            _ => "numeric",
        },
        ref other => other.name(),
    };
    name.to_owned()
}

/// The oid of a type by any of its names, arrays with `[]`.
pub(crate) fn type_oid(name: &str) -> Option<u32> {
    let name = name.trim().trim_start_matches("pg_catalog.");
    if let Some(element) = name.strip_suffix("[]") {
        return types::by_name(&element.to_ascii_lowercase()).map(|kind| types::array_of(&kind).oid());
    }
    let lower = name.trim_matches('"').to_ascii_lowercase();
    let long = match lower.as_str() {
        "timestamp without time zone" => "timestamp",
        "timestamp with time zone" => "timestamptz",
        "time without time zone" => "time",
        // Only functions of triggers have it, and there are none.
        "trigger" => return Some(Type::TRIGGER.oid()),
        // What functions in C pass each other, of which there are none either.
        "internal" => return Some(Type::INTERNAL.oid()),
        short => short,
    };
    types::by_name(long).map(|kind| kind.oid())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_oids() {
        for (oid, modifier, name) in [
            (23, None, "integer"),
            (1700, Some((10 << 16 | 2) + 4), "numeric(10,2)"),
            (1009, Some(-1), "text[]"),
            (3802, None, "jsonb"),
        ] {
            assert_eq!(type_name(oid, modifier), name);
        }
        assert_eq!(type_name(424_242, None), "???");
        for name in ["integer", "jsonb", "timestamp with time zone", "text[]", "double precision"] {
            assert_eq!(type_name(type_oid(name).unwrap(), None), name);
        }
        assert_eq!(type_oid("no_such"), None);
    }
}
