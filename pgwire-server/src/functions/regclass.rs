//! `regclass` and its relatives: names to oids and back. `rewrite.rs` turns casts into these functions.

use strata_engine::EngineError;
use strata_engine::error::ObjectClass;

use super::{Call, Definition, Returns, Value, naming, quoting};
use crate::catalog::pg_proc;
use crate::catalog::world::World;

/// The functions. Those with `strata_` in their name stand for casts.
pub(super) const ALL: &[Definition] = &[
    Definition {
        name: "to_regclass",
        arguments: 1..=1,
        returns: Returns::Text,
        evaluate: |call| {
            let oid = call.text(0).and_then(|name| relation_oid(call, name));
            Ok(oid.map(|oid| relation_name(call, oid)).into())
        },
    },
    Definition {
        name: "strata_regclass_oid",
        arguments: 1..=1,
        returns: Returns::Int,
        evaluate: |call| {
            let Some(name) = call.text(0) else { return Ok(Value::Null) };
            if let Some(oid) = call.number(0) {
                return Ok(Value::Int(oid));
            }
            let oid = relation_oid(call, name);
            let missing = || EngineError::Undefined { what: ObjectClass::Relation, name: name.to_owned(), hint: None };
            oid.map(|oid| Value::Int(i64::from(oid))).ok_or_else(missing)
        },
    },
    Definition {
        name: "strata_regclass_name",
        arguments: 1..=1,
        returns: Returns::Text,
        evaluate: |call| {
            Ok(match (call.oid(0), call.text(0)) {
                (Some(0), _) => "-".into(),
                (Some(oid), _) => relation_name(call, oid).into(),
                (None, name) => name.into(),
            })
        },
    },
    Definition {
        name: "strata_regtype_oid",
        arguments: 1..=1,
        returns: Returns::Int,
        evaluate: |call| {
            let Some(name) = call.text(0) else { return Ok(Value::Null) };
            let oid = call.oid(0).or_else(|| naming::type_oid(name));
            let missing = || EngineError::Undefined { what: ObjectClass::Type, name: name.to_owned(), hint: None };
            oid.map(|oid| Value::Int(i64::from(oid))).ok_or_else(missing)
        },
    },
    Definition {
        name: "strata_regtype_name",
        arguments: 1..=1,
        returns: Returns::Text,
        evaluate: |call| {
            Ok(match (call.oid(0), call.text(0)) {
                (Some(oid), _) => naming::type_name(oid, None).into(),
                (None, name) => name.into(),
            })
        },
    },
    Definition {
        name: "to_regtype",
        arguments: 1..=1,
        returns: Returns::Text,
        evaluate: |call| Ok(call.text(0).and_then(naming::type_oid).map(|oid| naming::type_name(oid, None)).into()),
    },
    Definition {
        name: "strata_regproc_oid",
        arguments: 1..=1,
        returns: Returns::Int,
        evaluate: |call| {
            let Some(name) = call.text(0) else { return Ok(Value::Null) };
            let oid = procedure_number(call, name);
            let missing = || EngineError::Undefined { what: ObjectClass::Function, name: name.to_owned(), hint: None };
            oid.map(|oid| Value::Int(i64::from(oid))).ok_or_else(missing)
        },
    },
    // Of the name in a row of the catalog, where a type may have functions that nobody calls: NULL if there is no such function.
    Definition {
        name: "strata_regproc_number",
        arguments: 1..=1,
        returns: Returns::Int,
        evaluate: |call| {
            let number = call.text(0).and_then(|name| procedure_number(call, name));
            Ok(number.map(i64::from).into())
        },
    },
    Definition {
        name: "strata_regnamespace_oid",
        arguments: 1..=1,
        returns: Returns::Int,
        evaluate: |call| {
            let Some(name) = call.text(0) else { return Ok(Value::Null) };
            let found = call.world().namespaces.iter().find(|(_, known)| known == name.trim_matches('"'));
            let oid = call.oid(0).or(found.map(|(oid, _)| *oid));
            let missing = || EngineError::Undefined { what: ObjectClass::Schema, name: name.to_owned(), hint: None };
            oid.map(|oid| Value::Int(i64::from(oid))).ok_or_else(missing)
        },
    },
    Definition {
        name: "strata_regnamespace_name",
        arguments: 1..=1,
        returns: Returns::Text,
        evaluate: |call| {
            let found = call.oid(0).and_then(|oid| call.world().namespaces.iter().find(|(known, _)| *known == oid));
            Ok(found.map(|(_, name)| quoting::ident(name)).or_else(|| call.text(0).map(str::to_owned)).into())
        },
    },
];

