//! `pg_database`: the one database.

use super::table::{Cell, Kind, Table, row};
use super::world::{DATABASE_OID, ROLE_OID, World};
use crate::startup::DATABASE;

/// The table.
pub const TABLE: Table = Table {
    name: "pg_database",
    oid: 1262,
    needs_columns: false,
    columns: &[
        ("oid", Kind::Oid),
        ("datname", Kind::Name),
        ("datdba", Kind::Oid),
        ("encoding", Kind::Int4),
        ("datlocprovider", Kind::Char),
        ("datistemplate", Kind::Bool),
        ("datallowconn", Kind::Bool),
        ("datconnlimit", Kind::Int4),
        ("datfrozenxid", Kind::Int8),
        ("datminmxid", Kind::Int8),
        ("dattablespace", Kind::Oid),
        ("datcollate", Kind::Text),
        ("datctype", Kind::Text),
        ("daticulocale", Kind::Text),
        ("datcollversion", Kind::Text),
        ("datacl", Kind::Texts),
    ],
    rows,
};

/// PostgreSQL's number of UTF8.
const UTF8: i32 = 6;

fn rows(_: &World) -> Vec<Vec<Cell>> {
    vec![row![
        DATABASE_OID,
        DATABASE,
        ROLE_OID,
        UTF8,
        "c",
        false,
        true,
        -1,
        0,
        0,
        1663u32,
        "C",
        "C.UTF-8",
        Cell::Null,
        Cell::Null,
        Cell::Null,
    ]]
}
