//! `pg_description`: comments.

use super::pg_proc::numbered_procedures;
use super::table::{Cell, Kind, Table, row};
use strata_engine::builtin;

use super::world::World;

/// The table.
pub const TABLE: Table = Table {
    name: "pg_description",
    oid: 2609,
    needs_columns: false,
    columns: &[("objoid", Kind::Oid), ("classoid", Kind::Oid), ("objsubid", Kind::Int4), ("description", Kind::Text)],
    rows,
};

/// Oids of `pg_class`, `pg_proc` and `pg_namespace`, which say what an object is.
const CLASS: u32 = 1259;
const PROC: u32 = 1255;
const NAMESPACE: u32 = 2615;

fn rows(world: &World) -> Vec<Vec<Cell>> {
    let is_schema = |oid: u32| world.namespaces.iter().any(|(known, _)| *known == oid);
    let comments = world.comments.iter().map(|(object, column, text)| {
        row![*object, if is_schema(*object) { NAMESPACE } else { CLASS }, i64::from(*column), text.as_str()]
    });
    let built_in = [
        row![builtin::SYS, NAMESPACE, 0, "the server as tables"],
        row![builtin::ETL, NAMESPACE, 0, "the configuration as layers"],
    ];
    let procedures = numbered_procedures().map(|(oid, procedure)| row![oid, PROC, 0, procedure.comment]);
    comments.chain(built_in).chain(procedures).collect()
}
