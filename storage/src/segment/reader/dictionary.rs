//! Dictionaries of the columns of codes: read once a segment, sorted, shared by all chunks.
//!
//! Parquet numbers values as it meets them. Readers want codes that compare like their values, so the file's numbers are
//! replaced by places in the sorted dictionary.

use std::sync::Arc;

use tokio::sync::OnceCell;

use super::super::pages::Dictionary;
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

impl SegmentReader {
    /// The dictionary of a column of codes.
    pub(super) async fn dictionary(&self, stored: usize) -> Result<Arc<Dictionary>> {
        let load = || async {
            let Some(plan) = self.pages[stored].plan_dictionary() else {
                return Ok(Arc::new(Dictionary::of(&[])));
            };
            let fetched = self.files.get_ranges(&self.meta.location, &plan.ranges()).await;
            let fetched = fetched.map_err(|error| self.unreadable(error))?;
            let (metadata, id) = (self.arrow.metadata().clone(), self.meta.id);
            blocking(move || {
                let values = plan.decode_dictionary(fetched, &metadata, stored);
                Ok(Arc::new(Dictionary::of(&values.map_err(|reason| StorageError::CorruptSegment { id, reason })?)))
            })
            .await
        };
        self.dictionaries.0[stored].get_or_try_init(load).await.cloned()
    }
}
