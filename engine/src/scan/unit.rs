//! One chunk of one part on its way through a scan: filters, cheapest first, on the rows that are left; then the columns
//! of the answer, for the rows that remain.

mod search;

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, new_null_array};
use arrow::buffer::BooleanBuffer;
use arrow::compute::concat;
use arrow::datatypes::{DataType, Schema};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::error::{DataFusionError, Result};
use futures::future::{BoxFuture, FutureExt};
use strata_storage::ColumnId;
use strata_storage::index::Rows;
use strata_storage::segment::{BLOCK_ROWS, CHUNK_ROWS, ColumnRef, to_logical};

use super::columns::ScanColumn;
use super::judged::Judged;
use super::metrics::ScanMetrics;
use super::open_part::{CHUNK_BLOCKS, OpenPart};
use super::part::external;
use super::predicate::Node;
use super::selection::Selection;

/// Up to this many rows of a chunk are picked one by one where the column is not decoded already.
const SINGLE_ROWS_MAX: usize = 128;

/// Blocks are read alone up to one in so many of a chunk.
const CHUNK_SHARE: usize = 2;

/// A chunk being scanned.
pub(crate) struct Unit<'a> {
    part: &'a OpenPart,
    columns: &'a [ScanColumn],
    chunk: usize,
    rows: usize,
    metrics: &'a ScanMetrics,
    read: Vec<(ColumnRef, ArrayRef)>,
}

impl<'a> Unit<'a> {
    /// Chunk `chunk` of a part; `columns` are those of the scan.
    pub(crate) fn new(part: &'a OpenPart, columns: &'a [ScanColumn], chunk: usize, metrics: &'a ScanMetrics) -> Self {
        let rows = CHUNK_ROWS.min(part.rows() - chunk * CHUNK_ROWS);
        Self { part, columns, chunk, rows, metrics, read: Vec::new() }
    }

    /// Rows of the chunk.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// First row of the chunk in its part.
    pub(crate) fn first_row(&self) -> usize {
        self.chunk * CHUNK_ROWS
    }

    /// Rows of the blocks whose bit is set; bits count the blocks of the part.
    pub(crate) fn rows_of_blocks(&self, blocks: &BooleanBuffer) -> Selection {
        let first = self.chunk * CHUNK_BLOCKS;
        let of_chunk = (0..self.rows.div_ceil(BLOCK_ROWS)).filter(|block| blocks.value(first + block));
        Selection::from_ranges(self.rows, of_chunk.map(|block| block * BLOCK_ROWS..self.rows.min((block + 1) * BLOCK_ROWS)))
    }

    /// The rows of `among` for which the filter is TRUE.
    ///
    /// # Errors
    /// Reading, memory, or what an expression raises.
    pub(crate) async fn filter(&mut self, judged: &Judged, among: Selection) -> Result<Selection> {
        let among = among.and(&self.rows_of_blocks(&judged.may));
        self.metrics.rows_after_bounds.add(among.count());
        self.node(judged, &judged.filter.root, among).await
    }

    /// The same for a second filter, without counting the rows again.
    ///
    /// # Errors
    /// Reading, memory, or what an expression raises.
    pub(crate) async fn filter_further(&mut self, judged: &Judged, among: Selection) -> Result<Selection> {
        let among = among.and(&self.rows_of_blocks(&judged.may));
        self.node(judged, &judged.filter.root, among).await
    }

