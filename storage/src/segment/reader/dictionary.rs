//! Dictionaries of the columns of codes: read once a segment, sorted, shared by all chunks.
//!
//! Parquet numbers values as it meets them. Readers want codes that compare like their values, so the file's numbers are
//! replaced by places in the sorted dictionary.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::datatypes::UInt16Type;
use tokio::sync::OnceCell;

use super::super::text::{NULL_CODE, codes_array};
use super::SegmentReader;
use super::blocking;
use crate::{Result, StorageError};

/// One cell a column of the file; those of other forms stay empty.
#[derive(Debug)]
pub struct Dictionaries(Vec<OnceCell<Arc<Dictionary>>>);

impl Dictionaries {
    /// For a file of `columns` columns.
    pub fn new(columns: usize) -> Self {
        Self((0..columns).map(|_| OnceCell::new()).collect())
    }
}

/// The values of a column of codes.
#[derive(Debug)]
pub struct Dictionary {
    sorted: StringArray,
    /// Place in `sorted` by number in the file.
    places: Vec<u16>,
}

impl Dictionary {
    /// From the values in the order of the file.
    fn of(values: Vec<String>) -> Self {
        let mut order: Vec<u16> = (0..values.len() as u16).collect();
        order.sort_unstable_by(|a, b| values[usize::from(*a)].cmp(&values[usize::from(*b)]));
        let mut places = vec![0; values.len()];
        for (place, number) in order.iter().enumerate() {
            places[usize::from(*number)] = place as u16;
        }
        let sorted = order.iter().map(|number| Some(values[usize::from(*number)].as_str())).collect();
        Self { sorted, places }
    }

    /// `array` with places in the sorted dictionary instead of numbers of the file.
    pub fn recode(&self, array: &ArrayRef) -> Result<ArrayRef, String> {
        let decoded = array.as_dictionary_opt::<UInt16Type>().ok_or("a column of codes has another type")?;
        let (keys, nulls) = (decoded.keys().values(), decoded.nulls());
        let largest = match nulls {
            None => keys.iter().copied().max(),
            Some(nulls) => nulls.valid_indices().map(|at| keys[at]).max(),
        };
        if largest.is_some_and(|largest| usize::from(largest) >= self.places.len()) {
            return Err("a code is not in the dictionary".to_owned());
        }
        // What a key is where the value is NULL is not said.
        let place = |key: &u16| self.places.get(usize::from(*key)).copied().unwrap_or(NULL_CODE);
        let mut codes: Vec<u16> = keys.iter().map(place).collect();
        if let Some(nulls) = nulls {
            codes.iter_mut().enumerate().filter(|(at, _)| nulls.is_null(*at)).for_each(|(_, code)| *code = NULL_CODE);
        }
        if decoded.null_count() < decoded.len() && decoded.values().len() != self.places.len() {
            return Err("a page has another dictionary".to_owned());
        }
        codes_array(codes, &self.sorted).map_err(|error| error.to_string())
    }
}

impl SegmentReader {
    /// The dictionary of a column of codes.
    pub(super) async fn dictionary(&self, stored: usize) -> Result<Arc<Dictionary>> {
        let load = || async {
            let Some(plan) = self.pages[stored].plan_dictionary() else {
                return Ok(Arc::new(Dictionary::of(Vec::new())));
            };
            let fetched = self.files.get_ranges(&self.meta.location, &plan.ranges()).await;
            let fetched = fetched.map_err(|error| self.unreadable(error))?;
            let (metadata, id) = (self.arrow.metadata().clone(), self.meta.id);
            blocking(move || {
                let values = plan.decode_dictionary(fetched, &metadata, stored);
                Ok(Arc::new(Dictionary::of(values.map_err(|reason| StorageError::CorruptSegment { id, reason })?)))
            })
            .await
        };
        self.dictionaries.0[stored].get_or_try_init(load).await.cloned()
    }
}
