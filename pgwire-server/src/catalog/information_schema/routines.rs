//! `routines` and `sequences`: neither can be made by users.

use crate::catalog::table::{Cell, Kind, Table};
use crate::catalog::world::World;

/// The table.
pub const ROUTINES: Table = Table {
    name: "routines",
    oid: 13010,
    needs_columns: false,
    columns: &[
        ("specific_catalog", Kind::Name),
        ("specific_schema", Kind::Name),
        ("specific_name", Kind::Name),
        ("routine_catalog", Kind::Name),
        ("routine_schema", Kind::Name),
        ("routine_name", Kind::Name),
        ("routine_type", Kind::Text),
        ("data_type", Kind::Text),
    ],
    rows,
};

/// The table.
pub const SEQUENCES: Table = Table {
    name: "sequences",
    oid: 13011,
    needs_columns: false,
    columns: &[
        ("sequence_catalog", Kind::Name),
        ("sequence_schema", Kind::Name),
        ("sequence_name", Kind::Name),
        ("data_type", Kind::Text),
        ("start_value", Kind::Text),
        ("minimum_value", Kind::Text),
        ("maximum_value", Kind::Text),
        ("increment", Kind::Text),
        ("cycle_option", Kind::Text),
    ],
    rows,
};

fn rows(_: &World) -> Vec<Vec<Cell>> {
    Vec::new()
}
