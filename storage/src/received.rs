//! Records with the time at which each of them was received.
//!
//! Records that came together are a batch with one time. Batches that were joined keep the time of each of their parts:
//!
//! ```text
//!   rows     0          3     4                 9
//!            ├──────────┼─────┼─────────────────┤
//!   time     first_us    later[0]   later[1]
//! ```
//!
//! Joining copies, so that a record which came alone does not keep the buffers it was built in: those have room for a
//! thousand. Text becomes `Utf8`, whatever its form in the parts, because views and dictionaries hold on to blocks.
//!
//! **Invariant:** every row has exactly one time: `later` ascends by row, from 1 on and inside the batch.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, GenericListArray, RecordBatch, RecordBatchOptions, TimestampMicrosecondArray};
use arrow::compute::{cast, concat};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::error::ArrowError;

use crate::Result;

/// A batch and the times of receipt of its rows, microseconds since 1970 UTC.
#[derive(Debug, Clone)]
pub struct Received {
    batch: RecordBatch,
    first_us: i64,
    later: Vec<Change>,
}

/// From `row` on, rows were received at `at_us`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Change {
    row: usize,
    at_us: i64,
}

impl Received {
    /// Records that were received together.
    pub fn together(batch: RecordBatch, at_us: i64) -> Self {
        Self { batch, first_us: at_us, later: Vec::new() }
    }

    /// The records. Columns by id, physical types loose: see [`crate::schema`].
    pub fn batch(&self) -> &RecordBatch {
        &self.batch
    }

    /// How many there are.
    pub fn rows(&self) -> usize {
        self.batch.num_rows()
    }

    /// Bytes of memory they hold.
    pub fn bytes(&self) -> usize {
        self.batch.get_array_memory_size() + self.later.capacity() * size_of::<Change>()
    }

    /// When the first record was received.
    pub fn first_us(&self) -> i64 {
        self.first_us
    }

    /// Earliest and latest time of receipt. The clock may have been set back, so these need not be those of the first and
    /// the last record.
    pub fn bounds_us(&self) -> (i64, i64) {
        let later = || self.later.iter().map(|change| change.at_us);
        (later().fold(self.first_us, i64::min), later().fold(self.first_us, i64::max))
    }

    /// The time of each row: `_ingested_at`.
    pub fn times(&self) -> TimestampMicrosecondArray {
        let mut times = Vec::with_capacity(self.rows());
        let mut at_us = self.first_us;
        for change in &self.later {
            times.resize(change.row, at_us);
            at_us = change.at_us;
        }
        times.resize(self.rows(), at_us);
        TimestampMicrosecondArray::from(times).with_timezone("UTC")
    }

    /// The records from `row` on; none if there are fewer. Shares the memory of all.
    #[must_use]
    pub fn from_row(&self, row: usize) -> Self {
        let row = row.min(self.rows());
        let passed = self.later.iter().take_while(|change| change.row <= row).count();
        let first_us = passed.checked_sub(1).map_or(self.first_us, |last| self.later[last].at_us);
        let later = self.later[passed..].iter().map(|change| Change { row: change.row - row, ..*change }).collect();
        Self { batch: self.batch.slice(row, self.rows() - row), first_us, later }
    }

    /// Whether the two have the same columns, so that they can be joined. A text column may have different forms.
    pub fn can_join(&self, other: &Self) -> bool {
        let (left, right) = (self.batch.schema_ref(), other.batch.schema_ref());
        Arc::ptr_eq(left, right)
            || (left.fields().len() == right.fields().len()
                && left.fields().iter().zip(right.fields()).all(|(left, right)| is_same_column(left, right)))
    }

    /// The records of all parts in their order, copied into buffers that are no larger than they need to be. One part
    /// alone is copied too.
    ///
    /// # Errors
    /// Arrow's, if the parts cannot be joined or a column would exceed 2 GiB of text.
    ///
    /// # Panics
    /// Without parts.
    pub fn joined(parts: &[&Self]) -> Result<Self> {
        assert!(!parts.is_empty(), "nothing to join");
        let batch = joined_batch(&parts.iter().map(|part| &part.batch).collect::<Vec<_>>())?;
        let mut joined = Self::together(batch, parts[0].first_us);
        joined.later.reserve_exact(parts.iter().map(|part| part.later.len() + 1).sum::<usize>() - 1);
        let mut row = 0;
        for part in parts.iter().filter(|part| part.rows() > 0) {
            joined.change(Change { row, at_us: part.first_us });
            for change in &part.later {
                joined.change(Change { row: row + change.row, ..*change });
            }
            row += part.rows();
        }
        Ok(joined)
    }

