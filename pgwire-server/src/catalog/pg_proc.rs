//! `pg_proc`: functions and procedures. Their numbers follow from their names, so they are the same for every session.

use datafusion::execution::SessionState;
use strata_engine::builtin;
use strata_engine::session::{Signature, procedures};

use super::pg_language::INTERNAL;
use super::table::{Cell, Kind, Table, row};
use super::world::{PG_CATALOG_OID, ROLE_OID, Source, World};
use crate::types::Type;

/// The table.
pub const TABLE: Table = Table {
    name: "pg_proc",
    oid: 1255,
    needs_columns: false,
    columns: &[
        ("oid", Kind::Oid),
        ("proname", Kind::Name),
        ("pronamespace", Kind::Oid),
        ("proowner", Kind::Oid),
        ("prolang", Kind::Oid),
        ("procost", Kind::Float4),
        ("prorows", Kind::Float4),
        ("provariadic", Kind::Oid),
        ("prosupport", Kind::Oid),
        ("prokind", Kind::Char),
        ("prosecdef", Kind::Bool),
        ("proleakproof", Kind::Bool),
        ("proisstrict", Kind::Bool),
        ("proretset", Kind::Bool),
        ("provolatile", Kind::Char),
        ("proparallel", Kind::Char),
        ("pronargs", Kind::Int2),
        ("pronargdefaults", Kind::Int2),
        ("prorettype", Kind::Oid),
        ("proargtypes", Kind::Vector),
        ("proallargtypes", Kind::Texts),
        ("proargmodes", Kind::Texts),
        ("proargnames", Kind::Texts),
        ("proargdefaults", Kind::Text),
        ("protrftypes", Kind::Texts),
        ("prosrc", Kind::Text),
        ("probin", Kind::Text),
        ("prosqlbody", Kind::Text),
        ("proconfig", Kind::Texts),
        ("proacl", Kind::Texts),
    ],
    rows,
};

/// Oids of functions begin here and follow the order of names.
const FIRST_OID: u32 = 14_000;

/// Oids of functions end before those of procedures.
const END_OID: u32 = 15_500;

/// A function or procedure.
struct Function {
    /// Identity; the same as long as this version of the server runs.
    pub oid: u32,
    /// Identity of its schema.
    pub namespace: u32,
    /// Name.
    pub name: String,
    /// `f`, `a`, `w`, or `p` for a procedure.
    pub kind: &'static str,
}

/// The procedures with their numbers.
pub(super) fn numbered_procedures() -> impl Iterator<Item = (u32, Signature)> {
    procedures().filter_map(|procedure| Some((builtin::procedure(procedure.schema, procedure.name)?, procedure)))
}

/// The procedure of a number.
pub fn procedure(oid: u32) -> Option<Signature> {
    numbered_procedures().find(|(known, _)| *known == oid).map(|(_, procedure)| procedure)
}

/// The name of the function, not procedure, of a number.
pub fn function_name(source: &Source, oid: u32) -> Option<String> {
    functions(source).into_iter().find(|function| function.oid == oid).map(|function| function.name)
}

/// The number of a function or procedure by its name, with or without its schema.
pub fn oid_of(source: &Source, schema: Option<&str>, name: &str) -> Option<u32> {
    let in_schema = |known: &str| schema.is_none_or(|schema| schema == known);
    let procedure = numbered_procedures().find(|(_, it)| it.name == name && in_schema(it.schema)).map(|(oid, _)| oid);
    procedure.or_else(|| {
        let mut all = functions(source).into_iter().filter(|_| in_schema("pg_catalog"));
        all.find(|function| function.name == name).map(|function| function.oid)
    })
}

/// All functions by name.
fn functions(source: &Source) -> Vec<Function> {
    let Some(state) = source.state.upgrade() else { return Vec::new() };
    let state: &SessionState = &state.read();
    let mut names: Vec<(String, &'static str)> = Vec::new();
    names.extend(state.scalar_functions().keys().map(|name| (name.clone(), "f")));
    names.extend(state.aggregate_functions().keys().map(|name| (name.clone(), "a")));
    names.extend(state.window_functions().keys().map(|name| (name.clone(), "w")));
    names.sort();
    names.dedup_by(|a, b| a.0 == b.0);
    let function = |(oid, (name, kind))| Function { oid, namespace: PG_CATALOG_OID, name, kind };
    (FIRST_OID..END_OID).zip(names).map(function).collect()
}

fn rows(world: &World) -> Vec<Vec<Cell>> {
    let procedures = numbered_procedures().filter_map(|(oid, procedure)| {
        let namespace = builtin::schema(procedure.schema)?;
        Some(Function { oid, namespace, name: procedure.name.to_owned(), kind: "p" })
    });
    functions(&world.source).into_iter().chain(procedures).map(|function| one(world, &function)).collect()
}

fn one(world: &World, function: &Function) -> Vec<Cell> {
    row![
        function.oid,
        function.name.as_str(),
        function.namespace,
        ROLE_OID,
        INTERNAL,
        Cell::Float(1.0),
        Cell::Float(0.0),
        0u32,
        0u32,
        function.kind,
        false,
        false,
        false,
        false,
        "i",
        "s",
        0,
        0,
        // The type of a function's result depends on the arguments.
        if function.kind == "p" { 0 } else { Type::ANYELEMENT.oid() },
        "",
        Cell::Null,
        Cell::Null,
        Cell::Null,
        Cell::Null,
        Cell::Null,
        function.name.as_str(),
        Cell::Null,
        Cell::Null,
        Cell::Null,
        world.acl(function.oid, "X"),
    ]
}
