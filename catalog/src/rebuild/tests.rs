//! Listings with leftovers of every kind.

use std::collections::BTreeSet;

use proptest::prelude::*;
use strata_storage::segment::{SegmentMeta, SegmentState};
use strata_storage::{Offset, RangeSet, TopicId};

use super::{choose, from_segments};
use crate::conformance::samples;
use crate::{Catalog, SqliteCatalog, Topic};

fn topic(id: u64, name: &str, first_offset: Offset, next_offset: Offset) -> Topic {
    let new = samples::topic("logs", name);
    Topic {
        id: TopicId(id),
        schema: new.schema,
        name: new.name,
        columns: new.columns,
        next_column_id: 3,
        options: new.options,
        indexes: Vec::new(),
        first_offset,
        next_offset,
        created_at_us: 1,
    }
}

fn segment(topic: &Topic, number: u64, first: Offset, last: Offset, state: SegmentState) -> SegmentMeta {
    let definition = serde_json::to_string(topic).unwrap();
    SegmentMeta { state, topic_definition: definition, ..samples::segment(topic.id, number, first, last) }
}

fn ranges(segments: &[SegmentMeta]) -> Vec<(Offset, Offset)> {
    segments.iter().map(|segment| (segment.first_offset, segment.last_offset)).collect()
}

#[test]
fn a_merged_segment_takes_the_place_of_its_sources() {
    use SegmentState::{Merged, Sealed};
    let t = topic(20_000, "t", 0, 0);
    let listing = vec![
        segment(&t, 1, 0, 9, Sealed),
        segment(&t, 2, 10, 19, Sealed),
        segment(&t, 3, 20, 29, Sealed),
        segment(&t, 4, 0, 19, Merged),
        // Of a merge that lost the race: it overlaps the one that won.
        segment(&t, 5, 10, 24, Merged),
        // Of equal ranges the merged one stays.
        segment(&t, 6, 20, 29, Merged),
    ];
    let rebuilt = from_segments(listing.clone()).unwrap();
    assert_eq!(ranges(&rebuilt.segments), [(0, 19), (20, 29)]);
    assert_eq!(rebuilt.segments[1].id, listing[5].id);
    assert_eq!(rebuilt.garbage.len(), 4);
    assert_eq!((rebuilt.topics[0].first_offset, rebuilt.topics[0].next_offset), (0, 30));
    assert!(rebuilt.notes.is_empty());
}

#[test]
fn the_newest_definition_counts_and_what_was_truncated_stays_away() {
    let old = topic(20_000, "t", 0, 0);
    let new = Topic { name: "renamed".to_owned(), ..topic(20_000, "t", 15, 40) };
    let listing = vec![
        segment(&old, 1, 0, 9, SegmentState::Sealed),
        segment(&old, 2, 10, 19, SegmentState::Sealed),
        segment(&new, 3, 20, 29, SegmentState::Sealed),
    ];
    let rebuilt = from_segments(listing).unwrap();
    assert_eq!(rebuilt.topics[0].name, "renamed");
    assert_eq!(ranges(&rebuilt.segments), [(10, 19), (20, 29)]);
    assert_eq!((rebuilt.topics[0].first_offset, rebuilt.topics[0].next_offset), (15, 40));
}

#[test]
fn missing_offsets_and_taken_names_are_told() {
    let (dropped, kept) = (topic(20_000, "t", 0, 0), topic(20_010, "t", 0, 0));
    let listing = vec![
        segment(&dropped, 1, 0, 9, SegmentState::Sealed),
        segment(&kept, 2, 0, 9, SegmentState::Sealed),
        segment(&kept, 3, 15, 19, SegmentState::Sealed),
    ];
    let rebuilt = from_segments(listing).unwrap();
    let names: Vec<_> = rebuilt.topics.iter().map(|topic| topic.name.as_str()).collect();
    assert_eq!(names, ["t_20000", "t"]);
    assert_eq!(rebuilt.notes.len(), 2);
    assert!(rebuilt.notes[0].contains("10 to 14"), "{:?}", rebuilt.notes);
}

#[test]
fn a_definition_that_cannot_be_read_is_an_error() {
    let t = topic(20_000, "t", 0, 0);
    let mut bad = segment(&t, 1, 0, 9, SegmentState::Sealed);
    bad.topic_definition = "{".to_owned();
    assert!(from_segments(vec![bad]).is_err());
    let mut other = segment(&t, 1, 0, 9, SegmentState::Sealed);
    other.topic = TopicId(7);
    assert!(from_segments(vec![other]).is_err());
}

#[tokio::test]
async fn a_lost_catalog_comes_back() {
    let lost = SqliteCatalog::in_memory().unwrap();
    lost.create_schema("app").await.unwrap();
    let topic = lost.create_topic(samples::topic("app", "t")).await.unwrap();
    let producers = vec![("q".to_owned(), RangeSet::of(5, 6))];
    let listing: Vec<_> = [(1, 0, 9), (2, 10, 19)]
        .map(|(number, first, last)| SegmentMeta {
            producers: producers.clone(),
            ..segment(&topic, number, first, last, SegmentState::Sealed)
        })
        .into();
    let found = SqliteCatalog::in_memory().unwrap();
    found.restore(&from_segments(listing.clone()).unwrap()).await.unwrap();
    assert_eq!(found.topics().await.unwrap(), [Topic { next_offset: 20, ..topic }]);
    assert_eq!(found.segments().await.unwrap(), listing);
    assert_eq!(found.producers().await.unwrap()[0].ranges, RangeSet::of(5, 6));
    assert_eq!(found.schemas().await.unwrap().len(), 3);
}

proptest! {
    /// Against all subsets.
    #[test]
    fn the_choice_covers_the_most_offsets_with_the_fewest_segments(spans in prop::collection::vec((0i64..12, 0i64..6), 1..9)) {
        let t = topic(20_000, "t", 0, 0);
        let all: Vec<_> = (1..).zip(&spans)
            .map(|(number, &(first, len))| segment(&t, number, first, first + len, SegmentState::Sealed))
            .collect();
        let mut best = (0, std::cmp::Reverse(0));
        for subset in 0u32..1 << all.len() {
            let chosen: Vec<_> = (0..all.len()).filter(|&i| subset & (1 << i) != 0).map(|i| &all[i]).collect();
            let covered: BTreeSet<_> = chosen.iter().flat_map(|s| s.first_offset..=s.last_offset).collect();
            if covered.len() as u64 == chosen.iter().map(|s| s.rows).sum::<u64>() {
                best = best.max((covered.len(), std::cmp::Reverse(chosen.len())));
            }
        }
        let (live, rest) = choose(all.clone());
        prop_assert_eq!(live.len() + rest.len(), all.len());
        prop_assert!(live.windows(2).all(|pair| pair[0].last_offset < pair[1].first_offset));
        let covered: u64 = live.iter().map(|s| s.rows).sum();
        prop_assert_eq!((covered as usize, std::cmp::Reverse(live.len())), best);
    }
}
