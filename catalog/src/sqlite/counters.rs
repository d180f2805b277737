//! Numbers that only grow: the epoch, object ids, task ids, the revision of the layers.

use rusqlite::Transaction;

use crate::{CatalogError, Oid, Result};

/// A name of table `counters`; the value is the next number to hand out.
#[derive(Debug, Clone, Copy)]
pub(super) enum Counter {
    Epoch,
    Oid,
    Task,
    EtlRevision,
    EtlTask,
    EtlAttempt,
    StoreRevision,
    StoreLease,
}

impl Counter {
    fn name(self) -> &'static str {
        match self {
            Self::Epoch => "epoch",
            Self::Oid => "oid",
            Self::Task => "task",
            Self::EtlRevision => "etl_revision",
            Self::EtlTask => "etl_task",
            Self::EtlAttempt => "etl_attempt",
            Self::StoreRevision => "store_revision",
            Self::StoreLease => "store_lease",
        }
    }
}

/// Takes the next number.
pub(super) fn next(transaction: &Transaction<'_>, counter: Counter) -> Result<i64> {
    let taken = transaction
        .prepare_cached("UPDATE counters SET value = value + 1 WHERE name = ?1 RETURNING value - 1")?
        .query_row([counter.name()], |row| row.get(0))?;
    Ok(taken)
}

/// The next number, without taking it.
pub(super) fn current(transaction: &Transaction<'_>, counter: Counter) -> Result<i64> {
    let value = transaction
        .prepare_cached("SELECT value FROM counters WHERE name = ?1")?
        .query_row([counter.name()], |row| row.get(0))?;
    Ok(value)
}

/// Takes the next object id.
pub(super) fn next_oid(transaction: &Transaction<'_>) -> Result<Oid> {
    Oid::try_from(next(transaction, Counter::Oid)?).map_err(|_| CatalogError::Exhausted { what: "object ids" })
}

/// Makes sure that no number below `floor` is handed out any more.
pub(super) fn raise(transaction: &Transaction<'_>, counter: Counter, floor: i64) -> Result<()> {
    transaction.execute("UPDATE counters SET value = max(value, ?2) WHERE name = ?1", (counter.name(), floor))?;
    Ok(())
}
