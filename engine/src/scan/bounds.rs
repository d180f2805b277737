//! What bounds alone say about a predicate: block by block, that no row can match, or that all do.
//!
//! **Invariant:** bounds prune, they never decide wrongly: an unknown bound means "some rows may match, not all surely
//! do". NULL never matches a comparison, and floating-point bounds are not used, because NaN lies outside them.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, UInt64Array};
use arrow::buffer::BooleanBuffer;
use arrow::compute::kernels::cmp;
use arrow::error::ArrowError;
use datafusion::logical_expr::Operator;
use datafusion::scalar::ScalarValue;
use strata_storage::segment::BlockBounds;

use super::selection::truth_mask;

/// One bit a block.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Verdict {
    /// Some row of the block may match.
    pub(crate) may: BooleanBuffer,
    /// Every row of the block matches.
    pub(crate) all: BooleanBuffer,
}

impl Verdict {
    /// Nothing is known.
    pub(crate) fn unknown(blocks: usize) -> Self {
        Self { may: BooleanBuffer::new_set(blocks), all: BooleanBuffer::new_unset(blocks) }
    }

    /// Every row of every block matches.
    pub(crate) fn always(blocks: usize) -> Self {
        Self { may: BooleanBuffer::new_set(blocks), all: BooleanBuffer::new_set(blocks) }
    }

    /// No row of any block matches.
    pub(crate) fn never(blocks: usize) -> Self {
        Self { may: BooleanBuffer::new_unset(blocks), all: BooleanBuffer::new_unset(blocks) }
    }

    /// Both conditions must hold.
    pub(crate) fn and(&self, other: &Self) -> Self {
        Self { may: &self.may & &other.may, all: &self.all & &other.all }
    }

    /// One of the conditions must hold.
    pub(crate) fn or(&self, other: &Self) -> Self {
        Self { may: &self.may | &other.may, all: &self.all | &other.all }
    }
}

/// The form of a condition on one column that bounds can judge. Literals are of the column's logical type and not NULL.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Shape {
    /// `column op literal`.
    Compare(Operator, ScalarValue),
    /// `column IN (literals)`.
    In(Vec<ScalarValue>),
    /// `column LIKE 'prefix%'` or a condition that implies it.
    Prefix(String),
    /// `column IS NULL`.
    IsNull,
    /// `column IS NOT NULL`.
    IsNotNull,
    /// Anything that is never TRUE for NULL.
    Strict,
    /// Anything else.
    Opaque,
}

impl Shape {
    /// Judges `blocks` blocks of `rows` rows each (block by block in `rows`).
    ///
    /// # Errors
    /// Arrow's, when bounds and literal are of different types.
    pub(crate) fn judge(&self, bounds: &BlockBounds, rows: &UInt64Array) -> Result<Verdict, ArrowError> {
        let blocks = rows.len();
        let no_null = equal(&bounds.null_counts, 0);
        let all_null = truth_mask(&cmp::eq(&bounds.null_counts, rows)?);
        let some_value = !&all_null;
        let verdict = match self {
            Self::Opaque => return Ok(Verdict::unknown(blocks)),
            Self::IsNull => return Ok(Verdict { may: !&no_null, all: all_null }),
            Self::IsNotNull => return Ok(Verdict { may: some_value, all: no_null }),
            Self::Strict => Verdict::unknown(blocks),
            Self::Compare(op, literal) => compare(*op, literal, bounds)?,
            Self::In(literals) => {
                let mut any = Verdict::never(blocks);
                for literal in literals {
                    any = any.or(&compare(Operator::Eq, literal, bounds)?);
                }
                any
            }
            Self::Prefix(prefix) => starts_with(prefix, bounds)?,
        };
        Ok(Verdict { may: &verdict.may & &some_value, all: &verdict.all & &no_null })
    }
}

fn equal(counts: &UInt64Array, wanted: u64) -> BooleanBuffer {
    // A missing count is neither zero nor all.
    (0..counts.len()).map(|block| counts.is_valid(block) && counts.value(block) == wanted).collect()
}

fn compare(op: Operator, literal: &ScalarValue, bounds: &BlockBounds) -> Result<Verdict, ArrowError> {
    let blocks = bounds.mins.len();
    if bounds.mins.data_type().is_floating() || *bounds.mins.data_type() != literal.data_type() {
        return Ok(Verdict::unknown(blocks));
    }
    let literal = literal.to_scalar().map_err(|error| ArrowError::ComputeError(error.to_string()))?;
    let (mins, maxs) = (&bounds.mins, &bounds.maxs);
    let known = |truth: BooleanArray| truth_mask(&truth);
    // `may` is the negation of "surely not", so that an unknown bound (NULL) leaves it set.
    Ok(match op {
        Operator::Lt => Verdict { may: !&known(cmp::gt_eq(mins, &literal)?), all: known(cmp::lt(maxs, &literal)?) },
        Operator::LtEq => Verdict { may: !&known(cmp::gt(mins, &literal)?), all: known(cmp::lt_eq(maxs, &literal)?) },
        Operator::Gt => Verdict { may: !&known(cmp::lt_eq(maxs, &literal)?), all: known(cmp::gt(mins, &literal)?) },
        Operator::GtEq => Verdict { may: !&known(cmp::lt(maxs, &literal)?), all: known(cmp::gt_eq(mins, &literal)?) },
        Operator::Eq | Operator::NotEq => {
            let outside = &known(cmp::gt(mins, &literal)?) | &known(cmp::lt(maxs, &literal)?);
            let only = &known(cmp::eq(mins, &literal)?) & &known(cmp::eq(maxs, &literal)?);
            if op == Operator::Eq { Verdict { may: !&outside, all: only } } else { Verdict { may: !&only, all: outside } }
        }
        _ => Verdict::unknown(blocks),
    })
}

