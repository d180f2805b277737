//! One key of a grouping, and the codes of its values in a chunk.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, StringViewBuilder};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, UInt16Type};
use datafusion::error::{DataFusionError, Result};
use hashbrown::HashMap;

use super::super::selection::Selection;
use super::super::unit::Unit;

/// A range of integers up to this long is coded by position, a longer one by look-up.
const RANGE_MAX: i64 = 1 << 16;

/// What is grouped by.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Key {
    /// A text column.
    Text {
        /// Position among the columns of the scan.
        column: usize,
    },
    /// Integers, dates or times, cut to multiples of `width`.
    Integer {
        /// Position among the columns of the scan.
        column: usize,
        /// 1, or the microseconds of a bucket of time.
        width: i64,
        /// Logical type of the key.
        data_type: DataType,
    },
}

/// A value of a key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum KeyValue {
    /// NULL.
    Null,
    /// Of a text key.
    Text(Box<str>),
    /// Of an integer key.
    Integer(i64),
}

/// The values of a key in the rows of a chunk, as codes.
#[derive(Debug)]
pub(super) struct Codes {
    /// One a row, each below `labels.len()`.
    pub(super) rows: Vec<u32>,
    /// What the codes stand for.
    pub(super) labels: Labels,
}

/// Values by code; the last is NULL.
#[derive(Debug)]
pub(super) enum Labels {
    /// Texts of a dictionary.
    Dictionary(ArrayRef),
    /// Texts found in the chunk.
    Texts(Vec<Box<str>>),
    /// Integers found in the chunk.
    Integers(Vec<i64>),
    /// `(first + code) * width`.
    Range {
        /// Quotient of code 0.
        first: i64,
        /// Codes that are no NULL.
        count: usize,
        /// Factor.
        width: i64,
    },
}

impl Labels {
    /// How many codes there are, with that of NULL.
    pub(super) fn len(&self) -> usize {
        1 + match self {
            Self::Dictionary(values) => values.len(),
            Self::Texts(values) => values.len(),
            Self::Integers(values) => values.len(),
            Self::Range { count, .. } => *count,
        }
    }

    /// The value of a code.
    pub(super) fn value(&self, code: usize) -> KeyValue {
        if code + 1 == self.len() {
            return KeyValue::Null;
        }
        match self {
            Self::Dictionary(values) => KeyValue::Text(values.as_string::<i32>().value(code).into()),
            Self::Texts(values) => KeyValue::Text(values[code].clone()),
            Self::Integers(values) => KeyValue::Integer(values[code]),
            Self::Range { first, width, .. } => {
                KeyValue::Integer((first + i64::try_from(code).unwrap_or(i64::MAX)).saturating_mul(*width))
            }
        }
    }
}

impl Key {
    /// Codes of the selected rows.
    ///
    /// # Errors
    /// Reading or memory.
    pub(super) async fn codes(&self, unit: &mut Unit<'_>, rows: &Selection) -> Result<Codes> {
        match self {
            Self::Text { column } => {
                if let Some(stored) = unit.stored(*column).await?
                    && let DataType::Dictionary(_, value) = stored.data_type()
                    && **value == DataType::Utf8
                    && stored.as_dictionary_opt::<UInt16Type>().is_some()
                {
                    return Ok(dictionary_codes(&rows.gather(&stored)?));
                }
                Ok(text_codes(&unit.logical(*column, rows).await?))
            }
            Self::Integer { column, width, .. } => integer_codes(&unit.logical(*column, rows).await?, *width),
        }
    }

    /// Values as an array of the key's logical type.
    ///
    /// # Errors
    /// Arrow's, when a value does not fit the type.
    pub(super) fn array<'a>(&self, values: impl Iterator<Item = &'a KeyValue>) -> Result<ArrayRef> {
        match self {
            Self::Text { .. } => {
                let mut texts = StringViewBuilder::new();
                for value in values {
                    match value {
                        KeyValue::Text(text) => texts.append_value(text),
                        KeyValue::Null | KeyValue::Integer(_) => texts.append_null(),
                    }
                }
                Ok(Arc::new(texts.finish()))
            }
            Self::Integer { data_type, .. } => {
                let integers: Int64Array = values
                    .map(|value| match value {
                        KeyValue::Integer(value) => Some(*value),
                        KeyValue::Null | KeyValue::Text(_) => None,
                    })
                    .collect();
                Ok(from_integers(Arc::new(integers), data_type)?)
            }
        }
    }
}

