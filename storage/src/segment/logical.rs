//! From the physical arrays of the read cache to the logical Arrow types of queries.
//!
//! Texts become views that share the bytes they point to, so that a projection of a million messages copies sixteen bytes
//! a row and no text.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, DictionaryArray, FixedSizeBinaryArray, FixedSizeBinaryBuilder, IntervalMonthDayNanoArray,
    StringBuilder, StringViewArray, new_null_array,
};
use arrow::compute::{cast, take};
use arrow::datatypes::{ArrowDictionaryKeyType, DataType, IntervalMonthDayNano, IntervalUnit, UInt16Type, UInt32Type};

use crate::Result;

/// Bytes of an interval in a file.
pub(super) const INTERVAL_BYTES: i32 = 16;

/// `array`, as a read cache holds it, in the logical type `column_type` of its column.
///
/// # Errors
/// Arrow's, when the types do not belong together.
pub fn to_logical(array: &ArrayRef, column_type: &DataType) -> Result<ArrayRef> {
    match (array.data_type(), column_type) {
        (have, want) if have == want => Ok(array.clone()),
        (DataType::Null, _) => Ok(new_null_array(column_type, array.len())),
        (DataType::Utf8, DataType::Utf8View) => Ok(Arc::new(StringViewArray::from(array.as_string::<i32>()))),
        (DataType::FixedSizeBinary(_), DataType::Utf8View) => Ok(Arc::new(hex_text(array.as_fixed_size_binary()))),
        (DataType::FixedSizeBinary(INTERVAL_BYTES), DataType::Interval(IntervalUnit::MonthDayNano)) => {
            Ok(Arc::new(intervals(array.as_fixed_size_binary())))
        }
        (DataType::Dictionary(key, value), DataType::Utf8View) if **value == DataType::Utf8 => match **key {
            DataType::UInt16 => Ok(dictionary_text(array.as_dictionary::<UInt16Type>())?),
            DataType::UInt32 => Ok(dictionary_text(array.as_dictionary::<UInt32Type>())?),
            _ => Ok(cast(array, column_type)?),
        },
        _ => Ok(cast(array, column_type)?),
    }
}

/// One view a distinct value, picked once a row: the views of all rows point into the dictionary's bytes.
fn dictionary_text<K: ArrowDictionaryKeyType>(array: &DictionaryArray<K>) -> Result<ArrayRef> {
    let views = StringViewArray::from(array.values().as_string::<i32>());
    Ok(take(&views, array.keys(), None)?)
}

fn hex_text(array: &FixedSizeBinaryArray) -> StringViewArray {
    let mut text = StringBuilder::with_capacity(array.len(), array.len() * array.value_length() as usize * 2);
    let mut digits = String::new();
    for value in array {
        match value {
            None => text.append_null(),
            Some(value) => {
                digits.clear();
                hex_digits(value, &mut digits);
                text.append_value(&digits);
            }
        }
    }
    StringViewArray::from(&text.finish())
}

/// Months, days and nanoseconds one behind the other, little-endian.
///
/// # Errors
/// Arrow's.
pub(super) fn interval_bytes(array: &IntervalMonthDayNanoArray) -> Result<FixedSizeBinaryArray> {
    let mut bytes = FixedSizeBinaryBuilder::with_capacity(array.len(), INTERVAL_BYTES);
    for value in array {
        match value {
            None => bytes.append_null(),
            Some(IntervalMonthDayNano { months, days, nanoseconds }) => {
                let mut value = [0; INTERVAL_BYTES as usize];
                value[..4].copy_from_slice(&months.to_le_bytes());
                value[4..8].copy_from_slice(&days.to_le_bytes());
                value[8..].copy_from_slice(&nanoseconds.to_le_bytes());
                bytes.append_value(value)?;
            }
        }
    }
    Ok(bytes.finish())
}

/// Back from [`interval_bytes`].
fn intervals(array: &FixedSizeBinaryArray) -> IntervalMonthDayNanoArray {
    let interval = |value: &[u8]| {
        let value = i128::from_le_bytes(std::array::from_fn(|at| value[at]));
        IntervalMonthDayNano { months: value as i32, days: (value >> 32) as i32, nanoseconds: (value >> 64) as i64 }
    };
    array.iter().map(|value| value.map(interval)).collect()
}

/// Appends two lower-case digits a byte.
pub(super) fn hex_digits(bytes: &[u8], into: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        into.push(char::from(DIGITS[usize::from(byte >> 4)]));
        into.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
}

/// The value of a lower-case hexadecimal digit.
pub(crate) fn hex_value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}
