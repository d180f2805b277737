//! `pg_attribute`: columns. A column keeps its number for ever.

use super::table::{Cell, Kind, Table, row};
use super::world::{Attribute, Relation, World};
use crate::types;

/// The table.
pub const TABLE: Table = Table {
    name: "pg_attribute",
    oid: 1249,
    needs_columns: true,
    columns: &[
        ("attrelid", Kind::Oid),
        ("attname", Kind::Name),
        ("atttypid", Kind::Oid),
        ("attstattarget", Kind::Int4),
        ("attlen", Kind::Int2),
        ("attnum", Kind::Int2),
        ("attndims", Kind::Int4),
        ("attcacheoff", Kind::Int4),
        ("atttypmod", Kind::Int4),
        ("attbyval", Kind::Bool),
        ("attalign", Kind::Char),
        ("attstorage", Kind::Char),
        ("attcompression", Kind::Char),
        ("attnotnull", Kind::Bool),
        ("atthasdef", Kind::Bool),
        ("atthasmissing", Kind::Bool),
        ("attidentity", Kind::Char),
        ("attgenerated", Kind::Char),
        ("attisdropped", Kind::Bool),
        ("attislocal", Kind::Bool),
        ("attinhcount", Kind::Int4),
        ("attcollation", Kind::Oid),
        ("attacl", Kind::Texts),
        ("attoptions", Kind::Texts),
        ("attfdwoptions", Kind::Texts),
        ("attmissingval", Kind::Text),
    ],
    rows,
};

fn rows(world: &World) -> Vec<Vec<Cell>> {
    let columns = |relation: &Relation| {
        let attributes = relation.attributes();
        attributes.iter().map(|attribute| column(relation, attribute)).collect::<Vec<_>>()
    };
    world.relations.iter().flat_map(columns).collect()
}

fn column(relation: &Relation, attribute: &Attribute) -> Vec<Cell> {
    let field = &attribute.field;
    let kind = types::of_field(field);
    let size = types::size(&kind);
    row![
        relation.oid,
        field.name().as_str(),
        kind.oid(),
        -1,
        i64::from(size),
        i64::from(attribute.number),
        i32::from(types::decode::is_array(&kind)),
        -1,
        types::modifier(field.data_type()),
        (1..=8).contains(&size),
        if size == 8 { "d" } else { "i" },
        if size < 0 { "x" } else { "p" },
        "",
        !field.is_nullable(),
        false,
        false,
        "",
        "",
        false,
        true,
        0,
        0u32,
        Cell::Null,
        Cell::Null,
        Cell::Null,
        Cell::Null,
    ]
}
