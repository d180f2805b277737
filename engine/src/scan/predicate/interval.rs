//! Integers, dates and times between two bounds, compared as they are stored.

use arrow::array::{Array, ArrayRef, ArrowNativeTypeOp, ArrowPrimitiveType, AsArray};
use arrow::buffer::BooleanBuffer;
use arrow::datatypes::{DataType, Date32Type, Int16Type, Int32Type, Int64Type, TimeUnit, TimestampMicrosecondType};
use datafusion::logical_expr::Operator;
use datafusion::scalar::ScalarValue;

use super::super::bits;
use super::super::bounds::Shape;
use super::super::selection::Selection;

/// The condition as a range of values, both ends included; a range that ends before it begins holds for no value. `None`
/// if it is none.
pub(crate) fn interval(shape: &Shape) -> Option<(i64, i64)> {
    let Shape::Compare(op, literal) = shape else { return None };
    let value = match literal {
        ScalarValue::Int16(Some(value)) => i64::from(*value),
        ScalarValue::Int32(Some(value)) | ScalarValue::Date32(Some(value)) => i64::from(*value),
        ScalarValue::Int64(Some(value)) | ScalarValue::TimestampMicrosecond(Some(value), _) => *value,
        _ => return None,
    };
    match op {
        Operator::Eq => Some((value, value)),
        Operator::Lt => Some((i64::MIN, value.checked_sub(1)?)),
        Operator::LtEq => Some((i64::MIN, value)),
        Operator::Gt => Some((value.checked_add(1)?, i64::MAX)),
        Operator::GtEq => Some((value, i64::MAX)),
        _ => None,
    }
}

/// The rows of a chunk whose value lies in the interval; NULL does not. `None` for other types.
pub(crate) fn select(array: &ArrayRef, interval: (i64, i64)) -> Option<Selection> {
    let found = match array.data_type() {
        DataType::Int16 => {
            within::<Int16Type, _>(array, interval, |value: i16, low: i16| value.wrapping_sub(low).cast_unsigned())
        }
        DataType::Int32 => {
            within::<Int32Type, _>(array, interval, |value: i32, low: i32| value.wrapping_sub(low).cast_unsigned())
        }
        DataType::Date32 => {
            within::<Date32Type, _>(array, interval, |value: i32, low: i32| value.wrapping_sub(low).cast_unsigned())
        }
        DataType::Int64 => {
            within::<Int64Type, _>(array, interval, |value: i64, low: i64| value.wrapping_sub(low).cast_unsigned())
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            let distance = |value: i64, low: i64| value.wrapping_sub(low).cast_unsigned();
            within::<TimestampMicrosecondType, _>(array, interval, distance)
        }
        _ => return None,
    };
    Some(Selection::from_mask(match array.nulls() {
        Some(nulls) => &found & nulls.inner(),
        None => found,
    }))
}

/// One comparison a value: how far it lies above the lower bound, which is very far for what lies below it.
fn within<T, D>(array: &ArrayRef, (low, high): (i64, i64), distance: impl Fn(T::Native, T::Native) -> D) -> BooleanBuffer
where
    T: ArrowPrimitiveType,
    T::Native: TryFrom<i64> + Into<i64> + Ord,
    D: Ord + Copy,
{
    let values: &[T::Native] = array.as_primitive::<T>().values();
    let (least, greatest) = (T::Native::MIN_TOTAL_ORDER.into(), T::Native::MAX_TOTAL_ORDER.into());
    let clamped = |bound: i64| T::Native::try_from(bound.clamp(least, greatest)).ok();
    let (Some(low), Some(high), true) = (clamped(low), clamped(high), low <= high && low <= greatest && high >= least) else {
        return BooleanBuffer::new_unset(values.len());
    };
    let width = distance(high, low);
    bits::collect(values, |value| distance(value, low) <= width)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Date32Array, Int16Array, Int32Array, Int64Array, TimestampMicrosecondArray};
    use proptest::prelude::*;

    use super::*;

    fn bound() -> impl Strategy<Value = i64> {
        prop_oneof![
            -40_000i64..40_000,
            Just(i64::MIN),
            Just(i64::MAX),
            any::<i64>(),
            Just(i64::from(i16::MIN)),
            Just(i64::from(i32::MAX))
        ]
    }

    proptest! {
        #[test]
        fn intervals_agree_with_a_comparison(
            rows in proptest::collection::vec(proptest::option::weighted(0.9, any::<i16>()), 0..200),
            low in bound(),
            high in bound(),
        ) {
            let wide = || rows.iter().map(|value| value.map(i64::from));
            let narrow = || rows.iter().map(|value| value.map(i32::from));
            let arrays: [ArrayRef; 5] = [
                Arc::new(rows.iter().copied().collect::<Int16Array>()),
                Arc::new(narrow().collect::<Int32Array>()),
                Arc::new(narrow().collect::<Date32Array>()),
                Arc::new(wide().collect::<Int64Array>()),
                Arc::new(wide().collect::<TimestampMicrosecondArray>().with_timezone("UTC")),
            ];
            let wanted: Vec<u32> =
                (0u32..).zip(wide()).filter(|(_, value)| value.is_some_and(|value| low <= value && value <= high)).map(|(row, _)| row).collect();
            for array in arrays {
                prop_assert_eq!(select(&array, (low, high)).unwrap().indices(), wanted.clone(), "{}", array.data_type());
            }
        }
    }
}
