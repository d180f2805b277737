//! Running a plan: operators' memory from the common budget, an ear for requests to stop, a row in `sys.queries`.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::SchemaRef;
use datafusion::error::{DataFusionError, Result as PlanResult};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::{RecordBatchStream, SendableRecordBatchStream, SessionState, TaskContext};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use futures::{FutureExt, Stream, StreamExt};
use parking_lot::Mutex;
use tokio::time::Instant;

use super::cancel::{StopReason, StopToken};
use super::memory_pool::QueryPool;
use super::physical::physical_plan;
use super::planning::StatementState;
use super::query::QueryGuard;
use super::transaction::Transaction;
use super::{Session, SessionInfo, column_names};
use crate::Result;
use crate::engine::Engine;
use crate::error::EngineError;

/// A statement between its beginning and its last row.
pub(crate) struct Running {
    engine: Arc<Engine>,
    info: Arc<SessionInfo>,
    transaction: Arc<Mutex<Transaction>>,
    token: Arc<StopToken>,
    deadline: Option<Instant>,
    query: QueryGuard,
}

impl Session {
    /// Marks the beginning of a statement.
    pub(super) fn begin_statement(&self, sql: &Arc<str>) -> Running {
        let now_us = self.engine.clock().now_us();
        self.info.statement_start_us.store(now_us, std::sync::atomic::Ordering::Relaxed);
        if self.transaction.lock().is_idle() {
            self.info.transaction_start_us.store(now_us, std::sync::atomic::Ordering::Relaxed);
        }
        self.info.enter("active", Some(sql));
        let timeout_ms = self.info.settings.lock().number("statement_timeout");
        Running {
            engine: self.engine.clone(),
            info: self.info.clone(),
            transaction: self.transaction.clone(),
            token: Arc::new(self.info.cancel.begin()),
            deadline: (timeout_ms > 0).then(|| Instant::now() + Duration::from_millis(timeout_ms.unsigned_abs())),
            query: self.engine.sessions().queries().begin(self.info.id, sql.clone(), now_us),
        }
    }

    /// DataFusion's state as this statement needs it.
    pub(super) fn state(&self) -> StatementState {
        let zone = self.info.setting("TimeZone").unwrap_or_else(|| "UTC".to_owned());
        self.spare_state.lend(&self.context, zone)
    }
}

impl Running {
    /// Does `work` unless the statement is stopped before.
    ///
    /// # Errors
    /// [`EngineError::Cancelled`]; the work's own.
    pub async fn unless_stopped<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        tokio::select! {
            biased;
            reason = stop(self.token.clone(), self.deadline) => Err(reason.error()),
            result = work => result,
        }
    }

    /// Whether the statement was stopped in the meantime.
    ///
    /// # Errors
    /// [`EngineError::Cancelled`].
    pub fn check(&self) -> Result<()> {
        let late = self.deadline.is_some_and(|deadline| Instant::now() >= deadline);
        match self.token.stopped().or(late.then_some(StopReason::StatementTimeout)) {
            Some(reason) => Err(reason.error()),
            None => Ok(()),
        }
    }

    /// Optimizes a plan and starts it.
    pub async fn start(&self, state: &SessionState, plan: &LogicalPlan) -> Result<Started> {
        let physical = self.unless_stopped(async { Ok(physical_plan(state, plan).await?) }).await?;
        let pool = Arc::new(QueryPool::new(self.engine.memory()));
        let runtime =
            RuntimeEnvBuilder::from_runtime_env(self.engine.sessions().runtime()).with_memory_pool(pool.clone()).build_arc()?;
        let task = Arc::new(TaskContext::new(
            Some(self.query.id.to_string()),
            self.info.id.to_string(),
            state.config().clone(),
            // Only plans that come as bytes look for functions by name.
            HashMap::new(),
            HashMap::new(),
            HashMap::new(),
            HashMap::new(),
            runtime,
        ));
        let stream = execute_stream(physical.clone(), task)?;
        self.query.started(physical.clone(), pool);
        Ok(Started { physical, stream })
    }

    /// Starts a plan whose rows go to the client; the statement ends with the stream.
    pub async fn into_rows(self, state: &SessionState, plan: &LogicalPlan) -> Result<SendableRecordBatchStream> {
        let started = self.start(state, plan).await?;
        Ok(self.into_stream(started.stream))
    }

    /// Rows for the client; the statement ends with the stream.
    pub fn into_stream(self, rows: SendableRecordBatchStream) -> SendableRecordBatchStream {
        let stopped = stop(self.token.clone(), self.deadline).boxed();
        let schema = column_names::shown(&rows.schema());
        Box::pin(ResultStream { schema, rows, stopped, running: Some(self) })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let state = self.transaction.lock().activity();
        self.info.enter(state, None);
    }
}

/// A plan that runs.
pub(crate) struct Started {
    /// The plan, for its metrics.
    pub physical: Arc<dyn ExecutionPlan>,
    /// Its rows.
    pub stream: SendableRecordBatchStream,
}

async fn stop(token: Arc<StopToken>, deadline: Option<Instant>) -> StopReason {
    let timeout = async {
        match deadline {
            Some(deadline) => tokio::time::sleep_until(deadline).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        reason = token.wait() => reason,
        () = timeout => StopReason::StatementTimeout,
    }
}

/// Rows on their way to the client.
struct ResultStream {
    schema: SchemaRef,
    rows: SendableRecordBatchStream,
    stopped: Pin<Box<dyn Future<Output = StopReason> + Send>>,
    /// Gone when the last row or an error was given.
    running: Option<Running>,
}

impl ResultStream {
    fn fail(&mut self, error: EngineError) -> DataFusionError {
        if let Some(running) = self.running.take() {
            running.transaction.lock().fail();
        }
        DataFusionError::External(Box::new(error))
    }
}

impl Stream for ResultStream {
    type Item = PlanResult<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.running.is_none() {
            return Poll::Ready(None);
        }
        if let Poll::Ready(reason) = self.stopped.poll_unpin(cx) {
            let error = self.fail(reason.error());
            return Poll::Ready(Some(Err(error)));
        }
        match self.rows.poll_next_unpin(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(None) => {
                self.running = None;
                Poll::Ready(None)
            }
            Poll::Ready(Some(Err(error))) => {
                let error = self.fail(EngineError::from(error));
                Poll::Ready(Some(Err(error)))
            }
            Poll::Ready(Some(Ok(batch))) => {
                if let Some(running) = &self.running {
                    running.query.sent(batch.num_rows());
                }
                let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
                let renamed = RecordBatch::try_new_with_options(self.schema.clone(), batch.columns().to_vec(), &options);
                Poll::Ready(Some(renamed.map_err(|error| self.fail(error.into()))))
            }
        }
    }
}

impl RecordBatchStream for ResultStream {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }
}
