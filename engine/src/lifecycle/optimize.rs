//! `CALL sys.optimize`: seal, merge, index and clean up one topic, and return when it is done.

use std::sync::Arc;

use strata_catalog::TaskState;

use super::index::{self, Wanted};
use super::merge::Eagerness;
use super::{garbage, merge, seal};
use crate::Result;
use crate::engine::Engine;
use crate::topics::TopicState;

/// Seals all that is visible now, merges all that can be merged, builds the indexes that are missing, removes what became
/// garbage. A row of `sys.tasks`
/// shows the progress. Safe to repeat; what was done stays done when it is stopped half-way.
///
/// # Errors
/// Those of sealing and merging; the task's row keeps the text.
pub(crate) async fn optimize(engine: &Arc<Engine>, topic: &Arc<TopicState>) -> Result<()> {
    let definition = topic.definition();
    let target = format!("{}.{}", definition.schema, definition.name);
    let mut task = engine.catalog().create_task("optimize", &target, "sealing", engine.clock().now_us()).await?;
    task.state = TaskState::Running;
    task.started_at_us = Some(engine.clock().now_us());
    engine.catalog().update_task(&task).await?;
    let result = run(engine, topic).await;
    task.finished_at_us = Some(engine.clock().now_us());
    match &result {
        Ok(merges) => {
            task.state = TaskState::Done;
            task.progress = 1.0;
            task.detail = format!("{merges} merges, {} segments", topic.segments().len());
        }
        Err(error) => {
            task.state = TaskState::Failed;
            task.error = Some(error.to_string());
        }
    }
    engine.catalog().update_task(&task).await?;
    result.map(|_| ())
}

async fn run(engine: &Arc<Engine>, topic: &Arc<TopicState>) -> Result<u64> {
    let until = topic.snapshot().next_offset;
    seal_until(engine, topic, until).await?;
    let mut merges = 0;
    while merge::merge_once(engine, topic, Eagerness::All).await? {
        merges += 1;
    }
    index::build_missing(engine, topic, Wanted::All).await?;
    garbage::collect(engine).await?;
    super::trim::trim_all(engine).await;
    Ok(merges)
}

/// Returns when every offset below `until` lies in a segment.
async fn seal_until(engine: &Arc<Engine>, topic: &Arc<TopicState>, until: strata_storage::Offset) -> Result<()> {
    loop {
        let changed = topic.changed();
        tokio::pin!(changed);
        changed.as_mut().enable();
        if topic.is_published(until) {
            return Ok(());
        }
        match topic.claim(engine.config().seal_rows) {
            Some(claim) => seal::seal(engine, vec![(topic.clone(), claim)]).await?,
            // Somebody else seals the rest, or the topic was dropped.
            None if engine.topics().by_id(topic.id()).is_none() => return Ok(()),
            None => changed.await,
        }
    }
}

/// Seals what a stop should not leave to replay: everything if that is little work, else the large buffers.
pub(crate) async fn seal_for_stop(engine: &Arc<Engine>) -> Result<()> {
    const TOPICS_MAX: usize = 256;
    let mut topics: Vec<_> = engine.topics().list().into_iter().filter(|topic| topic.oldest_position().is_some()).collect();
    if topics.len() > TOPICS_MAX {
        topics.retain(|topic| topic.buffered().0 >= engine.config().seal_age_rows_min);
    }
    for topic in topics {
        let until = topic.snapshot().next_offset;
        seal_until(engine, &topic, until).await?;
    }
    Ok(())
}
