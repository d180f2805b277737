//! Background work that people can see.

use rusqlite::{Row, Transaction};

use super::counters::{self, Counter};
use crate::{CatalogError, Result, Task, TaskState};

/// The newest `limit`, newest first.
pub(super) fn list(transaction: &Transaction<'_>, limit: usize) -> Result<Vec<Task>> {
    let mut statement = transaction.prepare_cached(
        "SELECT id, kind, target, state, progress, detail, error, created_at_us, started_at_us, finished_at_us
         FROM tasks ORDER BY id DESC LIMIT ?1",
    )?;
    let mut rows = statement.query([i64::try_from(limit).unwrap_or(i64::MAX)])?;
    let mut tasks = Vec::new();
    while let Some(row) = rows.next()? {
        tasks.push(from_row(row)?);
    }
    Ok(tasks)
}

fn from_row(row: &Row<'_>) -> Result<Task> {
    let state: String = row.get(3)?;
    Ok(Task {
        id: row.get(0)?,
        kind: row.get(1)?,
        target: row.get(2)?,
        state: TaskState::named(&state)
            .ok_or_else(|| CatalogError::Corrupt { reason: format!("a task has the state {state:?}") })?,
        progress: row.get(4)?,
        detail: row.get(5)?,
        error: row.get(6)?,
        created_at_us: row.get(7)?,
        started_at_us: row.get(8)?,
        finished_at_us: row.get(9)?,
    })
}

/// Adds one, queued.
pub(super) fn create(transaction: &Transaction<'_>, kind: &str, target: &str, detail: &str, now_us: i64) -> Result<Task> {
    let task = Task {
        id: counters::next(transaction, Counter::Task)?,
        kind: kind.to_owned(),
        target: target.to_owned(),
        state: TaskState::Queued,
        progress: 0.0,
        detail: detail.to_owned(),
        error: None,
        created_at_us: now_us,
        started_at_us: None,
        finished_at_us: None,
    };
    transaction.execute(
        "INSERT INTO tasks (id, kind, target, state, progress, detail, created_at_us) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        (task.id, kind, target, task.state.name(), task.progress, detail, now_us),
    )?;
    Ok(task)
}

/// Writes everything but id, kind, target and time of creation.
pub(super) fn update(transaction: &Transaction<'_>, task: &Task) -> Result<()> {
    let changed = transaction.execute(
        "UPDATE tasks SET state = ?2, progress = ?3, detail = ?4, error = ?5, started_at_us = ?6, finished_at_us = ?7 WHERE id = ?1",
        (task.id, task.state.name(), task.progress, &task.detail, &task.error, task.started_at_us, task.finished_at_us),
    )?;
    match changed {
        0 => Err(CatalogError::NotFound { what: "task", name: task.id.to_string() }),
        _ => Ok(()),
    }
}

/// Forgets finished ones beyond the newest `keep` finished ones; how many.
pub(super) fn prune(transaction: &Transaction<'_>, keep: usize) -> Result<u64> {
    let forgotten = transaction.execute(
        "DELETE FROM tasks WHERE id IN (
             SELECT id FROM tasks WHERE state IN ('done', 'failed', 'cancelled') ORDER BY id DESC LIMIT -1 OFFSET ?1)",
        [i64::try_from(keep).unwrap_or(i64::MAX)],
    )?;
    Ok(forgotten as u64)
}
