//! Segment files that nobody needs: those the catalog gave up, and orphans of a crash.
//!
//! A file goes only when no running query reads it. An orphan (a file the catalog does not know) goes only when its
//! records are certainly elsewhere; otherwise it stays and is reported, because the catalog may be the older of the two.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use strata_storage::segment::SegmentMeta;

use crate::Result;
use crate::engine::Engine;

/// Removes files that the catalog gave up and that no query reads.
pub(super) async fn collect(engine: &Arc<Engine>) -> Result<()> {
    let garbage = engine.catalog().garbage().await?;
    // A cached reader holds its segment too, and is no reason to keep the file.
    garbage.iter().for_each(|(location, _)| engine.segments().forget(location));
    let in_use = engine.topics().retired_in_use();
    let mut deleted = Vec::new();
    for (location, _since_us) in garbage {
        if !in_use.contains(&location) {
            engine.segments().delete(&location).await?;
            deleted.push(location);
        }
    }
    if !deleted.is_empty() {
        engine.catalog().garbage_deleted(&deleted).await?;
    }
    Ok(())
}

/// Removes what a crash while writing a segment, or before publishing it, left behind.
pub(super) async fn sweep_orphans(engine: &Arc<Engine>) -> Result<()> {
    let unfinished = engine.segments().remove_unfinished().await?;
    if unfinished > 0 {
        tracing::info!(unfinished, "removed segment files that a crash left unfinished");
    }
    let mut known: HashSet<String> = engine.catalog().garbage().await?.into_iter().map(|(location, _)| location).collect();
    let mut live: HashMap<_, Arc<Vec<Arc<SegmentMeta>>>> = HashMap::new();
    for topic in engine.topics().list() {
        let segments = topic.segments();
        known.extend(segments.iter().map(|segment| segment.location.clone()));
        live.insert(topic.id(), segments);
    }
    let known_ids: HashSet<_> = known.iter().filter_map(|location| strata_storage::segment::id_of_location(location)).collect();
    engine.segments().find_indexes(|segment| known_ids.contains(&segment)).await?;
    for (location, bytes) in engine.segments().locations().await? {
        if known.contains(&location) {
            continue;
        }
        let covered = match engine.segments().read_meta(&location, bytes).await {
            Ok(orphan) => engine.topics().by_id(orphan.topic).is_some_and(|topic| {
                let snapshot = topic.snapshot();
                orphan.first_offset >= snapshot.first_offset() && orphan.last_offset < snapshot.next_offset
            }),
            Err(error) => {
                tracing::warn!(location, %error, "segment file is not in the catalog and cannot be read; it is left alone");
                continue;
            }
        };
        if covered {
            tracing::info!(location, "removed a segment file that a crash left behind; its records are elsewhere");
            engine.segments().delete(&location).await?;
        } else {
            tracing::warn!(location, "segment file is not in the catalog; it is left alone (see: strata rebuild-catalog)");
        }
    }
    Ok(())
}
