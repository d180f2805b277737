//! `CALL sys.cancel(task)`: stops the building of an index after the segment it is at. `CALL sys.optimize` resumes it.

use futures::future::{BoxFuture, FutureExt};
use strata_catalog::TaskState;

use super::arguments::Arguments;
use super::{Procedure, Signature};
use crate::Result;
use crate::error::{EngineError, Refusal};
use crate::session::Session;

/// Newest tasks that are looked through: what still runs is among them.
const TASKS_MAX: usize = 10_000;

/// See the module.
pub(super) struct Cancel;

impl Procedure for Cancel {
    fn signature(&self) -> Signature {
        Signature {
            schema: "sys",
            name: "cancel",
            parameters: "task bigint",
            comment: "stop the building of an index after the segment it is at",
        }
    }

    fn answer(&self) -> &'static [&'static str] {
        &["task", "kind", "target"]
    }

    fn call<'a>(&'a self, session: &'a Session, arguments: &'a Arguments) -> BoxFuture<'a, Result<Vec<String>>> {
        async move {
            let engine = &session.engine;
            let id = arguments.number(&[], "sys.cancel(7)")?;
            let tasks = engine.catalog().tasks(TASKS_MAX).await?;
            let task = tasks.into_iter().find(|task| task.id == id);
            let refused = |message: String, hint: &str| {
                Err(EngineError::Refused { reason: Refusal::InvalidParameter, message, hint: Some(hint.into()) })
            };
            match task {
                Some(task) if task.kind == "index_build" && task.state == TaskState::Running => {
                    engine.lifecycle().indexing.cancel(id);
                    Ok(vec![id.to_string(), task.kind, task.target])
                }
                Some(task) => refused(
                    format!("task {id} ({} of {}) cannot be cancelled", task.kind, task.target),
                    "Only the building of an index that runs can.",
                ),
                None => refused(format!("there is no task {id}"), "SELECT * FROM sys.tasks shows them."),
            }
        }
        .boxed()
    }
}