fn starts_with(prefix: &str, bounds: &BlockBounds) -> Result<Verdict, ArrowError> {
    let (Some(mins), Some(maxs)) = (texts(&bounds.mins), texts(&bounds.maxs)) else {
        return Ok(Verdict::unknown(bounds.mins.len()));
    };
    // Nothing with the prefix sorts below the prefix itself, or above a minimum that is past all that begin with it.
    let may = mins
        .iter()
        .zip(maxs.iter())
        .map(|(min, max)| {
            let below = max.as_ref().is_some_and(|max| max.as_bytes() < prefix.as_bytes());
            let above = min.as_ref().is_some_and(|min| min.as_bytes() > prefix.as_bytes() && !min.starts_with(prefix));
            !below && !above
        })
        .collect();
    Ok(Verdict { may, all: BooleanBuffer::new_unset(bounds.mins.len()) })
}

fn texts(array: &ArrayRef) -> Option<Vec<Option<String>>> {
    use arrow::array::AsArray;
    use arrow::datatypes::DataType;
    match array.data_type() {
        DataType::Utf8View => Some(array.as_string_view().iter().map(|text| text.map(str::to_owned)).collect()),
        DataType::Utf8 => Some(array.as_string::<i32>().iter().map(|text| text.map(str::to_owned)).collect()),
        _ => None,
    }
}

/// Rows of each block of a part of `rows` rows.
pub(crate) fn block_rows(rows: usize, block: usize) -> UInt64Array {
    (0..rows.div_ceil(block)).map(|at| (rows - at * block).min(block) as u64).collect::<Vec<u64>>().into()
}

/// Bounds of one block from two scalars, for facts about a whole segment.
pub(crate) fn single(min: &ScalarValue, max: &ScalarValue, nulls: u64) -> Option<BlockBounds> {
    Some(BlockBounds {
        mins: min.to_array().ok()?,
        maxs: max.to_array().ok()?,
        null_counts: Arc::new(UInt64Array::from(vec![nulls])).as_ref().clone(),
    })
}

#[cfg(test)]
mod tests {
    use arrow::array::{Int64Array, StringViewArray};
    use proptest::prelude::*;

    use super::*;

    fn bounds_of(blocks: &[Vec<Option<i64>>]) -> (BlockBounds, UInt64Array) {
        let mins: Int64Array = blocks.iter().map(|block| block.iter().flatten().min().copied()).collect();
        let maxs: Int64Array = blocks.iter().map(|block| block.iter().flatten().max().copied()).collect();
        let nulls: Vec<u64> = blocks.iter().map(|block| block.iter().filter(|v| v.is_none()).count() as u64).collect();
        let rows: Vec<u64> = blocks.iter().map(|block| block.len() as u64).collect();
        (BlockBounds { mins: Arc::new(mins), maxs: Arc::new(maxs), null_counts: nulls.into() }, rows.into())
    }

    fn holds(op: Operator, value: Option<i64>, literal: i64) -> bool {
        value.is_some_and(|value| match op {
            Operator::Lt => value < literal,
            Operator::LtEq => value <= literal,
            Operator::Gt => value > literal,
            Operator::GtEq => value >= literal,
            Operator::Eq => value == literal,
            _ => value != literal,
        })
    }

    proptest! {
        #[test]
        fn a_verdict_never_contradicts_the_rows(
            blocks in proptest::collection::vec(proptest::collection::vec(proptest::option::of(0i64..6), 1..5), 1..6),
            literal in 0i64..6,
        ) {
            let (bounds, rows) = bounds_of(&blocks);
            for op in [Operator::Lt, Operator::LtEq, Operator::Gt, Operator::GtEq, Operator::Eq, Operator::NotEq] {
                let verdict = Shape::Compare(op, ScalarValue::Int64(Some(literal))).judge(&bounds, &rows).unwrap();
                for (at, block) in blocks.iter().enumerate() {
                    let matching = block.iter().filter(|value| holds(op, **value, literal)).count();
                    prop_assert!(verdict.may.value(at) || matching == 0);
                    prop_assert!(!verdict.all.value(at) || matching == block.len());
                }
            }
            let nulls = Shape::IsNull.judge(&bounds, &rows).unwrap();
            for (at, block) in blocks.iter().enumerate() {
                prop_assert_eq!(nulls.may.value(at), block.iter().any(Option::is_none));
                prop_assert_eq!(nulls.all.value(at), block.iter().all(Option::is_none));
            }
        }
    }

    #[test]
    fn a_prefix_is_found_between_cut_bounds() {
        let bounds = BlockBounds {
            mins: Arc::new(StringViewArray::from(vec!["a", "abd", "b", "ab"])),
            maxs: Arc::new(StringViewArray::from(vec!["abb", "abz", "c", "ab"])),
            null_counts: vec![0, 0, 0, 0].into(),
        };
        let verdict = Shape::Prefix("abc".to_owned()).judge(&bounds, &vec![1, 1, 1, 1].into()).unwrap();
        assert_eq!(verdict.may.iter().collect::<Vec<_>>(), [false, false, false, false]);
        let verdict = Shape::Prefix("ab".to_owned()).judge(&bounds, &vec![1, 1, 1, 1].into()).unwrap();
        assert_eq!(verdict.may.iter().collect::<Vec<_>>(), [true, true, false, true]);
    }
}
