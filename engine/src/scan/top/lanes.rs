//! The best of many values, compared lane by lane with the worst that is kept.
//!
//! Most lanes of a long column hold nothing good enough; the extremes of one cost two comparisons a value and no branch.
//!
//! **Invariant:** a lane is left out only if none of its values outranks the worst kept.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use arrow::buffer::NullBuffer;

use super::super::plan::ScanOrder;

const LANE_VALUES: usize = 64;

/// Rank and position of the `wanted` best of `numbers` that rank above `threshold`, in no order.
pub(super) fn best(
    order: ScanOrder,
    wanted: usize,
    numbers: &[i64],
    nulls: Option<&NullBuffer>,
    threshold: Option<i128>,
) -> Vec<(i128, usize)> {
    let mut best: BinaryHeap<Reverse<(i128, usize)>> = BinaryHeap::new();
    let mut least = threshold;
    let mut add = |at: usize, least: &mut Option<i128>| {
        let rank = order.rank(nulls.is_none_or(|nulls| nulls.is_valid(at)).then(|| numbers[at]));
        if least.is_some_and(|least| rank <= least) {
            return;
        }
        best.push(Reverse((rank, at)));
        if best.len() > wanted {
            best.pop();
        }
        if best.len() == wanted {
            *least = best.peek().map(|Reverse((rank, _))| *rank);
        }
    };
    let lanes = numbers.len().div_ceil(LANE_VALUES);
    for lane in 0..lanes {
        // Where rows are sorted, the best come first this way.
        let lane = if order.descending { lanes - 1 - lane } else { lane };
        let rows = lane * LANE_VALUES..((lane + 1) * LANE_VALUES).min(numbers.len());
        if least.is_some_and(|least| upper_bound(order, &numbers[rows.clone()], nulls.is_some()) <= least) {
            continue;
        }
        match order.descending {
            true => rows.rev().for_each(|at| add(at, &mut least)),
            false => rows.for_each(|at| add(at, &mut least)),
        }
    }
    best.into_iter().map(|Reverse(found)| found).collect()
}

/// A rank that none of the values exceeds. What stands where a value is NULL may raise it.
fn upper_bound(order: ScanOrder, numbers: &[i64], nulls: bool) -> i128 {
    let (min, max) = numbers.iter().fold((i64::MAX, i64::MIN), |(min, max), value| (min.min(*value), max.max(*value)));
    order.best(Some(min), Some(max), nulls)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_same_ranks_as_sorting_all(
            values in proptest::collection::vec(proptest::option::weighted(0.9, prop_oneof![-9i64..9, any::<i64>()]), 0..300),
            has_nulls in any::<bool>(),
            is_sorted in any::<bool>(),
            descending in any::<bool>(),
            nulls_first in any::<bool>(),
            wanted in 1usize..40,
            threshold in proptest::option::of(-9i128..9),
        ) {
            let order = ScanOrder { column: 0, descending, nulls_first };
            let mut values: Vec<Option<i64>> = values.into_iter().map(|value| value.or(if has_nulls { None } else { Some(0) })).collect();
            if is_sorted {
                values.sort_unstable();
            }
            // What stands where a value is NULL must not count.
            let numbers: Vec<i64> = values.iter().map(|value| value.unwrap_or(i64::MAX)).collect();
            let nulls = has_nulls.then(|| values.iter().map(Option::is_some).collect());

            let found = best(order, wanted, &numbers, nulls.as_ref(), threshold);

            for (rank, at) in &found {
                prop_assert_eq!(*rank, order.rank(values[*at]));
            }
            let mut ranks: Vec<i128> = found.into_iter().map(|(rank, _)| rank).collect();
            ranks.sort_unstable_by(|left, right| right.cmp(left));
            let above = |rank: &i128| threshold.is_none_or(|threshold| *rank > threshold);
            let mut expected: Vec<i128> = values.iter().map(|value| order.rank(*value)).filter(above).collect();
            expected.sort_unstable_by(|left, right| right.cmp(left));
            expected.truncate(wanted);
            prop_assert_eq!(ranks, expected);
        }
    }
}
