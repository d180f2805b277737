//! Work of the control plane that people can see.

use rusqlite::{Row, Transaction};

use super::word;
use crate::etl::LayerId;
use crate::etl::record::{EtlTask, NewEtlTask};
use crate::sqlite::counters::{self, Counter};
use crate::sqlite::json;
use crate::{CatalogError, Result, TaskState};

/// The newest `limit`, newest first.
pub(super) fn list(transaction: &Transaction<'_>, limit: usize) -> Result<Vec<EtlTask>> {
    let mut statement = transaction.prepare_cached(
        "SELECT id, kind, layer, role, state, progress, steps, error, created_at_us, started_at_us, finished_at_us
         FROM etl_tasks ORDER BY id DESC LIMIT ?1",
    )?;
    let mut rows = statement.query([i64::try_from(limit).unwrap_or(i64::MAX)])?;
    let mut tasks = Vec::new();
    while let Some(row) = rows.next()? {
        tasks.push(from_row(row)?);
    }
    Ok(tasks)
}

fn from_row(row: &Row<'_>) -> Result<EtlTask> {
    let (id, state): (i64, String) = (row.get(0)?, row.get(4)?);
    Ok(EtlTask {
        id,
        kind: row.get(1)?,
        layer: row.get::<_, Option<i64>>(2)?.map(LayerId),
        role: row.get(3)?,
        state: word(TaskState::named(&state), "etl_tasks", &state)?,
        progress: row.get(5)?,
        steps: json::from_text("etl_tasks", id, row.get_ref(6)?)?,
        error: row.get(7)?,
        created_at_us: row.get(8)?,
        started_at_us: row.get(9)?,
        finished_at_us: row.get(10)?,
    })
}

/// Adds one, queued.
pub(super) fn create(transaction: &Transaction<'_>, new: NewEtlTask) -> Result<EtlTask> {
    let NewEtlTask { kind, layer, role, steps, created_at_us } = new;
    let task = EtlTask {
        id: counters::next(transaction, Counter::EtlTask)?,
        kind,
        layer,
        role,
        state: TaskState::Queued,
        progress: 0.0,
        steps,
        error: None,
        created_at_us,
        started_at_us: None,
        finished_at_us: None,
    };
    transaction.execute(
        "INSERT INTO etl_tasks (id, kind, layer, role, state, progress, steps, created_at_us)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        (
            task.id,
            &task.kind,
            task.layer.map(|layer| layer.0),
            &task.role,
            task.state.name(),
            task.progress,
            json::to_text(&task.steps)?,
            created_at_us,
        ),
    )?;
    Ok(task)
}

/// Writes everything but id, kind, layer, role and time of creation.
pub(super) fn update(transaction: &Transaction<'_>, task: &EtlTask) -> Result<()> {
    let steps = json::to_text(&task.steps)?;
    let changed = transaction.execute(
        "UPDATE etl_tasks SET state = ?2, progress = ?3, steps = ?4, error = ?5, started_at_us = ?6, finished_at_us = ?7
         WHERE id = ?1",
        (task.id, task.state.name(), task.progress, steps, &task.error, task.started_at_us, task.finished_at_us),
    )?;
    match changed {
        0 => Err(CatalogError::NotFound { what: "task", name: task.id.to_string() }),
        _ => Ok(()),
    }
}
