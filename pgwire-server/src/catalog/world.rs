//! Everything that exists, as PostgreSQL would number it.
//!
//! Schemas, topics, views and indexes bring their own oids (from 16384 on). What is built in has fixed ones below that.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, Weak};

use arrow::datatypes::FieldRef;
use datafusion::catalog::CatalogProvider;
use datafusion::execution::SessionState;
use parking_lot::RwLock;
use strata_catalog::Topic;
use strata_engine::session::SessionInfo;
use strata_engine::{Engine, builtin};
use strata_storage::ColumnId;
use strata_storage::schema::Column;

use super::table::Cell;
use crate::startup::USER;

/// Schema `pg_catalog`.
pub const PG_CATALOG_OID: u32 = 11;
/// Schema `information_schema`.
pub const INFORMATION_SCHEMA_OID: u32 = 13_000;
/// The first user, to whom everything belongs.
pub const ROLE_OID: u32 = 10;
/// The one database.
pub const DATABASE_OID: u32 = 5;
/// How topics are stored, to clients that ask.
pub const HEAP_OID: u32 = 2;
/// Number of `attrs` among a topic's columns. Declared columns are numbered by their ids, which never change; these three
/// stand behind all that may still be added.
pub const ATTRS_NUMBER: i16 = 32_001;

/// Rights in the order in which PostgreSQL lists them.
const LETTERS: &str = "arwdUX";

/// Where the world is looked up.
#[derive(Clone)]
pub struct Source {
    /// Topics, views, comments.
    pub engine: Arc<Engine>,
    /// Whose search path counts.
    pub session: Arc<SessionInfo>,
    /// For the columns of views and system tables.
    pub catalog: Weak<dyn CatalogProvider>,
    /// For the list of functions.
    pub state: Weak<RwLock<SessionState>>,
    /// Set while views are planned for their columns.
    pub planning_views: Arc<AtomicBool>,
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source").field("session", &self.session.id).finish_non_exhaustive()
    }
}

/// What a relation is.
#[derive(Debug, Clone)]
pub enum Shape {
    /// A topic.
    Topic(Arc<Topic>),
    /// A view and its query.
    View(String),
    /// An index of a topic.
    Index {
        /// The topic.
        topic: Arc<Topic>,
        /// Number of its column.
        column: i16,
        /// `bloom`, `inverted` ...
        method: String,
        /// Its `WITH (...)`.
        options: BTreeMap<String, String>,
    },
    /// A table that is computed: `sys.topics`, `pg_class` ...
    System,
}

/// Which relations one looks for.
#[derive(Debug)]
pub enum Scope {
    /// All.
    All,
    /// Those with these oids, and the topics and indexes that belong together with them.
    Relations(BTreeSet<u32>),
}

impl Scope {
    fn holds(&self, oid: u32) -> bool {
        match self {
            Self::All => true,
            Self::Relations(oids) => oids.contains(&oid),
        }
    }

    fn holds_topic(&self, topic: &Topic) -> bool {
        self.holds(topic.oid()) || topic.indexes.iter().any(|index| self.holds(index.oid))
    }
}

/// A column of a relation.
#[derive(Debug, Clone)]
pub struct Attribute {
    /// Number, from 1.
    pub number: i16,
    /// Name and type.
    pub field: FieldRef,
}

/// A relation.
#[derive(Debug, Clone)]
pub struct Relation {
    /// Identity.
    pub oid: u32,
    /// Identity of the schema.
    pub namespace: u32,
    /// Name of the schema.
    pub schema: String,
    /// Name.
    pub name: String,
    /// What it is.
    pub shape: Shape,
    /// What is known of the columns of views and computed tables; empty when nobody asked.
    known: Vec<Attribute>,
    /// How many records it has; -1 if nobody counted.
    pub rows: i64,
    /// Bytes on disk.
    pub bytes: u64,
}

impl Relation {
    /// `relkind`.
    pub fn kind(&self) -> &'static str {
        match self.shape {
            Shape::Topic(_) => "r",
            Shape::View(_) => "v",
            Shape::Index { .. } => "i",
            // Computed tables have nothing on disk, as views have not.
            Shape::System => "v",
        }
    }

    /// Its columns. Those of topics and indexes are made here, because most questions are about names.
    pub fn attributes(&self) -> Cow<'_, [Attribute]> {
        let of_topic = |column: Column| Attribute { number: number_of(column.id), field: Arc::new(column.field()) };
        match &self.shape {
            Shape::Topic(topic) => topic.columns.columns().map(of_topic).collect(),
            Shape::Index { topic, column, .. } => {
                let indexed = topic.columns.columns().find(|known| number_of(known.id) == *column);
                indexed.map(|column| Attribute { number: 1, ..of_topic(column) }).into_iter().collect()
            }
            Shape::View(_) | Shape::System => Cow::Borrowed(&self.known),
        }
    }

    /// How many columns it has.
    pub fn width(&self) -> usize {
        match &self.shape {
            Shape::Topic(topic) => topic.columns.columns().count(),
            Shape::Index { .. } => 1,
            Shape::View(_) | Shape::System => self.known.len(),
        }
    }
}

