//! Asking the indexes of a segment.
//!
//! **Invariant:** an index that fails, for whatever reason, is left out of the answer and never of its correctness.

use std::ops::Range;
use std::sync::Arc;

use arrow::buffer::BooleanBuffer;

use super::{ColumnRef, SegmentReader};
use crate::error::ErrorKind;
use crate::index::{Answer, Index, IndexFile, IndexMethod, IndexName, IndexState, Question, Rows};
use crate::{Result, StorageError};

/// What one index said.
#[derive(Debug, Clone)]
pub struct Probed {
    /// The method, for `EXPLAIN`.
    pub method: &'static str,
    /// Its answer.
    pub answer: Answer,
    index: Arc<dyn Index>,
}

impl Probed {
    /// The rows of the answer among the `rows` rows of a chunk. Only those in `ranges`, ascending and disjoint, are looked
    /// for.
    ///
    /// # Errors
    /// [`StorageError::BrokenIndex`] or the store's.
    pub async fn rows_of_chunk(&self, chunk: usize, rows: usize, ranges: &[Range<usize>]) -> Result<BooleanBuffer> {
        let found = self.answer.rows.in_chunk(self.index.as_ref(), chunk, rows, ranges).await?;
        if found.len() == rows {
            return Ok(found);
        }
        Err(StorageError::Internal(format!("an index knows {} of {rows} rows of a chunk", found.len())))
    }
}

impl SegmentReader {
    /// What the indexes of a column say to a question; those that have nothing to say are left out.
    pub async fn probe(&self, column: &ColumnRef, question: &Question) -> Vec<Probed> {
        let mut said = Vec::new();
        for (name, method, bytes) in self.indexes_of(column) {
            let asked = async {
                let index = self.index(&name, bytes).await?;
                Ok::<_, StorageError>((index.probe(question).await?, index))
            };
            match asked.await {
                Ok((answer, index)) if answer.is_exact || !matches!(answer.rows, Rows::All) => {
                    self.indexes.counts(self.meta.topic, &name.spec).count(matches!(answer.rows, Rows::None));
                    said.push(Probed { method: method.name(), answer, index });
                }
                Ok(_) => {}
                Err(error) => self.blame(&name, &error),
            }
        }
        said
    }

    /// How many rows are the answer to a question, and the method of the index that knows it without looking at rows; `None`
    /// if none does.
    pub async fn count(&self, column: &ColumnRef, question: &Question) -> Option<(&'static str, u64)> {
        for (name, method, bytes) in self.indexes_of(column) {
            let asked = async { self.index(&name, bytes).await?.count(question).await };
            match asked.await {
                Ok(Some(rows)) => {
                    self.indexes.counts(self.meta.topic, &name.spec).count(rows == 0);
                    return Some((method.name(), rows));
                }
                Ok(None) => {}
                Err(error) => self.blame(&name, &error),
            }
        }
        None
    }

    /// A question will soon be asked: open indexes may begin to read what they need for it.
    pub(in super::super) fn will_probe(&self, column: &ColumnRef, question: &Question) {
        for (name, ..) in self.indexes_of(column) {
            if let Some(index) = self.indexes.open(self.meta.id, &name.spec) {
                index.will_probe(question);
            }
        }
    }

    /// Opens all indexes.
    pub(in super::super) async fn warm_up(&self) {
        for (name, state) in self.indexes.of_segment(self.meta.id) {
            let IndexState::Built(bytes) = state else { continue };
            let opened = async { self.index(&name, bytes).await?.warm_up().await };
            if let Err(error) = opened.await {
                self.blame(&name, &error);
            }
        }
    }

    /// Built indexes of a column with their methods and bytes.
    fn indexes_of(&self, column: &ColumnRef) -> Vec<(Arc<IndexName>, &'static dyn IndexMethod, u64)> {
        let ColumnRef::Column(id) = column else { return Vec::new() };
        let built = |(name, state): (Arc<IndexName>, IndexState)| match state {
            IndexState::Built(bytes) if name.spec.column == *id => name.spec.method().map(|method| (name, method, bytes)),
            _ => None,
        };
        self.indexes.of_segment(self.meta.id).into_iter().filter_map(built).collect()
    }

    /// Takes note that an index that answered cannot tell its rows.
    pub fn blame_indexes(&self, column: &ColumnRef, error: &StorageError) {
        for (name, _) in self.indexes.of_segment(self.meta.id) {
            let is_of_column = *column == ColumnRef::Column(name.spec.column);
            let is_named = matches!(error, StorageError::BrokenIndex { location, .. } if *location == name.location);
            if is_named || is_of_column && !matches!(error, StorageError::BrokenIndex { .. }) {
                self.blame(&name, error);
            }
        }
    }

    async fn index(&self, name: &IndexName, bytes: u64) -> Result<Arc<dyn Index>> {
        if let Some(index) = self.indexes.open(self.meta.id, &name.spec) {
            return Ok(index);
        }
        let file = IndexFile::open(&self.files, &self.cache, IndexName::clone(name), bytes, self.meta.rows).await?;
        let unknown = || StorageError::Internal(format!("no index method is called {}", name.spec.method));
        let index = name.spec.method().ok_or_else(unknown)?.open(&name.spec.options, Arc::new(file))?;
        self.indexes.keep(name, &index);
        Ok(index)
    }

    /// A file that is damaged or gone is not asked again; one that could not be read now may be read later.
    fn blame(&self, name: &IndexName, error: &StorageError) {
        let is_lasting = matches!(error.kind(), ErrorKind::Corrupt | ErrorKind::NotFound | ErrorKind::Internal)
            || matches!(error, StorageError::Store(object_store::Error::Generic { .. }));
        if is_lasting {
            *self.indexes.counts(self.meta.topic, &name.spec).trouble.lock() = Some(error.to_string());
        }
        if !is_lasting || self.indexes.mark_broken(name, error.to_string()) {
            tracing::warn!(index = name.location, %error, "an index cannot be used; queries do without it");
        }
    }
}