/// Values of an integer-like type as integers.
pub(super) fn to_integers(array: &ArrayRef) -> Result<Int64Array> {
    let wide = match array.data_type() {
        DataType::Date32 => cast(&cast(array, &DataType::Int32)?, &DataType::Int64)?,
        _ => cast(array, &DataType::Int64)?,
    };
    wide.as_primitive_opt::<Int64Type>()
        .cloned()
        .ok_or_else(|| DataFusionError::Internal(format!("{} is no integer type", array.data_type())))
}

/// The inverse of [`to_integers`].
pub(super) fn from_integers(integers: ArrayRef, data_type: &DataType) -> Result<ArrayRef> {
    Ok(match data_type {
        DataType::Date32 => cast(&cast(&integers, &DataType::Int32)?, data_type)?,
        _ => cast(&integers, data_type)?,
    })
}

#[allow(clippy::cast_possible_truncation, reason = "a chunk has fewer than 2^32 rows, and so fewer codes")]
fn code(of: usize) -> u32 {
    of as u32
}

fn dictionary_codes(array: &ArrayRef) -> Codes {
    let codes = array.as_dictionary::<UInt16Type>();
    let null = code(codes.values().len());
    let keys = codes.keys().values();
    let rows = match codes.keys().nulls() {
        None => keys.iter().map(|key| u32::from(*key)).collect(),
        Some(nulls) => keys.iter().zip(nulls.iter()).map(|(key, valid)| if valid { u32::from(*key) } else { null }).collect(),
    };
    Codes { rows, labels: Labels::Dictionary(Arc::clone(codes.values())) }
}

fn text_codes(array: &ArrayRef) -> Codes {
    let texts = array.as_string_view();
    let mut known: HashMap<&str, u32> = HashMap::new();
    let mut labels: Vec<Box<str>> = Vec::new();
    let mut rows: Vec<u32> = texts
        .iter()
        .map(|text| {
            let Some(text) = text else { return u32::MAX };
            *known.entry(text).or_insert_with(|| {
                labels.push(text.into());
                code(labels.len() - 1)
            })
        })
        .collect();
    null_last(&mut rows, labels.len());
    Codes { rows, labels: Labels::Texts(labels) }
}

fn integer_codes(array: &ArrayRef, width: i64) -> Result<Codes> {
    let integers = to_integers(array)?;
    let bounds = arrow::compute::min(&integers).zip(arrow::compute::max(&integers));
    let (first, last) = bounds.map_or((0, -1), |(min, max)| (min.div_euclid(width), max.div_euclid(width)));
    if last.checked_sub(first).is_some_and(|range| range < RANGE_MAX) {
        let count = usize::try_from(last - first + 1).unwrap_or_default();
        // Times of neighbours mostly fall into one bucket, and a division costs more than all the rest.
        let (mut bucket, mut of_bucket) = (0..0, 0);
        let mut place = |value: i64| {
            if !bucket.contains(&value) {
                let quotient = value.div_euclid(width);
                bucket = quotient.saturating_mul(width)..quotient.saturating_add(1).saturating_mul(width);
                of_bucket = code(usize::try_from(quotient - first).unwrap_or_default());
            }
            of_bucket
        };
        let rows = if integers.null_count() == 0 {
            integers.values().iter().map(|value| place(*value)).collect()
        } else {
            integers.iter().map(|value| value.map_or(code(count), &mut place)).collect()
        };
        return Ok(Codes { rows, labels: Labels::Range { first, count, width } });
    }
    let mut known: HashMap<i64, u32> = HashMap::new();
    let mut labels = Vec::new();
    let mut rows: Vec<u32> = integers
        .iter()
        .map(|value| {
            let Some(value) = value else { return u32::MAX };
            let cut = value.div_euclid(width).saturating_mul(width);
            *known.entry(cut).or_insert_with(|| {
                labels.push(cut);
                code(labels.len() - 1)
            })
        })
        .collect();
    null_last(&mut rows, labels.len());
    Ok(Codes { rows, labels: Labels::Integers(labels) })
}

fn null_last(rows: &mut [u32], labels: usize) {
    for row in rows.iter_mut().filter(|row| **row == u32::MAX) {
        *row = code(labels);
    }
}
