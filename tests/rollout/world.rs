//! A store that outlives its servers, simulated sidecars on it, and servers that can be killed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{Array, RecordBatch};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use futures::TryStreamExt;
use object_store::local::LocalFileSystem;
use strata_catalog::SqliteCatalog;
use strata_catalog::etl::config_store::{ConfigStore, Key, Manifest, Scope};
use strata_catalog::etl::record::AttemptOutcome;
use strata_catalog::etl::{EtlCatalog, LayerState};
use strata_engine::engine::EngineParts;
use strata_engine::etl::Components;
use strata_engine::session::{Notification, Outcome, Session, SessionOptions};
use strata_engine::{Engine, EngineConfig};
use strata_storage::clock::SystemClock;
use strata_storage::disk::LocalDisk;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::mortal::{Death, Mortal};
use crate::simulator::Simulator;

/// No rollout of these tests takes as long.
const PATIENCE: Duration = Duration::from_secs(60);

/// See the module. The sidecars live on its own runtime.
pub struct World {
    pub store: Arc<SqliteCatalog>,
    pub sidecars: Vec<Simulator>,
    runtime: Option<Runtime>,
}

impl World {
    /// An empty one.
    pub fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        Self { store: Arc::new(SqliteCatalog::in_memory().unwrap()), sidecars: Vec::new(), runtime: Some(runtime) }
    }

    /// Starts instances of a role.
    pub fn instances(&mut self, role: &str, ids: &[&str]) {
        let runtime = self.runtime.as_ref().unwrap();
        for id in ids {
            let store: Arc<dyn ConfigStore> = self.store.clone();
            self.sidecars.push(runtime.block_on(Simulator::start(store, role, id, "127.0.0.1")));
        }
    }

    /// Starts a server that never dies by itself.
    pub fn server(&self) -> Server {
        self.mortal_server(Death::Never)
    }

    /// Starts a server.
    pub fn mortal_server(&self, death: Death) -> Server {
        Server::start(Mortal::new(self.store.clone(), death))
    }

    /// What an instance has: the text of its only file.
    #[track_caller]
    pub fn has(&self, id: &str) -> String {
        let files = self.sidecar(id).seen().files;
        files.into_values().next().unwrap_or_default()
    }

    /// How often each instance loaded files.
    pub fn loads(&self) -> Vec<usize> {
        self.sidecars.iter().map(|sidecar| sidecar.seen().loads).collect()
    }

    pub fn sidecar(&self, id: &str) -> &Simulator {
        self.sidecars.iter().find(|sidecar| sidecar.id == id).unwrap()
    }

    pub fn block_on<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.as_ref().unwrap().block_on(work)
    }

    /// Waits until something holds.
    #[track_caller]
    pub fn until(&self, what: &str, mut holds: impl FnMut() -> bool) {
        let began = Instant::now();
        while !holds() {
            assert!(began.elapsed() < PATIENCE, "{what} does not come about");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits until no layer is on its way and no task runs.
    #[track_caller]
    pub fn quiet(&self) {
        self.until("quiet", || {
            let (layers, _) = self.block_on(self.store.layers(strata_catalog::etl::LayerId::NONE)).unwrap();
            let open = layers.iter().any(|layer| matches!(layer.state, LayerState::Queued | LayerState::Applying));
            let tasks = self.block_on(self.store.etl_tasks(10_000)).unwrap();
            !open && tasks.iter().all(|task| task.finished_at_us.is_some())
        });
    }

    /// What must hold whenever all is quiet: every role has in the config store what its active layers say, every instance has
    /// that, and no attempt is left open.
    #[track_caller]
    pub fn assert_settled(&self, server: &Server) {
        self.quiet();
        let stack = server.engine().configuration().stack();
        let fold = stack.fold_rendered(None).unwrap();
        for role in fold.of_relation(strata_catalog::etl::Relation::Roles) {
            let (row, rules) = fold.for_component(role.name()).unwrap();
            let component = server.engine().configuration().components().find(&row.kind).unwrap();
            let expected = component.render(&row, &rules).unwrap();
            let listing = self.block_on(self.store.list(&Scope::Role(row.name.clone()))).unwrap();
            let held = listing.get(&Key::manifest(&row.name).unwrap()).map(|entry| Manifest::from_text(&entry.value).unwrap());
            let held = held.unwrap_or_else(|| panic!("role {} has no manifest", row.name));
            assert_eq!(held.hash, Manifest::of(strata_catalog::etl::LayerId::NONE, &expected).hash, "role {}", row.name);
            assert_eq!(held.instances, None, "role {} is for all", row.name);
            for file in &expected {
                let key = Key::file(&row.name, &file.path).unwrap();
                assert_eq!(listing.get(&key).map(|entry| entry.value.as_str()), Some(file.content.as_str()), "{key}");
            }
            let files: std::collections::BTreeMap<_, _> = expected.into_iter().map(|file| (file.path, file.content)).collect();
            for sidecar in self.sidecars.iter().filter(|sidecar| sidecar.role == row.name) {
                self.until(&format!("what {} should have", sidecar.id), || sidecar.seen().files == files);
            }
        }
        let attempts = self.block_on(self.store.attempts(None)).unwrap();
        assert!(attempts.iter().all(|attempt| attempt.outcome != AttemptOutcome::Running), "{attempts:#?}");
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.sidecars.clear();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A server in this process, on a runtime of its own.
pub struct Server {
    pub mortal: Mortal,
    engine: Option<Arc<Engine>>,
    session: Option<Arc<Session>>,
    runtime: Option<Runtime>,
    _folder: TempDir,
}

impl Server {
    fn start(mortal: Mortal) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut config = EngineConfig::for_folder(folder.path(), 64 << 20);
        config.components = Components::new(strata_connectors::component::all());
        config.threads = 1;
        config.wal_file_bytes = 1 << 20;
        config.free_bytes_min = 0;
        let parts = EngineParts {
            catalog: Arc::new(mortal.clone()),
            config_store: Arc::new(mortal.clone()),
            disk: Arc::new(LocalDisk::new(folder.path())),
            store: Arc::new(LocalFileSystem::new_with_prefix(folder.path()).unwrap()),
            clock: Arc::new(SystemClock),
        };
        let engine = runtime.block_on(Engine::open(config, parts)).unwrap();
        let mut server = Self { mortal, engine: Some(engine), session: None, runtime: Some(runtime), _folder: folder };
        server.session = Some(Arc::new(server.another_session()));
        server
    }

    pub fn engine(&self) -> &Arc<Engine> {
        self.engine.as_ref().unwrap()
    }

    pub fn another_session(&self) -> Session {
        let options = SessionOptions { user: "ann".into(), database: "strata".into(), ..SessionOptions::default() };
        Session::new(self.engine().clone(), options).unwrap()
    }

    fn runtime(&self) -> &Runtime {
        self.runtime.as_ref().unwrap()
    }

    /// Runs statements; the rows of the last one, or the error as a client sees it.
    pub fn try_sql(&self, sql: &str) -> Result<Vec<Vec<String>>, String> {
        let session = self.session.clone().unwrap();
        let sql = sql.to_owned();
        self.runtime().block_on(self.runtime().spawn(async move { run(&session, &sql).await })).unwrap()
    }

    /// [`Self::try_sql`] of what succeeds.
    #[track_caller]
    pub fn sql(&self, sql: &str) -> Vec<Vec<String>> {
        self.try_sql(sql).unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// Runs statements until they end or the server dies of them; `None` then.
    pub fn sql_or_death(&self, sql: &str) -> Option<Result<Vec<Vec<String>>, String>> {
        let (session, mortal, sql) = (self.session.clone().unwrap(), self.mortal.clone(), sql.to_owned());
        let statement = self.runtime().spawn(async move { run(&session, &sql).await });
        self.runtime().block_on(async {
            tokio::select! {
                done = statement => Some(done.unwrap()),
                () = mortal.death() => None,
            }
        })
    }

    /// What a session was told by now.
    pub fn told(&self) -> Vec<Notification> {
        self.session.as_ref().unwrap().info().mailbox.drain().0
    }

    pub fn notices(&self) -> Vec<String> {
        self.session.as_ref().unwrap().notices().into_iter().map(|notice| notice.message).collect()
    }
}

impl Drop for Server {
    /// As a kill: nobody is told, nothing is drained.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
        self.session.take();
        self.engine.take();
    }
}

async fn run(session: &Session, sql: &str) -> Result<Vec<Vec<String>>, String> {
    let mut rows = Vec::new();
    for parsed in session.parse(sql).map_err(|error| error.to_string())? {
        let prepared = session.prepare(&parsed, &[]).await.map_err(|error| error.to_string())?;
        let outcome = session.execute(&prepared, Vec::new()).await.map_err(|error| error.to_string())?;
        if let Outcome::Rows { stream, .. } = outcome {
            let batches: Vec<RecordBatch> = stream.try_collect().await.map_err(|error| error.to_string())?;
            rows = batches.iter().flat_map(texts).collect();
        }
    }
    Ok(rows)
}

fn texts(batch: &RecordBatch) -> Vec<Vec<String>> {
    let options = FormatOptions::default().with_null("NULL");
    let text = |array: &dyn Array, row| ArrayFormatter::try_new(array, &options).unwrap().value(row).to_string();
    (0..batch.num_rows()).map(|row| batch.columns().iter().map(|column| text(column.as_ref(), row)).collect()).collect()
}
