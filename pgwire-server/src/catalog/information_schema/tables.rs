//! `tables`: topics, views and system tables.

use crate::catalog::table::{Cell, Kind, Table, row};
use crate::catalog::world::{Shape, World};
use crate::startup::DATABASE;

/// The table.
pub const TABLE: Table = Table {
    name: "tables",
    oid: 13002,
    needs_columns: false,
    columns: &[
        ("table_catalog", Kind::Name),
        ("table_schema", Kind::Name),
        ("table_name", Kind::Name),
        ("table_type", Kind::Text),
        ("self_referencing_column_name", Kind::Name),
        ("reference_generation", Kind::Text),
        ("user_defined_type_catalog", Kind::Name),
        ("user_defined_type_schema", Kind::Name),
        ("user_defined_type_name", Kind::Name),
        ("is_insertable_into", Kind::Text),
        ("is_typed", Kind::Text),
        ("commit_action", Kind::Text),
    ],
    rows,
};

fn rows(world: &World) -> Vec<Vec<Cell>> {
    let table = |relation: &crate::catalog::world::Relation| {
        let (kind, insertable) = match relation.shape {
            Shape::Topic(_) => ("BASE TABLE", "YES"),
            Shape::View(_) | Shape::System => ("VIEW", "NO"),
            Shape::Index { .. } => return None,
        };
        let (schema, name) = (relation.schema.as_str(), relation.name.as_str());
        Some(row![
            DATABASE,
            schema,
            name,
            kind,
            Cell::Null,
            Cell::Null,
            Cell::Null,
            Cell::Null,
            Cell::Null,
            insertable,
            "NO",
            Cell::Null,
        ])
    };
    world.relations.iter().filter_map(table).collect()
}
