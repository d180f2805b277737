//! Schemas.

use rusqlite::Transaction;

use super::objects;
use crate::{CatalogError, ObjectKind, Result, Schema};

/// All, by oid.
pub(super) fn list(transaction: &Transaction<'_>) -> Result<Vec<Schema>> {
    let mut statement = transaction.prepare_cached("SELECT oid, name FROM objects WHERE kind = 'schema' ORDER BY oid")?;
    let rows = statement.query_map([], |row| Ok(Schema { oid: row.get(0)?, name: row.get(1)? }))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Creates one.
pub(super) fn create(transaction: &Transaction<'_>, name: &str) -> Result<Schema> {
    let oid = objects::create(transaction, ObjectKind::Schema, None, name)?;
    Ok(Schema { oid, name: name.to_owned() })
}

/// Drops an empty one.
pub(super) fn drop(transaction: &Transaction<'_>, name: &str) -> Result<()> {
    let oid = objects::schema_oid(transaction, name)?;
    let full: bool =
        transaction.query_row("SELECT EXISTS (SELECT 1 FROM objects WHERE schema_oid = ?1)", [oid], |row| row.get(0))?;
    if full {
        return Err(CatalogError::NotEmpty { what: "schema", name: name.to_owned() });
    }
    objects::delete(transaction, oid)
}
