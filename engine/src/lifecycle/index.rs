//! Index files follow definitions: what is missing or broken is built, what nobody defines any more is removed.
//!
//! Sealing and merging build the indexes of the segments that they make. What is left for this task of its own are segments
//! that were there before `CREATE INDEX`, and files that were lost or damaged. One segment is built at a time; what was built
//! stays when the work is stopped, so that it resumes where it was, also after a restart.
//!
//! **Invariant:** nobody waits for this: queries do without an index that is not there yet.

use std::collections::HashSet;
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use strata_catalog::{Task, TaskState, Topic};
use strata_storage::index::{IndexSpec, IndexState};
use strata_storage::segment::SegmentMeta;
use strata_storage::{SegmentId, TopicId};
use tokio::sync::Notify;

use crate::Result;
use crate::engine::Engine;
use crate::topics::TopicState;

/// How often this task looks around when nobody tells it to.
const LOOK_AROUND: Duration = Duration::from_secs(5);

/// What the task shares with those who start and stop it.
#[derive(Debug, Default)]
pub(crate) struct Indexing {
    /// There may be something to build.
    wake: Arc<Notify>,
    /// Tasks that were asked to stop.
    cancelled: Mutex<HashSet<i64>>,
    /// What is not built until somebody asks for it again.
    paused: Mutex<HashSet<(TopicId, IndexSpec)>>,
    /// One builder at a time, so that a segment is not built twice.
    building: tokio::sync::Mutex<()>,
}

impl Indexing {
    /// Tells the task to look around.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Stops the building of a task after the segment it is at.
    pub fn cancel(&self, task: i64) {
        self.cancelled.lock().insert(task);
    }

    /// Whether somebody stopped the building of an index.
    pub fn is_paused(&self, topic: TopicId, spec: &IndexSpec) -> bool {
        self.paused.lock().contains(&(topic, spec.clone()))
    }
}

/// The index files that a topic's segments should have.
pub(super) fn specs(topic: &Topic) -> Vec<IndexSpec> {
    let spec = |index: &strata_catalog::Index| IndexSpec {
        column: index.column,
        method: index.method.clone(),
        options: index.options.clone(),
    };
    let mut specs: Vec<IndexSpec> = topic.indexes.iter().map(spec).filter(|spec| spec.method().is_some()).collect();
    specs.sort();
    specs.dedup();
    specs
}

/// Starts the task. It ends when the engine is gone.
pub(super) fn start(engine: &Arc<Engine>) {
    tokio::spawn(run(Arc::downgrade(engine), engine.lifecycle().indexing.wake.clone()));
}

/// Holds the engine only while there is something to do.
async fn run(engine: Weak<Engine>, wake: Arc<Notify>) {
    loop {
        {
            let Some(engine) = engine.upgrade() else { return };
            if engine.is_closed() {
                return;
            }
            if let Err(error) = maintain(&engine).await {
                tracing::error!(%error, "building indexes failed; it is tried again");
            }
        }
        // Woken or not: it looks again.
        let _ = tokio::time::timeout(LOOK_AROUND, wake.notified()).await;
    }
}

async fn maintain(engine: &Arc<Engine>) -> Result<()> {
    for topic in engine.topics().list() {
        remove_undefined(engine, &topic).await?;
        build_missing(engine, &topic, Wanted::Unpaused).await?;
    }
    Ok(())
}

/// Which indexes are to be built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Those whose building nobody stopped.
    Unpaused,
    /// All of them: somebody waits.
    All,
}

/// Builds what segments of a topic lack, each definition as a task.
///
/// # Errors
/// Those of reading and writing; the task's row keeps the text.
pub(super) async fn build_missing(engine: &Arc<Engine>, topic: &Arc<TopicState>, wanted: Wanted) -> Result<()> {
    let indexing = &engine.lifecycle().indexing;
    for spec in specs(&topic.definition()) {
        if wanted == Wanted::All {
            indexing.paused.lock().remove(&(topic.id(), spec.clone()));
        } else if indexing.is_paused(topic.id(), &spec) {
            continue;
        }
        if lacking(engine, &topic.segments(), &spec).is_empty() {
            continue;
        }
        let _one_at_a_time = indexing.building.lock().await;
        build(engine, topic, &spec).await?;
    }
    Ok(())
}

