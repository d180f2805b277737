//! `pg_namespace`: schemas.

use super::table::{Cell, Kind, Table, row};
use super::world::{ROLE_OID, World};

/// The table.
pub const TABLE: Table = Table {
    name: "pg_namespace",
    oid: 2615,
    needs_columns: false,
    columns: &[("oid", Kind::Oid), ("nspname", Kind::Name), ("nspowner", Kind::Oid), ("nspacl", Kind::Texts)],
    rows,
};

fn rows(world: &World) -> Vec<Vec<Cell>> {
    world.namespaces.iter().map(|(oid, name)| row![*oid, name.as_str(), ROLE_OID, world.acl(*oid, "UC")]).collect()
}
