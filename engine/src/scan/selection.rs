//! A set of rows within one chunk, as ranges while it is made of runs and as a bitmap once it is scattered.
//!
//! Pruning and binary search give runs, predicates give bitmaps; both meet here, so that a predicate that follows looks
//! only at rows that can still matter.
//!
//! **Invariant:** ranges are sorted, disjoint, not empty, and end within `len`.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::BooleanBufferBuilder;
use arrow::array::{Array, ArrayRef, BooleanArray, UInt32Array};
use arrow::buffer::BooleanBuffer;
use arrow::compute::{concat, filter, take};
use arrow::error::ArrowError;
use arrow::util::bit_iterator::BitSliceIterator;

/// Up to this many runs an array is gathered run by run; beyond it with the filter kernel.
const SLICED_RUNS_MAX: usize = 16;

/// Rows of a chunk of `len` rows.
#[derive(Debug, Clone)]
pub(crate) struct Selection {
    len: usize,
    rows: Rows,
}

#[derive(Debug, Clone)]
enum Rows {
    Ranges(Vec<Range<usize>>),
    Mask(BooleanBuffer),
}

impl Selection {
    /// Every row.
    pub(crate) fn all(len: usize) -> Self {
        Self::from_ranges(len, std::iter::once(0..len))
    }

    /// No row.
    pub(crate) fn none(len: usize) -> Self {
        Self { len, rows: Rows::Ranges(Vec::new()) }
    }

    /// The rows of sorted, disjoint ranges; neighbours are joined, empty ones dropped.
    pub(crate) fn from_ranges(len: usize, ranges: impl IntoIterator<Item = Range<usize>>) -> Self {
        let mut joined: Vec<Range<usize>> = Vec::new();
        for range in ranges {
            if range.is_empty() {
                continue;
            }
            debug_assert!(range.end <= len, "a range ends within the chunk");
            match joined.last_mut() {
                Some(last) if last.end == range.start => last.end = range.end,
                _ => joined.push(range),
            }
        }
        Self { len, rows: Rows::Ranges(joined) }
    }

    /// The rows whose bit is set.
    pub(crate) fn from_mask(mask: BooleanBuffer) -> Self {
        Self { len: mask.len(), rows: Rows::Mask(mask) }
    }

    /// Rows of the chunk, selected or not.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// How many rows are selected.
    pub(crate) fn count(&self) -> usize {
        match &self.rows {
            Rows::Ranges(ranges) => ranges.iter().map(ExactSizeIterator::len).sum(),
            Rows::Mask(mask) => mask.count_set_bits(),
        }
    }

    /// Whether no row is selected.
    pub(crate) fn is_empty(&self) -> bool {
        match &self.rows {
            Rows::Ranges(ranges) => ranges.is_empty(),
            Rows::Mask(mask) => mask.count_set_bits() == 0,
        }
    }

    /// Its rows in `range`, counted from where that begins.
    pub(crate) fn within(&self, range: Range<usize>) -> Self {
        match &self.rows {
            Rows::Mask(mask) => Self::from_mask(mask.slice(range.start, range.len())),
            Rows::Ranges(ranges) => {
                let inside = overlaps(ranges, std::slice::from_ref(&range));
                Self::from_ranges(range.len(), inside.into_iter().map(|found| found.start - range.start..found.end - range.start))
            }
        }
    }

    /// Rows of ascending, disjoint pieces of `len` rows; each with the row at which it begins. The inverse of [`Self::within`].
    pub(crate) fn from_pieces(len: usize, pieces: &[(usize, Self)]) -> Self {
        if pieces.iter().all(|(_, piece)| piece.is_ranges()) {
            let shifted = |(start, piece): &(usize, Self)| {
                let start = *start;
                piece.ranges().map(|range| start + range.start..start + range.end).collect::<Vec<_>>()
            };
            return Self::from_ranges(len, pieces.iter().flat_map(shifted));
        }
        let mut mask = BooleanBufferBuilder::new(len);
        for (start, piece) in pieces {
            mask.append_n(start - mask.len(), false);
            mask.append_buffer(&piece.mask());
        }
        mask.append_n(len - mask.len(), false);
        Self::from_mask(mask.finish())
    }

    /// Whether every row is selected.
    pub(crate) fn is_all(&self) -> bool {
        self.count() == self.len
    }

