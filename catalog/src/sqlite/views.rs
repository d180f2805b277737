//! Views.

use rusqlite::Transaction;

use super::objects;
use crate::{NewView, ObjectKind, Result, View};

/// All, by oid.
pub(super) fn list(transaction: &Transaction<'_>) -> Result<Vec<View>> {
    let mut statement = transaction.prepare_cached(
        "SELECT v.oid, s.name, o.name, v.query
         FROM views v JOIN objects o ON o.oid = v.oid JOIN objects s ON s.oid = o.schema_oid ORDER BY v.oid",
    )?;
    let rows = statement
        .query_map([], |row| Ok(View { oid: row.get(0)?, schema: row.get(1)?, name: row.get(2)?, query: row.get(3)? }))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Creates one; a view of that name is replaced when `replace` and keeps its oid.
pub(super) fn create(transaction: &Transaction<'_>, view: NewView, replace: bool) -> Result<View> {
    let schema = objects::schema_oid(transaction, &view.schema)?;
    let oid = match objects::find(transaction, Some(schema), &view.name)? {
        Some((oid, kind)) if replace && kind == objects::kind_name(ObjectKind::View) => oid,
        _ => objects::create(transaction, ObjectKind::View, Some(schema), &view.name)?,
    };
    transaction.execute(
        "INSERT INTO views (oid, query) VALUES (?1, ?2) ON CONFLICT (oid) DO UPDATE SET query = excluded.query",
        (oid, &view.query),
    )?;
    Ok(View { oid, schema: view.schema, name: view.name, query: view.query })
}

/// Drops one.
pub(super) fn drop(transaction: &Transaction<'_>, schema: &str, name: &str) -> Result<()> {
    let oid = objects::oid_of(transaction, ObjectKind::View, schema, name)?;
    objects::delete(transaction, oid)
}
