//! `columns`: columns of topics, views and system tables.

use postgres_types::Kind as TypeKind;

use crate::catalog::table::{Cell, Kind, Table, row};
use crate::catalog::world::{Attribute, Relation, Shape, World};
use crate::functions::naming;
use crate::startup::DATABASE;
use crate::types::{self, Type};

/// The table.
pub const TABLE: Table = Table {
    name: "columns",
    oid: 13004,
    needs_columns: true,
    columns: &[
        ("table_catalog", Kind::Name),
        ("table_schema", Kind::Name),
        ("table_name", Kind::Name),
        ("column_name", Kind::Name),
        ("ordinal_position", Kind::Int4),
        ("column_default", Kind::Text),
        ("is_nullable", Kind::Text),
        ("data_type", Kind::Text),
        ("character_maximum_length", Kind::Int4),
        ("character_octet_length", Kind::Int4),
        ("numeric_precision", Kind::Int4),
        ("numeric_precision_radix", Kind::Int4),
        ("numeric_scale", Kind::Int4),
        ("datetime_precision", Kind::Int4),
        ("interval_type", Kind::Text),
        ("interval_precision", Kind::Int4),
        ("character_set_name", Kind::Name),
        ("collation_name", Kind::Name),
        ("domain_name", Kind::Name),
        ("udt_catalog", Kind::Name),
        ("udt_schema", Kind::Name),
        ("udt_name", Kind::Name),
        ("is_self_referencing", Kind::Text),
        ("is_identity", Kind::Text),
        ("identity_generation", Kind::Text),
        ("is_generated", Kind::Text),
        ("generation_expression", Kind::Text),
        ("is_updatable", Kind::Text),
    ],
    rows,
};

fn rows(world: &World) -> Vec<Vec<Cell>> {
    let relations = world.relations.iter().filter(|relation| !matches!(relation.shape, Shape::Index { .. }));
    let columns = |relation: &Relation| {
        let attributes = relation.attributes();
        (1..).zip(attributes.iter()).map(|(at, attribute)| column(relation, at, attribute)).collect::<Vec<_>>()
    };
    relations.flat_map(columns).collect()
}

fn column(relation: &Relation, position: i32, attribute: &Attribute) -> Vec<Cell> {
    let field = &attribute.field;
    let kind = types::of_field(field);
    let modifier = types::modifier(field.data_type());
    let (precision, radix, scale) = match kind {
        Type::INT2 => (Some(16), Some(2), Some(0)),
        Type::INT4 => (Some(32), Some(2), Some(0)),
        Type::INT8 => (Some(64), Some(2), Some(0)),
        Type::FLOAT4 => (Some(24), Some(2), None),
        Type::FLOAT8 => (Some(53), Some(2), None),
        Type::NUMERIC if modifier >= 0 => (Some((modifier - 4) >> 16), Some(10), Some((modifier - 4) & 0xFFFF)),
        _ => (None, None, None),
    };
    let temporal = match kind {
        Type::DATE => Some(0),
        Type::TIME | Type::TIMESTAMP | Type::TIMESTAMPTZ | Type::INTERVAL => Some(6),
        _ => None,
    };
    let data_type = match kind.kind() {
        TypeKind::Array(_) => "ARRAY".to_owned(),
        _ => naming::type_name(kind.oid(), None),
    };
    row![
        DATABASE,
        relation.schema.as_str(),
        relation.name.as_str(),
        field.name().as_str(),
        position,
        Cell::Null,
        if field.is_nullable() { "YES" } else { "NO" },
        data_type,
        Cell::Null,
        if kind == Type::TEXT { Some(1 << 30) } else { None },
        precision,
        radix,
        scale,
        temporal,
        Cell::Null,
        Cell::Null,
        Cell::Null,
        Cell::Null,
        Cell::Null,
        DATABASE,
        "pg_catalog",
        kind.name(),
        "NO",
        "NO",
        Cell::Null,
        "NEVER",
        Cell::Null,
        if matches!(relation.shape, Shape::Topic(_)) { "YES" } else { "NO" },
    ]
}
