//! The embedded catalog: one SQLite file in the data folder.
//!
//! ```text
//! async caller -> spawn_blocking -> mutex -> one connection -> one IMMEDIATE transaction -> fsync -> answer
//! ```
//!
//! WAL journal with `synchronous=FULL`: a commit is on stable storage before it is answered. One connection, because
//! writes are few (a publication carries many topics) and reads are rarer still: the engine keeps what exists in memory.
//! A caller that goes away does not stop its transaction; it ends whole on its own thread.

mod comments;
mod config_store;
mod counters;
mod etl;
mod garbage;
mod indexes;
mod integrity;
mod json;
mod migrations;
mod objects;
mod producers;
mod publishing;
mod restoring;
mod schemas;
mod segments;
mod settings;
mod tasks;
#[cfg(test)]
mod tests;
mod topics;
mod users;
mod views;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use strata_storage::clock::{Clock, SystemClock};
use strata_storage::segment::SegmentMeta;
use strata_storage::{ColumnId, Offset, SegmentId, TopicId};

use config_store::StoreMemory;

use crate::rebuild::Rebuilt;
use crate::{
    Catalog, CatalogError, Index, NewTopic, NewView, Oid, Producer, Publication, Result, Schema, Setting, Task, Topic, View,
};

/// How long a transaction waits for another process that has the file open, such as a backup.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// Prepared statements that are kept.
const STATEMENTS_MAX: usize = 64;

/// See the module.
#[derive(Debug, Clone)]
pub struct SqliteCatalog {
    connection: Arc<Mutex<Connection>>,
    clock: Arc<dyn Clock>,
    config_store: Arc<StoreMemory>,
}

impl SqliteCatalog {
    /// Opens or creates the file at `path`; brings an older format forward and checks all of it. Blocks.
    ///
    /// # Errors
    /// [`CatalogError::Corrupt`] for a damaged file, [`CatalogError::TooNew`] for one of a newer format.
    pub fn open(path: &Path) -> Result<Self> {
        Self::open_with_clock(path, Arc::new(SystemClock))
    }

    /// [`Self::open`] with a clock for the times that callers do not give.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_with_clock(path: &Path, clock: Arc<dyn Clock>) -> Result<Self> {
        Self::prepare(Connection::open(path)?, clock)
    }

    /// A catalog that ends with the process, for tests and trials.
    ///
    /// # Errors
    /// SQLite's.
    pub fn in_memory() -> Result<Self> {
        Self::prepare(Connection::open_in_memory()?, Arc::new(SystemClock))
    }

    fn prepare(mut connection: Connection, clock: Arc<dyn Clock>) -> Result<Self> {
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.pragma_update(None, "trusted_schema", false)?;
        integrity::register(&connection)?;
        migrations::migrate(&mut connection)?;
        integrity::check(&connection)?;
        let config_store = Arc::new(StoreMemory::open(&mut connection, clock.now_us())?);
        Ok(Self { connection: Arc::new(Mutex::new(connection)), clock, config_store })
    }

    /// Runs `work` in one transaction on a thread that may block.
    async fn run<T: Send + 'static>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<T> + Send + 'static) -> Result<T> {
        self.run_then(work, |_| ()).await
    }

    /// [`Self::run`], and `after` once all is durable and before any other transaction.
    async fn run_then<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T> + Send + 'static,
        after: impl FnOnce(&T) + Send + 'static,
    ) -> Result<T> {
        let connection = Arc::clone(&self.connection);
        let done = tokio::task::spawn_blocking(move || {
            let mut connection = connection.lock();
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let before = transaction.total_changes();
            let value = work(&transaction)?;
            let changed = transaction.total_changes() != before;
            transaction.commit()?;
            if changed {
                metrics::counter!("strata_catalog_commits_total").increment(1);
            }
            after(&value);
            Ok(value)
        });
        match done.await {
            Ok(result) => result,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Err(CatalogError::Interrupted),
            },
        }
    }
}

#[async_trait]
impl Catalog for SqliteCatalog {
    async fn next_epoch(&self) -> Result<u64> {
        let taken = self.run(|transaction| counters::next(transaction, counters::Counter::Epoch)).await?;
        u64::try_from(taken + 1).map_err(|_| CatalogError::Corrupt { reason: format!("the epoch is {taken}") })
    }

    async fn schemas(&self) -> Result<Vec<Schema>> {
        self.run(schemas::list).await
    }

    async fn create_schema(&self, name: &str) -> Result<Schema> {
        let name = name.to_owned();
        self.run(move |transaction| schemas::create(transaction, &name)).await
    }

    async fn drop_schema(&self, name: &str) -> Result<()> {
        let name = name.to_owned();
        self.run(move |transaction| schemas::drop(transaction, &name)).await
    }

    async fn topics(&self) -> Result<Vec<Topic>> {
        self.run(topics::list).await
    }

    async fn create_topic(&self, topic: NewTopic) -> Result<Topic> {
        self.run(move |transaction| topics::create(transaction, topic)).await
    }

