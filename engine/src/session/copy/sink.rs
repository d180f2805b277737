//! Where the rows of `COPY ... FROM STDIN` go: spooled as they come, written when the client is done.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use strata_catalog::Topic;
use strata_storage::schema::Column;

use crate::Result;
use crate::error::EngineError;
use crate::session::Session;
use crate::session::execution::Running;
use crate::session::outcome::CopySink;
use crate::session::spool::Spool;
use crate::session::write::{Writer, conform};
use crate::users::MayInsert;

/// Rows of one COPY for one topic. Dropped before the end, it fails the transaction block, as any failed statement.
pub(super) struct TopicSink {
    running: Running,
    writer: Writer,
    topic: Arc<Topic>,
    allowed: MayInsert,
    columns: Vec<Column>,
    stored: SchemaRef,
    records: Option<Spool>,
}

impl TopicSink {
    pub fn new(session: &Session, running: Running, (topic, allowed): (Arc<Topic>, MayInsert), columns: Vec<Column>) -> Self {
        let stored = topic.columns.stored();
        let records = Some(session.spool(stored.clone()));
        Self { running, writer: session.writer(), topic, allowed, columns, stored, records }
    }
}

#[async_trait]
impl CopySink for TopicSink {
    async fn push(&mut self, batch: RecordBatch) -> Result<()> {
        self.running.check()?;
        let batch = conform(&batch, &self.columns, &self.stored)?;
        match &mut self.records {
            Some(records) => records.push(batch),
            None => Err(EngineError::Internal("rows after the end of a COPY".into())),
        }
    }

    async fn finish(mut self: Box<Self>) -> Result<u64> {
        self.running.check()?;
        let Some(records) = self.records.take() else { return Err(EngineError::Internal("a COPY ended twice".into())) };
        self.writer.write(&self.topic, records, self.allowed).await.inspect_err(|_| self.writer.fail())
    }
}

impl Drop for TopicSink {
    fn drop(&mut self) {
        if self.records.is_some() {
            self.writer.fail();
        }
    }
}
