//! Names: one table for schemas, topics, views and indexes, so that a name is unique in its schema across kinds, as in
//! PostgreSQL.

use rusqlite::{OptionalExtension, Transaction};

use super::counters;
use crate::{CatalogError, ObjectKind, Oid, Result};

/// Text of a kind in the table.
pub(super) fn kind_name(kind: ObjectKind) -> &'static str {
    match kind {
        ObjectKind::Schema => "schema",
        ObjectKind::Topic => "topic",
        ObjectKind::View => "view",
        ObjectKind::Index => "index",
    }
}

/// What an error message calls a kind when its name is taken.
fn class(kind: ObjectKind) -> &'static str {
    match kind {
        ObjectKind::Schema => "schema",
        ObjectKind::Topic | ObjectKind::View | ObjectKind::Index => "relation",
    }
}

/// Oid and kind of what has this name; `schema` is `None` for schemas themselves.
pub(super) fn find(transaction: &Transaction<'_>, schema: Option<Oid>, name: &str) -> Result<Option<(Oid, String)>> {
    let found = transaction
        .prepare_cached("SELECT oid, kind FROM objects WHERE ifnull(schema_oid, 0) = ?1 AND name = ?2")?
        .query_row((schema.unwrap_or(0), name), |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(found)
}

/// Oid of a schema.
pub(super) fn schema_oid(transaction: &Transaction<'_>, name: &str) -> Result<Oid> {
    match find(transaction, None, name)? {
        Some((oid, _)) => Ok(oid),
        None => Err(CatalogError::NotFound { what: "schema", name: name.to_owned() }),
    }
}

/// Oid of a thing of one kind in a schema.
pub(super) fn oid_of(transaction: &Transaction<'_>, kind: ObjectKind, schema: &str, name: &str) -> Result<Oid> {
    let missing = || CatalogError::NotFound { what: kind_name(kind), name: format!("{schema}.{name}") };
    let Some((schema, _)) = find(transaction, None, schema)? else { return Err(missing()) };
    match find(transaction, Some(schema), name)? {
        Some((oid, found)) if found == kind_name(kind) => Ok(oid),
        _ => Err(missing()),
    }
}

/// Gives a name to a new object with the next oid.
pub(super) fn create(transaction: &Transaction<'_>, kind: ObjectKind, schema: Option<Oid>, name: &str) -> Result<Oid> {
    let oid = counters::next_oid(transaction)?;
    insert(transaction, oid, kind, schema, name)?;
    Ok(oid)
}

/// Gives a name to a new object of a known oid.
pub(super) fn insert(transaction: &Transaction<'_>, oid: Oid, kind: ObjectKind, schema: Option<Oid>, name: &str) -> Result<()> {
    check_free(transaction, kind, schema, name)?;
    transaction.prepare_cached("INSERT INTO objects (oid, kind, schema_oid, name) VALUES (?1, ?2, ?3, ?4)")?.execute((
        oid,
        kind_name(kind),
        schema,
        name,
    ))?;
    Ok(())
}

/// Moves an object to another name or schema.
pub(super) fn rename(transaction: &Transaction<'_>, oid: Oid, kind: ObjectKind, schema: Oid, name: &str) -> Result<()> {
    match find(transaction, Some(schema), name)? {
        Some((same, _)) if same == oid => return Ok(()),
        _ => check_free(transaction, kind, Some(schema), name)?,
    }
    transaction.execute("UPDATE objects SET schema_oid = ?2, name = ?3 WHERE oid = ?1", (oid, schema, name))?;
    Ok(())
}

/// Removes an object and what the foreign keys hang on it.
pub(super) fn delete(transaction: &Transaction<'_>, oid: Oid) -> Result<()> {
    transaction.prepare_cached("DELETE FROM objects WHERE oid = ?1")?.execute([oid])?;
    Ok(())
}

fn check_free(transaction: &Transaction<'_>, kind: ObjectKind, schema: Option<Oid>, name: &str) -> Result<()> {
    match find(transaction, schema, name)? {
        Some(_) => Err(CatalogError::Exists { what: class(kind), name: name.to_owned() }),
        None => Ok(()),
    }
}
