//! Binary search in columns that are sorted, as a whole or inside each run of the column before them.

use std::ops::Range;

use arrow::array::{Array, ArrayRef, AsArray, DictionaryArray};
use arrow::datatypes::{DataType, Int64Type, TimeUnit, TimestampMicrosecondType, UInt16Type};

use super::super::selection::Selection;

/// With more runs than this in a chunk, comparing every value is as fast.
const RUNS_MAX: usize = 256;

/// The values of a column without NULLs that binary search understands.
pub(crate) fn values(array: &ArrayRef) -> Option<&[i64]> {
    if array.null_count() > 0 { None } else { integers(array) }
}

/// The values of a column of integers or times; where it is NULL, any.
pub(crate) fn integers(array: &ArrayRef) -> Option<&[i64]> {
    match array.data_type() {
        DataType::Int64 => Some(array.as_primitive::<Int64Type>().values()),
        DataType::Timestamp(TimeUnit::Microsecond, _) => Some(array.as_primitive::<TimestampMicrosecondType>().values()),
        _ => None,
    }
}

/// Runs of equal leading values inside the selection; NULLs are a run. `None` if there are too many.
pub(crate) fn runs(leading: &DictionaryArray<UInt16Type>, among: &Selection) -> Option<Vec<Range<usize>>> {
    if !among.is_ranges() {
        return None;
    }
    let keys: &[u16] = leading.keys().values();
    let valid = keys.len() - leading.keys().null_count();
    let mut runs = Vec::new();
    for range in among.ranges() {
        let mut at = range.start;
        while at < range.end {
            let end = if at < valid {
                let key = keys[at];
                at + keys[at..range.end.min(valid)].partition_point(|other| *other <= key)
            } else {
                range.end
            };
            runs.push(at..end);
            if runs.len() > RUNS_MAX {
                return None;
            }
            at = end;
        }
    }
    Some(runs)
}

/// The rows of sorted runs whose value lies in the interval.
pub(crate) fn select(values: &[i64], runs: impl IntoIterator<Item = Range<usize>>, interval: (i64, i64)) -> Selection {
    let found = runs.into_iter().map(|run| {
        let within = &values[run.clone()];
        let start = within.partition_point(|value| *value < interval.0);
        let end = within.partition_point(|value| *value <= interval.1);
        run.start + start..run.start + end.max(start)
    });
    Selection::from_ranges(values.len(), found)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::StringArray;
    use proptest::prelude::*;

    use datafusion::logical_expr::Operator;
    use datafusion::scalar::ScalarValue;

    use super::super::super::bounds::Shape;
    use super::super::interval::interval;
    use super::*;

    proptest! {
        #[test]
        fn binary_search_agrees_with_a_scan(rows in proptest::collection::vec((proptest::option::weighted(0.9, 0u16..4), 0i64..20), 0..100), literal in 0i64..20) {
            let mut rows = rows;
            rows.sort_by_key(|(code, value)| (code.is_none(), *code, *value));
            let keys = rows.iter().map(|(code, _)| *code).collect();
            let dictionary = Arc::new(StringArray::from(vec!["a", "b", "c", "d"]));
            let leading = DictionaryArray::<UInt16Type>::try_new(keys, dictionary).unwrap();
            let values: Vec<i64> = rows.iter().map(|(_, value)| *value).collect();
            let among = Selection::all(rows.len());
            for op in [Operator::Eq, Operator::Lt, Operator::LtEq, Operator::Gt, Operator::GtEq] {
                let interval = interval(&Shape::Compare(op, ScalarValue::Int64(Some(literal)))).unwrap();
                let found = select(&values, runs(&leading, &among).unwrap(), interval);
                let wanted: Vec<u32> = (0..rows.len()).filter(|row| match op {
                    Operator::Eq => values[*row] == literal,
                    Operator::Lt => values[*row] < literal,
                    Operator::LtEq => values[*row] <= literal,
                    Operator::Gt => values[*row] > literal,
                    _ => values[*row] >= literal,
                }).map(|row| u32::try_from(row).unwrap()).collect();
                prop_assert_eq!(found.indices(), wanted);
            }
        }
    }
}
