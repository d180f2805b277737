//! `pg_indexes`: indexes for people.

use super::table::{Cell, Kind, Table, row};
use super::world::{Shape, World};
use crate::functions::definitions;

/// The table.
pub const TABLE: Table = Table {
    name: "pg_indexes",
    oid: 11101,
    needs_columns: false,
    columns: &[
        ("schemaname", Kind::Name),
        ("tablename", Kind::Name),
        ("indexname", Kind::Name),
        ("tablespace", Kind::Name),
        ("indexdef", Kind::Text),
    ],
    rows,
};

fn rows(world: &World) -> Vec<Vec<Cell>> {
    let index = |relation: &super::world::Relation| {
        let Shape::Index { topic, .. } = &relation.shape else { return None };
        let definition = definitions::index(relation);
        Some(row![relation.schema.as_str(), topic.name.as_str(), relation.name.as_str(), Cell::Null, definition])
    };
    world.relations.iter().filter_map(index).collect()
}
