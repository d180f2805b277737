//! What instances made of layers, the failures too.

use rusqlite::{Row, Transaction};

use super::word;
use crate::etl::LayerId;
use crate::etl::record::{Attempt, AttemptOutcome, NewAttempt};
use crate::sqlite::counters::{self, Counter};
use crate::{CatalogError, Result};

/// Those of one layer, or all, oldest first.
pub(super) fn list(transaction: &Transaction<'_>, layer: Option<LayerId>) -> Result<Vec<Attempt>> {
    let mut statement = transaction.prepare_cached(
        "SELECT id, layer, role, instance, hash, started_at_us, finished_at_us, outcome, detail
         FROM etl_attempts WHERE ?1 IS NULL OR layer = ?1 ORDER BY id",
    )?;
    let mut rows = statement.query([layer.map(|layer| layer.0)])?;
    let mut attempts = Vec::new();
    while let Some(row) = rows.next()? {
        attempts.push(from_row(row)?);
    }
    Ok(attempts)
}

fn from_row(row: &Row<'_>) -> Result<Attempt> {
    let outcome: String = row.get(7)?;
    Ok(Attempt {
        id: row.get(0)?,
        attempt: NewAttempt {
            layer: LayerId(row.get(1)?),
            role: row.get(2)?,
            instance: row.get(3)?,
            hash: row.get(4)?,
            started_at_us: row.get(5)?,
        },
        finished_at_us: row.get(6)?,
        outcome: word(AttemptOutcome::named(&outcome), "etl_attempts", &outcome)?,
        detail: row.get(8)?,
    })
}

/// Adds one that runs.
pub(super) fn begin(transaction: &Transaction<'_>, attempt: &NewAttempt) -> Result<i64> {
    let id = counters::next(transaction, Counter::EtlAttempt)?;
    transaction.execute(
        "INSERT INTO etl_attempts (id, layer, role, instance, hash, started_at_us, outcome, detail)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, '')",
        (
            id,
            attempt.layer.0,
            &attempt.role,
            &attempt.instance,
            &attempt.hash,
            attempt.started_at_us,
            AttemptOutcome::Running.name(),
        ),
    )?;
    Ok(id)
}

/// Says how one ended.
pub(super) fn end(
    transaction: &Transaction<'_>,
    id: i64,
    outcome: AttemptOutcome,
    detail: &str,
    finished_at_us: i64,
) -> Result<()> {
    let changed = transaction.execute(
        "UPDATE etl_attempts SET outcome = ?2, detail = ?3, finished_at_us = ?4 WHERE id = ?1",
        (id, outcome.name(), detail, finished_at_us),
    )?;
    match changed {
        0 => Err(CatalogError::NotFound { what: "attempt", name: id.to_string() }),
        _ => Ok(()),
    }
}
