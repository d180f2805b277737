//! `pg_language`: what functions are written in.

use super::table::{Cell, Kind, Table, row};
use super::world::{ROLE_OID, World};

/// The table.
pub const TABLE: Table = Table {
    name: "pg_language",
    oid: 2612,
    needs_columns: false,
    columns: &[
        ("oid", Kind::Oid),
        ("lanname", Kind::Name),
        ("lanowner", Kind::Oid),
        ("lanispl", Kind::Bool),
        ("lanpltrusted", Kind::Bool),
        ("lanplcallfoid", Kind::Oid),
        ("laninline", Kind::Oid),
        ("lanvalidator", Kind::Oid),
        ("lanacl", Kind::Texts),
    ],
    rows,
};

/// Built into the server.
pub(super) const INTERNAL: u32 = 12;

fn rows(_: &World) -> Vec<Vec<Cell>> {
    vec![row![INTERNAL, "internal", ROLE_OID, false, false, 0u32, 0u32, 0u32, Cell::Null]]
}
