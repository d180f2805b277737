//! `DECLARE`, `FETCH`, `MOVE`, `CLOSE`.
//!
//! A cursor is a running query that is read piece by piece, forward only. Its snapshot is that of its DECLARE. A cursor
//! `WITH HOLD` outlives its transaction; it goes on reading the same snapshot.

use std::collections::VecDeque;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::sql::sqlparser::ast::{CloseCursor, Declare, FetchDirection, Ident, Statement, Value, ValueWithSpan};
use futures::{StreamExt, TryStreamExt};

use super::execution::Running;
use super::insert::folded;
use super::outcome::{Outcome, Parameters, Prepared};
use super::{Session, column_names};
use crate::Result;
use crate::error::{EngineError, ObjectClass, Refusal};

/// Cursors of one session, at most.
const CURSORS_MAX: usize = 1000;

/// An open cursor.
pub(super) struct Cursor {
    columns: SchemaRef,
    rows: Option<SendableRecordBatchStream>,
    /// Rows that were read from the stream and not fetched.
    waiting: VecDeque<RecordBatch>,
    hold: bool,
}

impl std::fmt::Debug for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cursor").field("columns", &self.columns).field("hold", &self.hold).finish_non_exhaustive()
    }
}

impl Cursor {
    /// Whether it outlives its transaction.
    pub fn is_held(&self) -> bool {
        self.hold
    }

    /// The next rows, at most `limit`.
    async fn take(&mut self, limit: usize, running: &Running) -> Result<Vec<RecordBatch>> {
        let mut taken = Vec::new();
        let mut missing = limit;
        while missing > 0 {
            let batch = match self.waiting.pop_front() {
                Some(batch) => batch,
                None => {
                    let Some(rows) = &mut self.rows else { break };
                    match running.unless_stopped(async { Ok(rows.try_next().await?) }).await? {
                        Some(batch) => batch,
                        None => {
                            self.rows = None;
                            break;
                        }
                    }
                }
            };
            if batch.num_rows() > missing {
                self.waiting.push_front(batch.slice(missing, batch.num_rows() - missing));
                taken.push(batch.slice(0, missing));
                missing = 0;
            } else if batch.num_rows() > 0 {
                missing -= batch.num_rows();
                taken.push(batch);
            }
        }
        Ok(taken)
    }
}

impl Session {
    pub(super) async fn cursor_statement(
        &self,
        statement: &Statement,
        prepared: &Prepared,
        parameters: Parameters,
        running: Running,
    ) -> Result<Outcome> {
        match statement {
            Statement::Declare { stmts } => match stmts.as_slice() {
                [declare] => self.declare(declare, prepared, parameters, running).await,
                _ => Err(EngineError::Syntax { message: "DECLARE takes one cursor".into(), position: None }),
            },
            Statement::Fetch { .. } => self.fetch(statement, false, running).await,
            Statement::Close { cursor: CloseCursor::All } => {
                self.cursors.lock().clear();
                Ok(Outcome::done("CLOSE CURSOR ALL"))
            }
            Statement::Close { cursor: CloseCursor::Specific { name } } => {
                let name = folded(name);
                let closed = self.cursors.lock().remove(&name);
                closed.map(|_| Outcome::done("CLOSE CURSOR")).ok_or_else(|| undefined(name))
            }
            other => Err(EngineError::Internal(format!("no cursor statement: {other}"))),
        }
    }

