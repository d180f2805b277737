//! Merging: small neighbours become one larger segment.
//!
//! Only neighbours in offset order are merged, so a segment is always one dense range. The work owed is bounded: a
//! segment is rewritten only together with at least its own size of others, so each record is rewritten at most
//! logarithmically often.

use std::sync::Arc;

use strata_catalog::Publication;
use strata_storage::segment::{MergeJob, SegmentMeta};

use crate::Result;
use crate::engine::Engine;
use crate::topics::TopicState;

/// Background merges wait for this many neighbours.
const NEIGHBOURS_MIN: usize = 8;
/// Segments in one merge, at most.
const NEIGHBOURS_MAX: usize = 64;

/// How eager to merge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Eagerness {
    /// When it pays.
    Background,
    /// Whenever two neighbours fit into one segment: `CALL sys.optimize`.
    All,
}

/// One round over all topics: at most one merge each.
pub(super) async fn merge_what_is_small(engine: &Arc<Engine>) -> Result<()> {
    for topic in engine.topics().list() {
        merge_once(engine, &topic, Eagerness::Background).await?;
    }
    Ok(())
}

/// Merges one run of neighbours of a topic; false if there is none.
pub(super) async fn merge_once(engine: &Arc<Engine>, topic: &Arc<TopicState>, eagerness: Eagerness) -> Result<bool> {
    let _one_at_a_time = engine.lifecycle().merging.lock().await;
    let segments = topic.segments();
    let Some(run) = pick(&segments, engine.config().merge_rows_max, eagerness) else { return Ok(false) };
    let sources: Vec<Arc<SegmentMeta>> = segments[run].to_vec();
    let definition = topic.definition();
    let job = MergeJob {
        segments: sources.clone(),
        schema: definition.columns.clone(),
        topic_definition: super::seal::definition_text(&definition)?,
        indexes: super::index::specs(&definition),
        writer: engine.writer(),
        created_at_us: engine.clock().now_us(),
    };
    engine.make_room(usize::try_from(sources.iter().map(|segment| segment.bytes).sum::<u64>() * 4).unwrap_or(0));
    let merged = engine.segments().merge(job).await?;
    let publication = Publication {
        topic: topic.id(),
        added: vec![merged.clone()],
        replaced: sources.iter().map(|segment| segment.id).collect(),
        producers: Vec::new(),
        next_offset: 0,
        now_us: engine.clock().now_us(),
    };
    engine.catalog().publish(std::slice::from_ref(&publication)).await?;
    topic.publish_merge(&publication.replaced, Arc::new(merged));
    Ok(true)
}

/// The first run of neighbours worth merging.
fn pick(segments: &[Arc<SegmentMeta>], rows_max: u64, eagerness: Eagerness) -> Option<std::ops::Range<usize>> {
    let mut start = 0;
    while start < segments.len() {
        let mut end = start;
        let mut rows = 0;
        while end < segments.len() && end - start < NEIGHBOURS_MAX && rows + segments[end].rows <= rows_max {
            rows += segments[end].rows;
            end += 1;
        }
        let largest = segments[start..end].iter().map(|segment| segment.rows).max().unwrap_or(0);
        let pays = match eagerness {
            Eagerness::All => end - start >= 2,
            Eagerness::Background => end - start >= NEIGHBOURS_MIN && largest * 2 <= rows,
        };
        if pays {
            return Some(start..end);
        }
        start += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use strata_storage::schema::TopicSchema;
    use strata_storage::segment::SegmentState;
    use strata_storage::{SegmentId, TopicId};

    use super::*;

    fn segments(rows: &[u64]) -> Vec<Arc<SegmentMeta>> {
        let mut next = 0;
        let meta = |&rows: &u64| {
            let first_offset = next;
            next += rows.cast_signed();
            Arc::new(SegmentMeta {
                id: SegmentId([0; 16]),
                topic: TopicId(1),
                state: SegmentState::Sealed,
                location: String::new(),
                bytes: 0,
                rows,
                first_offset,
                last_offset: next - 1,
                ts_bounds_us: None,
                ingested_bounds_us: (0, 0),
                created_at_us: 0,
                writer: String::new(),
                schema: TopicSchema { declared: Vec::new(), time_column: None, sort_by: Vec::new() },
                columns: Vec::new(),
                fields: Vec::new(),
                producers: Vec::new(),
                topic_definition: String::new(),
            })
        };
        rows.iter().map(meta).collect()
    }

    #[track_caller]
    fn check(rows: &[u64], background: Option<std::ops::Range<usize>>, all: Option<std::ops::Range<usize>>) {
        let segments = segments(rows);
        assert_eq!(pick(&segments, 1000, Eagerness::Background), background, "background");
        assert_eq!(pick(&segments, 1000, Eagerness::All), all, "all");
    }

    #[test]
    fn picks_neighbours_that_fit() {
        check(&[], None, None);
        check(&[1000, 1000], None, None);
        check(&[1000, 10, 10], None, Some(1..3));
        check(&[10; 8], Some(0..8), Some(0..8));
        check(&[900, 1, 1, 1, 1, 1, 1, 1, 1], Some(1..9), Some(0..9));
        check(&[900, 500, 400, 300], None, Some(1..3));
    }

    #[test]
    fn a_record_is_rewritten_logarithmically_often() {
        let mut rows: Vec<u64> = Vec::new();
        let (mut written, mut sealed) = (0, 0);
        for new in std::iter::repeat_n(1, 10_000) {
            rows.push(new);
            sealed += new;
            while let Some(run) = pick(&segments(&rows), 100_000, Eagerness::Background) {
                let merged: u64 = rows[run.clone()].iter().sum();
                written += merged;
                rows.splice(run, [merged]);
            }
        }
        assert!(written < sealed * 14, "{written} rows rewritten for {sealed}");
        assert!(rows.len() < 100, "{} segments left", rows.len());
    }
}
