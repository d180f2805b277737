//! Numbers of what is built in: schemas, tables and procedures of `sys` and `etl`.
//!
//! Rights are kept by number, and clients keep numbers too. **Invariant:** a number stays with its name in every version; what is
//! new is appended, and what is gone leaves its place empty.

use strata_catalog::Oid;

/// Schema `sys`; its tables follow.
pub const SYS: Oid = 12_000;
/// Schema `etl`; its relations follow.
pub const ETL: Oid = 12_500;
/// The first procedure.
const PROCEDURES: Oid = 15_500;

const SYS_TABLES: [&str; 14] = [
    "caches",
    "fields",
    "gaps",
    "indexes",
    "nodes",
    "producers",
    "queries",
    "segments",
    "sessions",
    "settings",
    "tasks",
    "topics",
    "users",
    "wal",
];
const ETL_RELATIONS: [&str; 10] =
    ["attempts", "changes", "instance_graph", "instances", "layers", "role_graph", "roles", "rule_graph", "rules", "tasks"];
const ALL_PROCEDURES: [(&str, &str); 12] = [
    ("sys", "cancel"),
    ("sys", "optimize"),
    ("etl", "drop_layer"),
    ("etl", "restore_layer"),
    ("etl", "rollback_to"),
    ("etl", "apply"),
    ("etl", "enable"),
    ("etl", "disable"),
    ("etl", "import"),
    ("etl", "retry"),
    ("etl", "cancel"),
    ("sys", "manifest"),
];

/// The number of a schema.
pub fn schema(name: &str) -> Option<Oid> {
    match name {
        "sys" => Some(SYS),
        "etl" => Some(ETL),
        _ => None,
    }
}

/// The tables of a schema with their numbers.
pub fn relations(schema: &str) -> impl Iterator<Item = (Oid, &'static str)> {
    let (base, names) = match schema {
        "sys" => (SYS, &SYS_TABLES[..]),
        "etl" => (ETL, &ETL_RELATIONS[..]),
        _ => (0, &[][..]),
    };
    (base + 1..).zip(names.iter().copied())
}

/// The number of a table.
pub fn relation(schema: &str, name: &str) -> Option<Oid> {
    relations(schema).find(|(_, known)| *known == name).map(|(oid, _)| oid)
}

/// The number of a procedure.
pub fn procedure(schema: &str, name: &str) -> Option<Oid> {
    (PROCEDURES..).zip(ALL_PROCEDURES).find(|(_, known)| *known == (schema, name)).map(|(oid, _)| oid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_built_in_has_a_number() {
        for signature in crate::session::procedures() {
            assert!(procedure(signature.schema, signature.name).is_some(), "{signature:?}");
        }
        for (schema, name) in
            crate::system::names().map(|name| ("sys", name)).chain(crate::etl::schema::names().map(|name| ("etl", name)))
        {
            assert!(relation(schema, name).is_some(), "{schema}.{name}");
        }
        // A number that is on disk already.
        assert_eq!((relation("etl", "rules"), procedure("etl", "apply")), (Some(12_509), Some(15_505)));
    }
}
