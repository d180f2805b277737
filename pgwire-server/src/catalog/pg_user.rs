//! `pg_user`: users who can connect.

use super::table::{Cell, Kind, Table, row};
use super::world::World;

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

fn rows(world: &World) -> Vec<Vec<Cell>> {
    let known = world.source.engine.users().known();
    let users = known.users().iter().filter(|user| user.login);
    users
        .map(|user| {
            let all = user.superuser;
            row![user.name.as_str(), user.oid, all, all, false, all, "********", user.valid_until_us, Cell::Null]
        })
        .collect()
}
