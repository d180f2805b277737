//! Packed ranks against a plain comparison.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, StringArray};
use proptest::prelude::*;

use super::super::order::{Ranks, permutation};

proptest! {
    #[test]
    fn wide_and_narrow_ranks_sort_alike(
        rows in prop::collection::vec((
            prop::option::of(prop_oneof![any::<i64>(), -2_i64..3, Just(i64::MAX), Just(i64::MIN)]),
            prop::option::of("[ab]{0,2}"),
            prop::option::of(prop_oneof![any::<f64>(), Just(f64::NAN), Just(0.0), Just(-0.0)]),
        ), 0..60),
    ) {
        let numbers: Int64Array = rows.iter().map(|row| row.0).collect();
        let texts: StringArray = rows.iter().map(|row| row.1.as_deref()).collect();
        let floats: Float64Array = rows.iter().map(|row| row.2).collect();
        let arrays: [ArrayRef; 3] = [Arc::new(numbers), Arc::new(texts), Arc::new(floats)];
        let ranks = arrays.iter().map(|array| Ranks::of_array(array).unwrap()).collect();
        let float = |value: Option<f64>| match value {
            None => (2, 0.0),
            Some(value) if value.is_nan() => (1, 0.0),
            Some(value) => (0, value),
        };
        let mut expected: Vec<u32> = (0..rows.len() as u32).collect();
        expected.sort_by(|a, b| {
            let (a, b) = (&rows[*a as usize], &rows[*b as usize]);
            let number = (a.0.is_none(), a.0).cmp(&(b.0.is_none(), b.0));
            let text = (a.1.is_none(), &a.1).cmp(&(b.1.is_none(), &b.1));
            number.then(text).then_with(|| float(a.2).partial_cmp(&float(b.2)).unwrap())
        });
        prop_assert_eq!(permutation(ranks, rows.len()), expected);
    }
}