/// Segments without a usable index that can have one.
fn lacking(engine: &Engine, segments: &[Arc<SegmentMeta>], spec: &IndexSpec) -> Vec<Arc<SegmentMeta>> {
    let lacks = |segment: &&Arc<SegmentMeta>| {
        matches!(engine.segments().indexes().state(segment.id, spec), None | Some(IndexState::Broken(_)))
    };
    segments.iter().filter(lacks).cloned().collect()
}

async fn build(engine: &Arc<Engine>, topic: &Arc<TopicState>, spec: &IndexSpec) -> Result<()> {
    let definition = topic.definition();
    let column = definition.columns.columns().find(|column| column.id == spec.column).map(|column| column.name);
    let target = format!("{}.{} ({}) {}", definition.schema, definition.name, column.unwrap_or_default(), spec.method);
    let mut task = engine.catalog().create_task("index_build", &target, "building", engine.clock().now_us()).await?;
    task.state = TaskState::Running;
    task.started_at_us = Some(engine.clock().now_us());
    engine.catalog().update_task(&task).await?;
    let result = build_all(engine, topic, spec, &mut task).await;
    task.finished_at_us = Some(engine.clock().now_us());
    match &result {
        Ok(state) => task.state = *state,
        Err(error) => {
            task.state = TaskState::Failed;
            task.error = Some(error.to_string());
        }
    }
    engine.lifecycle().indexing.cancelled.lock().remove(&task.id);
    engine.catalog().update_task(&task).await?;
    result.map(drop)
}

async fn build_all(engine: &Arc<Engine>, topic: &Arc<TopicState>, spec: &IndexSpec, task: &mut Task) -> Result<TaskState> {
    let mut built = 0;
    let mut failed: HashSet<SegmentId> = HashSet::new();
    loop {
        let indexing = &engine.lifecycle().indexing;
        if indexing.cancelled.lock().contains(&task.id) {
            indexing.paused.lock().insert((topic.id(), spec.clone()));
            task.detail = format!("{built} segments built; CALL sys.optimize builds the others");
            return Ok(TaskState::Cancelled);
        }
        let is_defined = engine.topics().by_id(topic.id()).is_some() && specs(&topic.definition()).contains(spec);
        if !is_defined || engine.is_closing() {
            task.detail =
                format!("{built} segments built; {}", if is_defined { "the server stops" } else { "the index was dropped" });
            return Ok(TaskState::Cancelled);
        }
        // Looked up each time, because merging replaces segments meanwhile.
        let mut lacking = lacking(engine, &topic.segments(), spec);
        lacking.retain(|segment| !failed.contains(&segment.id));
        let Some(segment) = lacking.first() else {
            task.progress = 1.0;
            task.detail = format!("{built} segments built");
            return Ok(TaskState::Done);
        };
        engine.make_room(usize::try_from(segment.bytes * 2).unwrap_or(0));
        match engine.segments().build_index(segment, spec).await {
            Ok(()) => built += 1,
            Err(error) if topic.segments().iter().any(|live| live.id == segment.id) => {
                failed.insert(segment.id);
                if lacking.len() == 1 {
                    return Err(error.into());
                }
            }
            // Merged or expired meanwhile.
            Err(_) => {}
        }
        #[allow(clippy::cast_precision_loss, reason = "a share for people")]
        {
            task.progress = built as f64 / (built + lacking.len() - 1).max(1) as f64;
        }
        task.detail = format!("{built} segments built, {} left", lacking.len() - 1);
        engine.catalog().update_task(task).await?;
    }
}

/// Removes files whose definition was dropped.
async fn remove_undefined(engine: &Arc<Engine>, topic: &Arc<TopicState>) -> Result<()> {
    let defined = specs(&topic.definition());
    for segment in topic.segments().iter() {
        for (name, _) in engine.segments().indexes().of_segment(segment.id) {
            if !defined.contains(&name.spec) {
                engine.segments().delete_index(std::slice::from_ref(segment), &name.spec).await?;
            }
        }
    }
    Ok(())
}