    fn node<'b>(&'b mut self, judged: &'b Judged, node: &'b Node, among: Selection) -> BoxFuture<'b, Result<Selection>> {
        async move {
            if among.is_empty() {
                return Ok(among);
            }
            match node {
                Node::And(parts) => {
                    let mut left = among;
                    for part in parts {
                        if left.is_empty() {
                            break;
                        }
                        left = self.node(judged, part, left).await?;
                    }
                    Ok(left)
                }
                Node::Or(parts) => {
                    let (mut found, mut left) = (Selection::none(self.rows), among);
                    for part in parts {
                        let more = self.node(judged, part, left.clone()).await?;
                        left = left.without(&more);
                        found = found.or(&more);
                        if left.is_empty() {
                            break;
                        }
                    }
                    Ok(found)
                }
                Node::Leaf(at) => self.leaf(judged, *at, among).await,
            }
        }
        .boxed()
    }

    /// Blocks that the bounds decide are not read.
    async fn leaf(&mut self, judged: &Judged, at: usize, among: Selection) -> Result<Selection> {
        let verdict = &judged.verdicts[at];
        let sure = among.and(&self.rows_of_blocks(&verdict.all));
        let open = among.and(&self.rows_of_blocks(&(&verdict.may & &!&verdict.all)));
        if open.is_empty() {
            return Ok(sure);
        }
        let (open, is_exact) = self.known_by_indexes(judged, at, open).await;
        if is_exact || open.is_empty() {
            return Ok(sure.or(&open));
        }
        let found = self.search(judged, at, &open).await?;
        Ok(sure.or(&found))
    }

    /// The rows of `among` that indexes leave, and whether all of these match. An index that fails leaves them all.
    async fn known_by_indexes(&mut self, judged: &Judged, at: usize, mut among: Selection) -> (Selection, bool) {
        for probed in &judged.probed[at] {
            // Blocks were taken into account before.
            if matches!(probed.answer.rows, Rows::Blocks(_)) || among.is_empty() {
                continue;
            }
            let whole = std::iter::once(0..self.rows);
            let ranges: Vec<Range<usize>> = if among.is_ranges() { among.ranges().collect() } else { whole.collect() };
            match probed.rows_of_chunk(self.chunk, self.rows, &ranges).await {
                Ok(rows) => {
                    among = among.and(&Selection::from_mask(rows));
                    if probed.answer.is_exact {
                        return (among, true);
                    }
                }
                Err(error) => {
                    let column = judged.filter.leaves[at].columns[0];
                    self.part.part.blame_indexes(&self.columns[column].reference, &error);
                }
            }
        }
        (among, false)
    }

    /// Blocks of the chunk that hold the rows, if these are so few and the column so wide that the others should not be
    /// decoded with them.
    fn blocks_to_search(&self, reference: &ColumnRef, rows: &Selection) -> Option<Vec<usize>> {
        let worth_it = self.part.part.is_wide(reference) && !self.is_at_hand(reference);
        if worth_it { self.few_blocks(rows) } else { None }
    }

    /// Whether the chunk of a column need not be decoded.
    fn is_at_hand(&self, reference: &ColumnRef) -> bool {
        self.part.segment.is_none() || self.is_read(reference) || self.part.part.is_cached(reference, self.chunk)
    }

    /// Blocks of the chunk that hold the rows, if these are few.
    fn few_blocks(&self, rows: &Selection) -> Option<Vec<usize>> {
        let mut blocks: Vec<usize> = Vec::new();
        for range in rows.ranges() {
            let first = (range.start / BLOCK_ROWS).max(blocks.last().map_or(0, |last| last + 1));
            blocks.extend(first..range.end.div_ceil(BLOCK_ROWS));
            if blocks.len() * CHUNK_SHARE > self.rows.div_ceil(BLOCK_ROWS) {
                return None;
            }
        }
        Some(blocks)
    }

    fn is_read(&self, reference: &ColumnRef) -> bool {
        self.read.iter().any(|(read, _)| read == reference)
    }

    /// Blocks of the chunk in the column's physical type.
    #[allow(clippy::cast_possible_truncation, reason = "a segment has fewer than 2^32 rows")]
    async fn blocks(&self, reference: &ColumnRef, blocks: &[usize]) -> Result<Vec<ArrayRef>> {
        self.metrics.blocks_read.add(blocks.len());
        let numbers: Vec<u32> = blocks.iter().map(|block| (self.chunk * CHUNK_BLOCKS + block) as u32).collect();
        let arrays = self.part.part.blocks(reference, &numbers).await?;
        let expected = blocks.iter().map(|block| BLOCK_ROWS.min(self.rows - block * BLOCK_ROWS));
        if !arrays.iter().map(|array| array.len()).eq(expected) {
            return Err(DataFusionError::Internal("blocks have other lengths than their part says".to_owned()));
        }
        Ok(arrays)
    }

    /// The chunk of a stored column in its physical type.
    ///
    /// # Errors
    /// Reading or memory.
    pub(crate) async fn physical(&mut self, reference: &ColumnRef) -> Result<ArrayRef> {
        if let Some((_, array)) = self.read.iter().find(|(read, _)| read == reference) {
            return Ok(Arc::clone(array));
        }
        if self.part.segment.is_some() {
            let cached = self.part.part.is_cached(reference, self.chunk);
            if cached { self.metrics.chunks_cached.add(1) } else { self.metrics.chunks_decoded.add(1) }
        }
        let array = self.part.part.chunk(reference, self.chunk).await?;
        if array.len() != self.rows {
            return Err(DataFusionError::Internal(format!("a chunk of {} rows has {} values", self.rows, array.len())));
        }
        self.read.push((reference.clone(), Arc::clone(&array)));
        Ok(array)
    }

    /// The chunk of a column of the scan in its physical type; `None` if the part does not store it.
    ///
    /// # Errors
    /// Reading or memory.
    pub(crate) async fn stored(&mut self, column: usize) -> Result<Option<ArrayRef>> {
        let reference = self.columns[column].reference.clone();
        if !self.part.stores(&reference) {
            return Ok(None);
        }
        self.physical(&reference).await.map(Some)
    }

    /// Values of a column of the scan for the selected rows, in its logical type.
    ///
    /// # Errors
    /// Reading, memory, or what the derivation of a field raises.
    pub(crate) async fn logical(&mut self, column: usize, rows: &Selection) -> Result<ArrayRef> {
        let column = &self.columns[column];
        if self.part.stores(&column.reference) {
            if let Some(blocks) = self.blocks_to_search(&column.reference, rows) {
                let arrays = self.blocks(&column.reference, &blocks).await?;
                let mut gathered = Vec::with_capacity(arrays.len());
                for (block, array) in blocks.iter().zip(arrays) {
                    gathered.push(rows.within(block * BLOCK_ROWS..block * BLOCK_ROWS + array.len()).gather(&array)?);
                }
                let values = match gathered.as_slice() {
                    [] => new_null_array(column.field.data_type(), 0),
                    several => concat(&several.iter().map(AsRef::as_ref).collect::<Vec<_>>())?,
                };
                return to_logical(&values, column.field.data_type()).map_err(external);
            }
            let array = self.physical(&column.reference).await?;
            return to_logical(&rows.gather(&array)?, column.field.data_type()).map_err(external);
        }
        match &column.derivation {
            None => Ok(new_null_array(column.field.data_type(), rows.count())),
            Some(derivation) => {
                let attrs = self.physical(&ColumnRef::Column(ColumnId::ATTRS)).await?;
                let attrs = to_logical(&rows.gather(&attrs)?, &DataType::Utf8View).map_err(external)?;
                derive(derivation, attrs)
            }
        }
    }

    /// The rows of `rows` as a batch with the columns `output`, whose fields are those of `schema`.
    ///
    /// # Errors
    /// Reading, memory, or what the derivation of a field raises.
    pub(crate) async fn batch(&mut self, rows: &Selection, output: &[usize], schema: &Arc<Schema>) -> Result<RecordBatch> {
        let count = rows.count();
        let mut arrays: Vec<Option<ArrayRef>> = vec![None; output.len()];
        if count <= SINGLE_ROWS_MAX {
            self.single_rows(rows, output, &mut arrays).await?;
        }
        let mut complete = Vec::with_capacity(output.len());
        for (array, column) in arrays.into_iter().zip(output) {
            complete.push(match array {
                Some(array) => array,
                None => self.logical(*column, rows).await?,
            });
        }
        let options = RecordBatchOptions::new().with_row_count(Some(count));
        Ok(RecordBatch::try_new_with_options(Arc::clone(schema), complete, &options)?)
    }

    /// Reads a few rows of the columns that are not decoded, all at once and by blocks instead of whole chunks.
    async fn single_rows(&mut self, rows: &Selection, output: &[usize], arrays: &mut [Option<ArrayRef>]) -> Result<()> {
        if self.few_blocks(rows).is_none() {
            return Ok(());
        }
        let single: Vec<usize> = (0..output.len())
            .filter(|at| {
                let reference = &self.columns[output[*at]].reference;
                self.part.stores(reference) && !self.is_at_hand(reference)
            })
            .collect();
        if single.is_empty() {
            return Ok(());
        }
        let references: Vec<ColumnRef> = single.iter().map(|at| self.columns[output[*at]].reference.clone()).collect();
        #[allow(clippy::cast_possible_truncation, reason = "a segment has fewer than 2^32 rows")]
        let numbers: Vec<u32> = rows.indices().into_iter().map(|row| row + self.first_row() as u32).collect();
        let read = self.part.part.rows_of(&references, &numbers).await?;
        for (at, array) in single.into_iter().zip(read) {
            arrays[at] = Some(array);
        }
        Ok(())
    }
}

/// Computes a field from the values of `attrs`.
fn derive(derivation: &Arc<dyn datafusion::physical_expr::PhysicalExpr>, attrs: ArrayRef) -> Result<ArrayRef> {
    let rows = attrs.len();
    let field = strata_storage::schema::Column::attrs().field();
    let batch = RecordBatch::try_new(Arc::new(Schema::new(vec![field])), vec![attrs])?;
    derivation.evaluate(&batch)?.into_array(rows)
}
