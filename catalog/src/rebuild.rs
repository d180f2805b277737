//! What a listing of segments says about the catalog that was lost.
//!
//! A segment's footer carries its topic's definition and its producers, so topics, indexes, segments, producers and
//! offsets come back. Views, comments, settings, tasks and empty topics do not: they were in the catalog alone.
//!
//! The listing may hold more than was live: sources of a merge, merges that were not published, segments that waited to
//! be deleted. Of segments that overlap, the disjoint choice that covers the most offsets wins, and among equals the one
//! with the fewest segments, which is the merged one. Nothing is dropped in silence: see [`Rebuilt::notes`].

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use strata_storage::segment::{SegmentMeta, SegmentState};
use strata_storage::{Offset, RangeSet, TopicId};

use crate::{CatalogError, Producer, Result, Topic};

/// The contents of a catalog, as far as segments tell.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rebuilt {
    /// Topics by id, offsets and indexes included.
    pub topics: Vec<Topic>,
    /// Live segments by topic and first offset; no two of a topic overlap.
    pub segments: Vec<SegmentMeta>,
    /// Producers by topic and name.
    pub producers: Vec<Producer>,
    /// Locations of segments that others cover or that were truncated away.
    pub garbage: Vec<String>,
    /// Sentences about what a person should know: missing offsets, names that were taken.
    pub notes: Vec<String>,
}

/// Works out the catalog's contents from all segments of a store, in any order.
///
/// # Errors
/// [`CatalogError::Corrupt`] if a segment's copy of its topic's definition cannot be read.
pub fn from_segments(segments: Vec<SegmentMeta>) -> Result<Rebuilt> {
    let mut by_topic: BTreeMap<TopicId, Vec<SegmentMeta>> = BTreeMap::new();
    for segment in segments {
        by_topic.entry(segment.topic).or_default().push(segment);
    }
    let mut rebuilt = Rebuilt::default();
    for (id, segments) in by_topic {
        add_topic(&mut rebuilt, id, segments)?;
    }
    settle_names(&mut rebuilt);
    Ok(rebuilt)
}

fn add_topic(rebuilt: &mut Rebuilt, id: TopicId, segments: Vec<SegmentMeta>) -> Result<()> {
    let Some((mut topic, truncated_below)) = definition(id, &segments)? else { return Ok(()) };
    rebuilt.producers.extend(producers(id, &segments));
    topic.next_offset = segments.iter().map(|segment| segment.last_offset + 1).fold(topic.next_offset, Offset::max);
    let (candidates, truncated): (Vec<_>, Vec<_>) =
        segments.into_iter().partition(|segment| segment.last_offset >= truncated_below);
    rebuilt.garbage.extend(truncated.into_iter().map(|segment| segment.location));
    let (live, covered) = choose(candidates);
    rebuilt.garbage.extend(covered.into_iter().map(|segment| segment.location));
    topic.first_offset = live.first().map_or(topic.next_offset, |first| first.first_offset.max(truncated_below));
    let mut expected = topic.first_offset;
    for segment in &live {
        if segment.first_offset > expected {
            rebuilt.notes.push(format!(
                "topic {}.{} lacks the offsets {expected} to {}: no segment holds them",
                topic.schema,
                topic.name,
                segment.first_offset - 1
            ));
        }
        expected = segment.last_offset + 1;
    }
    rebuilt.segments.extend(live);
    rebuilt.topics.push(topic);
    Ok(())
}

/// The newest definition, and the highest first offset that any of them knew.
fn definition(id: TopicId, segments: &[SegmentMeta]) -> Result<Option<(Topic, Offset)>> {
    let mut newest: Option<((i64, Offset), Topic)> = None;
    let mut truncated_below = 0;
    for segment in segments {
        let topic: Topic = serde_json::from_str(&segment.topic_definition).map_err(|error| CatalogError::Corrupt {
            reason: format!("the topic's definition in segment {}: {error}", segment.location),
        })?;
        if topic.id != id {
            let reason = format!("segment {} of topic {id} carries the definition of topic {}", segment.location, topic.id);
            return Err(CatalogError::Corrupt { reason });
        }
        truncated_below = truncated_below.max(topic.first_offset);
        let age = (segment.created_at_us, segment.last_offset);
        if newest.as_ref().is_none_or(|(newest, _)| *newest < age) {
            newest = Some((age, topic));
        }
    }
    Ok(newest.map(|(_, topic)| (topic, truncated_below)))
}

fn producers(topic: TopicId, segments: &[SegmentMeta]) -> Vec<Producer> {
    let mut found: BTreeMap<&str, (RangeSet, i64)> = BTreeMap::new();
    for segment in segments {
        for (producer, ranges) in &segment.producers {
            let (settled, last_seen_us) = found.entry(producer).or_default();
            settled.merge(ranges);
            *last_seen_us = (*last_seen_us).max(segment.created_at_us);
        }
    }
    let named =
        |(producer, (ranges, last_seen_us)): (&str, _)| Producer { topic, producer: producer.to_owned(), ranges, last_seen_us };
    found.into_iter().map(named).collect()
}

/// Splits into disjoint segments in offset order that cover the most offsets, and the rest. Weighted interval scheduling
/// over (offsets covered, fewest segments), O(n log n).
fn choose(mut segments: Vec<SegmentMeta>) -> (Vec<SegmentMeta>, Vec<SegmentMeta>) {
    // Of equal ranges the last one seen loses, so the one to keep comes first.
    segments.sort_by_key(|s| (s.last_offset, s.first_offset, s.state != SegmentState::Merged, Reverse(s.created_at_us), s.id));
    let mut best: Vec<((Offset, Reverse<usize>), bool)> = Vec::with_capacity(segments.len());
    let before = |i: usize| segments[..i].partition_point(|other| other.last_offset < segments[i].first_offset);
    for (i, segment) in segments.iter().enumerate() {
        let (covered, Reverse(count)) = before(i).checked_sub(1).map_or((0, Reverse(0)), |last| best[last].0);
        let taken = (covered + segment.last_offset - segment.first_offset + 1, Reverse(count + 1));
        let left = i.checked_sub(1).map_or((0, Reverse(0)), |last| best[last].0);
        best.push((taken.max(left), taken > left));
    }
    let mut keep = vec![false; segments.len()];
    let mut end = segments.len();
    while end > 0 {
        if best[end - 1].1 {
            keep[end - 1] = true;
            end = before(end - 1);
        } else {
            end -= 1;
        }
    }
    let mut keep = keep.into_iter();
    segments.into_iter().partition(|_| keep.next() == Some(true))
}

/// A topic that was dropped and created again may still have files under both ids: the newer one keeps the name.
fn settle_names(rebuilt: &mut Rebuilt) {
    let mut taken = BTreeSet::new();
    for topic in rebuilt.topics.iter_mut().rev() {
        let oid = topic.oid();
        for index in &mut topic.indexes {
            if !taken.insert((topic.schema.clone(), index.name.clone())) {
                index.name = format!("{}_{}", index.name, index.oid);
            }
        }
        if !taken.insert((topic.schema.clone(), topic.name.clone())) {
            let name = format!("{}_{oid}", topic.name);
            rebuilt.notes.push(format!(
                "two topics were named {}.{}; the older one is now {name}, drop it if it was dropped before",
                topic.schema, topic.name
            ));
            taken.insert((topic.schema.clone(), name.clone()));
            topic.name = name;
        }
    }
}

#[cfg(test)]
mod tests;
