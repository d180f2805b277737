//! Records on their way from a statement to a topic: checked, then appended or staged until COMMIT.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, RecordBatchOptions};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::SchemaRef;
use arrow::util::display::FormatOptions;
use parking_lot::Mutex;
use strata_catalog::Topic;
use strata_storage::TopicId;
use strata_storage::schema::{Column, JSONB};

use super::outcome::Notice;
use super::spool::Spool;
use super::transaction::Transaction;
use super::{Session, SessionInfo};
use crate::Result;
use crate::engine::Engine;
use crate::error::{DataFault, EngineError, Refusal};
use crate::ingest::{ProducerSpan, TopicAppend};
use crate::jsonb::canonical_texts;
use crate::text_type::TextType;
use crate::users::MayInsert;

/// Records of one statement for one topic.
#[derive(Debug)]
pub(crate) struct StagedAppend {
    /// The topic.
    pub topic: TopicId,
    /// The records, checked.
    pub records: Spool,
    /// Who sent them, for exactly-once.
    pub producer: Option<ProducerSpan>,
}

impl StagedAppend {
    fn into_append(self) -> Result<(TopicAppend, strata_storage::memory::Reservation)> {
        let lines = self.records.rows();
        let (batches, memory) = self.records.into_batches()?;
        let append = TopicAppend { topic: self.topic, batches, lines, row_lines: None, producer: self.producer };
        Ok((append, memory))
    }
}

/// A session's way to its topics, for statements that go on after `execute` returned.
#[derive(Debug, Clone)]
pub(crate) struct Writer {
    engine: Arc<Engine>,
    info: Arc<SessionInfo>,
    transaction: Arc<Mutex<Transaction>>,
    notices: Arc<Mutex<Vec<Notice>>>,
}

impl Session {
    /// The way to the topics.
    pub(super) fn writer(&self) -> Writer {
        Writer {
            engine: self.engine.clone(),
            info: self.info.clone(),
            transaction: self.transaction.clone(),
            notices: self.notices.clone(),
        }
    }

    /// See [`Writer::write`].
    pub(super) async fn write(&self, topic: &Topic, records: Spool, allowed: MayInsert) -> Result<u64> {
        self.writer().write(topic, records, allowed).await
    }

    /// Refuses writing where it is not allowed.
    pub(super) fn refuse_when_read_only(&self, verb: &str) -> Result<()> {
        let block = self.transaction.lock().block().map(|block| block.read_only);
        let read_only = block.unwrap_or_else(|| self.info.settings.lock().number("default_transaction_read_only") != 0);
        if read_only {
            return Err(EngineError::Refused {
                reason: Refusal::ReadOnly,
                message: format!("cannot execute {verb} in a read-only transaction"),
                hint: None,
            });
        }
        Ok(())
    }
}

impl Writer {
    /// Appends records durably, or stages them in a transaction block. How many there were.
    ///
    /// # Errors
    /// Those of [`crate::ingest::Ingest::commit`]; outside of a block nothing was written then.
    pub async fn write(&self, topic: &Topic, records: Spool, _allowed: MayInsert) -> Result<u64> {
        let rows = records.rows();
        let before = self.info.settings.lock().checkpoint();
        let producer = self.take_producer_span(rows)?;
        let staged = StagedAppend { topic: topic.id, records, producer };
        if let Some(block) = self.transaction.lock().block() {
            if block.configuration.is_some() {
                return Err(super::configure::mixed());
            }
            block.staged.push(staged);
            return Ok(rows);
        }
        if let Err(error) = self.append(vec![staged]).await {
            // The client sends the same again with the same numbers.
            self.info.settings.lock().restore(before);
            return Err(error);
        }
        Ok(rows)
    }

    /// Marks the transaction block as failed.
    pub fn fail(&self) {
        self.transaction.lock().fail();
    }

    /// Appends all or nothing.
    pub async fn append(&self, staged: Vec<StagedAppend>) -> Result<()> {
        let mut appends = Vec::with_capacity(staged.len());
        for append in staged.into_iter().filter(|append| append.records.rows() > 0) {
            let (append, memory) = append.into_append()?;
            // From here on the ingest path counts these bytes; two accounts for one batch would halve what fits.
            drop(memory);
            appends.push(append);
        }
        if appends.is_empty() {
            return Ok(());
        }
        let receipts = self.engine.ingest().commit(appends).await?;
        let duplicates: u64 = receipts.iter().map(|receipt| receipt.duplicates).sum();
        if duplicates > 0 {
            let message = format!("{duplicates} records had been stored before and were not stored again");
            self.notices.lock().push(Notice { severity: "NOTICE", message, hint: None });
        }
        Ok(())
    }

