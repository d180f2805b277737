//! `pg_am`: how relations are stored and indexed.

use super::table::{Cell, Kind, Table, row};
use super::world::{HEAP_OID, World};

/// The table.
pub const TABLE: Table = Table {
    name: "pg_am",
    oid: 2601,
    needs_columns: false,
    columns: &[("oid", Kind::Oid), ("amname", Kind::Name), ("amhandler", Kind::Text), ("amtype", Kind::Char)],
    rows,
};

/// Index methods and their oids.
pub(super) const METHODS: &[(&str, u32)] = &[("bloom", 11_001), ("inverted", 11_002)];

fn rows(_: &World) -> Vec<Vec<Cell>> {
    let heap = row![HEAP_OID, "heap", "-", "t"];
    let methods = METHODS.iter().map(|(name, oid)| row![*oid, *name, "-", "i"]);
    std::iter::once(heap).chain(methods).collect()
}