/// The right to plan views, given to one at a time in a session and given back by dropping it.
struct Planning(Arc<AtomicBool>);

impl Planning {
    fn begin(source: &Source, wanted: bool) -> Option<Self> {
        let free = wanted && !source.planning_views.swap(true, Ordering::AcqRel);
        free.then(|| Self(Arc::clone(&source.planning_views)))
    }
}

impl Drop for Planning {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// Everything that exists at a moment.
#[derive(Debug)]
pub struct World {
    /// Where it was looked up.
    pub source: Source,
    /// Schemas: (oid, name).
    pub namespaces: Vec<(u32, String)>,
    /// Relations.
    pub relations: Vec<Relation>,
    /// Comments: (object, column number or 0, text).
    pub comments: Vec<(u32, i16, String)>,
    /// Places in `relations`, once somebody looked for one.
    by_oid: OnceLock<HashMap<u32, usize>>,
    by_name: OnceLock<HashMap<String, Vec<usize>>>,
}

impl World {
    /// Looks around, as far as `scope` reaches. Views are planned for their columns only if `with_columns`; one that cannot be
    /// planned any more has none.
    pub async fn look(source: &Source, with_columns: bool, scope: &Scope) -> Self {
        // A view over a system table that shows the columns of views would look for its own columns for ever.
        let planning = Planning::begin(source, with_columns);
        let with_columns = planning.is_some();
        let topics = source.engine.topics();
        let mut namespaces: Vec<(u32, String)> = vec![
            (PG_CATALOG_OID, "pg_catalog".to_owned()),
            (builtin::SYS, "sys".to_owned()),
            (builtin::ETL, "etl".to_owned()),
            (INFORMATION_SCHEMA_OID, "information_schema".to_owned()),
        ];
        namespaces.extend(topics.schemas().into_iter().map(|schema| (schema.oid, schema.name)));
        let oid_of = |name: &str| namespaces.iter().find(|(_, known)| known == name).map_or(0, |(oid, _)| *oid);
        let mut relations = Vec::new();
        for topic in topics.list().into_iter().filter(|topic| scope.holds_topic(&topic.definition())) {
            let snapshot = topic.snapshot();
            let definition = Arc::clone(&snapshot.topic);
            let bytes = snapshot.segments.iter().map(|segment| segment.bytes).sum();
            add_topic(&definition, oid_of(&definition.schema), snapshot.rows(), bytes, &mut relations);
        }
        let catalog = source.catalog.upgrade();
        for view in topics.views().into_iter().filter(|view| scope.holds(view.oid)) {
            let schema = catalog.as_ref().filter(|_| with_columns).and_then(|catalog| catalog.schema(&view.schema));
            let provider = match schema {
                Some(schema) => schema.table(&view.name).await.ok().flatten(),
                None => None,
            };
            let fields = provider.map(|provider| provider.schema().fields().iter().cloned().collect::<Vec<_>>());
            relations.push(Relation {
                oid: view.oid,
                namespace: oid_of(&view.schema),
                schema: view.schema.clone(),
                name: view.name.clone(),
                shape: Shape::View(view.query.clone()),
                known: numbered(fields.unwrap_or_default()),
                rows: -1,
                bytes: 0,
            });
        }
        add_system(catalog.as_ref(), with_columns, scope, &mut relations).await;
        let comments = topics.comments().into_iter();
        let comments = comments.map(|(object, column, text)| (object, column.map_or(0, number_of), text)).collect();
        let (by_oid, by_name) = (OnceLock::new(), OnceLock::new());
        Self { source: source.clone(), namespaces, relations, comments, by_oid, by_name }
    }

