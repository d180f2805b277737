//! Settings that were changed with SQL.

use rusqlite::Transaction;

use crate::{Result, Setting};

/// All, by name.
pub(super) fn list(transaction: &Transaction<'_>) -> Result<Vec<Setting>> {
    let mut statement = transaction.prepare_cached("SELECT name, value FROM settings ORDER BY name")?;
    let rows = statement.query_map([], |row| Ok(Setting { name: row.get(0)?, value: row.get(1)? }))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Sets or removes one.
pub(super) fn set(transaction: &Transaction<'_>, name: &str, value: Option<&str>) -> Result<()> {
    match value {
        Some(value) => transaction.execute(
            "INSERT INTO settings (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (name, value),
        )?,
        None => transaction.execute("DELETE FROM settings WHERE name = ?1", [name])?,
    };
    Ok(())
}
