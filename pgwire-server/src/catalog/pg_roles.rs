//! `pg_roles` and `pg_authid`: users. No verifier is shown.

use super::table::{Cell, Kind, Table, row};
use super::world::World;

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

fn rows(world: &World) -> Vec<Vec<Cell>> {
    let known = world.source.engine.users().known();
    let row = |user: &std::sync::Arc<strata_catalog::User>| {
        let all = user.superuser;
        let limit = user.connection_limit.map_or(-1, i64::from);
        let name = user.name.as_str();
        row![name, all, true, all, all, user.login, false, limit, "********", user.valid_until_us, all, Cell::Null, user.oid]
    };
    known.users().iter().map(row).collect()
}
