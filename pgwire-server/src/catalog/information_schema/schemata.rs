//! `schemata`: schemas.

use crate::catalog::table::{Cell, Kind, Table, row};
use crate::catalog::world::World;
use crate::startup::{DATABASE, USER};

/// The table.
pub const TABLE: Table = Table {
    name: "schemata",
    oid: 13001,
    needs_columns: false,
    columns: &[
        ("catalog_name", Kind::Name),
        ("schema_name", Kind::Name),
        ("schema_owner", Kind::Name),
        ("default_character_set_catalog", Kind::Name),
        ("default_character_set_schema", Kind::Name),
        ("default_character_set_name", Kind::Name),
        ("sql_path", Kind::Text),
    ],
    rows,
};

fn rows(world: &World) -> Vec<Vec<Cell>> {
    let schemas = world.namespaces.iter();
    schemas.map(|(_, name)| row![DATABASE, name.as_str(), USER, Cell::Null, Cell::Null, Cell::Null, Cell::Null]).collect()
}
