//! Which sequence numbers of which producers a topic holds.
//!
//! Three places, one answer: the catalog (published), the log (durable, not published) and the log's queue (pending).
//! A number is *settled* when it is in one of the first two. A batch that meets pending numbers waits for them, because
//! a duplicate may only be reported when the original is durable.

use std::collections::HashMap;
use std::sync::Arc;

use strata_storage::RangeSet;

/// A producer's settled sequence numbers.
#[derive(Debug, Clone, Default)]
pub struct SettledProducer {
    /// Sequence numbers that are durable.
    pub numbers: RangeSet,
    /// When it was last heard of, microseconds.
    pub last_seen_us: i64,
}

/// What a claim on sequence numbers meets.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Overlap {
    /// Some are on their way into the log; wait and ask again.
    Pending,
    /// Nothing is on its way; these are settled already.
    Settled(RangeSet),
}

/// All producers of one topic.
#[derive(Debug, Default)]
pub(super) struct Producers {
    settled: HashMap<Arc<str>, SettledProducer>,
    pending: HashMap<Arc<str>, RangeSet>,
}

impl Producers {
    /// What `first..=last` of `producer` meets.
    pub fn overlap(&self, producer: &str, first: u64, last: u64) -> Overlap {
        if self.pending.get(producer).is_some_and(|numbers| numbers.overlaps(first, last)) {
            return Overlap::Pending;
        }
        let mut met = RangeSet::default();
        if let Some(settled) = self.settled.get(producer) {
            settled.numbers.iter().for_each(|(f, l)| met.insert(f.max(first), l.min(last)));
        }
        Overlap::Settled(met)
    }

    /// Notes that `numbers` are on their way into the log.
    pub fn begin(&mut self, producer: &Arc<str>, numbers: &RangeSet) {
        self.pending.entry(producer.clone()).or_default().merge(numbers);
    }

    /// Notes that `numbers` did not get into the log.
    pub fn abandon(&mut self, producer: &str, numbers: &RangeSet) {
        if let Some(pending) = self.pending.get_mut(producer) {
            pending.remove(numbers);
            if pending.is_empty() {
                self.pending.remove(producer);
            }
        }
    }

    /// Notes that `numbers` are durable.
    pub fn settle(&mut self, producer: &Arc<str>, numbers: &RangeSet, now_us: i64) {
        self.abandon(producer, numbers);
        let settled = self.settled.entry(producer.clone()).or_default();
        settled.numbers.merge(numbers);
        settled.last_seen_us = settled.last_seen_us.max(now_us);
    }

    /// All of them.
    pub fn settled(&self) -> impl Iterator<Item = (&Arc<str>, &SettledProducer)> {
        self.settled.iter()
    }

    /// Forgets those not heard of since `before_us`.
    pub fn forget(&mut self, before_us: i64) {
        self.settled.retain(|_, producer| producer.last_seen_us >= before_us);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_pending_then_settled_then_reported() {
        let mut producers = Producers::default();
        let name: Arc<str> = "p".into();
        assert_eq!(producers.overlap("p", 1, 10), Overlap::Settled(RangeSet::default()));
        producers.begin(&name, &RangeSet::of(1, 10));
        assert_eq!(producers.overlap("p", 10, 12), Overlap::Pending);
        producers.settle(&name, &RangeSet::of(1, 10), 5);
        assert_eq!(producers.overlap("p", 8, 12), Overlap::Settled(RangeSet::of(8, 10)));
        assert_eq!(producers.overlap("q", 8, 12), Overlap::Settled(RangeSet::default()));
    }

    #[test]
    fn abandoned_numbers_are_free_again() {
        let mut producers = Producers::default();
        let name: Arc<str> = "p".into();
        producers.begin(&name, &RangeSet::of(1, 10));
        producers.begin(&name, &RangeSet::of(11, 20));
        producers.abandon("p", &RangeSet::of(1, 10));
        assert_eq!(producers.overlap("p", 1, 10), Overlap::Settled(RangeSet::default()));
        assert_eq!(producers.overlap("p", 11, 11), Overlap::Pending);
    }
}
