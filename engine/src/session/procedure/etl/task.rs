//! `CALL etl.retry(7)`: the layer of a task that failed goes behind all others and is rolled out again. `CALL etl.cancel(7)`: a
//! rollout ends, and what it wrote is put back.

use futures::future::{BoxFuture, FutureExt};
use strata_catalog::TaskState;
use strata_catalog::etl::LayerId;
use strata_catalog::etl::record::EtlTask;

use super::{ANSWER, answer};
use crate::Result;
use crate::error::{EngineError, Refusal};
use crate::session::Session;
use crate::session::procedure::arguments::Arguments;
use crate::session::procedure::{Procedure, Signature};

/// Newest tasks that are looked through.
const TASKS_MAX: usize = 10_000;

/// See the module.
pub(in crate::session::procedure) struct Retry;

/// See the module.
pub(in crate::session::procedure) struct Cancel;

impl Procedure for Retry {
    fn signature(&self) -> Signature {
        Signature {
            schema: "etl",
            name: "retry",
            parameters: "task bigint",
            comment: "roll out the layer of a failed task again",
        }
    }

    fn answer(&self) -> &'static [&'static str] {
        ANSWER
    }

    fn call<'a>(&'a self, session: &'a Session, arguments: &'a Arguments) -> BoxFuture<'a, Result<Vec<String>>> {
        async move {
            let (task, layer) = of_layer(session, arguments, "etl.retry(7)").await?;
            if task.state != TaskState::Failed {
                return Err(refused(&task, "retried", "Only a task that failed can."));
            }
            let applied = session.engine.configuration().apply(layer).await?;
            answer(session, Some(applied)).await
        }
        .boxed()
    }
}

impl Procedure for Cancel {
    fn signature(&self) -> Signature {
        Signature {
            schema: "etl",
            name: "cancel",
            parameters: "task bigint",
            comment: "end a rollout and put back what it wrote",
        }
    }

    fn answer(&self) -> &'static [&'static str] {
        &["task", "kind", "layer"]
    }

    fn call<'a>(&'a self, session: &'a Session, arguments: &'a Arguments) -> BoxFuture<'a, Result<Vec<String>>> {
        async move {
            let (task, layer) = of_layer(session, arguments, "etl.cancel(7)").await?;
            if !matches!(task.state, TaskState::Queued | TaskState::Running) {
                return Err(refused(&task, "cancelled", "Only one that has not come to its end can."));
            }
            session.engine.rollouts().cancel(task.id);
            Ok(vec![task.id.to_string(), task.kind, layer.to_string()])
        }
        .boxed()
    }
}

/// The task of that number, and the layer that it rolls out.
async fn of_layer(session: &Session, arguments: &Arguments, example: &str) -> Result<(EtlTask, LayerId)> {
    let id = arguments.number(&[], example)?;
    let tasks = session.engine.catalog().etl_tasks(TASKS_MAX).await?;
    let Some(task) = tasks.into_iter().find(|task| task.id == id) else {
        return Err(EngineError::Refused {
            reason: Refusal::InvalidParameter,
            message: format!("there is no task {id}"),
            hint: Some("SELECT * FROM etl.tasks shows them.".into()),
        });
    };
    match task.layer {
        Some(layer) => Ok((task, layer)),
        None => Err(refused(&task, "retried or cancelled", "Only rollouts can.")),
    }
}

fn refused(task: &EtlTask, done: &str, hint: &str) -> EngineError {
    EngineError::Refused {
        reason: Refusal::InvalidParameter,
        message: format!("task {} is {} and cannot be {done}", task.id, task.state.name()),
        hint: Some(hint.to_owned()),
    }
}