    fn change(&mut self, change: Change) {
        if change.row == 0 {
            self.first_us = change.at_us;
        } else if self.later.last().map_or(self.first_us, |last| last.at_us) != change.at_us {
            self.later.push(change);
        }
    }
}

fn is_same_column(left: &Field, right: &Field) -> bool {
    let same_type = left.data_type() == right.data_type() || (is_text(left.data_type()) && is_text(right.data_type()));
    same_type && left.name() == right.name() && left.metadata() == right.metadata()
}

fn is_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::Utf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, value) => is_text(value),
        _ => false,
    }
}

fn joined_batch(parts: &[&RecordBatch]) -> Result<RecordBatch, ArrowError> {
    let schema = parts[0].schema_ref();
    let columns = (0..schema.fields().len())
        .map(|at| joined_column(parts.iter().map(|part| part.column(at))))
        .collect::<Result<Vec<_>, _>>()?;
    let unchanged = schema.fields().iter().zip(&columns).all(|(field, column)| field.data_type() == column.data_type());
    let schema = if unchanged {
        schema.clone()
    } else {
        let fields = schema.fields().iter().zip(&columns);
        let fields = fields.map(|(field, column)| field.as_ref().clone().with_data_type(column.data_type().clone()));
        Arc::new(Schema::new(fields.collect::<Vec<_>>()))
    };
    let rows = parts.iter().map(|part| part.num_rows()).sum();
    RecordBatch::try_new_with_options(schema, columns, &RecordBatchOptions::new().with_row_count(Some(rows)))
}

fn joined_column<'a>(parts: impl Iterator<Item = &'a ArrayRef>) -> Result<ArrayRef, ArrowError> {
    let plain = |part: &ArrayRef| match part.data_type() {
        text if is_text(text) => cast(part, &DataType::Utf8),
        _ => Ok(part.clone()),
    };
    let parts = parts.map(plain).collect::<Result<Vec<_>, _>>()?;
    // One array alone would be shared and not copied; an empty one beside it changes that.
    let empty = parts[0].slice(0, 0);
    let parts: Vec<&dyn Array> = parts.iter().chain([&empty]).map(AsRef::as_ref).collect();
    without_blocks(concat(&parts)?)
}

/// Lists of text hold views, and those the blocks of the parts: copies what is used of them. As deep as the type is.
fn without_blocks(array: ArrayRef) -> Result<ArrayRef, ArrowError> {
    Ok(match array.data_type() {
        DataType::Utf8View => Arc::new(array.as_string_view().gc()),
        DataType::List(element) if !element.data_type().is_primitive() => {
            let list = array.as_list::<i32>();
            let values = without_blocks(list.values().clone())?;
            Arc::new(GenericListArray::try_new(element.clone(), list.offsets().clone(), values, list.nulls().cloned())?)
        }
        _ => array,
    })
}

#[cfg(test)]
mod tests {
    use arrow::array::{DictionaryArray, Int64Array, ListBuilder, StringArray, StringViewArray, StringViewBuilder};
    use arrow::datatypes::UInt16Type;
    use proptest::prelude::*;

    use super::*;

    /// `rows` rows from `first` on, with text in one of its forms, built with room for a thousand as a parser does.
    fn part(first: i64, rows: i64, form: u8, at_us: i64) -> Received {
        let texts = || (first..first + rows).map(|n| (n % 5 != 0).then(|| format!("a text that is no longer inline: {n}")));
        let text: ArrayRef = match form % 3 {
            0 => Arc::new(StringArray::from_iter(texts())),
            1 => {
                let mut text = StringViewBuilder::with_capacity(1024);
                texts().for_each(|value| text.append_option(value));
                Arc::new(text.finish())
            }
            _ => {
                let texts: Vec<_> = texts().collect();
                Arc::new(texts.iter().map(Option::as_deref).collect::<DictionaryArray<UInt16Type>>())
            }
        };
        let mut lists = ListBuilder::new(StringViewBuilder::new());
        (first..first + rows).for_each(|n| lists.append_value([Some(format!("an element of the list of row {n}")), None]));
        let mut numbers = arrow::array::Int64Builder::with_capacity(1024);
        (first..first + rows).for_each(|n| numbers.append_value(n));
        let columns: [(&str, ArrayRef, bool); 3] =
            [("number", Arc::new(numbers.finish()), false), ("text", text, true), ("list", Arc::new(lists.finish()), true)];
        Received::together(RecordBatch::try_from_iter_with_nullable(columns).unwrap(), at_us)
    }

