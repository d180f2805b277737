//! `pg_tablespace`: the data folder.

use super::table::{Cell, Kind, Table, row};
use super::world::{ROLE_OID, World};

/// The table.
pub const TABLE: Table = Table {
    name: "pg_tablespace",
    oid: 1213,
    needs_columns: false,
    columns: &[
        ("oid", Kind::Oid),
        ("spcname", Kind::Name),
        ("spcowner", Kind::Oid),
        ("spcacl", Kind::Texts),
        ("spcoptions", Kind::Texts),
    ],
    rows,
};

fn rows(_: &World) -> Vec<Vec<Cell>> {
    vec![row![1663u32, "pg_default", ROLE_OID, Cell::Null, Cell::Null]]
}
