//! `information_schema`: the standard's view of what exists. One file a table, or a family of tables.

mod character_sets;
mod columns;
mod constraints;
mod privileges;
mod routines;
mod schemata;
mod tables;
mod views;

use super::table::Table;

/// All tables.
pub const TABLES: &[&Table] = &[
    &character_sets::TABLE,
    &columns::TABLE,
    &constraints::KEY_COLUMN_USAGE,
    &constraints::REFERENTIAL_CONSTRAINTS,
    &constraints::TABLE_CONSTRAINTS,
    &privileges::TABLE_PRIVILEGES,
    &routines::ROUTINES,
    &routines::SEQUENCES,
    &schemata::TABLE,
    &tables::TABLE,
    &views::TABLE,
];
