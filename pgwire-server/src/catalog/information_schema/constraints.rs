//! `table_constraints` and its relatives: topics have no keys, so these are empty.

use crate::catalog::table::{Cell, Kind, Table};
use crate::catalog::world::World;

/// The table.
pub const TABLE_CONSTRAINTS: Table = Table {
    name: "table_constraints",
    oid: 13007,
    needs_columns: false,
    columns: &[
        ("constraint_catalog", Kind::Name),
        ("constraint_schema", Kind::Name),
        ("constraint_name", Kind::Name),
        ("table_catalog", Kind::Name),
        ("table_schema", Kind::Name),
        ("table_name", Kind::Name),
        ("constraint_type", Kind::Text),
        ("is_deferrable", Kind::Text),
        ("initially_deferred", Kind::Text),
        ("enforced", Kind::Text),
    ],
    rows,
};

/// The table.
pub const KEY_COLUMN_USAGE: Table = Table {
    name: "key_column_usage",
    oid: 13008,
    needs_columns: false,
    columns: &[
        ("constraint_catalog", Kind::Name),
        ("constraint_schema", Kind::Name),
        ("constraint_name", Kind::Name),
        ("table_catalog", Kind::Name),
        ("table_schema", Kind::Name),
        ("table_name", Kind::Name),
        ("column_name", Kind::Name),
        ("ordinal_position", Kind::Int4),
        ("position_in_unique_constraint", Kind::Int4),
    ],
    rows,
};

/// The table.
pub const REFERENTIAL_CONSTRAINTS: Table = Table {
    name: "referential_constraints",
    oid: 13009,
    needs_columns: false,
    columns: &[
        ("constraint_catalog", Kind::Name),
        ("constraint_schema", Kind::Name),
        ("constraint_name", Kind::Name),
        ("unique_constraint_catalog", Kind::Name),
        ("unique_constraint_schema", Kind::Name),
        ("unique_constraint_name", Kind::Name),
        ("match_option", Kind::Text),
        ("update_rule", Kind::Text),
        ("delete_rule", Kind::Text),
    ],
    rows,
};

fn rows(_: &World) -> Vec<Vec<Cell>> {
    Vec::new()
}
