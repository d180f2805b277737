//! A condition on a dictionary column, decided once a value and looked up by code.

use std::sync::Arc;

use arrow::array::BooleanBufferBuilder;
use arrow::array::{Array, ArrayRef, DictionaryArray, UInt32Array};
use arrow::buffer::BooleanBuffer;
use arrow::compute::take;
use arrow::datatypes::UInt16Type;
use datafusion::error::{DataFusionError, Result};
use strata_storage::segment::to_logical;

use super::super::bits;
use super::super::part::external;
use super::super::selection::{Selection, truth_mask};
use super::Leaf;

/// Every code there can be, so that a look-up needs no bound check.
const CODES: usize = 1 << 16;

/// With at least one in so many rows asked for, all are looked up: a row alone costs that much more.
const EVERYWHERE_SHARE: usize = 16;

/// Answers of one leaf for the values of one dictionary.
#[derive(Debug)]
pub(crate) struct CodeTable {
    dictionary: ArrayRef,
    holds: Box<[bool; CODES]>,
    holds_for_null: bool,
    /// Codes that match, in runs, for binary search in sorted codes.
    runs: Vec<std::ops::Range<u16>>,
}

impl CodeTable {
    /// Evaluates the leaf on every value of the dictionary and on NULL; `None` if the expression fails on one of them,
    /// which need not be in any row that is asked for.
    ///
    /// # Errors
    /// Arrow's, when the dictionary is of no text.
    pub(crate) fn new(leaf: &Leaf, dictionary: &ArrayRef) -> Result<Option<Self>> {
        let values = dictionary.len();
        let with_null = UInt32Array::from_iter((0..u32::try_from(values).unwrap_or(u32::MAX)).map(Some).chain([None]));
        let logical = to_logical(&take(dictionary, &with_null, None)?, leaf.data_type()).map_err(external)?;
        let Ok(truth) = leaf.evaluate(vec![logical], values + 1) else { return Ok(None) };
        let truth = truth_mask(&truth);
        let mut holds: Box<[bool; CODES]> = vec![false; CODES]
            .try_into()
            .map_err(|_| DataFusionError::Internal("a table of codes has another size".to_owned()))?;
        let mut runs: Vec<std::ops::Range<u16>> = Vec::new();
        for code in (0..values.min(CODES)).filter(|code| truth.value(*code)) {
            holds[code] = true;
            let code = u16::try_from(code).unwrap_or(u16::MAX);
            match runs.last_mut() {
                Some(last) if last.end == code => last.end = code.saturating_add(1),
                _ => runs.push(code..code.saturating_add(1)),
            }
        }
        Ok(Some(Self { dictionary: Arc::clone(dictionary), holds, holds_for_null: truth.value(values), runs }))
    }

    /// Whether the table was made for the dictionary of `codes`.
    pub(crate) fn is_for(&self, codes: &DictionaryArray<UInt16Type>) -> bool {
        Arc::ptr_eq(&self.dictionary, codes.values()) || self.dictionary.to_data().ptr_eq(&codes.values().to_data())
    }

    /// The rows of `among` for which the leaf holds.
    pub(crate) fn select(&self, codes: &DictionaryArray<UInt16Type>, among: &Selection) -> Selection {
        let keys: &[u16] = codes.keys().values();
        let mask = if among.count() * EVERYWHERE_SHARE >= keys.len() {
            &self.holding(keys) & &among.mask()
        } else {
            let mut mask = BooleanBufferBuilder::new(keys.len());
            mask.append_n(keys.len(), false);
            for row in among.ranges().flatten().filter(|row| self.holds[usize::from(keys[*row])]) {
                mask.set_bit(row, true);
            }
            mask.finish()
        };
        let Some(nulls) = codes.keys().nulls() else { return Selection::from_mask(mask) };
        let valid = &mask & nulls.inner();
        if self.holds_for_null { Selection::from_mask(&valid | &!nulls.inner()).and(among) } else { Selection::from_mask(valid) }
    }

    /// A bit for each code.
    fn holding(&self, keys: &[u16]) -> BooleanBuffer {
        match self.runs.as_slice() {
            [] => BooleanBuffer::new_unset(keys.len()),
            [run] => bits::collect(keys, |key| key.wrapping_sub(run.start) < run.end - run.start),
            _ => bits::collect(keys, |key| self.holds[usize::from(key)]),
        }
    }

    /// The same for codes that ascend with NULLs last: by binary search. `None` if the codes that match lie too
    /// scattered for that.
    pub(crate) fn select_sorted(&self, codes: &DictionaryArray<UInt16Type>, among: &Selection) -> Option<Selection> {
        if self.runs.len() > 16 || !among.is_ranges() {
            return None;
        }
        let keys: &[u16] = codes.keys().values();
        let valid = keys.len() - codes.keys().null_count();
        let found = self.runs.iter().map(|run| {
            let last = run.end.checked_sub(1).filter(|last| *last != u16::MAX);
            let start = keys[..valid].partition_point(|key| *key < run.start);
            let end = last.map_or(valid, |last| keys[..valid].partition_point(|key| *key <= last));
            start..end
        });
        let nulls = self.holds_for_null.then_some(valid..keys.len());
        Some(Selection::from_ranges(keys.len(), found.chain(nulls)).and(among))
    }
}
