//! One chunk of one part on its way through a scan: filters, cheapest first, on the rows that are left; then the columns
//! of the answer, for the rows that remain.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, new_null_array};
use arrow::buffer::BooleanBuffer;
use arrow::datatypes::{DataType, Schema, UInt16Type};
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
use super::predicate::{Node, Search, hex, interval, sorted};
use super::selection::{Selection, truth_mask};

/// Up to this many rows of a chunk are read one by one where the column is not decoded already.
const SINGLE_ROWS_MAX: usize = 32;

/// With fewer than one in so many rows of a chunk left, these are gathered before they are compared.
const GATHERED_SHARE: usize = 16;

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
            match probed.rows_of_chunk(self.chunk, self.rows).await {
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

    async fn search(&mut self, judged: &Judged, at: usize, among: &Selection) -> Result<Selection> {
        let leaf = &judged.filter.leaves[at];
        if let [column] = leaf.columns.as_slice()
            && self.part.stores(&self.columns[*column].reference)
        {
            let reference = self.columns[*column].reference.clone();
            let array = self.physical(&reference).await?;
            if let Some(codes) = array.as_dictionary_opt::<UInt16Type>() {
                let worth_it = judged.has_table(at, codes) || among.count() * 4 >= codes.values().len();
                if worth_it && let Some(table) = judged.table(at, codes)? {
                    let leading = self.part.sort_position(&reference) == Some(0);
                    let found = leading.then(|| table.select_sorted(codes, among)).flatten();
                    return Ok(found.unwrap_or_else(|| table.select(codes, among)));
                }
            }
            match (&leaf.search, array.data_type()) {
                (Search::Text(search), DataType::Utf8) => return Ok(search.select(array.as_string::<i32>(), among)),
                (Search::Words(search), DataType::Utf8) => return Ok(search.select(array.as_string::<i32>(), among)),
                (Search::Values(values), DataType::FixedSizeBinary(_)) => {
                    return Ok(hex::select(array.as_fixed_size_binary(), values, among));
                }
                _ => {}
            }
            if let (Some(interval), Some(values)) = (interval::interval(&leaf.shape), sorted::values(&array))
                && let Some(runs) = self.sorted_runs(&reference, among).await?
            {
                return Ok(sorted::select(values, runs, interval));
            }
        }
        if leaf.is_cheap_everywhere() && among.count() * GATHERED_SHARE >= self.rows {
            // Comparing all rows of the chunk costs less than gathering those that count.
            if let Some(interval) = interval::interval(&leaf.shape)
                && let Some(stored) = self.stored(leaf.columns[0]).await?
                && let Some(found) = interval::select(&stored, interval)
            {
                return Ok(found.and(among));
            }
            let all = Selection::all(self.rows);
            let values = self.logical(leaf.columns[0], &all).await?;
            let truth = leaf.evaluate(vec![values], self.rows)?;
            return Ok(Selection::from_mask(truth_mask(&truth)).and(among));
        }
        let mut arrays = Vec::with_capacity(leaf.columns.len());
        for column in leaf.columns.clone() {
            arrays.push(self.logical(column, among).await?);
        }
        let truth = leaf.evaluate(arrays, among.count())?;
        Ok(among.pick(&truth_mask(&truth)))
    }

    /// Runs of `among` in which the column ascends; `None` if it does not, or in too many.
    async fn sorted_runs(&mut self, reference: &ColumnRef, among: &Selection) -> Result<Option<Vec<std::ops::Range<usize>>>> {
        if !among.is_ranges() {
            return Ok(None);
        }
        match self.part.sort_position(reference) {
            Some(0) => Ok(Some(among.ranges().collect())),
            Some(1) => {
                let Some(leading) = self.part.leading().filter(|leading| self.part.stores(leading)) else { return Ok(None) };
                let leading = self.physical(&leading).await?;
                Ok(leading.as_dictionary_opt::<UInt16Type>().and_then(|leading| sorted::runs(leading, among)))
            }
            _ => Ok(None),
        }
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
        if count <= SINGLE_ROWS_MAX && self.part.segment.is_some() {
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

    /// Reads a few rows of the columns that are not decoded, page by page instead of a whole chunk each.
    async fn single_rows(&mut self, rows: &Selection, output: &[usize], arrays: &mut [Option<ArrayRef>]) -> Result<()> {
        let single: Vec<usize> = (0..output.len())
            .filter(|at| {
                let reference = &self.columns[output[*at]].reference;
                let read = self.read.iter().any(|(read, _)| read == reference);
                !read && self.part.stores(reference) && !self.part.part.is_cached(reference, self.chunk)
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
