//! Running queries, for `sys.queries`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use datafusion::execution::memory_pool::MemoryPool;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanVisitor, accept};
use parking_lot::Mutex;

use super::memory_pool::QueryPool;

/// One running statement.
#[derive(Debug)]
pub struct Query {
    /// Counts up over the life of the server.
    pub id: i64,
    /// The session.
    pub session: i32,
    /// Its text.
    pub sql: Arc<str>,
    /// When it began, microseconds.
    pub started_at_us: i64,
    rows: AtomicU64,
    pool: Mutex<Option<Arc<QueryPool>>>,
    plan: Mutex<Option<Arc<dyn ExecutionPlan>>>,
}

impl Query {
    /// Rows sent to the client so far.
    pub fn rows(&self) -> u64 {
        self.rows.load(Ordering::Relaxed)
    }

    /// Bytes of operator memory now.
    pub fn memory(&self) -> usize {
        self.pool.lock().as_ref().map_or(0, |pool| pool.reserved())
    }

    /// Bytes that scans have read so far.
    pub fn bytes_scanned(&self) -> u64 {
        let plan = self.plan.lock().clone();
        let mut sum = BytesScanned(0);
        if let Some(plan) = plan {
            let _: Result<(), std::convert::Infallible> = accept(plan.as_ref(), &mut sum);
        }
        sum.0
    }

    /// `planning` or `running`.
    pub fn state(&self) -> &'static str {
        if self.plan.lock().is_some() { "running" } else { "planning" }
    }

    pub(crate) fn started(&self, plan: Arc<dyn ExecutionPlan>, pool: Arc<QueryPool>) {
        *self.plan.lock() = Some(plan);
        *self.pool.lock() = Some(pool);
    }

    pub(crate) fn sent(&self, rows: usize) {
        self.rows.fetch_add(rows as u64, Ordering::Relaxed);
    }
}

struct BytesScanned(u64);

impl ExecutionPlanVisitor for BytesScanned {
    type Error = std::convert::Infallible;

    fn pre_visit(&mut self, plan: &dyn ExecutionPlan) -> Result<bool, Self::Error> {
        let bytes = plan.metrics().and_then(|metrics| metrics.sum_by_name("bytes_scanned"));
        self.0 += bytes.map_or(0, |value| value.as_usize() as u64);
        Ok(true)
    }
}

/// All running queries.
#[derive(Debug, Default)]
pub struct Queries {
    next_id: AtomicI64,
    running: Mutex<BTreeMap<i64, Arc<Query>>>,
}

impl Queries {
    /// Those that run now, oldest first.
    pub fn list(&self) -> Vec<Arc<Query>> {
        self.running.lock().values().cloned().collect()
    }

    /// Adds one; it is listed until the guard goes.
    pub(crate) fn begin(self: &Arc<Self>, session: i32, sql: Arc<str>, started_at_us: i64) -> QueryGuard {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed) + 1;
        let query = Arc::new(Query {
            id,
            session,
            sql,
            started_at_us,
            rows: AtomicU64::new(0),
            pool: Mutex::default(),
            plan: Mutex::default(),
        });
        self.running.lock().insert(id, query.clone());
        QueryGuard { queries: self.clone(), query }
    }
}

/// Keeps a query in the list.
#[derive(Debug)]
pub(crate) struct QueryGuard {
    queries: Arc<Queries>,
    query: Arc<Query>,
}

impl std::ops::Deref for QueryGuard {
    type Target = Query;

    fn deref(&self) -> &Query {
        &self.query
    }
}

impl Drop for QueryGuard {
    fn drop(&mut self) {
        self.queries.running.lock().remove(&self.query.id);
    }
}
