//! Who did what, as a topic: `audit.events`.
//!
//! Nothing is recorded unless the configuration names the classes that are. **Invariant:** a record is durable before the statement
//! that it tells of begins, so what cannot be recorded is not done. It tells of the attempt: what was refused is in it as well.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Array, RecordBatch, RecordBatchOptions, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, Schema};
use strata_catalog::{ErrorKind, NewTopic, TopicOptions};
use strata_storage::ColumnId;
use strata_storage::schema::{Column, TopicSchema, timestamptz};

use crate::Result;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::ingest::TopicAppend;
use crate::topics::TopicState;

/// Schema of the topic.
pub const SCHEMA: &str = "audit";
/// Name of the topic.
pub const TOPIC: &str = "events";
/// Bytes of a statement that are kept, at most.
const STATEMENT_BYTES_MAX: usize = 64 << 10;

/// What is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Who came in, and who was not let in.
    Login,
    /// Definitions, users, rights, the configuration, procedures.
    Change,
    /// Records that are appended by SQL.
    Write,
    /// Queries.
    Read,
}

impl Class {
    /// All.
    pub const ALL: [Self; 4] = [Self::Login, Self::Change, Self::Write, Self::Read];

    /// `login`, `change` ...
    pub fn name(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Change => "change",
            Self::Write => "write",
            Self::Read => "read",
        }
    }
}

/// Something that somebody does.
#[derive(Debug, Clone, Copy)]
pub struct Event<'a> {
    /// What kind of thing.
    pub class: Class,
    /// Who, or who he says he is.
    pub user: &'a str,
    /// His session, if he has one.
    pub session: Option<i32>,
    /// Where he is.
    pub address: &'a str,
    /// What: `login`, `login refused`, the statement's first words.
    pub action: &'a str,
    /// The statement, without passwords; why somebody was not let in.
    pub detail: &'a str,
}

/// Records it, if its class is recorded.
///
/// # Errors
/// Those of [`crate::ingest::Ingest::append`]; then it must not be done.
pub async fn record(engine: &Arc<Engine>, event: Event<'_>) -> Result<()> {
    if !engine.config().audit.contains(&event.class) {
        return Ok(());
    }
    let topic = topic(engine).await?;
    let batch = batch(&topic.definition().columns, engine.clock().now_us(), event)?;
    engine.ingest().append(TopicAppend::plain(topic.id(), batch)).await.map(drop)
}

/// The topic, made when the first event comes.
async fn topic(engine: &Engine) -> Result<Arc<TopicState>> {
    let topics = engine.topics();
    if let Some(topic) = topics.get(SCHEMA, TOPIC) {
        return Ok(topic);
    }
    let exists = |error: &EngineError| matches!(error, EngineError::Catalog(error) if error.kind() == ErrorKind::Exists);
    match topics.create_schema(SCHEMA).await {
        Err(error) if !exists(&error) => return Err(error),
        _ => {}
    }
    let made = topics.create_topic(definition(engine.clock().now_us())).await;
    match (made, topics.get(SCHEMA, TOPIC)) {
        // Another event was faster.
        (Err(error), Some(topic)) if exists(&error) => Ok(topic),
        (made, _) => made,
    }
}

fn definition(created_at_us: i64) -> NewTopic {
    let texts = ["class", "user_name", "address", "action", "detail"].map(|name| (name, DataType::Utf8View));
    let columns = [("ts", timestamptz()), ("session", DataType::Int32)].into_iter().chain(texts);
    let declared = (1..).zip(columns).map(|(id, (name, data_type))| Column {
        id: ColumnId(id),
        name: name.to_owned(),
        data_type,
        nullable: true,
        sql_type: None,
    });
    let columns = TopicSchema { declared: declared.collect(), time_column: Some(ColumnId(1)), sort_by: Vec::new() };
    let (schema, name) = (SCHEMA.to_owned(), TOPIC.to_owned());
    NewTopic { schema, name, columns, options: TopicOptions::default(), indexes: Vec::new(), created_at_us }
}

/// One row of the columns that the topic has now: somebody may have changed it.
fn batch(columns: &TopicSchema, now_us: i64, event: Event<'_>) -> Result<RecordBatch> {
    let text = |text: &str| -> ArrayRef { Arc::new(StringArray::from(vec![text])) };
    let mut fields: Vec<Field> = Vec::new();
    let mut arrays: Vec<ArrayRef> = Vec::new();
    for column in &columns.declared {
        let array: ArrayRef = match column.name.as_str() {
            "ts" => Arc::new(TimestampMicrosecondArray::from(vec![now_us]).with_timezone("UTC")),
            "session" => Arc::new(Int32Array::from(vec![event.session])),
            "class" => text(event.class.name()),
            "user_name" => text(event.user),
            "address" => text(event.address),
            "action" => text(event.action),
            "detail" => text(shortened(event.detail)),
            _ => continue,
        };
        fields.push(column.field().with_data_type(array.data_type().clone()));
        arrays.push(array);
    }
    let options = RecordBatchOptions::new().with_row_count(Some(1));
    Ok(RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options)?)
}

fn shortened(text: &str) -> &str {
    let mut end = text.len().min(STATEMENT_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
