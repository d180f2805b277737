//! `COMMENT ON`. Column 0 stands for the object itself, because column ids are never 0.

use rusqlite::Transaction;
use strata_storage::ColumnId;

use crate::{CatalogError, Oid, Result};

/// All, by object and column.
pub(super) fn list(transaction: &Transaction<'_>) -> Result<Vec<(Oid, Option<ColumnId>, String)>> {
    let mut statement =
        transaction.prepare_cached("SELECT object, column_id, comment FROM comments ORDER BY object, column_id")?;
    let rows = statement.query_map([], |row| {
        let column: i32 = row.get(1)?;
        Ok((row.get(0)?, (column != 0).then_some(ColumnId(column)), row.get(2)?))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Sets or removes one.
pub(super) fn set(transaction: &Transaction<'_>, object: Oid, column: Option<ColumnId>, comment: Option<&str>) -> Result<()> {
    let known: bool =
        transaction.query_row("SELECT EXISTS (SELECT 1 FROM objects WHERE oid = ?1)", [object], |row| row.get(0))?;
    if !known {
        return Err(CatalogError::NotFound { what: "object", name: object.to_string() });
    }
    let column = column.map_or(0, |column| column.0);
    match comment {
        Some(comment) => transaction.execute(
            "INSERT INTO comments (object, column_id, comment) VALUES (?1, ?2, ?3)
             ON CONFLICT (object, column_id) DO UPDATE SET comment = excluded.comment",
            (object, column, comment),
        )?,
        None => transaction.execute("DELETE FROM comments WHERE object = ?1 AND column_id = ?2", (object, column))?,
    };
    Ok(())
}
