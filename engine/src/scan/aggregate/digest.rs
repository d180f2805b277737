//! A histogram of floating-point numbers in logarithmic bins: 128 bins a power of two, each with the mean of its values, so
//! that a percentile is off by less than one percent.
//!
//! Its state is that of DataFusion's t-digest, whose centroids are the bins.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Float64Builder, ListBuilder, UInt64Array};

/// Bits of the mantissa that are left out of a bin's number: 7 of 52 stay.
const BIN_SHIFT: u32 = 45;

/// Centroids that the final step keeps, DataFusion's default.
const CENTROIDS: u64 = 100;

/// The histogram of one group.
#[derive(Debug, Default)]
pub(super) struct Digest {
    /// Number of the first bin.
    first: i32,
    /// Values and their sum, bin by bin.
    bins: Vec<(u32, f64)>,
    bounds: Option<(f64, f64)>,
}

impl Digest {
    /// Adds values.
    pub(super) fn add(&mut self, values: &[f64]) {
        if values.is_empty() {
            return;
        }
        // Bins are in the order of the values, so the bins of the smallest and the largest hold all between them. NaN is
        // neither, and has a bin of its own.
        let Extremes { min, max, any_nan } = Extremes::of(values);
        if any_nan {
            self.make_room(bin_of(f64::NAN));
        }
        if !min.is_nan() {
            self.make_room(bin_of(min));
            self.make_room(bin_of(max));
        }
        let mut rest = values;
        while let Some((value, others)) = rest.split_first() {
            // One that is negative, or NaN, or a zero with a sign that a comparison does not see.
            let bin = bin_of(*value);
            self.make_room(bin);
            add(&mut self.bins[distance(self.first, bin)], *value);
            rest = &others[self.add_positive(others)..];
        }
        self.bounds = Some(self.bounds.map_or((min, max), |bounds| (bounds.0.min(min), bounds.1.max(max))));
    }

    /// Adds values up to the first that is not positive or has no bin yet; how many. The bits of positive numbers are in their order.
    fn add_positive(&mut self, values: &[f64]) -> usize {
        let Ok(first) = u64::try_from(self.first) else { return 0 };
        for (at, value) in values.iter().enumerate() {
            #[allow(clippy::cast_possible_truncation, reason = "19 bits are left, or more than there can be bins")]
            let place = (value.to_bits() >> BIN_SHIFT).wrapping_sub(first) as usize;
            let Some(bin) = self.bins.get_mut(place) else { return at };
            add(bin, *value);
        }
        values.len()
    }

    fn make_room(&mut self, bin: i32) {
        if self.bins.is_empty() {
            self.first = bin;
        }
        if bin < self.first {
            let more = distance(bin, self.first);
            self.bins.splice(0..0, std::iter::repeat_n((0, 0.0), more));
            self.first = bin;
        }
        let place = distance(self.first, bin);
        if place >= self.bins.len() {
            self.bins.resize(place + 1, (0, 0.0));
        }
    }

    fn count(&self) -> f64 {
        self.bins.iter().map(|(count, _)| f64::from(*count)).sum()
    }

    fn sum(&self) -> f64 {
        self.bins.iter().map(|(_, sum)| sum).sum()
    }

    /// Bytes of memory it holds.
    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + self.bins.capacity() * size_of::<(u32, f64)>()
    }
}

/// Smallest and largest of some values; NaN if there is nothing else.
struct Extremes {
    min: f64,
    max: f64,
    any_nan: bool,
}

impl Extremes {
    /// Lanes, because the compiler compares several numbers at once only where their order does not matter.
    const LANES: usize = 4;

    fn of(values: &[f64]) -> Self {
        let mut mins = [f64::INFINITY; Self::LANES];
        let mut maxs = [f64::NEG_INFINITY; Self::LANES];
        let mut nans = [false; Self::LANES];
        let (blocks, rest) = values.as_chunks::<{ Self::LANES }>();
        let mut look = |lane: usize, value: f64| {
            mins[lane] = if value < mins[lane] { value } else { mins[lane] };
            maxs[lane] = if value > maxs[lane] { value } else { maxs[lane] };
            nans[lane] |= value.is_nan();
        };
        for block in blocks {
            for (lane, value) in block.iter().enumerate() {
                look(lane, *value);
            }
        }
        rest.iter().for_each(|value| look(0, *value));
        let min = mins.into_iter().fold(f64::INFINITY, f64::min);
        let max = maxs.into_iter().fold(f64::NEG_INFINITY, f64::max);
        let (min, max) = if min <= max { (min, max) } else { (f64::NAN, f64::NAN) };
        Self { min, max, any_nan: nans.contains(&true) }
    }
}

