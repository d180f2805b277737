//! Keys and texts of the embedded config store.

use rusqlite::{OptionalExtension, Row, Transaction};

use super::leases::Leases;
use crate::etl::config_store::{
    Change, Changes, Entry, Expected, Key, LeaseId, Operation, Scope, StoreError, StoreRevision, Transaction as Wanted,
};
use crate::sqlite::counters::{self, Counter};
use crate::{CatalogError, Result};

/// Sorts behind every character of a key.
const BEHIND_KEYS: char = '\u{7f}';

fn from_row(row: &Row<'_>) -> Result<Entry> {
    let text: String = row.get(0)?;
    let key = Key::parse(&text).ok_or_else(|| CatalogError::Corrupt { reason: format!("store_entries holds key {text:?}") })?;
    let (value, revision, lease): (_, _, Option<i64>) = (row.get(1)?, row.get(2)?, row.get(3)?);
    Ok(Entry { key, value, revision: StoreRevision(revision), lease: lease.map(LeaseId) })
}

/// What a key holds.
pub(super) fn get(transaction: &Transaction<'_>, key: &Key) -> Result<Option<Entry>> {
    let mut statement = transaction.prepare_cached("SELECT key, value, revision, lease FROM store_entries WHERE key = ?1")?;
    statement.query([key.to_string()])?.next()?.map(from_row).transpose()
}

/// All keys of a scope.
pub(super) fn list(transaction: &Transaction<'_>, scope: &Scope) -> Result<Vec<Entry>> {
    let first = scope.prefix();
    let behind = format!("{first}{BEHIND_KEYS}");
    let mut statement = transaction
        .prepare_cached("SELECT key, value, revision, lease FROM store_entries WHERE key >= ?1 AND key < ?2 ORDER BY key")?;
    let mut rows = statement.query([first, behind])?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        entries.push(from_row(row)?);
    }
    Ok(entries)
}

/// Looks whether all is as expected and carries the operations out; what changed, if anything did.
pub(super) fn commit(transaction: &Transaction<'_>, leases: &Leases, wanted: Wanted) -> Result<Option<Changes>> {
    for (key, expected) in wanted.expectations() {
        let found = found(transaction, key)?;
        if found != *expected {
            return Err(StoreError::Conflict { key: key.clone(), expected: *expected, found }.into());
        }
    }
    let revision = next_revision(transaction)?;
    let mut changes = Vec::with_capacity(wanted.operations().len());
    for (key, operation) in wanted.operations() {
        match operation {
            Operation::Put { value, lease } => {
                if let Some(lease) = lease.filter(|lease| !leases.runs(*lease)) {
                    return Err(StoreError::NoLease { lease }.into());
                }
                let entry = Entry { key: key.clone(), value: value.clone(), revision, lease: *lease };
                put(transaction, &entry)?;
                changes.push(Change::Put(entry));
            }
            Operation::Delete => {
                let gone = transaction.execute("DELETE FROM store_entries WHERE key = ?1", [key.to_string()])?;
                if gone > 0 {
                    changes.push(Change::Deleted(key.clone()));
                }
            }
        }
    }
    took(transaction, revision, changes)
}

/// Deletes the keys that are bound to some leases.
pub(super) fn delete_leased(transaction: &Transaction<'_>, leases: &[LeaseId]) -> Result<Option<Changes>> {
    let revision = next_revision(transaction)?;
    let mut changes = Vec::new();
    let mut statement =
        transaction.prepare_cached("DELETE FROM store_entries WHERE lease = ?1 RETURNING key, value, revision, lease")?;
    for lease in leases {
        let mut rows = statement.query([lease.0])?;
        while let Some(row) = rows.next()? {
            changes.push(Change::Deleted(from_row(row)?.key));
        }
    }
    took(transaction, revision, changes)
}

fn found(transaction: &Transaction<'_>, key: &Key) -> Result<Expected> {
    let mut statement = transaction.prepare_cached("SELECT revision FROM store_entries WHERE key = ?1")?;
    let revision = statement.query_row([key.to_string()], |row| row.get(0)).optional()?;
    Ok(revision.map_or(Expected::Absent, |revision| Expected::At(StoreRevision(revision))))
}

fn put(transaction: &Transaction<'_>, entry: &Entry) -> Result<()> {
    transaction
        .prepare_cached(
            "INSERT INTO store_entries (key, value, revision, lease) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (key) DO UPDATE SET value = excluded.value, revision = excluded.revision, lease = excluded.lease",
        )?
        .execute((entry.key.to_string(), &entry.value, entry.revision.0, entry.lease.map(|lease| lease.0)))?;
    Ok(())
}

fn next_revision(transaction: &Transaction<'_>) -> Result<StoreRevision> {
    Ok(StoreRevision(counters::current(transaction, Counter::StoreRevision)?))
}

/// Takes the revision, if something changed.
fn took(transaction: &Transaction<'_>, revision: StoreRevision, changes: Vec<Change>) -> Result<Option<Changes>> {
    if changes.is_empty() {
        return Ok(None);
    }
    counters::next(transaction, Counter::StoreRevision)?;
    Ok(Some(Changes { revision, changes }))
}
