//! All topics, schemas, views and comments, in memory, as the catalog has them.
//!
//! Reading takes a short lock. Changing goes to the catalog first and is serialised, so memory never runs ahead.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use parking_lot::RwLock;
use strata_catalog::{Catalog, Oid, Schema, Topic, View};
use strata_storage::memory::Memory;
use strata_storage::segment::SegmentMeta;
use strata_storage::{ColumnId, TopicId};

use super::producers::Producers;
use super::retired::Retired;
use super::state::Shared;
use super::{TopicSnapshot, TopicState};
use crate::Result;

/// What exists. One per engine.
#[derive(Debug)]
pub struct Topics {
    pub(super) catalog: Arc<dyn Catalog>,
    pub(super) shared: Shared,
    pub(super) names: RwLock<Names>,
    /// Held by whoever changes a definition.
    pub(super) ddl: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
pub(super) struct Names {
    pub schemas: BTreeMap<String, Schema>,
    pub topics: BTreeMap<(String, String), Arc<TopicState>>,
    pub topics_by_id: HashMap<TopicId, Arc<TopicState>>,
    pub views: BTreeMap<(String, String), Arc<View>>,
    pub comments: HashMap<(Oid, Option<ColumnId>), String>,
}

impl Topics {
    /// Reads the catalog.
    pub(crate) async fn load(catalog: Arc<dyn Catalog>, memory: Memory) -> Result<Self> {
        let shared = Shared { memory, retired: Arc::new(Retired::default()) };
        let mut names = Names {
            schemas: catalog.schemas().await?.into_iter().map(|schema| (schema.name.clone(), schema)).collect(),
            views: catalog.views().await?.into_iter().map(|v| ((v.schema.clone(), v.name.clone()), Arc::new(v))).collect(),
            comments: catalog.comments().await?.into_iter().map(|(oid, column, text)| ((oid, column), text)).collect(),
            ..Names::default()
        };
        let mut segments: HashMap<TopicId, Vec<Arc<SegmentMeta>>> = HashMap::new();
        for segment in catalog.segments().await? {
            segments.entry(segment.topic).or_default().push(Arc::new(segment));
        }
        let mut producers: HashMap<TopicId, Producers> = HashMap::new();
        for known in catalog.producers().await? {
            producers.entry(known.topic).or_default().settle(&known.producer.into(), &known.ranges, known.last_seen_us);
        }
        for topic in catalog.topics().await? {
            let topic = Arc::new(topic);
            let segments = segments.remove(&topic.id).unwrap_or_default();
            let producers = producers.remove(&topic.id).unwrap_or_default();
            names.insert(Arc::new(TopicState::new(topic, segments, producers, &shared)));
        }
        Ok(Self { catalog, shared, names: RwLock::new(names), ddl: tokio::sync::Mutex::new(()) })
    }

    /// A topic by name.
    pub fn get(&self, schema: &str, name: &str) -> Option<Arc<TopicState>> {
        self.names.read().topics.get(&(schema.to_owned(), name.to_owned())).cloned()
    }

    /// A topic by id.
    pub fn by_id(&self, id: TopicId) -> Option<Arc<TopicState>> {
        self.names.read().topics_by_id.get(&id).cloned()
    }

    /// What a query of that topic sees.
    pub fn snapshot(&self, schema: &str, name: &str) -> Option<TopicSnapshot> {
        self.get(schema, name).map(|topic| topic.snapshot())
    }

    /// All topics by schema and name.
    pub fn list(&self) -> Vec<Arc<TopicState>> {
        self.names.read().topics.values().cloned().collect()
    }

    /// Locations of segments that left a topic and are still read by a query.
    pub(crate) fn retired_in_use(&self) -> HashSet<String> {
        self.shared.retired.in_use()
    }

    /// All schemas by name.
    pub fn schemas(&self) -> Vec<Schema> {
        self.names.read().schemas.values().cloned().collect()
    }

    /// Identity of the schema of that name, if it is there.
    pub fn schema_oid(&self, name: &str) -> Option<Oid> {
        self.names.read().schemas.get(name).map(|schema| schema.oid)
    }

    /// Whether a schema of that name is there.
    pub fn has_schema(&self, name: &str) -> bool {
        self.names.read().schemas.contains_key(name)
    }

    /// All views by schema and name.
    pub fn views(&self) -> Vec<Arc<View>> {
        self.names.read().views.values().cloned().collect()
    }

    /// A view by name.
    pub fn view(&self, schema: &str, name: &str) -> Option<Arc<View>> {
        self.names.read().views.get(&(schema.to_owned(), name.to_owned())).cloned()
    }

    /// The comment on an object or on one of its columns.
    pub fn comment(&self, object: Oid, column: Option<ColumnId>) -> Option<String> {
        self.names.read().comments.get(&(object, column)).cloned()
    }

    /// All comments: (object, column, text).
    pub fn comments(&self) -> Vec<(Oid, Option<ColumnId>, String)> {
        self.names.read().comments.iter().map(|((oid, column), text)| (*oid, *column, text.clone())).collect()
    }
}

impl Names {
    pub fn insert(&mut self, state: Arc<TopicState>) {
        let topic: Arc<Topic> = state.definition();
        self.topics_by_id.insert(topic.id, state.clone());
        self.topics.insert((topic.schema.clone(), topic.name.clone()), state);
    }

    pub fn remove(&mut self, topic: &Topic) -> Option<Arc<TopicState>> {
        self.topics_by_id.remove(&topic.id);
        self.topics.remove(&(topic.schema.clone(), topic.name.clone()))
    }

    /// Forgets comments on an object and its columns.
    pub fn forget_comments(&mut self, object: Oid) {
        self.comments.retain(|(oid, _), _| *oid != object);
    }
}
