//! Retention: whole segments leave in offset order, oldest first, by age since `_ingested_at` or by bytes.

use std::sync::Arc;

use strata_catalog::TopicOptions;
use strata_storage::Offset;
use strata_storage::segment::SegmentMeta;

use crate::Result;
use crate::engine::Engine;

/// One round over all topics.
pub(super) async fn expire(engine: &Arc<Engine>) -> Result<()> {
    let now_us = engine.clock().now_us();
    for topic in engine.topics().list() {
        let definition = topic.definition();
        let segments = topic.segments();
        let count = expired(&segments, &definition.options, now_us);
        if count > 0 {
            let ids: Vec<_> = segments[..count].iter().map(|segment| segment.id).collect();
            let first_offset: Offset = segments[count - 1].last_offset + 1;
            engine.catalog().expire_segments(topic.id(), &ids, first_offset).await?;
            topic.expire(&ids, first_offset);
            tracing::info!(topic = definition.name, segments = count, first_offset, "retention removed segments");
        }
        if let Some(retention_us) = definition.options.retention_us {
            let before_us = now_us.saturating_sub(retention_us);
            if engine.catalog().forget_producers(topic.id(), before_us).await? > 0 {
                topic.forget_producers(before_us);
            }
        }
    }
    Ok(())
}

/// How many segments from the front are past the topic's retention.
fn expired(segments: &[Arc<SegmentMeta>], options: &TopicOptions, now_us: i64) -> usize {
    let by_age = options.retention_us.map_or(0, |retention_us| {
        let before_us = now_us.saturating_sub(retention_us);
        segments.iter().take_while(|segment| segment.ingested_bounds_us.1 < before_us).count()
    });
    let by_bytes = options.retention_bytes.map_or(0, |bytes_max| {
        let mut bytes: u64 = segments.iter().map(|segment| segment.bytes).sum();
        let gone = segments.iter().take_while(|segment| {
            let over = bytes > bytes_max;
            bytes -= segment.bytes;
            over
        });
        gone.count()
    });
    by_age.max(by_bytes)
}
