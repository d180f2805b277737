//! A text column that finds out by itself whether its values repeat.
//!
//! A batch starts with a dictionary; when too many values turn out to be different, what there is is written out and the
//! rest of the batch is plain, and so are the next batches, until it is time to look again.

use std::sync::Arc;

use arrow::array::{Array, ArrayBuilder, ArrayRef, DictionaryArray, StringBuilder, UInt16Builder};
use arrow::datatypes::UInt16Type;

use super::dictionary::Dictionary;

/// Different values after which more than half of the rows must be repetitions.
const DISTINCT_FREE: usize = 1_024;
/// Batches that stay plain after one that turned out to be.
const PLAIN_BATCHES: u32 = 15;
/// Rows below which a dictionary is not worth its own array.
const DICTIONARY_ROWS_MIN: usize = 64;

/// Builds a column of `Utf8` or `Dictionary(UInt16, Utf8)`.
#[derive(Debug, Default)]
pub(super) struct TextColumn {
    dictionary: Dictionary,
    codes: UInt16Builder,
    /// All rows so far, once the dictionary was given up.
    plain: Option<StringBuilder>,
    /// Rows and bytes of the last plain column.
    plain_size: (usize, usize),
    /// Batches that start plain.
    plain_batches: u32,
}

impl TextColumn {
    #[inline]
    pub(super) fn append_value(&mut self, text: &str) {
        if let Some(plain) = &mut self.plain {
            plain.append_value(text);
            return;
        }
        match self.dictionary.code(text) {
            Some(code) => {
                self.codes.append_value(code);
                if self.dictionary.len() > DISTINCT_FREE && self.is_mostly_distinct() {
                    self.plain_batches = PLAIN_BATCHES;
                    self.give_up_dictionary();
                }
            }
            None => {
                self.plain_batches = PLAIN_BATCHES;
                self.give_up_dictionary().append_value(text);
            }
        }
    }

    pub(super) fn append_null(&mut self) {
        match &mut self.plain {
            Some(plain) => plain.append_null(),
            None => self.codes.append_null(),
        }
    }

    fn is_mostly_distinct(&self) -> bool {
        self.dictionary.len() * 2 > self.codes.len()
    }

    /// Writes out the rows so far.
    #[cold]
    fn give_up_dictionary(&mut self) -> &mut StringBuilder {
        let (rows, bytes) = self.plain_size;
        let mut plain = StringBuilder::with_capacity(rows, bytes);
        let codes = self.codes.finish();
        for code in &codes {
            plain.append_option(code.map(|code| self.dictionary.value(code)));
        }
        self.dictionary.clear();
        self.plain.insert(plain)
    }

    /// Takes the column and starts anew.
    pub(super) fn finish(&mut self) -> ArrayRef {
        if self.plain.is_none() {
            let few = self.codes.len() < DICTIONARY_ROWS_MIN;
            let distinct = !self.dictionary.is_empty() && self.is_mostly_distinct();
            if distinct && !few {
                self.plain_batches = PLAIN_BATCHES;
            }
            if distinct || few {
                self.give_up_dictionary();
            }
        }
        if let Some(mut plain) = self.plain.take() {
            let array = plain.finish();
            self.plain_size = (array.len() + array.len() / 8, array.values().len() + array.values().len() / 8);
            if self.plain_batches > 0 {
                self.plain_batches -= 1;
                self.plain = Some(StringBuilder::with_capacity(self.plain_size.0, self.plain_size.1));
            }
            return Arc::new(array);
        }
        let codes = self.codes.finish();
        let rows = codes.len();
        self.codes = UInt16Builder::with_capacity(rows);
        let values = Arc::new(self.dictionary.finish());
        #[allow(clippy::expect_used, reason = "codes are positions in the dictionary")]
        Arc::new(DictionaryArray::<UInt16Type>::try_new(codes, values).expect("codes of this dictionary"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::StringArray;
    use arrow::compute::cast;
    use arrow::datatypes::DataType;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn holds_what_was_appended(rows in prop::collection::vec(prop::option::of("[a-c]{0,3}|[a-z]{9,20}"), 0..300), twice in any::<bool>()) {
            let mut column = TextColumn::default();
            for _ in 0..1 + usize::from(twice) {
                for row in &rows {
                    match row {
                        Some(text) => column.append_value(text),
                        None => column.append_null(),
                    }
                }
                let array = cast(&column.finish(), &DataType::Utf8).unwrap();
                prop_assert_eq!(array.as_any().downcast_ref::<StringArray>().unwrap(), &StringArray::from(rows.clone()));
            }
        }
    }

    #[test]
    fn chooses_by_what_it_sees() {
        let mut column = TextColumn::default();
        (0..5_000).for_each(|i| column.append_value(&format!("host-{}", i % 200)));
        assert!(matches!(column.finish().data_type(), DataType::Dictionary(_, _)));
        (0..5_000).for_each(|_| column.append_null());
        assert_eq!(column.finish().null_count(), 5_000);
        column.append_null();
        assert_eq!(column.finish().data_type(), &DataType::Utf8, "not worth a dictionary");
        (0..5_000).for_each(|i| column.append_value(&format!("host-{i}")));
        assert_eq!(column.finish().data_type(), &DataType::Utf8);
        for batch in 0..=PLAIN_BATCHES {
            (0..5_000).for_each(|i| column.append_value(&format!("host-{}", i % 200)));
            let plain = *column.finish().data_type() == DataType::Utf8;
            assert_eq!(plain, batch < PLAIN_BATCHES, "looks again after {PLAIN_BATCHES} batches");
        }
    }
}
