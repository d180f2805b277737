//! From the physical arrays of the read cache to the logical Arrow types of queries.
//!
//! Texts become views that share the bytes they point to, so that a projection of a million messages copies sixteen bytes
//! a row and no text.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, DictionaryArray, FixedSizeBinaryArray, StringBuilder, StringViewArray, new_null_array,
};
use arrow::compute::{cast, take};
use arrow::datatypes::{ArrowDictionaryKeyType, DataType, UInt16Type, UInt32Type};

use crate::Result;

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
