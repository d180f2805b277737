//! The nouns of the catalog.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use strata_storage::schema::TopicSchema;
use strata_storage::segment::SegmentMeta;
use strata_storage::{ColumnId, Offset, RangeSet, SegmentId, TopicId};

/// Identity of a schema, topic, view or index, as PostgreSQL clients see it. Counts up from 16384, is never used again,
/// and is the same after a restart. A topic's [`TopicId`] is its oid.
pub type Oid = u32;

/// The first number that is given to somebody's object; what is built in has those below.
pub const FIRST_OBJECT: Oid = 16_384;

/// What an [`Oid`] names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ObjectKind {
    /// A schema.
    Schema,
    /// A topic.
    Topic,
    /// A view.
    View,
    /// An index.
    Index,
}

/// A namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    /// Identity.
    pub oid: Oid,
    /// Name.
    pub name: String,
}

/// Options of a topic, the `WITH (...)` of `CREATE TABLE`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TopicOptions {
    /// Records older than this since `_ingested_at` are removed, microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention_us: Option<i64>,
    /// The oldest segments are removed while the topic is larger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention_bytes: Option<u64>,
}

/// A topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Topic {
    /// Identity.
    pub id: TopicId,
    /// Schema name.
    pub schema: String,
    /// Name.
    pub name: String,
    /// Columns, time column, sort order.
    pub columns: TopicSchema,
    /// Id for the next column that is added; ids are never used again.
    pub next_column_id: i32,
    /// Options.
    pub options: TopicOptions,
    /// Indexes that were asked for.
    pub indexes: Vec<Index>,
    /// Offsets below it are gone.
    pub first_offset: Offset,
    /// Offsets below it are published; records in the log may go further.
    pub next_offset: Offset,
    /// When it was created, microseconds.
    pub created_at_us: i64,
}

impl Topic {
    /// Its oid.
    #[allow(clippy::cast_possible_truncation, reason = "topic ids are oids, which are 32 bits wide")]
    pub fn oid(&self) -> Oid {
        self.id.0 as Oid
    }
}

/// A topic to be created.
#[derive(Debug, Clone)]
pub struct NewTopic {
    /// Schema name; must exist.
    pub schema: String,
    /// Name.
    pub name: String,
    /// Columns with ids 1, 2, ...
    pub columns: TopicSchema,
    /// Options.
    pub options: TopicOptions,
    /// Indexes: (name, column, method, options).
    pub indexes: Vec<(String, ColumnId, String, BTreeMap<String, String>)>,
    /// Now, microseconds.
    pub created_at_us: i64,
}

/// An index definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    /// Identity.
    pub oid: Oid,
    /// Name, unique in the topic's schema.
    pub name: String,
    /// The topic.
    pub topic: TopicId,
    /// The column.
    pub column: ColumnId,
    /// `inverted`, `bloom`, ...
    pub method: String,
    /// `WITH (...)`.
    pub options: BTreeMap<String, String>,
}

/// A view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// Identity.
    pub oid: Oid,
    /// Schema name.
    pub schema: String,
    /// Name.
    pub name: String,
    /// Its query as SQL text.
    pub query: String,
}

/// A view to be created.
#[derive(Debug, Clone)]
pub struct NewView {
    /// Schema name; must exist.
    pub schema: String,
    /// Name.
    pub name: String,
    /// Its query as SQL text.
    pub query: String,
}

/// What one topic gains and loses in one publishing transaction.
#[derive(Debug, Clone)]
pub struct Publication {
    /// The topic. If it was dropped in the meantime, the added segments become garbage at once and nothing else happens.
    pub topic: TopicId,
    /// Segments that become visible. Those below the topic's first offset become garbage at once.
    pub added: Vec<SegmentMeta>,
    /// Segments that the added ones replace (a merge); they become garbage. If one of them is no longer live the whole
    /// publication of this topic is skipped and the added segments become garbage.
    pub replaced: Vec<SegmentId>,
    /// Sequence numbers to merge into the topic's producers: (producer, numbers, last seen µs).
    pub producers: Vec<(String, RangeSet, i64)>,
    /// Offsets below it are published now; raises the topic's `next_offset`, never lowers it.
    pub next_offset: Offset,
    /// Now, microseconds.
    pub now_us: i64,
}

/// A producer of a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Producer {
    /// The topic.
    pub topic: TopicId,
    /// The producer's own name for itself.
    pub producer: String,
    /// Sequence numbers that are settled.
    pub ranges: RangeSet,
    /// When it was last heard of, microseconds.
    pub last_seen_us: i64,
}

/// A setting that was changed with SQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Name.
    pub name: String,
    /// Value as text.
    pub value: String,
}

/// Where a task stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskState {
    /// Waits for its turn.
    Queued,
    /// Runs.
    Running,
    /// Ended well.
    Done,
    /// Ended badly; `error` says why.
    Failed,
    /// Was stopped by a person.
    Cancelled,
}

impl TaskState {
    /// All.
    pub const ALL: [Self; 5] = [Self::Queued, Self::Running, Self::Done, Self::Failed, Self::Cancelled];

    /// `queued`, `running`, ...
    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The state of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// Background work that people can see.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// Identity.
    pub id: i64,
    /// `merge`, `optimize`, `retention`, `index_build` ...
    pub kind: String,
    /// What it works on: a topic's full name, an index ...
    pub target: String,
    /// Where it stands.
    pub state: TaskState,
    /// 0 to 1.
    pub progress: f64,
    /// A sentence for people.
    pub detail: String,
    /// Why it failed.
    pub error: Option<String>,
    /// Microseconds.
    pub created_at_us: i64,
    /// Microseconds.
    pub started_at_us: Option<i64>,
    /// Microseconds.
    pub finished_at_us: Option<i64>,
}