    fn numbers(received: &Received) -> Vec<i64> {
        received.batch().column(0).as_any().downcast_ref::<Int64Array>().unwrap().values().to_vec()
    }

    fn texts(received: &Received) -> Vec<Option<String>> {
        let views = cast(received.batch().column(1), &DataType::Utf8View).unwrap();
        views.as_any().downcast_ref::<StringViewArray>().unwrap().iter().map(|text| text.map(str::to_owned)).collect()
    }

    proptest! {
        /// Parts of any form, joined in two steps and cut, hold the rows and times of a plain list.
        #[test]
        fn rows_keep_their_times(parts in prop::collection::vec((0i64..5, 0u8..3, -3i64..3), 1..12), split in 1usize..11, cut in 0usize..50) {
            let (mut made, mut rows, mut next) = (Vec::new(), Vec::new(), 0);
            for (count, form, at_us) in parts {
                made.push(part(next, count, form, at_us));
                rows.extend((next..next + count).map(|n| (n, at_us)));
                next += count;
            }
            let (left, right) = made.split_at(split.min(made.len()));
            let left = Received::joined(&left.iter().collect::<Vec<_>>()).unwrap();
            let all: Vec<&Received> = std::iter::once(&left).chain(right).collect();
            prop_assert!(all.iter().all(|part| left.can_join(part)));
            let joined = Received::joined(&all).unwrap();
            let joined = joined.from_row(cut);
            let rows = &rows[cut.min(rows.len())..];
            prop_assert_eq!(joined.rows(), rows.len());
            prop_assert_eq!(numbers(&joined), rows.iter().map(|(n, _)| *n).collect::<Vec<_>>());
            prop_assert_eq!(joined.times().values().to_vec(), rows.iter().map(|(_, at_us)| *at_us).collect::<Vec<_>>());
            let text = |n: i64| (n % 5 != 0).then(|| format!("a text that is no longer inline: {n}"));
            prop_assert_eq!(texts(&joined), rows.iter().map(|(n, _)| text(*n)).collect::<Vec<_>>());
            if let (Some(min), Some(max)) = (rows.iter().map(|row| row.1).min(), rows.iter().map(|row| row.1).max()) {
                prop_assert_eq!((joined.first_us(), joined.bounds_us()), (rows[0].1, (min, max)));
            }
        }
    }

    #[test]
    fn joining_leaves_the_large_buffers_of_the_parts_behind() {
        for form in 0..3 {
            let parts: Vec<_> = (0..32).map(|n| part(n, 1, form, n)).collect();
            let apart: usize = parts.iter().map(Received::bytes).sum();
            let joined = Received::joined(&parts.iter().collect::<Vec<_>>()).unwrap();
            assert!(apart / 32 > 8_000 && joined.bytes() / 32 < 250, "form {form}: {} of {} bytes", joined.bytes(), apart);
            let alone = Received::joined(&[&parts[1]]).unwrap();
            assert!(alone.bytes() < 2_000, "form {form}: {} bytes", alone.bytes());
        }
    }

    #[test]
    fn other_columns_are_not_joined() {
        let one = part(0, 1, 0, 0);
        let fewer = Received::together(one.batch().project(&[0, 1]).unwrap(), 0);
        let field = |id: &str| Field::new("number", DataType::Int64, false).with_metadata([("id".into(), id.into())].into());
        let of = |id| {
            let column = one.batch().column(0).clone();
            Received::together(RecordBatch::try_new(Arc::new(Schema::new(vec![field(id)])), vec![column]).unwrap(), 0)
        };
        assert!(one.can_join(&part(7, 2, 2, 1)) && of("1").can_join(&of("1")));
        assert!(!one.can_join(&fewer) && !of("1").can_join(&of("2")));
    }
}
