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
        let Some(first) = values.first() else { return };
        // Bins are in the order of the values, so the bins of the smallest and the largest hold all between them. NaN is
        // neither, and has a bin of its own.
        let (mut min, mut max, mut any_nan) = (*first, *first, false);
        for value in values {
            (min, max, any_nan) = (min.min(*value), max.max(*value), any_nan | value.is_nan());
        }
        self.make_room(bin_of(min));
        self.make_room(bin_of(max));
        if any_nan {
            self.make_room(bin_of(f64::NAN));
        }
        if !any_nan && min.is_sign_positive() && self.first >= 0 {
            // The usual case: the bits of positive numbers are in their order.
            let first = distance(0, self.first) as u64;
            for value in values {
                add(&mut self.bins, ((value.to_bits() >> BIN_SHIFT) - first) as usize, *value);
            }
        } else {
            for value in values {
                add(&mut self.bins, distance(self.first, bin_of(*value)), *value);
            }
        }
        self.bounds = Some(self.bounds.map_or((min, max), |bounds| (bounds.0.min(min), bounds.1.max(max))));
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

fn add(bins: &mut [(u32, f64)], bin: usize, value: f64) {
    let (count, sum) = &mut bins[bin];
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
    fn values_of_all_kinds_have_a_bin() {
        let mut digest = Digest::default();
        digest.add(&[f64::NAN, -1.0, f64::INFINITY]);
        digest.add(&[f64::NEG_INFINITY, 0.0, f64::NAN]);
        assert_eq!(digest.count(), 6.0);
        assert_eq!(digest.bounds, Some((f64::NEG_INFINITY, f64::INFINITY)));
    }
}