    async fn alter_topic(&self, topic: &Topic) -> Result<()> {
        let topic = topic.clone();
        self.run(move |transaction| topics::alter(transaction, &topic)).await
    }

    async fn drop_topic(&self, topic: TopicId) -> Result<()> {
        let now_us = self.clock.now_us();
        self.run(move |transaction| topics::drop(transaction, topic, now_us)).await
    }

    async fn truncate_topic(&self, topic: TopicId, first_offset: Offset) -> Result<()> {
        let now_us = self.clock.now_us();
        self.run(move |transaction| topics::truncate(transaction, topic, first_offset, now_us)).await
    }

    async fn views(&self) -> Result<Vec<View>> {
        self.run(views::list).await
    }

    async fn create_view(&self, view: NewView, replace: bool) -> Result<View> {
        self.run(move |transaction| views::create(transaction, view, replace)).await
    }

    async fn drop_view(&self, schema: &str, name: &str) -> Result<()> {
        let (schema, name) = (schema.to_owned(), name.to_owned());
        self.run(move |transaction| views::drop(transaction, &schema, &name)).await
    }

    async fn create_index(
        &self,
        topic: TopicId,
        name: &str,
        column: ColumnId,
        method: &str,
        options: BTreeMap<String, String>,
    ) -> Result<Index> {
        let (name, method) = (name.to_owned(), method.to_owned());
        self.run(move |transaction| indexes::create(transaction, topic, (&name, column, &method, &options))).await
    }

    async fn drop_index(&self, schema: &str, name: &str) -> Result<Index> {
        let (schema, name) = (schema.to_owned(), name.to_owned());
        self.run(move |transaction| indexes::drop(transaction, &schema, &name)).await
    }

    async fn set_comment(&self, object: Oid, column: Option<ColumnId>, comment: Option<&str>) -> Result<()> {
        let comment = comment.map(str::to_owned);
        self.run(move |transaction| comments::set(transaction, object, column, comment.as_deref())).await
    }

    async fn comments(&self) -> Result<Vec<(Oid, Option<ColumnId>, String)>> {
        self.run(comments::list).await
    }

    async fn segments(&self) -> Result<Vec<SegmentMeta>> {
        self.run(segments::list).await
    }

    async fn publish(&self, publications: &[Publication]) -> Result<()> {
        if publications.is_empty() {
            return Ok(());
        }
        let publications = publications.to_vec();
        self.run(move |transaction| publications.iter().try_for_each(|publication| publishing::publish(transaction, publication)))
            .await
    }

    async fn expire_segments(&self, topic: TopicId, segments: &[SegmentId], first_offset: Offset) -> Result<()> {
        let (segments, now_us) = (segments.to_vec(), self.clock.now_us());
        self.run(move |transaction| segments::expire(transaction, topic, &segments, first_offset, now_us)).await
    }

    async fn garbage(&self) -> Result<Vec<(String, i64)>> {
        self.run(garbage::list).await
    }

    async fn garbage_deleted(&self, locations: &[String]) -> Result<()> {
        let locations = locations.to_vec();
        self.run(move |transaction| locations.iter().try_for_each(|location| garbage::forget(transaction, location))).await
    }

    async fn producers(&self) -> Result<Vec<Producer>> {
        self.run(producers::list).await
    }

    async fn forget_producers(&self, topic: TopicId, before_us: i64) -> Result<u64> {
        self.run(move |transaction| producers::forget(transaction, topic, before_us)).await
    }

    async fn settings(&self) -> Result<Vec<Setting>> {
        self.run(settings::list).await
    }

    async fn set_setting(&self, name: &str, value: Option<&str>) -> Result<()> {
        let (name, value) = (name.to_owned(), value.map(str::to_owned));
        self.run(move |transaction| settings::set(transaction, &name, value.as_deref())).await
    }

    async fn tasks(&self, limit: usize) -> Result<Vec<Task>> {
        self.run(move |transaction| tasks::list(transaction, limit)).await
    }

    async fn create_task(&self, kind: &str, target: &str, detail: &str, now_us: i64) -> Result<Task> {
        let (kind, target, detail) = (kind.to_owned(), target.to_owned(), detail.to_owned());
        self.run(move |transaction| tasks::create(transaction, &kind, &target, &detail, now_us)).await
    }

    async fn update_task(&self, task: &Task) -> Result<()> {
        let task = task.clone();
        self.run(move |transaction| tasks::update(transaction, &task)).await
    }

    async fn prune_tasks(&self, keep: usize) -> Result<u64> {
        self.run(move |transaction| tasks::prune(transaction, keep)).await
    }

    async fn restore(&self, rebuilt: &Rebuilt) -> Result<()> {
        let (rebuilt, now_us) = (rebuilt.clone(), self.clock.now_us());
        self.run(move |transaction| restoring::restore(transaction, &rebuilt, now_us)).await
    }
}