    /// The next sequence numbers of the producer that the session speaks for; the setting moves on behind them.
    fn take_producer_span(&self, rows: u64) -> Result<Option<ProducerSpan>> {
        let mut settings = self.info.settings.lock();
        let producer = settings.get("strata.producer").unwrap_or_default();
        let sequence = settings.get("strata.sequence").unwrap_or_default();
        if producer.is_empty() || sequence.is_empty() {
            if !producer.is_empty() || !sequence.is_empty() {
                return Err(EngineError::Refused {
                    reason: Refusal::InvalidParameter,
                    message: "strata.producer and strata.sequence belong together".into(),
                    hint: Some("SET both, or RESET both.".into()),
                });
            }
            return Ok(None);
        }
        let out_of_range = || EngineError::Refused {
            reason: Refusal::InvalidParameter,
            message: format!("sequence numbers of producer \"{producer}\" exceed 2^64"),
            hint: None,
        };
        let first: u64 = sequence.parse().map_err(|_| out_of_range())?;
        let next = first.checked_add(rows).ok_or_else(out_of_range)?;
        settings.set("strata.sequence", &next.to_string(), false)?;
        Ok(Some(ProducerSpan { producer: producer.into(), first }))
    }
}

/// Puts the columns of a statement into the columns of the log: all stored columns, typed, with their ids; the ones that
/// are not among `given` are NULL. `given[i]` is the topic's column of the batch's column i.
///
/// # Errors
/// NULL in a NOT NULL column; text that is no jsonb or no uuid; a value that does not fit its type.
pub(crate) fn conform(batch: &RecordBatch, given: &[Column], stored: &SchemaRef) -> Result<RecordBatch> {
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(stored.fields().len());
    for field in stored.fields() {
        let id = strata_storage::schema::column_id(field);
        let found = given.iter().position(|column| Some(column.id) == id);
        let array = match found {
            Some(i) => value_of(batch.column(i), &given[i])?,
            None => arrow::array::new_null_array(field.data_type(), batch.num_rows()),
        };
        if !field.is_nullable() && array.null_count() > 0 {
            return Err(EngineError::Data {
                reason: DataFault::NotNull,
                message: format!("null value in column \"{}\" violates not-null constraint", field.name()),
                hint: None,
            });
        }
        columns.push(array);
    }
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(stored.clone(), columns, &options)?)
}

/// A value that does not fit is an error, never NULL.
const STRICT: CastOptions<'static> = CastOptions { safe: false, format_options: FormatOptions::new() };

pub(crate) fn value_of(array: &ArrayRef, column: &Column) -> Result<ArrayRef> {
    let array = if array.data_type() == &column.data_type {
        array.clone()
    } else {
        cast_with_options(array, &column.data_type, &STRICT)?
    };
    match column.sql_type.as_deref() {
        Some(JSONB) => Ok(Arc::new(canonical_texts(array.as_string_view())?)),
        name => match name.and_then(TextType::named) {
            Some(named) => named.column(&array),
            None => Ok(array),
        },
    }
}

/// The columns that statements can write: declared ones and `attrs`.
pub(crate) fn writable(topic: &Topic) -> Vec<Column> {
    topic.columns.declared.iter().cloned().chain([Column::attrs()]).collect()
}

/// The writable columns of these names, in their order; without names, the declared ones.
///
/// # Errors
/// Undefined, generated or doubled columns.
pub(crate) fn target_columns(topic: &Topic, names: &[String]) -> Result<Vec<Column>> {
    use crate::error::ObjectClass;
    if names.is_empty() {
        return Ok(topic.columns.declared.clone());
    }
    let all = writable(topic);
    let mut columns: Vec<Column> = Vec::with_capacity(names.len());
    for name in names {
        if matches!(name.as_str(), "_offset" | "_ingested_at") {
            return Err(EngineError::Refused {
                reason: Refusal::GeneratedColumn,
                message: format!("cannot insert a value into column \"{name}\""),
                hint: Some(format!("Column \"{name}\" is generated when a record is stored.")),
            });
        }
        let Some(column) = all.iter().find(|column| column.name == *name) else {
            return Err(EngineError::Undefined {
                what: ObjectClass::Column,
                name: name.clone(),
                hint: Some(format!("Fields of \"{}.{}\" that are not declared go into attrs.", topic.schema, topic.name)),
            });
        };
        if columns.iter().any(|known| known.id == column.id) {
            return Err(EngineError::Duplicate { what: ObjectClass::Column, name: name.clone() });
        }
        columns.push(column.clone());
    }
    Ok(columns)
}

/// A schema of these columns.
pub(crate) fn columns_schema(columns: &[Column]) -> SchemaRef {
    Arc::new(arrow::datatypes::Schema::new(columns.iter().map(Column::field).collect::<Vec<_>>()))
}
