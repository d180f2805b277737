//! `pg_user`: the one user.

use super::table::{Cell, Kind, Table, row};
use super::world::{ROLE_OID, World};
use crate::startup::USER;

/// The table.
pub const TABLE: Table = Table {
    name: "pg_user",
    oid: 11103,
    needs_columns: false,
    columns: &[
        ("usename", Kind::Name),
        ("usesysid", Kind::Oid),
        ("usecreatedb", Kind::Bool),
        ("usesuper", Kind::Bool),
        ("userepl", Kind::Bool),
        ("usebypassrls", Kind::Bool),
        ("passwd", Kind::Text),
        ("valuntil", Kind::Timestamp),
        ("useconfig", Kind::Texts),
    ],
    rows,
};

fn rows(_: &World) -> Vec<Vec<Cell>> {
    vec![row![USER, ROLE_OID, true, true, false, true, "********", Cell::Null, Cell::Null]]
}
