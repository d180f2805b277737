//! A part of a topic: a sealed segment or a buffered batch, read column by column and chunk by chunk.
//!
//! The scan knows only this trait, so that records are found by the same code wherever they lie.
//!
//! **Invariant:** bounds are conservative: a value outside them is not in the block.

use std::fmt::Debug;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef};
use async_trait::async_trait;
use datafusion::error::{DataFusionError, Result};
use strata_storage::StorageError;
use strata_storage::index::Question;
use strata_storage::segment::{BLOCK_ROWS, BlockBounds, ColumnRef, Probed, SegmentMeta, SegmentReader, SegmentStore};

/// Columns of one part.
#[async_trait]
pub(crate) trait Part: Send + Sync + Debug {
    /// Rows in it.
    fn rows(&self) -> usize;

    /// Bounds of a column, one entry a block of `BLOCK_ROWS` rows; `None` if unknown.
    fn block_bounds(&self, column: &ColumnRef) -> Option<BlockBounds>;

    /// Values of one chunk of `CHUNK_ROWS` rows in their physical type.
    async fn chunk(&self, column: &ColumnRef, chunk: usize) -> Result<ArrayRef>;

    /// Whether [`Self::blocks`] is worth using instead of [`Self::chunk`] where few blocks are wanted.
    fn is_wide(&self, column: &ColumnRef) -> bool;

    /// Values of blocks of `BLOCK_ROWS` rows, each as [`Self::chunk`] has them; ascending numbers.
    async fn blocks(&self, column: &ColumnRef, blocks: &[u32]) -> Result<Vec<ArrayRef>>;

    /// Values of single rows of the part, in logical types.
    async fn rows_of(&self, columns: &[ColumnRef], rows: &[u32]) -> Result<Vec<ArrayRef>>;

    /// Whether [`Self::chunk`] is a look-up and not a decode.
    fn is_cached(&self, column: &ColumnRef, chunk: usize) -> bool;

    /// What the indexes of a column say to a question.
    async fn probe(&self, column: &ColumnRef, question: &Question) -> Vec<Probed>;

    /// How many rows are the answer to a question, and the method of the index that knows; `None` if none does.
    async fn count(&self, _column: &ColumnRef, _question: &Question) -> Option<(&'static str, u64)> {
        None
    }

    /// An index that answered cannot tell its rows; it is not to be asked again.
    fn blame_indexes(&self, column: &ColumnRef, error: &StorageError);
}

/// Opens segments. The engine's store, or a fake one in tests.
#[async_trait]
pub(crate) trait SegmentSource: Send + Sync + Debug {
    /// The columns of a segment.
    async fn open(&self, segment: &Arc<SegmentMeta>) -> Result<Arc<dyn Part>>;

    /// The indexes of a column of a segment will soon be asked a question. Does not wait.
    fn will_probe(&self, _segment: &SegmentMeta, _column: &ColumnRef, _question: &Question) {}
}

#[async_trait]
impl SegmentSource for SegmentStore {
    async fn open(&self, segment: &Arc<SegmentMeta>) -> Result<Arc<dyn Part>> {
        Ok(SegmentStore::open(self, segment).await.map_err(external)?)
    }

    fn will_probe(&self, segment: &SegmentMeta, column: &ColumnRef, question: &Question) {
        Self::will_probe(self, segment.id, column, question);
    }
}

#[async_trait]
impl Part for SegmentReader {
    fn rows(&self) -> usize {
        Self::rows(self)
    }

    fn block_bounds(&self, column: &ColumnRef) -> Option<BlockBounds> {
        Self::block_bounds(self, column)
    }

    async fn chunk(&self, column: &ColumnRef, chunk: usize) -> Result<ArrayRef> {
        Self::chunk(self, column, chunk).await.map_err(external)
    }

    fn is_wide(&self, column: &ColumnRef) -> bool {
        Self::is_wide(self, column)
    }

    async fn blocks(&self, column: &ColumnRef, blocks: &[u32]) -> Result<Vec<ArrayRef>> {
        Self::blocks(self, column, blocks).await.map_err(external)
    }

    async fn rows_of(&self, columns: &[ColumnRef], rows: &[u32]) -> Result<Vec<ArrayRef>> {
        Self::rows_of(self, columns, rows).await.map_err(external)
    }

    fn is_cached(&self, column: &ColumnRef, chunk: usize) -> bool {
        Self::is_cached(self, column, chunk)
    }

    async fn probe(&self, column: &ColumnRef, question: &Question) -> Vec<Probed> {
        Self::probe(self, column, question).await
    }

    async fn count(&self, column: &ColumnRef, question: &Question) -> Option<(&'static str, u64)> {
        Self::count(self, column, question).await
    }

    fn blame_indexes(&self, column: &ColumnRef, error: &StorageError) {
        Self::blame_indexes(self, column, error);
    }
}

/// A block of a column that lies in memory as a whole.
pub(crate) fn block_of(column: &ArrayRef, block: u32) -> ArrayRef {
    let start = block as usize * BLOCK_ROWS;
    column.slice(start, BLOCK_ROWS.min(column.len() - start))
}

/// A storage error on its way through DataFusion.
pub(crate) fn external(error: StorageError) -> DataFusionError {
    DataFusionError::External(Box::new(crate::EngineError::from(error)))
}
