//! Publishing, retention, truncation and dropping against a slow, obvious model, in random orders.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use strata_storage::segment::SegmentMeta;
use strata_storage::{Offset, RangeSet, TopicId};

use super::{Opener, samples};
use crate::{Catalog, CatalogError, Publication};

/// Random histories that are tried.
const CASES: u32 = 24;
/// Topics in a history; more are created as they are dropped.
const TOPICS: usize = 2;

pub(super) async fn check(fresh: &dyn Fn() -> Opener) {
    overlaps_are_refused(&fresh()).await;
    a_failure_undoes_every_topic(&fresh()).await;
    let mut runner = TestRunner::new(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(CASES) });
    let histories = prop::collection::vec(step(), 1..25);
    for _ in 0..CASES {
        let mut history = histories.new_tree(&mut runner).expect("a strategy").current();
        // The last steps are always the ones that collect what is left.
        history.push(Step::CollectGarbage);
        replay(&fresh(), &history).await;
    }
}

fn publication(topic: TopicId, added: Vec<SegmentMeta>) -> Publication {
    let next_offset = added.iter().map(|segment| segment.last_offset + 1).max().unwrap_or(0);
    Publication { topic, added, replaced: Vec::new(), producers: Vec::new(), next_offset, now_us: 1 }
}

async fn overlaps_are_refused(open: &Opener) {
    let topic = open().create_topic(samples::topic("logs", "t")).await.expect("topic").id;
    let live = samples::segment(topic, 1, 10, 19);
    open().publish(&[publication(topic, vec![live.clone()])]).await.expect("publish");
    open().publish(&[publication(topic, vec![live.clone()])]).await.expect("the same again is no overlap");
    for (first, last) in [(0, 10), (19, 30), (12, 13), (0, 30), (10, 19)] {
        let result = open().publish(&[publication(topic, vec![samples::segment(topic, 2, first, last)])]).await;
        assert!(matches!(result, Err(CatalogError::Overlap { .. })), "{first} to {last}");
    }
    let neighbours = vec![samples::segment(topic, 3, 0, 9), samples::segment(topic, 4, 20, 30)];
    open().publish(&[publication(topic, neighbours)]).await.expect("neighbours do not overlap");
    assert_eq!(open().segments().await.expect("segments").len(), 3);
}

async fn a_failure_undoes_every_topic(open: &Opener) {
    let a = open().create_topic(samples::topic("logs", "a")).await.expect("topic").id;
    let b = open().create_topic(samples::topic("logs", "b")).await.expect("topic").id;
    open().publish(&[publication(b, vec![samples::segment(b, 1, 0, 9)])]).await.expect("publish");
    let both = [publication(a, vec![samples::segment(a, 2, 0, 9)]), publication(b, vec![samples::segment(b, 3, 5, 9)])];
    assert!(open().publish(&both).await.is_err());
    assert_eq!(open().segments().await.expect("segments").len(), 1);
    assert_eq!(open().topics().await.expect("topics")[0].next_offset, 0);
}

/// One thing that happens. Numbers pick among what is there.
#[derive(Debug, Clone)]
enum Step {
    /// New segments of these lengths at the end, with sequence numbers of a producer.
    Seal {
        topic: usize,
        lengths: Vec<i64>,
        producer: u8,
        first: u64,
        len: u64,
    },
    /// Neighbours become one; `stale` names a segment that is gone among the replaced ones.
    Merge {
        topic: usize,
        from: usize,
        count: usize,
        stale: bool,
    },
    Expire {
        topic: usize,
        count: usize,
    },
    Truncate {
        topic: usize,
    },
    Drop {
        topic: usize,
    },
    ForgetProducers {
        topic: usize,
        before_us: i64,
    },
    CollectGarbage,
    /// A publication for a topic that was dropped.
    TooLate,
}

