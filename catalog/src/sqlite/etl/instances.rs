//! Instances as they were last heard of.

use rusqlite::{Row, Transaction};

use super::word;
use crate::Result;
use crate::etl::record::{Health, Instance, Sync};

/// All, by role and id.
pub(super) fn list(transaction: &Transaction<'_>) -> Result<Vec<Instance>> {
    let mut statement = transaction.prepare_cached(
        "SELECT role, id, address, version, sync, health, desired_hash, applied_hash, last_error, last_seen_us
         FROM etl_instances ORDER BY role, id",
    )?;
    let mut rows = statement.query([])?;
    let mut instances = Vec::new();
    while let Some(row) = rows.next()? {
        instances.push(from_row(row)?);
    }
    Ok(instances)
}

fn from_row(row: &Row<'_>) -> Result<Instance> {
    let (sync, health): (String, String) = (row.get(4)?, row.get(5)?);
    Ok(Instance {
        role: row.get(0)?,
        id: row.get(1)?,
        address: row.get(2)?,
        version: row.get(3)?,
        sync: word(Sync::named(&sync), "etl_instances", &sync)?,
        health: word(Health::named(&health), "etl_instances", &health)?,
        desired_hash: row.get(6)?,
        applied_hash: row.get(7)?,
        last_error: row.get(8)?,
        last_seen_us: row.get(9)?,
    })
}

/// Adds or replaces one.
pub(super) fn put(transaction: &Transaction<'_>, instance: &Instance) -> Result<()> {
    transaction
        .prepare_cached(
            "INSERT INTO etl_instances
                 (role, id, address, version, sync, health, desired_hash, applied_hash, last_error, last_seen_us)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
             ON CONFLICT (role, id) DO UPDATE SET
                 address = excluded.address, version = excluded.version, sync = excluded.sync, health = excluded.health,
                 desired_hash = excluded.desired_hash, applied_hash = excluded.applied_hash,
                 last_error = excluded.last_error, last_seen_us = excluded.last_seen_us",
        )?
        .execute((
            &instance.role,
            &instance.id,
            &instance.address,
            &instance.version,
            instance.sync.name(),
            instance.health.name(),
            &instance.desired_hash,
            &instance.applied_hash,
            &instance.last_error,
            instance.last_seen_us,
        ))?;
    Ok(())
}

/// Forgets one; whether it was there.
pub(super) fn forget(transaction: &Transaction<'_>, role: &str, id: &str) -> Result<bool> {
    Ok(transaction.execute("DELETE FROM etl_instances WHERE role = ?1 AND id = ?2", (role, id))? > 0)
}
