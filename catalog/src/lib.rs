//! What exists: schemas, topics, views, segments, producers, settings, tasks, users, and the layers of the configuration ([`etl`]).
//!
//! One trait, [`Catalog`], with one conformance suite for every implementation: SQLite in the data folder today,
//! PostgreSQL when it grows. The catalog holds what cannot be derived; it never holds records, and never decides what
//! SQL means.
//!
//! **Invariant:** each method is one transaction, durable when it returns.

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
pub mod error;
pub mod etl;
pub mod model;
pub mod rebuild;
pub mod sqlite;
pub mod users;

use std::collections::BTreeMap;

use async_trait::async_trait;
use strata_storage::segment::SegmentMeta;
use strata_storage::{ColumnId, Offset, SegmentId, TopicId};

pub use error::{CatalogError, ErrorKind};
pub use etl::{ConfigStore, EtlCatalog};
pub use model::{
    FIRST_OBJECT, Index, NewTopic, NewView, ObjectKind, Oid, Producer, Publication, Schema, Setting, Task, TaskState, Topic,
    TopicOptions, View,
};
pub use rebuild::Rebuilt;
pub use sqlite::SqliteCatalog;
pub use users::{Membership, Privilege, Right, User, UserCatalog};

/// What every fallible function of this crate returns.
pub type Result<T, E = CatalogError> = std::result::Result<T, E>;

/// The durable record of what exists. All methods are atomic and durable; a method that fails changed nothing, unless
/// the error's kind is [`ErrorKind::Unknown`] (a remote catalog that went silent).
#[async_trait]
pub trait Catalog: EtlCatalog + UserCatalog + Send + Sync + std::fmt::Debug {
    /// Counts up by one at each call, never repeats: the epoch of this start of the server.
    async fn next_epoch(&self) -> Result<u64>;

    /// All schemas. `logs` and `public` are there from the first start.
    async fn schemas(&self) -> Result<Vec<Schema>>;
    /// Creates a schema. [`CatalogError::Exists`] if the name is taken.
    async fn create_schema(&self, name: &str) -> Result<Schema>;
    /// Drops a schema. [`CatalogError::NotEmpty`] if something is in it.
    async fn drop_schema(&self, name: &str) -> Result<()>;

    /// All topics.
    async fn topics(&self) -> Result<Vec<Topic>>;
    /// Creates a topic and its indexes. [`CatalogError::Exists`] if a topic or view of that name is there.
    async fn create_topic(&self, topic: NewTopic) -> Result<Topic>;
    /// Replaces name, schema, columns, options of a topic by those of `topic` (found by its id). Indexes and comments of
    /// columns that are gone go with them; indexes follow the topic to its schema. Offsets are not touched.
    async fn alter_topic(&self, topic: &Topic) -> Result<()>;
    /// Drops a topic with its segments, producers, indexes, comments. Its files become garbage.
    async fn drop_topic(&self, topic: TopicId) -> Result<()>;
    /// Forgets every record below `first_offset`: `TRUNCATE` with `first_offset` = next offset. Segments that lie below
    /// it become garbage. `next_offset` is raised to at least `first_offset`; producer ranges stay.
    async fn truncate_topic(&self, topic: TopicId, first_offset: Offset) -> Result<()>;

    /// All views.
    async fn views(&self) -> Result<Vec<View>>;
    /// Creates a view, or replaces it when `replace` (its oid stays).
    async fn create_view(&self, view: NewView, replace: bool) -> Result<View>;
    /// Drops a view.
    async fn drop_view(&self, schema: &str, name: &str) -> Result<()>;

    /// Adds an index definition to a topic.
    async fn create_index(
        &self,
        topic: TopicId,
        name: &str,
        column: ColumnId,
        method: &str,
        options: BTreeMap<String, String>,
    ) -> Result<Index>;
    /// Removes an index definition by schema and name.
    async fn drop_index(&self, schema: &str, name: &str) -> Result<Index>;

    /// Sets (or removes, with `None`) the comment on a schema, topic, view or index, or on a column of a topic.
    async fn set_comment(&self, object: Oid, column: Option<ColumnId>, comment: Option<&str>) -> Result<()>;
    /// All comments: (object, column, text).
    async fn comments(&self) -> Result<Vec<(Oid, Option<ColumnId>, String)>>;

    /// All live segments, by topic and first offset.
    async fn segments(&self) -> Result<Vec<SegmentMeta>>;
    /// Publishes sealed and merged segments of many topics in one transaction: see [`Publication`]. A segment that is
    /// live already is left alone, so a publication may be repeated. [`CatalogError::Overlap`] if two live segments would
    /// hold the same offset.
    async fn publish(&self, publications: &[Publication]) -> Result<()>;
    /// Removes whole segments for retention and raises the topic's first offset. [`CatalogError::NotFound`], and nothing
    /// changed, if one of them is not live because a merge took it in the meantime: look again.
    async fn expire_segments(&self, topic: TopicId, segments: &[SegmentId], first_offset: Offset) -> Result<()>;
    /// Files that no live segment uses any more and that may be deleted once no query reads them: (location, since, µs).
    async fn garbage(&self) -> Result<Vec<(String, i64)>>;
    /// Forgets garbage that was deleted.
    async fn garbage_deleted(&self, locations: &[String]) -> Result<()>;

    /// All producers with the sequence numbers that published segments settle.
    async fn producers(&self) -> Result<Vec<Producer>>;
    /// Forgets producers of a topic not seen since `before_us`; how many.
    async fn forget_producers(&self, topic: TopicId, before_us: i64) -> Result<u64>;

    /// Settings that were changed with SQL and outlive the server.
    async fn settings(&self) -> Result<Vec<Setting>>;
    /// Sets or (with `None`) resets one.
    async fn set_setting(&self, name: &str, value: Option<&str>) -> Result<()>;

    /// Tasks, newest first, at most `limit`.
    async fn tasks(&self, limit: usize) -> Result<Vec<Task>>;
    /// Adds a task; its id is given by the catalog.
    async fn create_task(&self, kind: &str, target: &str, detail: &str, now_us: i64) -> Result<Task>;
    /// Writes state, progress, detail, error and times of a task.
    async fn update_task(&self, task: &Task) -> Result<()>;
    /// Forgets finished tasks beyond the newest `keep`.
    async fn prune_tasks(&self, keep: usize) -> Result<u64>;

    /// Fills a blank catalog with what [`rebuild::from_segments`] found. [`CatalogError::NotBlank`] if a topic is there.
    async fn restore(&self, rebuilt: &Rebuilt) -> Result<()>;
}