fn step() -> impl Strategy<Value = Step> {
    let topic = 0..TOPICS;
    prop_oneof![
        6 => (topic.clone(), prop::collection::vec(1i64..20, 0..4), 0u8..3, 0u64..40, 0u64..9)
            .prop_map(|(topic, lengths, producer, first, len)| Step::Seal { topic, lengths, producer, first, len }),
        4 => (topic.clone(), 0usize..5, 1usize..4, prop::bool::weighted(0.2))
            .prop_map(|(topic, from, count, stale)| Step::Merge { topic, from, count, stale }),
        2 => (topic.clone(), 1usize..3).prop_map(|(topic, count)| Step::Expire { topic, count }),
        1 => topic.clone().prop_map(|topic| Step::Truncate { topic }),
        1 => topic.clone().prop_map(|topic| Step::Drop { topic }),
        1 => (topic, 0i64..30).prop_map(|(topic, before_us)| Step::ForgetProducers { topic, before_us }),
        1 => Just(Step::CollectGarbage),
        1 => Just(Step::TooLate),
    ]
}

#[derive(Debug, Default, Clone)]
struct ModelTopic {
    segments: Vec<SegmentMeta>,
    first_offset: Offset,
    next_offset: Offset,
    producers: BTreeMap<String, (BTreeSet<u64>, i64)>,
}

#[derive(Debug, Default)]
struct Model {
    topics: BTreeMap<TopicId, ModelTopic>,
    garbage: BTreeSet<String>,
    /// Topics by the number that steps use.
    slots: Vec<TopicId>,
    dropped: Vec<TopicId>,
    numbers: u64,
    now_us: i64,
}

async fn replay(open: &Opener, history: &[Step]) {
    let mut model = Model::default();
    for slot in 0..TOPICS {
        create(open, &mut model, slot).await;
    }
    for step in history {
        model.now_us += 1;
        apply(open, &mut model, step).await;
        compare(&*open(), &model, step).await;
    }
}

async fn create(open: &Opener, model: &mut Model, slot: usize) {
    let id = open().create_topic(samples::topic("logs", &format!("t{slot}"))).await.expect("topic").id;
    assert!(model.topics.insert(id, ModelTopic::default()).is_none());
    if slot < model.slots.len() {
        model.slots[slot] = id;
    } else {
        model.slots.push(id);
    }
}

async fn apply(open: &Opener, model: &mut Model, step: &Step) {
    match step {
        Step::Seal { topic, lengths, producer, first, len } => {
            let (id, now_us) = (model.slots[*topic], model.now_us);
            let state = model.topics.get_mut(&id).expect("a topic of the model");
            let mut added = Vec::new();
            for length in lengths {
                model.numbers += 1;
                let first = state.next_offset;
                added.push(samples::segment(id, model.numbers, first, first + length - 1));
                state.next_offset += length;
            }
            let name = format!("p{producer}");
            let known = state.producers.entry(name.clone()).or_default();
            known.0.extend(*first..=first + len);
            known.1 = known.1.max(now_us);
            state.segments.extend(added.clone());
            let producers = vec![(name, RangeSet::of(*first, first + len), now_us)];
            let next_offset = state.next_offset;
            let publication = Publication { topic: id, added, replaced: Vec::new(), producers, next_offset, now_us };
            open().publish(&[publication]).await.expect("publish");
        }
        Step::Merge { topic, from, count, stale } => merge(open, model, *topic, *from, *count, *stale).await,
        Step::Expire { topic, count } => {
            let id = model.slots[*topic];
            let state = model.topics.get_mut(&id).expect("a topic of the model");
            let expired: Vec<_> = state.segments.drain(..(*count).min(state.segments.len())).collect();
            let Some(last) = expired.last() else { return };
            state.first_offset = last.last_offset + 1;
            model.garbage.extend(expired.iter().map(|segment| segment.location.clone()));
            let ids: Vec<_> = expired.iter().map(|segment| segment.id).collect();
            open().expire_segments(id, &ids, state.first_offset).await.expect("expire");
            let again = open().expire_segments(id, &ids, state.next_offset).await;
            assert!(matches!(again, Err(CatalogError::NotFound { what: "segment", .. })));
        }
        Step::Truncate { topic } => {
            let id = model.slots[*topic];
            let state = model.topics.get_mut(&id).expect("a topic of the model");
            // Records that are in the log and not published yet are truncated too.
            state.next_offset += 3;
            state.first_offset = state.next_offset;
            model.garbage.extend(state.segments.drain(..).map(|segment| segment.location));
            open().truncate_topic(id, state.first_offset).await.expect("truncate");
            model.numbers += 1;
            let late = samples::segment(id, model.numbers, state.first_offset - 2, state.first_offset - 1);
            model.garbage.insert(late.location.clone());
            open().publish(&[publication(id, vec![late])]).await.expect("publish");
        }
        Step::Drop { topic } => {
            let id = model.slots[*topic];
            let state = model.topics.remove(&id).expect("a topic of the model");
            model.garbage.extend(state.segments.into_iter().map(|segment| segment.location));
            open().drop_topic(id).await.expect("drop");
            model.dropped.push(id);
            create(open, model, *topic).await;
        }
        Step::ForgetProducers { topic, before_us } => {
            let id = model.slots[*topic];
            let state = model.topics.get_mut(&id).expect("a topic of the model");
            let before = state.producers.len();
            state.producers.retain(|_, (_, last_seen_us)| *last_seen_us >= *before_us);
            let forgotten = open().forget_producers(id, *before_us).await.expect("forget");
            assert_eq!(forgotten, (before - state.producers.len()) as u64);
        }
        Step::CollectGarbage => {
            let found = open().garbage().await.expect("garbage");
            let locations: Vec<String> = found.into_iter().map(|(location, _)| location).collect();
            open().garbage_deleted(&locations).await.expect("deleted");
            model.garbage.clear();
        }
        Step::TooLate => {
            let Some(&id) = model.dropped.last() else { return };
            model.numbers += 1;
            let late = samples::segment(id, model.numbers, 0, 9);
            model.garbage.insert(late.location.clone());
            let mut publication = publication(id, vec![late]);
            publication.producers.push(("p0".to_owned(), RangeSet::of(1, 1), 1));
            open().publish(&[publication]).await.expect("publish");
        }
    }
}

