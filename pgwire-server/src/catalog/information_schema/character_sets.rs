//! `character_sets`: UTF8.

use crate::catalog::table::{Cell, Kind, Table, row};
use crate::catalog::world::World;
use crate::startup::DATABASE;

/// The table.
pub const TABLE: Table = Table {
    name: "character_sets",
    oid: 13006,
    needs_columns: false,
    columns: &[
        ("character_set_catalog", Kind::Name),
        ("character_set_schema", Kind::Name),
        ("character_set_name", Kind::Name),
        ("character_repertoire", Kind::Name),
        ("form_of_use", Kind::Name),
        ("default_collate_catalog", Kind::Name),
        ("default_collate_schema", Kind::Name),
        ("default_collate_name", Kind::Name),
    ],
    rows,
};

fn rows(_: &World) -> Vec<Vec<Cell>> {
    vec![row![Cell::Null, Cell::Null, "UTF8", "UCS", "UTF8", DATABASE, "pg_catalog", "C"]]
}
