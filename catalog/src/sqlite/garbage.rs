//! Files that no live segment uses any more.

use rusqlite::Transaction;

use crate::Result;

/// All, oldest first.
pub(super) fn list(transaction: &Transaction<'_>) -> Result<Vec<(String, i64)>> {
    let mut statement = transaction.prepare_cached("SELECT location, since_us FROM garbage ORDER BY since_us, location")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Adds a file, unless a live segment lies there.
pub(super) fn add(transaction: &Transaction<'_>, location: &str, since_us: i64) -> Result<()> {
    transaction
        .prepare_cached(
            "INSERT INTO garbage (location, since_us) SELECT ?1, ?2
             WHERE NOT EXISTS (SELECT 1 FROM segments WHERE location = ?1) ON CONFLICT (location) DO NOTHING",
        )?
        .execute((location, since_us))?;
    Ok(())
}

/// Forgets files that were deleted, or that are in use again.
pub(super) fn forget(transaction: &Transaction<'_>, location: &str) -> Result<()> {
    transaction.prepare_cached("DELETE FROM garbage WHERE location = ?1")?.execute([location])?;
    Ok(())
}
