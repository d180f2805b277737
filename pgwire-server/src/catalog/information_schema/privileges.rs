//! `table_privileges`: what the owner may, and what was granted by him.

use crate::catalog::table::{Cell, Kind, Table, row};
use crate::catalog::world::{Shape, World};
use crate::startup::{DATABASE, USER};

/// The table.
pub const TABLE_PRIVILEGES: Table = Table {
    name: "table_privileges",
    oid: 13005,
    needs_columns: false,
    columns: &[
        ("grantor", Kind::Name),
        ("grantee", Kind::Name),
        ("table_catalog", Kind::Name),
        ("table_schema", Kind::Name),
        ("table_name", Kind::Name),
        ("privilege_type", Kind::Text),
        ("is_grantable", Kind::Text),
        ("with_hierarchy", Kind::Text),
    ],
    rows,
};

fn rows(world: &World) -> Vec<Vec<Cell>> {
    let known = world.source.engine.users().known();
    let mut rows = Vec::new();
    for relation in &world.relations {
        let privileges: &[&str] = match relation.shape {
            Shape::Topic(_) => &["INSERT", "SELECT", "TRUNCATE"],
            Shape::View(_) | Shape::System => &["SELECT"],
            Shape::Index { .. } => &[],
        };
        let (schema, name) = (relation.schema.as_str(), relation.name.as_str());
        rows.extend(privileges.iter().map(|privilege| row![USER, USER, DATABASE, schema, name, *privilege, "YES", "NO"]));
        for right in known.rights().iter().filter(|right| right.object == relation.oid) {
            let user = known.with_oid(right.user).map_or("PUBLIC", |user| user.name.as_str());
            let privilege = right.privilege.name().to_ascii_uppercase();
            rows.push(row![USER, user, DATABASE, schema, name, privilege, "NO", "NO"]);
        }
    }
    rows
}
