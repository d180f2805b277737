//! `pg_tables`: topics for people.

use super::table::{Cell, Kind, Table, row};
use super::world::{Shape, World};
use crate::startup::USER;

/// The table.
pub const TABLE: Table = Table {
    name: "pg_tables",
    oid: 11104,
    needs_columns: false,
    columns: &[
        ("schemaname", Kind::Name),
        ("tablename", Kind::Name),
        ("tableowner", Kind::Name),
        ("tablespace", Kind::Name),
        ("hasindexes", Kind::Bool),
        ("hasrules", Kind::Bool),
        ("hastriggers", Kind::Bool),
        ("rowsecurity", Kind::Bool),
    ],
    rows,
};

fn rows(world: &World) -> Vec<Vec<Cell>> {
    let table = |relation: &super::world::Relation| {
        let Shape::Topic(topic) = &relation.shape else { return None };
        let indexed = !topic.indexes.is_empty();
        Some(row![topic.schema.as_str(), topic.name.as_str(), USER, Cell::Null, indexed, false, false, false])
    };
    world.relations.iter().filter_map(table).collect()
}