    /// Whether the rows are known as runs, which binary search can use.
    pub(crate) fn is_ranges(&self) -> bool {
        matches!(self.rows, Rows::Ranges(_))
    }

    /// The selected rows as runs.
    pub(crate) fn ranges(&self) -> Box<dyn Iterator<Item = Range<usize>> + Send + '_> {
        match &self.rows {
            Rows::Ranges(ranges) => Box::new(ranges.iter().cloned()),
            Rows::Mask(mask) => {
                Box::new(BitSliceIterator::new(mask.values(), mask.offset(), mask.len()).map(|(start, end)| start..end))
            }
        }
    }

    /// The selected rows one by one.
    pub(crate) fn indices(&self) -> Vec<u32> {
        match &self.rows {
            Rows::Ranges(ranges) => {
                let mut rows = Vec::with_capacity(self.count());
                ranges.iter().cloned().for_each(|range| rows.extend(range.map(row_number)));
                rows
            }
            Rows::Mask(mask) => set_bits(mask),
        }
    }

    /// As a bitmap.
    pub(crate) fn mask(&self) -> BooleanBuffer {
        match &self.rows {
            Rows::Mask(mask) => mask.clone(),
            Rows::Ranges(ranges) => {
                let mut mask = BooleanBufferBuilder::new(self.len);
                for range in ranges {
                    mask.append_n(range.start - mask.len(), false);
                    mask.append_n(range.len(), true);
                }
                mask.append_n(self.len - mask.len(), false);
                mask.finish()
            }
        }
    }

    /// Rows in both.
    pub(crate) fn and(&self, other: &Self) -> Self {
        debug_assert_eq!(self.len, other.len);
        match (&self.rows, &other.rows) {
            (Rows::Ranges(left), Rows::Ranges(right)) => Self::from_ranges(self.len, overlaps(left, right)),
            _ => Self::from_mask(&self.mask() & &other.mask()),
        }
    }

    /// Rows in either.
    pub(crate) fn or(&self, other: &Self) -> Self {
        debug_assert_eq!(self.len, other.len);
        if self.is_empty() {
            return other.clone();
        }
        if other.is_empty() {
            return self.clone();
        }
        match (&self.rows, &other.rows) {
            (Rows::Ranges(left), Rows::Ranges(right)) => Self::from_ranges(self.len, union(left, right)),
            _ => Self::from_mask(&self.mask() | &other.mask()),
        }
    }

    /// Rows of `self` that are not in `other`.
    pub(crate) fn without(&self, other: &Self) -> Self {
        if other.is_empty() {
            return self.clone();
        }
        Self::from_mask(&self.mask() & &!&other.mask())
    }

    /// The rows of `numbers`, which count the selected rows of `self` from 0: the inverse of [`Self::gather`].
    pub(crate) fn pick(&self, truth: &BooleanBuffer) -> Self {
        debug_assert_eq!(truth.len(), self.count());
        if self.is_all() {
            return Self::from_mask(truth.clone());
        }
        let mut mask = BooleanBufferBuilder::new(self.len);
        if let Rows::Mask(_) = self.rows {
            mask.append_n(self.len, false);
            let rows = self.indices();
            truth.set_indices().for_each(|at| mask.set_bit(rows[at] as usize, true));
            return Self::from_mask(mask.finish());
        }
        let mut taken = 0;
        for range in self.ranges() {
            mask.append_n(range.start - mask.len(), false);
            mask.append_buffer(&truth.slice(taken, range.len()));
            taken += range.len();
        }
        mask.append_n(self.len - mask.len(), false);
        Self::from_mask(mask.finish())
    }

    /// The selected values of an array of `len` rows, without a copy where they are one run.
    ///
    /// # Errors
    /// Arrow's, for what its kernels cannot gather.
    pub(crate) fn gather(&self, array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
        debug_assert_eq!(array.len(), self.len);
        let count = self.count();
        if count == self.len {
            return Ok(Arc::clone(array));
        }
        if let Rows::Ranges(ranges) = &self.rows {
            match ranges.as_slice() {
                [] => return Ok(array.slice(0, 0)),
                [range] => return Ok(array.slice(range.start, range.len())),
                many if many.len() <= SLICED_RUNS_MAX => {
                    let slices: Vec<ArrayRef> = many.iter().map(|range| array.slice(range.start, range.len())).collect();
                    return concat(&slices.iter().map(AsRef::as_ref).collect::<Vec<_>>());
                }
                _ => {}
            }
        }
        if count * 8 < self.len {
            return take(array, &UInt32Array::from(self.indices()), None);
        }
        filter(array, &BooleanArray::new(self.mask(), None))
    }
}