fn add(bin: &mut (u32, f64), value: f64) {
    let (count, sum) = bin;
    *count += 1;
    *sum += value;
}

/// Numbers of bins are in the order of the values; NaN is last.
fn bin_of(value: f64) -> i32 {
    let value = if value.is_nan() { f64::NAN } else { value };
    let bits = value.to_bits();
    #[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "19 bits are left")]
    let magnitude = ((bits & !(1 << 63)) >> BIN_SHIFT) as i32;
    if bits >> 63 == 1 && !value.is_nan() { -1 - magnitude } else { magnitude }
}

fn distance(from: i32, to: i32) -> usize {
    usize::try_from(to - from).unwrap_or_default()
}

/// The states of all groups: size, sum, count, maximum, minimum, centroids.
pub(super) fn state(digests: &[Digest]) -> Vec<ArrayRef> {
    let numbers =
        |of: &dyn Fn(&Digest) -> f64| Arc::new(digests.iter().map(|d| Some(of(d))).collect::<Float64Array>()) as ArrayRef;
    let mut centroids = ListBuilder::new(Float64Builder::new());
    for digest in digests {
        for (count, sum) in digest.bins.iter().filter(|(count, _)| *count > 0) {
            centroids.values().append_value(sum / f64::from(*count));
            centroids.values().append_value(f64::from(*count));
        }
        centroids.append(true);
    }
    vec![
        Arc::new(UInt64Array::from(vec![CENTROIDS; digests.len()])),
        numbers(&Digest::sum),
        numbers(&Digest::count),
        numbers(&|digest| digest.bounds.map_or(f64::NEG_INFINITY, |(_, max)| max)),
        numbers(&|digest| digest.bounds.map_or(f64::INFINITY, |(min, _)| min)),
        Arc::new(centroids.finish()),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use proptest::test_runner::{Config, TestRunner};

    use super::*;

    #[test]
    fn bins_are_in_the_order_of_the_values() {
        let values = [
            f64::NEG_INFINITY,
            -1e300,
            -2.0,
            -1.0,
            -1e-300,
            -0.0,
            0.0,
            1e-300,
            0.99,
            1.0,
            1.5,
            2.0,
            1e300,
            f64::INFINITY,
            f64::NAN,
        ];
        assert!(values.windows(2).all(|pair| bin_of(pair[0]) < bin_of(pair[1])), "{:?}", values.map(bin_of));
    }

    #[test]
    fn bins_grow_both_ways() {
        let mut digest = Digest::default();
        digest.add(&[1.0, 0.5]);
        digest.add(&[]);
        digest.add(&[3.0, 1.0]);
        let found: Vec<(u32, f64)> = digest.bins.iter().copied().filter(|(count, _)| *count > 0).collect();
        assert_eq!(found, [(1, 0.5), (2, 2.0), (1, 3.0)]);
    }

    #[test]
    fn each_value_is_in_its_bin() {
        let mut runner = TestRunner::new(Config::with_cases(200));
        let special = vec![0.0, -0.0, 1.0, -1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MIN_POSITIVE];
        let value = prop_oneof![4 => 0.5f64..900.0, 1 => proptest::sample::select(special), 1 => any::<f64>()];
        let outcome = runner.run(&proptest::collection::vec(proptest::collection::vec(value, 0..40), 0..5), |batches| {
            let mut digest = Digest::default();
            let mut wanted: BTreeMap<i32, u32> = BTreeMap::new();
            for batch in &batches {
                digest.add(batch);
                for value in batch {
                    *wanted.entry(bin_of(*value)).or_default() += 1;
                }
            }
            let found = digest.bins.iter().zip(digest.first..).filter(|((count, _), _)| *count > 0);
            prop_assert_eq!(found.map(|((count, _), bin)| (bin, *count)).collect::<BTreeMap<_, _>>(), wanted);
            let numbers = || batches.iter().flatten().copied().filter(|value| !value.is_nan());
            if numbers().next().is_some() {
                let (min, max) = digest.bounds.unwrap();
                prop_assert_eq!(
                    (min, max),
                    (numbers().fold(f64::INFINITY, f64::min), numbers().fold(f64::NEG_INFINITY, f64::max))
                );
            }
            Ok(())
        });
        outcome.unwrap();
    }

    #[test]
    fn values_of_all_kinds_have_a_bin() {
        let mut digest = Digest::default();
        digest.add(&[f64::NAN, -1.0, f64::INFINITY]);
        digest.add(&[f64::NEG_INFINITY, 0.0, f64::NAN]);
        assert_eq!(digest.count(), 6.0);
        assert_eq!(digest.bounds, Some((f64::NEG_INFINITY, f64::INFINITY)));
    }
}