/// The number of what a `regproc` says: a number, a name, or `-` for no function.
fn procedure_number(call: &Call<'_>, name: &str) -> Option<u32> {
    match name.trim() {
        "-" => Some(0),
        name => call.oid(0).or_else(|| procedure_oid(call, name)),
    }
}

/// The number of `name`, `schema.name` or either with its arguments behind it.
pub(super) fn procedure_oid(call: &Call<'_>, name: &str) -> Option<u32> {
    let parts = split(name.split('(').next()?)?;
    match parts.as_slice() {
        [name] => pg_proc::oid_of(call.source(), None, name),
        [schema, name] => pg_proc::oid_of(call.source(), Some(schema), name),
        _ => None,
    }
}

/// The oid of `name` or `schema.name`, each with or without quotes, over the search path.
pub(super) fn relation_oid(call: &Call<'_>, name: &str) -> Option<u32> {
    let parts = split(name)?;
    let find = |schema: &str, name: &str| {
        call.world()
            .relations
            .iter()
            .find(|relation| relation.schema == schema && relation.name == name)
            .map(|relation| relation.oid)
    };
    match parts.as_slice() {
        [name] => call.source().session.search_path().iter().find_map(|schema| find(schema, name)),
        [schema, name] | [_, schema, name] => find(schema, name),
        _ => None,
    }
}

/// A relation's name, with its schema if a bare name would not find it; the number if there is no such relation.
fn relation_name(call: &Call<'_>, oid: u32) -> String {
    let world: &World = call.world();
    let Some(relation) = world.relation(oid) else { return oid.to_string() };
    let name = quoting::ident(&relation.name);
    if relation_oid(call, &name) == Some(oid) { name } else { format!("{}.{name}", quoting::ident(&relation.schema)) }
}

/// The parts of a qualified name, folded to lower case where they are not quoted.
pub(super) fn split(name: &str) -> Option<Vec<String>> {
    let mut parts = Vec::new();
    let mut rest = name.trim();
    loop {
        if let Some(quoted) = rest.strip_prefix('"') {
            let mut part = String::new();
            let mut characters = quoted.char_indices().peekable();
            let end = loop {
                match characters.next()? {
                    (_, '"') if characters.peek().is_some_and(|(_, next)| *next == '"') => {
                        characters.next();
                        part.push('"');
                    }
                    (at, '"') => break at,
                    (_, other) => part.push(other),
                }
            };
            parts.push(part);
            rest = &quoted[end + 1..];
        } else {
            let end = rest.find('.').unwrap_or(rest.len());
            parts.push(rest[..end].to_lowercase());
            rest = &rest[end..];
        }
        match rest.strip_prefix('.') {
            Some(next) => rest = next,
            None => return rest.is_empty().then_some(parts),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fold_and_quotes_keep() {
        assert_eq!(split("Logs.App").unwrap(), ["logs", "app"]);
        assert_eq!(split("\"Lo.gs\".\"a\"\"b\"").unwrap(), ["Lo.gs", "a\"b"]);
        assert_eq!(split("\"open"), None);
        assert_eq!(split("\"a\"b"), None);
    }
}