    /// The rights on an object as PostgreSQL lists them: `{owner=.../strata, user=letters/strata}`; NULL if nothing was granted.
    /// `owners` are the letters of the owner.
    pub fn acl(&self, object: u32, owners: &str) -> Cell {
        let known = self.source.engine.users().known();
        let mut letters: BTreeMap<u32, String> = BTreeMap::new();
        let mut rights: Vec<_> = known.rights().iter().filter(|right| right.object == object).collect();
        rights.sort_by_key(|right| LETTERS.find(right.privilege.letter()));
        for right in rights {
            letters.entry(right.user).or_default().push(right.privilege.letter());
        }
        if letters.is_empty() {
            return Cell::Null;
        }
        // Everybody has no name, and is listed first.
        let name = |oid| known.with_oid(oid).map(|user| user.name.as_str()).unwrap_or_default();
        let granted = letters.iter().map(|(user, letters)| format!("{}={letters}/{USER}", name(*user)));
        Cell::Texts(std::iter::once(format!("{USER}={owners}/{USER}")).chain(granted).collect())
    }

    /// A relation by oid.
    pub fn relation(&self, oid: u32) -> Option<&Relation> {
        let index = || self.relations.iter().enumerate().map(|(at, relation)| (relation.oid, at)).collect();
        self.by_oid.get_or_init(index).get(&oid).map(|at| &self.relations[*at])
    }

    /// Relations of that name, in all schemas.
    pub fn named(&self, name: &str) -> impl Iterator<Item = &Relation> {
        let places = self.by_name.get_or_init(|| {
            let mut places: HashMap<String, Vec<usize>> = HashMap::new();
            for (at, relation) in self.relations.iter().enumerate() {
                places.entry(relation.name.clone()).or_default().push(at);
            }
            places
        });
        places.get(name).into_iter().flatten().map(|at| &self.relations[*at])
    }
}

fn add_topic(topic: &Arc<Topic>, namespace: u32, rows: u64, bytes: u64, relations: &mut Vec<Relation>) {
    for index in &topic.indexes {
        relations.push(Relation {
            oid: index.oid,
            namespace,
            schema: topic.schema.clone(),
            name: index.name.clone(),
            shape: Shape::Index {
                topic: Arc::clone(topic),
                column: number_of(index.column),
                method: index.method.clone(),
                options: index.options.clone(),
            },
            known: Vec::new(),
            rows: i64::try_from(rows).unwrap_or(i64::MAX),
            bytes: 0,
        });
    }
    relations.push(Relation {
        oid: topic.oid(),
        namespace,
        schema: topic.schema.clone(),
        name: topic.name.clone(),
        shape: Shape::Topic(Arc::clone(topic)),
        known: Vec::new(),
        rows: i64::try_from(rows).unwrap_or(i64::MAX),
        bytes,
    });
}

/// Tables of `sys` and `etl`, then those of this crate.
async fn add_system(
    catalog: Option<&Arc<dyn CatalogProvider>>,
    with_columns: bool,
    scope: &Scope,
    relations: &mut Vec<Relation>,
) {
    let system = |oid, namespace, schema: &str, name: &str, fields: Vec<FieldRef>| Relation {
        oid,
        namespace,
        schema: schema.to_owned(),
        name: name.to_owned(),
        shape: Shape::System,
        known: numbered(fields),
        rows: -1,
        bytes: 0,
    };
    for (base, schema) in [(builtin::SYS, "sys"), (builtin::ETL, "etl")] {
        let Some(tables) = catalog.and_then(|catalog| catalog.schema(schema)) else { continue };
        for (oid, name) in builtin::relations(schema).filter(|(oid, _)| scope.holds(*oid)) {
            let provider = if with_columns { tables.table(name).await.ok().flatten() } else { None };
            let fields = provider.map(|provider| provider.schema().fields().iter().cloned().collect::<Vec<_>>());
            relations.push(system(oid, base, schema, name, fields.unwrap_or_default()));
        }
    }
    for (namespace, table) in super::fixed_tables().filter(|(_, table)| scope.holds(table.oid)) {
        let schema = if namespace == PG_CATALOG_OID { "pg_catalog" } else { "information_schema" };
        relations.push(system(table.oid, namespace, schema, table.name, table.schema().fields().iter().cloned().collect()));
    }
}

fn numbered(fields: Vec<FieldRef>) -> Vec<Attribute> {
    (1..).zip(fields).map(|(number, field)| Attribute { number, field }).collect()
}

/// A column's number: its id, or a place behind all ids.
pub fn number_of(column: ColumnId) -> i16 {
    match column {
        ColumnId::ATTRS => ATTRS_NUMBER,
        ColumnId::OFFSET => ATTRS_NUMBER + 1,
        ColumnId::INGESTED_AT => ATTRS_NUMBER + 2,
        ColumnId(id) => i16::try_from(id).unwrap_or(i16::MAX),
    }
}
