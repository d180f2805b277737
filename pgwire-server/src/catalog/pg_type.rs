//! `pg_type`: types with PostgreSQL's own oids.

use postgres_types::Kind as TypeKind;

use super::table::{Cell, Kind, Table, row};
use super::world::{PG_CATALOG_OID, ROLE_OID, World};
use crate::types::{self, Type};

/// The table.
pub const TABLE: Table = Table {
    name: "pg_type",
    oid: 1247,
    needs_columns: false,
    columns: &[
        ("oid", Kind::Oid),
        ("typname", Kind::Name),
        ("typnamespace", Kind::Oid),
        ("typowner", Kind::Oid),
        ("typlen", Kind::Int2),
        ("typbyval", Kind::Bool),
        ("typtype", Kind::Char),
        ("typcategory", Kind::Char),
        ("typispreferred", Kind::Bool),
        ("typisdefined", Kind::Bool),
        ("typdelim", Kind::Char),
        ("typrelid", Kind::Oid),
        ("typsubscript", Kind::Text),
        ("typelem", Kind::Oid),
        ("typarray", Kind::Oid),
        ("typinput", Kind::Text),
        ("typoutput", Kind::Text),
        ("typreceive", Kind::Text),
        ("typsend", Kind::Text),
        ("typmodin", Kind::Text),
        ("typmodout", Kind::Text),
        ("typanalyze", Kind::Text),
        ("typalign", Kind::Char),
        ("typstorage", Kind::Char),
        ("typnotnull", Kind::Bool),
        ("typbasetype", Kind::Oid),
        ("typtypmod", Kind::Int4),
        ("typndims", Kind::Int4),
        ("typcollation", Kind::Oid),
        ("typdefaultbin", Kind::Text),
        ("typdefault", Kind::Text),
        ("typacl", Kind::Texts),
    ],
    rows,
};

/// Types that values have here, and those that clients look up by name.
pub(crate) const SCALARS: &[Type] = &[
    Type::BOOL,
    Type::BYTEA,
    Type::CHAR,
    Type::NAME,
    Type::INT8,
    Type::INT2,
    Type::INT4,
    Type::TEXT,
    Type::OID,
    Type::JSON,
    Type::FLOAT4,
    Type::FLOAT8,
    Type::BPCHAR,
    Type::VARCHAR,
    Type::DATE,
    Type::TIME,
    Type::TIMESTAMP,
    Type::TIMESTAMPTZ,
    Type::INTERVAL,
    Type::NUMERIC,
    Type::UUID,
    Type::INET,
    Type::CIDR,
    Type::JSONB,
    Type::TS_VECTOR,
    Type::TSQUERY,
    Type::REGCLASS,
    Type::REGTYPE,
    Type::REGPROC,
    Type::REGNAMESPACE,
    Type::REGROLE,
    Type::RECORD,
    Type::ACLITEM,
];
const PSEUDO: &[Type] = &[Type::VOID, Type::UNKNOWN, Type::ANY, Type::ANYARRAY, Type::ANYELEMENT, Type::TRIGGER, Type::INTERNAL];
const VECTORS: &[Type] = &[Type::INT2_VECTOR, Type::OID_VECTOR, Type::PG_NODE_TREE, Type::XID];

fn rows(_: &World) -> Vec<Vec<Cell>> {
    let plain = SCALARS.iter().chain(PSEUDO).chain(VECTORS).map(|kind| one(kind, array_oid(kind)));
    let arrays = SCALARS.iter().filter(|kind| array_oid(kind) != 0).map(|kind| one(&types::array_of(kind), 0));
    plain.chain(arrays).collect()
}

/// The array type over a type; 0 if it has none of its own.
fn array_oid(kind: &Type) -> u32 {
    match types::array_of(kind) {
        Type::TEXT_ARRAY if *kind != Type::TEXT => 0,
        array => array.oid(),
    }
}

fn one(kind: &Type, array: u32) -> Vec<Cell> {
    let element = match kind.kind() {
        TypeKind::Array(element) => element.oid(),
        _ => 0,
    };
    let size = types::size(kind);
    let name = kind.name();
    row![
        kind.oid(),
        name,
        PG_CATALOG_OID,
        ROLE_OID,
        i64::from(size),
        (1..=8).contains(&size),
        if PSEUDO.contains(kind) || *kind == Type::RECORD { "p" } else { "b" },
        category(kind),
        matches!(*kind, Type::BOOL | Type::TEXT | Type::FLOAT8 | Type::OID | Type::TIMESTAMPTZ | Type::INTERVAL),
        true,
        ",",
        0u32,
        if element == 0 { "-" } else { "array_subscript_handler" },
        element,
        array,
        format!("{}in", function_stem(kind)),
        format!("{}out", function_stem(kind)),
        format!("{}recv", function_stem(kind)),
        format!("{}send", function_stem(kind)),
        "-",
        "-",
        "-",
        if size == 8 { "d" } else { "i" },
        if size < 0 { "x" } else { "p" },
        false,
        0u32,
        -1,
        0,
        0u32,
        Cell::Null,
        Cell::Null,
        Cell::Null,
    ]
}

/// Drivers tell arrays from scalars by the name of the input function.
fn function_stem(kind: &Type) -> String {
    match kind.kind() {
        TypeKind::Array(_) => "array_".to_owned(),
        _ => format!("{}{}", kind.name(), if kind.name().contains(|c: char| c.is_ascii_digit()) { "" } else { "_" }),
    }
}

fn category(kind: &Type) -> &'static str {
    match *kind {
        Type::BOOL => "B",
        Type::INT2 | Type::INT4 | Type::INT8 | Type::FLOAT4 | Type::FLOAT8 | Type::NUMERIC | Type::OID => "N",
        Type::REGCLASS | Type::REGTYPE | Type::REGPROC | Type::REGNAMESPACE | Type::REGROLE => "N",
        Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME => "S",
        Type::DATE | Type::TIME | Type::TIMESTAMP | Type::TIMESTAMPTZ => "D",
        Type::INTERVAL => "T",
        Type::UNKNOWN => "X",
        ref kind if PSEUDO.contains(kind) || *kind == Type::RECORD => "P",
        ref kind if matches!(kind.kind(), TypeKind::Array(_)) => "A",
        _ => "U",
    }
}
