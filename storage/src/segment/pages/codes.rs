//! Columns of codes: numbers of values in the file's dictionary become places in the sorted one.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray};
use bytes::Bytes;
use parquet::basic::Encoding;

use super::super::text::{NULL_CODE, codes_array};
use super::page::Page;
use super::{Decoder, hybrid};

/// The values of a column of codes.
#[derive(Debug)]
pub struct Dictionary {
    sorted: StringArray,
    /// Place in `sorted` by number in the file.
    places: Vec<u16>,
}

impl Dictionary {
    /// From the values in the order of the file, of which there are less than [`NULL_CODE`].
    pub fn of(values: &[String]) -> Self {
        let mut order: Vec<u16> = (0..values.len() as u16).collect();
        order.sort_unstable_by(|a, b| values[usize::from(*a)].cmp(&values[usize::from(*b)]));
        let mut places = vec![0; values.len()];
        for (place, number) in order.iter().enumerate() {
            places[usize::from(*number)] = place as u16;
        }
        let sorted = order.iter().map(|number| Some(values[usize::from(*number)].as_str())).collect();
        Self { sorted, places }
    }
}

/// See the module.
#[derive(Debug)]
pub struct Codes {
    dictionary: Arc<Dictionary>,
    numbers: Vec<u32>,
    /// Of the page at hand, a code a row.
    page: Vec<u16>,
    codes: Vec<u16>,
    batch: usize,
}

impl Codes {
    /// Makes arrays of about `batch` rows.
    pub fn new(dictionary: Arc<Dictionary>, batch: usize) -> Self {
        Self { dictionary, numbers: Vec::new(), page: Vec::new(), codes: Vec::new(), batch }
    }
}

impl Decoder for Codes {
    fn dictionary(&mut self, _values: &Bytes) -> Result<(), String> {
        Ok(())
    }

    fn begin(&mut self, page: Page) -> Result<(), String> {
        if page.encoding != Encoding::RLE_DICTIONARY {
            return Err(format!("a page of codes is encoded as {}", page.encoding));
        }
        let places = &self.dictionary.places;
        self.numbers.clear();
        hybrid::decode_numbers(&page, &mut self.numbers)?;
        if self.numbers.iter().max().is_some_and(|largest| *largest as usize >= places.len()) {
            return Err("a code is not in the dictionary".to_owned());
        }
        self.page.clear();
        let mut codes = self.numbers.iter().map(|number| places[*number as usize]);
        match &page.valid {
            None => self.page.extend(codes),
            Some(valid) => {
                let code = |valid: bool| if valid { codes.next().unwrap_or(NULL_CODE) } else { NULL_CODE };
                self.page.extend(valid.iter().map(code));
            }
        }
        Ok(())
    }

    fn append(&mut self, rows: Range<usize>) -> Result<(), String> {
        if self.codes.is_empty() {
            self.codes.reserve_exact(self.batch);
        }
        self.codes.extend_from_slice(&self.page[rows]);
        Ok(())
    }

    fn finish(&mut self) -> Result<ArrayRef, String> {
        self.codes.shrink_to_fit();
        codes_array(std::mem::take(&mut self.codes), &self.dictionary.sorted).map_err(|error| error.to_string())
    }
}
