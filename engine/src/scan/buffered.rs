//! A buffered batch as a part of a topic: durable in the log, not sealed yet, without bounds.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Int64Array, UInt32Array, new_null_array};
use arrow::compute::take;
use arrow::datatypes::DataType;
use async_trait::async_trait;
use datafusion::error::{DataFusionError, Result};
use strata_storage::ColumnId;
use strata_storage::StorageError;
use strata_storage::index::Question;
use strata_storage::schema::column_by_id;
use strata_storage::segment::Probed;
use strata_storage::segment::{BlockBounds, CHUNK_ROWS, ColumnRef, to_logical};

use super::part::{Part, block_of};
use crate::topics::BufferedBatch;

/// The batch. Columns that it does not have are NULL; fields of `attrs` are never stored in it.
#[derive(Debug)]
pub(crate) struct BufferedPart {
    batch: Arc<BufferedBatch>,
    columns: Vec<(ColumnId, DataType)>,
}

impl BufferedPart {
    /// `columns` are those that may be asked for, with their logical types.
    pub(crate) fn new(batch: Arc<BufferedBatch>, columns: Vec<(ColumnId, DataType)>) -> Self {
        Self { batch, columns }
    }

    fn column(&self, column: &ColumnRef) -> Result<ArrayRef> {
        let rows = self.rows();
        let ColumnRef::Column(id) = column else {
            return Err(DataFusionError::Internal("a buffered batch stores no field of attrs".to_owned()));
        };
        match *id {
            ColumnId::OFFSET => Ok(Arc::new(Int64Array::from_iter_values((self.batch.base_offset..).take(rows)))),
            ColumnId::INGESTED_AT => Ok(Arc::new(self.batch.records.times())),
            id => match column_by_id(self.batch.records.batch(), id) {
                Some((_, array)) => Ok(array),
                None => Ok(new_null_array(self.data_type(id)?, rows)),
            },
        }
    }

    fn data_type(&self, id: ColumnId) -> Result<&DataType> {
        let known = self.columns.iter().find(|(column, _)| *column == id);
        known.map(|(_, data_type)| data_type).ok_or_else(|| DataFusionError::Internal(format!("column {id:?} is not read")))
    }
}

#[async_trait]
impl Part for BufferedPart {
    fn rows(&self) -> usize {
        self.batch.records.rows()
    }

    fn block_bounds(&self, _column: &ColumnRef) -> Option<BlockBounds> {
        None
    }

    async fn chunk(&self, column: &ColumnRef, chunk: usize) -> Result<ArrayRef> {
        let start = chunk * CHUNK_ROWS;
        Ok(self.column(column)?.slice(start, CHUNK_ROWS.min(self.rows() - start)))
    }

    fn is_wide(&self, _column: &ColumnRef) -> bool {
        false
    }

    async fn blocks(&self, column: &ColumnRef, blocks: &[u32]) -> Result<Vec<ArrayRef>> {
        let column = self.column(column)?;
        Ok(blocks.iter().map(|block| block_of(&column, *block)).collect())
    }

    async fn rows_of(&self, columns: &[ColumnRef], rows: &[u32]) -> Result<Vec<ArrayRef>> {
        let rows = UInt32Array::from(rows.to_vec());
        let take_column = |column: &ColumnRef| {
            let taken = take(&self.column(column)?, &rows, None)?;
            match column {
                ColumnRef::Column(ColumnId::OFFSET | ColumnId::INGESTED_AT) => Ok(taken),
                ColumnRef::Column(id) => to_logical(&taken, self.data_type(*id)?).map_err(super::part::external),
                ColumnRef::Field(_) => Err(DataFusionError::Internal("a buffered batch stores no field of attrs".to_owned())),
            }
        };
        columns.iter().map(take_column).collect()
    }

    fn is_cached(&self, _column: &ColumnRef, _chunk: usize) -> bool {
        true
    }

    async fn probe(&self, _column: &ColumnRef, _question: &Question) -> Vec<Probed> {
        Vec::new()
    }

    fn blame_indexes(&self, _column: &ColumnRef, _error: &StorageError) {}
}