/// The bits of TRUE: NULL counts as not selected.
pub(crate) fn truth_mask(truth: &BooleanArray) -> BooleanBuffer {
    match truth.nulls() {
        Some(nulls) if nulls.null_count() > 0 => truth.values() & nulls.inner(),
        _ => truth.values().clone(),
    }
}

/// Positions of the set bits, 64 bits a step.
fn set_bits(mask: &BooleanBuffer) -> Vec<u32> {
    let mut rows = vec![0; mask.count_set_bits()];
    let mut free = rows.iter_mut();
    for (step, mut word) in mask.bit_chunks().iter_padded().enumerate() {
        let first = row_number(step * 64);
        while word != 0 {
            let Some(row) = free.next() else { break };
            *row = first + word.trailing_zeros();
            word &= word - 1;
        }
    }
    rows
}

#[allow(clippy::cast_possible_truncation, reason = "a chunk has far fewer rows than 2^32")]
fn row_number(row: usize) -> u32 {
    row as u32
}

fn overlaps(left: &[Range<usize>], right: &[Range<usize>]) -> Vec<Range<usize>> {
    let (mut l, mut r) = (0, 0);
    let mut out = Vec::new();
    while let (Some(a), Some(b)) = (left.get(l), right.get(r)) {
        out.push(a.start.max(b.start)..a.end.min(b.end));
        if a.end <= b.end {
            l += 1;
        } else {
            r += 1;
        }
    }
    out.retain(|range| range.start < range.end);
    out
}

fn union(left: &[Range<usize>], right: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut all: Vec<Range<usize>> = left.iter().chain(right).cloned().collect();
    all.sort_by_key(|range| range.start);
    let mut out: Vec<Range<usize>> = Vec::with_capacity(all.len());
    for range in all {
        match out.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => out.push(range),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use arrow::array::Int32Array;
    use proptest::prelude::*;

    use super::*;

    fn runs(rows: &[bool]) -> Selection {
        Selection::from_ranges(rows.len(), (0..rows.len()).filter(|row| rows[*row]).map(|row| row..row + 1))
    }

    fn mask(rows: &[bool]) -> Selection {
        Selection::from_mask(BooleanBuffer::from(rows))
    }

    fn rows_of(selection: &Selection) -> Vec<bool> {
        selection.mask().iter().collect()
    }

    proptest! {
        #[test]
        fn set_operations_agree_with_booleans(rows in proptest::collection::vec((any::<bool>(), any::<bool>()), 0..200)) {
            let (left, right): (Vec<bool>, Vec<bool>) = rows.iter().copied().unzip();
            let values: ArrayRef = Arc::new((0..rows.len()).map(|row| i32::try_from(row).unwrap()).collect::<Int32Array>());
            for a in [runs(&left), mask(&left)] {
                prop_assert_eq!(a.count(), left.iter().filter(|row| **row).count());
                let gathered = a.gather(&values).unwrap();
                let wanted: Int32Array = (0..rows.len()).filter(|row| left[*row]).map(|row| i32::try_from(row).unwrap()).collect();
                prop_assert_eq!(gathered.as_ref(), &wanted as &dyn Array);
                let kept: BooleanBuffer = a.indices().iter().map(|row| right[*row as usize]).collect();
                let cut = rows.len() / 3;
                let pieces = [(0, a.within(0..cut)), (cut, a.within(cut..rows.len()))];
                prop_assert_eq!(rows_of(&Selection::from_pieces(rows.len(), &pieces)), left.clone());
                for b in [runs(&right), mask(&right)] {
                    let and: Vec<bool> = rows.iter().map(|(l, r)| *l && *r).collect();
                    prop_assert_eq!(rows_of(&a.and(&b)), and.clone());
                    prop_assert_eq!(rows_of(&a.pick(&kept)), and);
                    prop_assert_eq!(rows_of(&a.or(&b)), rows.iter().map(|(l, r)| *l || *r).collect::<Vec<_>>());
                    prop_assert_eq!(rows_of(&a.without(&b)), rows.iter().map(|(l, r)| *l && !*r).collect::<Vec<_>>());
                }
            }
        }
    }
}
