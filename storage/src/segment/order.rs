//! The order of rows in a segment: by the columns of `sort_by`, ascending, NULLs last, then by offset.
//!
//! Each sort column becomes an integer rank that needs as few bits as its values allow; the ranks of all columns and the
//! row number are packed into one word where they fit. A service name and a time in milliseconds fit, and sorting a
//! million words takes a tenth of comparing a million rows.
//!
//! **Invariant:** equal ranks mean equal values in the order of PostgreSQL: NaN is the largest number and equals itself,
//! -0.0 equals 0.0, text is compared byte by byte.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::{SortOptions, cast, rank};
use arrow::datatypes::{DataType, Float32Type, Float64Type, Int64Type};

use crate::Result;

/// One sort column: a rank a row, smaller than `1 << bits`.
#[derive(Debug)]
pub struct Ranks {
    /// One a row, in the order of offsets.
    values: Vec<u64>,
    /// Bits that the largest needs.
    bits: u32,
}

impl Ranks {
    /// Ranks of dictionary codes whose dictionary is sorted; [`super::text::NULL_CODE`] sorts last as it stands.
    pub fn of_codes(codes: &[u16]) -> Self {
        Self::of(codes.iter().map(|code| u64::from(*code)).collect())
    }

    /// Ranks of an array of any type that can be a column.
    ///
    /// # Errors
    /// Arrow's, for a type that has no order.
    pub fn of_array(array: &ArrayRef) -> Result<Self> {
        let nulls = array.nulls();
        let is_null = |row| nulls.is_some_and(|nulls| nulls.is_null(row));
        let values: Vec<u64> = match array.data_type() {
            DataType::Float64 => keys(array.as_primitive::<Float64Type>().values(), is_null, |value| Some(float_key(*value))),
            DataType::Float32 => {
                keys(array.as_primitive::<Float32Type>().values(), is_null, |value| Some(float_key(f64::from(*value))))
            }
            DataType::Boolean
            | DataType::Int8
            | DataType::Int16
            | DataType::Int32
            | DataType::Int64
            | DataType::Date32
            | DataType::Date64
            | DataType::Time32(_)
            | DataType::Time64(_)
            | DataType::Timestamp(..) => {
                let numbers = cast(array, &DataType::Int64)?;
                let numbers = numbers.as_primitive::<Int64Type>().values();
                let min = (0..numbers.len()).filter(|row| !is_null(*row)).map(|row| numbers[row]).min().unwrap_or(0);
                keys(numbers, is_null, |value| value.checked_sub(min).and_then(|above| u64::try_from(above).ok()))
            }
            DataType::Utf8View => dense_ranks(&cast(array, &DataType::LargeUtf8)?)?,
            DataType::FixedSizeBinary(_) => dense_ranks(&cast(array, &DataType::LargeBinary)?)?,
            _ => dense_ranks(array)?,
        };
        // A span of more than 63 bits left the quick way.
        if values.contains(&OVERFLOW) { Ok(Self::of(dense_ranks(array)?)) } else { Ok(Self::of(values)) }
    }

    fn of(mut values: Vec<u64>) -> Self {
        let min = values.iter().copied().min().unwrap_or(0);
        let null = values.iter().copied().filter(|value| *value != NULL).max().map_or(0, |max| max - min + 1);
        for value in &mut values {
            *value = if *value == NULL { null } else { *value - min };
        }
        let max = values.iter().copied().max().unwrap_or(0);
        Self { values, bits: u64::BITS - max.leading_zeros() }
    }

    /// The same order with ranks below the number of rows.
    fn dense(self) -> Self {
        let mut order: Vec<u32> = (0..self.values.len() as u32).collect();
        order.sort_unstable_by_key(|row| self.values[*row as usize]);
        let mut values = vec![0; self.values.len()];
        let mut rank = 0;
        for pair in order.windows(2) {
            rank += u64::from(self.values[pair[0] as usize] != self.values[pair[1] as usize]);
            values[pair[1] as usize] = rank;
        }
        Self::of(values)
    }
}

/// Stands for NULL until the largest rank is known.
const NULL: u64 = u64::MAX;
/// Stands for a value too far from the smallest.
const OVERFLOW: u64 = u64::MAX - 1;

fn keys<T>(values: &[T], is_null: impl Fn(usize) -> bool, key: impl Fn(&T) -> Option<u64>) -> Vec<u64> {
    let row = |(row, value)| if is_null(row) { NULL } else { key(value).unwrap_or(OVERFLOW) };
    values.iter().enumerate().map(row).collect()
}

/// Orders as PostgreSQL does; never reaches the two reserved values, because NaN has one key.
fn float_key(value: f64) -> u64 {
    let bits = if value.is_nan() { f64::NAN.to_bits() & !(1 << 63) } else { (value + 0.0).to_bits() };
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

fn dense_ranks(array: &ArrayRef) -> Result<Vec<u64>> {
    let ranks = rank(array.as_ref(), Some(SortOptions { descending: false, nulls_first: false }))?;
    Ok(ranks.into_iter().map(u64::from).collect())
}

/// The rows in segment order, as numbers in offset order.
pub fn permutation(columns: Vec<Ranks>, rows: usize) -> Vec<u32> {
    assert!(u32::try_from(rows).is_ok(), "a segment has fewer rows than fit in 32 bits");
    let mut key = Ranks { values: vec![0; rows], bits: 0 };
    for mut column in columns {
        if key.bits + column.bits >= u64::BITS {
            key = key.dense();
            column = column.dense();
        }
        key.bits += column.bits;
        key.values.iter_mut().zip(column.values).for_each(|(key, rank)| *key = (*key << column.bits) | rank);
    }
    let row_bits = usize::BITS - rows.leading_zeros();
    if key.bits + row_bits > u64::BITS {
        key = key.dense();
    }
    let mut packed: Vec<u64> = key.values.iter().enumerate().map(|(row, key)| (key << row_bits) | row as u64).collect();
    packed.sort_unstable();
    packed.into_iter().map(|packed| (packed & ((1 << row_bits) - 1)) as u32).collect()
}
