//! A set of whole numbers kept as disjoint inclusive ranges: which sequence numbers of a producer are stored.
//!
//! A set and not a high-water mark, because a producer with several connections finishes its batches in any order.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Disjoint, non-adjacent, inclusive ranges in ascending order. As JSON: `[[first, last], ...]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<(u64, u64)>", into = "Vec<(u64, u64)>")]
pub struct RangeSet(BTreeMap<u64, u64>);

impl RangeSet {
    /// The set `first..=last`; empty if `last < first`.
    pub fn of(first: u64, last: u64) -> Self {
        let mut set = Self::default();
        set.insert(first, last);
        set
    }

    /// Adds `first..=last`; nothing if `last < first`. Logarithmic in the number of ranges.
    pub fn insert(&mut self, mut first: u64, mut last: u64) {
        if last < first {
            return;
        }
        if let Some((&f, &l)) = self.0.range(..=first).next_back()
            && l.saturating_add(1) >= first
        {
            first = f;
            last = last.max(l);
        }
        while let Some((&f, &l)) = self.0.range(first..).next() {
            if f > last.saturating_add(1) {
                break;
            }
            last = last.max(l);
            self.0.remove(&f);
        }
        self.0.insert(first, last);
    }

    /// Adds every number of `other`.
    pub fn merge(&mut self, other: &Self) {
        other.iter().for_each(|(first, last)| self.insert(first, last));
    }

    /// Takes every number of `other` out.
    pub fn remove(&mut self, other: &Self) {
        for (first, last) in other.iter() {
            while let Some((f, l)) = self.0.range(..=last).next_back().map(|(&f, &l)| (f, l)).filter(|&(_, l)| l >= first) {
                self.0.remove(&f);
                if l > last {
                    self.0.insert(last + 1, l);
                }
                if f < first {
                    self.0.insert(f, first - 1);
                    break;
                }
            }
        }
    }

    /// How many numbers are in the set, capped at `u64::MAX`.
    pub fn count(&self) -> u64 {
        self.iter().fold(0, |sum: u64, (first, last)| sum.saturating_add((last - first).saturating_add(1)))
    }

    /// Whether `n` is in the set.
    pub fn contains(&self, n: u64) -> bool {
        self.0.range(..=n).next_back().is_some_and(|(_, &last)| last >= n)
    }

    /// Whether all of `first..=last` is in the set.
    pub fn covers(&self, first: u64, last: u64) -> bool {
        self.0.range(..=first).next_back().is_some_and(|(_, &l)| l >= last)
    }

    /// Whether any of `first..=last` is in the set.
    pub fn overlaps(&self, first: u64, last: u64) -> bool {
        self.0.range(..=last).next_back().is_some_and(|(_, &l)| l >= first)
    }

    /// The numbers between the first and the last that are not in the set, as ranges.
    pub fn gaps(&self) -> Vec<(u64, u64)> {
        self.iter().zip(self.iter().skip(1)).map(|((_, last), (next, _))| (last + 1, next - 1)).collect()
    }

    /// The ranges, ascending.
    pub fn iter(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.0.iter().map(|(&first, &last)| (first, last))
    }

    /// How many ranges.
    pub fn range_count(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<Vec<(u64, u64)>> for RangeSet {
    fn from(ranges: Vec<(u64, u64)>) -> Self {
        let mut set = Self::default();
        ranges.into_iter().for_each(|(first, last)| set.insert(first, last));
        set
    }
}

impl From<RangeSet> for Vec<(u64, u64)> {
    fn from(set: RangeSet) -> Self {
        set.0.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn equals_a_plain_set(ranges in prop::collection::vec((0u64..60, 0u64..8, prop::bool::weighted(0.7)), 0..40)) {
            let (mut set, mut model) = (RangeSet::default(), BTreeSet::new());
            for (first, len, add) in ranges {
                if add {
                    set.insert(first, first + len);
                    model.extend(first..=first + len);
                } else {
                    set.remove(&RangeSet::of(first, first + len));
                    model.retain(|n| !(first..=first + len).contains(n));
                }
                prop_assert_eq!(set.count(), model.len() as u64);
                for n in 0..70 {
                    prop_assert_eq!(set.contains(n), model.contains(&n));
                    prop_assert_eq!(set.covers(n, n + 2), (n..=n + 2).all(|m| model.contains(&m)));
                    prop_assert_eq!(set.overlaps(n, n + 2), (n..=n + 2).any(|m| model.contains(&m)));
                }
            }
            let ranges: Vec<_> = set.iter().collect();
            prop_assert!(ranges.windows(2).all(|w| w[0].1 + 1 < w[1].0));
        }
    }

    #[test]
    fn the_ends_of_the_number_line_fit() {
        let mut set = RangeSet::of(u64::MAX, u64::MAX);
        set.insert(0, 0);
        set.insert(1, u64::MAX - 1);
        assert_eq!(set.iter().collect::<Vec<_>>(), [(0, u64::MAX)]);
    }
}