    async fn declare(&self, declare: &Declare, prepared: &Prepared, parameters: Parameters, running: Running) -> Result<Outcome> {
        let (Some(name), Some(query)) = (declare.names.first().map(folded), &declare.for_query) else {
            return Err(EngineError::Syntax { message: "DECLARE needs a name and a query".into(), position: None });
        };
        let hold = declare.hold == Some(true);
        if !hold && self.transaction.lock().is_idle() {
            return Err(EngineError::Refused {
                reason: Refusal::NoTransaction,
                message: "DECLARE CURSOR can only be used in transaction blocks".into(),
                hint: Some("BEGIN first, or declare it WITH HOLD.".into()),
            });
        }
        if self.cursors.lock().contains_key(&name) {
            return Err(EngineError::Duplicate { what: ObjectClass::Cursor, name });
        }
        if self.cursors.lock().len() >= CURSORS_MAX {
            return Err(EngineError::Refused {
                reason: Refusal::LimitExceeded,
                message: format!("a session holds at most {CURSORS_MAX} cursors"),
                hint: Some("CLOSE the ones that are no longer needed.".into()),
            });
        }
        let state = self.state();
        let plan = self.plan_query(&state, Statement::Query(query.clone()), &prepared.parameters, parameters);
        let plan = running.unless_stopped(plan).await?;
        let rows = running.start(&state, &plan).await?.stream;
        let columns = column_names::shown(&rows.schema());
        let cursor = Cursor { columns, rows: Some(rows), waiting: VecDeque::new(), hold };
        self.cursors.lock().insert(name, cursor);
        Ok(Outcome::done("DECLARE CURSOR"))
    }

    /// `FETCH`, or `MOVE` if the rows are not to be shown.
    pub(super) async fn fetch(&self, statement: &Statement, moves: bool, running: Running) -> Result<Outcome> {
        let Statement::Fetch { name, direction, .. } = statement else {
            return Err(EngineError::Internal("not a FETCH".into()));
        };
        let name = folded(name);
        let limit = limit(direction)?;
        // Taken out while it is read: nobody else can use it meanwhile, and no lock is held.
        let mut cursor = self.cursors.lock().remove(&name).ok_or_else(|| undefined(name.clone()))?;
        let taken = cursor.take(limit, &running).await;
        let columns = cursor.columns.clone();
        if taken.is_ok() {
            self.cursors.lock().insert(name, cursor);
        }
        let taken = taken?;
        if moves {
            let rows: usize = taken.iter().map(RecordBatch::num_rows).sum();
            return Ok(Outcome::done(format!("MOVE {rows}")));
        }
        let rows = futures::stream::iter(taken.into_iter().map(Ok)).boxed();
        let stream = RecordBatchStreamAdapter::new(columns.clone(), rows);
        let stream = running.into_stream(Box::pin(stream));
        Ok(Outcome::Rows { columns, stream, verb: "FETCH" })
    }

    /// Columns of the cursor that `DECLARE` gave this name; `None` if there is none.
    pub fn cursor(&self, name: &str) -> Option<SchemaRef> {
        self.cursors.lock().get(name).map(|cursor| cursor.columns.clone())
    }

    /// The columns of an open cursor.
    pub(super) fn cursor_columns(&self, name: &Ident) -> Result<SchemaRef> {
        let name = folded(name);
        let columns = self.cursors.lock().get(&name).map(|cursor| cursor.columns.clone());
        columns.ok_or_else(|| undefined(name))
    }
}

fn undefined(name: String) -> EngineError {
    EngineError::Undefined { what: ObjectClass::Cursor, name, hint: None }
}

/// How many rows to go forward.
fn limit(direction: &FetchDirection) -> Result<usize> {
    let backward = || EngineError::Refused {
        reason: Refusal::InvalidCursorState,
        message: "cursor can only scan forward".into(),
        hint: Some("Declare it again to read from the beginning.".into()),
    };
    let count = |limit: &ValueWithSpan| match &limit.value {
        Value::Number(text, _) => text.parse::<usize>().map_err(|_| backward()),
        other => Err(EngineError::Syntax { message: format!("syntax error at or near \"{other}\""), position: None }),
    };
    match direction {
        FetchDirection::Next | FetchDirection::Forward { limit: None } => Ok(1),
        FetchDirection::Count { limit } | FetchDirection::Forward { limit: Some(limit) } => count(limit),
        FetchDirection::Relative { limit } => count(limit),
        FetchDirection::All | FetchDirection::ForwardAll => Ok(usize::MAX),
        _ => Err(backward()),
    }
}