async fn merge(open: &Opener, model: &mut Model, topic: usize, from: usize, count: usize, stale: bool) {
    let (id, now_us) = (model.slots[topic], model.now_us);
    let state = model.topics.get_mut(&id).expect("a topic of the model");
    let from = from.min(state.segments.len());
    let until = (from + count).min(state.segments.len());
    if from == until {
        return;
    }
    model.numbers += 1;
    let sources = &state.segments[from..until];
    let merged = samples::segment(id, model.numbers, sources[0].first_offset, sources[sources.len() - 1].last_offset);
    let mut replaced: Vec<_> = sources.iter().map(|segment| segment.id).collect();
    if stale {
        replaced.push(samples::segment(id, u64::MAX, 0, 0).id);
        model.garbage.insert(merged.location.clone());
    } else {
        let sources: Vec<_> = state.segments.splice(from..until, [merged.clone()]).collect();
        model.garbage.extend(sources.into_iter().map(|segment| segment.location));
    }
    let publication = Publication { topic: id, added: vec![merged], replaced, producers: Vec::new(), next_offset: 0, now_us };
    open().publish(&[publication]).await.expect("publish");
}

async fn compare(catalog: &dyn Catalog, model: &Model, step: &Step) {
    let expected: Vec<_> = model.topics.values().flat_map(|topic| topic.segments.iter().cloned()).collect();
    assert_eq!(catalog.segments().await.expect("segments"), expected, "after {step:?}");
    for topic in catalog.topics().await.expect("topics") {
        let state = &model.topics[&topic.id];
        assert_eq!((topic.first_offset, topic.next_offset), (state.first_offset, state.next_offset), "after {step:?}");
    }
    let garbage: BTreeSet<String> = catalog.garbage().await.expect("garbage").into_iter().map(|(location, _)| location).collect();
    assert_eq!(garbage, model.garbage, "after {step:?}");
    let mut expected = Vec::new();
    for (&topic, state) in &model.topics {
        expected.extend(state.producers.iter().map(|(name, (numbers, seen))| (topic, name.clone(), numbers.clone(), *seen)));
    }
    let producers = catalog.producers().await.expect("producers").into_iter();
    let found: Vec<_> = producers
        .map(|p| (p.topic, p.producer, p.ranges.iter().flat_map(|(first, last)| first..=last).collect(), p.last_seen_us))
        .collect();
    assert_eq!(found, expected, "after {step:?}");
}
