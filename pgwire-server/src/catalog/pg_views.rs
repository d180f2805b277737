//! `pg_views`: views for people.

use super::table::{Cell, Kind, Table, row};
use super::world::{Shape, World};
use crate::startup::USER;

/// The table.
pub const TABLE: Table = Table {
    name: "pg_views",
    oid: 11105,
    needs_columns: false,
    columns: &[("schemaname", Kind::Name), ("viewname", Kind::Name), ("viewowner", Kind::Name), ("definition", Kind::Text)],
    rows,
};

fn rows(world: &World) -> Vec<Vec<Cell>> {
    let view = |relation: &super::world::Relation| {
        let Shape::View(query) = &relation.shape else { return None };
        Some(row![relation.schema.as_str(), relation.name.as_str(), USER, query.as_str()])
    };
    world.relations.iter().filter_map(view).collect()
}
