//! `pg_roles` and `pg_authid`: the one role.

use super::table::{Cell, Kind, Table, row};
use super::world::{ROLE_OID, World};
use crate::startup::USER;

/// The table.
pub const TABLE: Table = Table {
    name: "pg_roles",
    oid: 11102,
    needs_columns: false,
    columns: &[
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
    ],
    rows,
};

/// The table.
pub const AUTHID: Table = Table {
    name: "pg_authid",
    oid: 1260,
    needs_columns: false,
    columns: &[
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
    ],
    rows,
};

fn rows(_: &World) -> Vec<Vec<Cell>> {
    vec![row![USER, true, true, true, true, true, false, -1, "********", Cell::Null, true, Cell::Null, ROLE_OID]]
}
