//! `pg_roles` and `pg_authid`: the one role.

use super::table::{Cell, Kind, Table, row};
use super::world::{ROLE_OID, World};
use crate::startup::USER;

/// Columns of both.
const COLUMNS: &[(&str, Kind)] = &[
    ("rolname", Kind::Name),
    ("rolsuper", Kind::Bool),
    ("rolinherit", Kind::Bool),
    ("rolcreaterole", Kind::Bool),
    ("rolcreatedb", Kind::Bool),
    ("rolcanlogin", Kind::Bool),
    ("rolreplication", Kind::Bool),
    ("rolconnlimit", Kind::Int4),
    ("rolpassword", Kind::Text),
    ("rolvaliduntil", Kind::Timestamp),
    ("rolbypassrls", Kind::Bool),
    ("rolconfig", Kind::Texts),
    ("oid", Kind::Oid),
];

/// The table.
pub const TABLE: Table = Table { name: "pg_roles", oid: 11102, needs_columns: false, columns: COLUMNS, rows };

/// The table.
pub const AUTHID: Table = Table { name: "pg_authid", oid: 1260, needs_columns: false, columns: COLUMNS, rows };

fn rows(_: &World) -> Vec<Vec<Cell>> {
    vec![row![USER, true, true, true, true, true, false, -1, "********", Cell::Null, true, Cell::Null, ROLE_OID]]
}
