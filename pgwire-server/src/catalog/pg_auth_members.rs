//! `pg_auth_members`: who may act as whom.

use super::table::{Cell, Kind, Table, row};
use super::world::{ROLE_OID, World};

/// The table.
pub const TABLE: Table = Table {
    name: "pg_auth_members",
    oid: 1261,
    needs_columns: false,
    columns: &[("roleid", Kind::Oid), ("member", Kind::Oid), ("grantor", Kind::Oid), ("admin_option", Kind::Bool)],
    rows,
};

fn rows(world: &World) -> Vec<Vec<Cell>> {
    let known = world.source.engine.users().known();
    known.memberships().iter().map(|one| row![one.user, one.member, ROLE_OID, one.admin]).collect()
}
