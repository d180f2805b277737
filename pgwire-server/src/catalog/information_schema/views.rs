//! `views`: views and their queries.

use crate::catalog::table::{Cell, Kind, Table, row};
use crate::catalog::world::{Shape, World};
use crate::startup::DATABASE;

/// The table.
pub const TABLE: Table = Table {
    name: "views",
    oid: 13003,
    needs_columns: false,
    columns: &[
        ("table_catalog", Kind::Name),
        ("table_schema", Kind::Name),
        ("table_name", Kind::Name),
        ("view_definition", Kind::Text),
        ("check_option", Kind::Text),
        ("is_updatable", Kind::Text),
        ("is_insertable_into", Kind::Text),
        ("is_trigger_updatable", Kind::Text),
        ("is_trigger_deletable", Kind::Text),
        ("is_trigger_insertable_into", Kind::Text),
    ],
    rows,
};

fn rows(world: &World) -> Vec<Vec<Cell>> {
    let view = |relation: &crate::catalog::world::Relation| {
        let Shape::View(query) = &relation.shape else { return None };
        let (schema, name) = (relation.schema.as_str(), relation.name.as_str());
        Some(row![DATABASE, schema, name, query.as_str(), "NONE", "NO", "NO", "NO", "NO", "NO"])
    };
    world.relations.iter().filter_map(view).collect()
}
