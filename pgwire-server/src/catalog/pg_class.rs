//! `pg_class`: topics, views, indexes, system tables.

use super::pg_am::METHODS;
use super::table::{Cell, Kind, Table, row};
use super::world::{HEAP_OID, ROLE_OID, Relation, Shape, World};

/// The table.
pub const TABLE: Table = Table {
    name: "pg_class",
    oid: 1259,
    needs_columns: false,
    columns: &[
        ("oid", Kind::Oid),
        ("relname", Kind::Name),
        ("relnamespace", Kind::Oid),
        ("reltype", Kind::Oid),
        ("reloftype", Kind::Oid),
        ("relowner", Kind::Oid),
        ("relam", Kind::Oid),
        ("relfilenode", Kind::Oid),
        ("reltablespace", Kind::Oid),
        ("relpages", Kind::Int4),
        ("reltuples", Kind::Float4),
        ("relallvisible", Kind::Int4),
        ("reltoastrelid", Kind::Oid),
        ("relhasindex", Kind::Bool),
        ("relisshared", Kind::Bool),
        ("relpersistence", Kind::Char),
        ("relkind", Kind::Char),
        ("relnatts", Kind::Int2),
        ("relchecks", Kind::Int2),
        ("relhasrules", Kind::Bool),
        ("relhastriggers", Kind::Bool),
        ("relhassubclass", Kind::Bool),
        ("relrowsecurity", Kind::Bool),
        ("relforcerowsecurity", Kind::Bool),
        ("relispopulated", Kind::Bool),
        ("relreplident", Kind::Char),
        ("relispartition", Kind::Bool),
        ("relrewrite", Kind::Oid),
        ("relfrozenxid", Kind::Int8),
        ("relminmxid", Kind::Int8),
        ("relacl", Kind::Texts),
        ("reloptions", Kind::Texts),
        ("relpartbound", Kind::Text),
    ],
    rows,
};

/// Bytes of a page, in which PostgreSQL counts sizes.
const PAGE_BYTES: u64 = 8192;

fn rows(world: &World) -> Vec<Vec<Cell>> {
    world.relations.iter().map(|relation| class(world, relation)).collect()
}

fn class(world: &World, relation: &Relation) -> Vec<Cell> {
    let method = match &relation.shape {
        Shape::Topic(_) => HEAP_OID,
        Shape::Index { method, .. } => METHODS.iter().find(|(name, _)| name == method).map_or(0, |(_, oid)| *oid),
        Shape::View(_) | Shape::System => 0,
    };
    let has_index = matches!(&relation.shape, Shape::Topic(topic) if !topic.indexes.is_empty());
    let pages = i64::try_from(relation.bytes.div_ceil(PAGE_BYTES)).unwrap_or(i64::MAX).min(i64::from(i32::MAX));
    let columns = i64::try_from(relation.width()).unwrap_or(i64::MAX);
    #[allow(clippy::cast_precision_loss, reason = "the column is an estimate")]
    let tuples = relation.rows as f32;
    row![
        relation.oid,
        relation.name.as_str(),
        relation.namespace,
        0u32,
        0u32,
        ROLE_OID,
        method,
        relation.oid,
        0u32,
        pages,
        Cell::Float(tuples),
        0,
        0u32,
        has_index,
        false,
        "p",
        relation.kind(),
        columns,
        0,
        matches!(relation.shape, Shape::View(_)),
        false,
        false,
        false,
        false,
        true,
        "n",
        false,
        0u32,
        0,
        0,
        world.acl(relation.oid, "arD"),
        options(relation),
        Cell::Null,
    ]
}

/// The `WITH (...)` of a topic or index, as `name=value`.
fn options(relation: &Relation) -> Cell {
    let mut options = Vec::new();
    match &relation.shape {
        Shape::Topic(topic) => {
            let name_of = |id| topic.columns.columns().find(|column| column.id == id).map(|column| column.name);
            options.extend(topic.columns.time_column.and_then(name_of).map(|name| format!("time_column={name}")));
            let sorted: Vec<String> = topic.columns.sort_by.iter().filter_map(|id| name_of(*id)).collect();
            if !sorted.is_empty() {
                options.push(format!("sort_by={}", sorted.join(", ")));
            }
            options.extend(topic.options.retention_us.map(|us| format!("retention={} seconds", us / 1_000_000)));
            options.extend(topic.options.retention_bytes.map(|bytes| format!("retention_bytes={bytes}")));
        }
        Shape::Index { options: pairs, .. } => options.extend(pairs.iter().map(|(name, value)| format!("{name}={value}"))),
        Shape::View(_) | Shape::System => {}
    }
    if options.is_empty() { Cell::Null } else { Cell::Texts(options) }
}
