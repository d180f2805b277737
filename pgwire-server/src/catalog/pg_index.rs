//! `pg_index`: indexes, the table part of them.

use super::table::{Cell, Kind, Table, row};
use super::world::{Shape, World};

/// The table.
pub const TABLE: Table = Table {
    name: "pg_index",
    oid: 2610,
    needs_columns: false,
    columns: &[
        ("indexrelid", Kind::Oid),
        ("indrelid", Kind::Oid),
        ("indnatts", Kind::Int2),
        ("indnkeyatts", Kind::Int2),
        ("indisunique", Kind::Bool),
        ("indnullsnotdistinct", Kind::Bool),
        ("indisprimary", Kind::Bool),
        ("indisexclusion", Kind::Bool),
        ("indimmediate", Kind::Bool),
        ("indisclustered", Kind::Bool),
        ("indisvalid", Kind::Bool),
        ("indcheckxmin", Kind::Bool),
        ("indisready", Kind::Bool),
        ("indislive", Kind::Bool),
        ("indisreplident", Kind::Bool),
        ("indkey", Kind::Vector),
        ("indcollation", Kind::Vector),
        ("indclass", Kind::Vector),
        ("indoption", Kind::Vector),
        ("indexprs", Kind::Text),
        ("indpred", Kind::Text),
    ],
    rows,
};

fn rows(world: &World) -> Vec<Vec<Cell>> {
    let index = |relation: &super::world::Relation| {
        let Shape::Index { topic, column, .. } = &relation.shape else { return None };
        let (oid, topic) = (relation.oid, topic.oid());
        Some(row![
            oid,
            topic,
            1,
            1,
            false,
            false,
            false,
            false,
            true,
            false,
            true,
            false,
            true,
            true,
            false,
            column.to_string(),
            "0",
            "0",
            "0",
            Cell::Null,
            Cell::Null,
        ])
    };
    world.relations.iter().filter_map(index).collect()
}
