//! A part that a running scan has opened: its columns, and the scan's filters as its bounds judge them.

use std::sync::Arc;

use arrow::array::{Array, UInt64Array};
use datafusion::error::Result;
use parking_lot::Mutex;
use strata_storage::segment::{BLOCK_ROWS, BlockBounds, CHUNK_ROWS, ColumnRef, SegmentMeta};

use super::bounds::block_rows;
use super::columns::ScanColumn;
use super::judged::Judged;
use super::part::Part;
use super::predicate::Filter;
use super::segment_bounds;

/// Blocks of a chunk.
pub(crate) const CHUNK_BLOCKS: usize = CHUNK_ROWS / BLOCK_ROWS;

/// What the indexes of a part are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Indexes {
    /// Nothing.
    Unasked,
    /// The rows that may match.
    Rows,
    /// The number of rows that match; where it is not known, the rows.
    Counting,
}

/// An opened part.
#[derive(Debug)]
pub(crate) struct OpenPart {
    /// Its columns.
    pub(crate) part: Arc<dyn Part>,
    /// Facts about it, if it is a segment.
    pub(crate) segment: Option<Arc<SegmentMeta>>,
    /// The scan's filter.
    pub(crate) judged: Arc<Judged>,
    columns: Arc<[ScanColumn]>,
    dynamic: Mutex<Option<(u64, Arc<Judged>)>>,
}

impl OpenPart {
    /// Judges the filter by the part's bounds and, as far as `indexes` says, by its indexes.
    ///
    /// # Errors
    /// Arrow's, when bounds are of another type than their column.
    pub(crate) async fn new(
        part: Arc<dyn Part>,
        segment: Option<Arc<SegmentMeta>>,
        columns: Arc<[ScanColumn]>,
        filter: &Arc<Filter>,
        indexes: Indexes,
    ) -> Result<Self> {
        let mut judged = judge(part.as_ref(), segment.as_deref(), &columns, filter)?;
        if indexes != Indexes::Unasked && !judged.is_never() {
            let is_counted = indexes == Indexes::Counting && judged.count_by_indexes(part.as_ref(), &columns).await;
            if !is_counted {
                judged.ask_indexes(part.as_ref(), &columns).await;
            }
        }
        Ok(Self { part, segment, judged: Arc::new(judged), columns, dynamic: Mutex::new(None) })
    }

    /// Rows in it.
    pub(crate) fn rows(&self) -> usize {
        self.part.rows()
    }

    /// A filter that changes while the query runs, as the bounds judge its state `generation`.
    ///
    /// # Errors
    /// Arrow's, when bounds are of another type than their column.
    pub(crate) fn judge_dynamic(&self, generation: u64, filter: &Arc<Filter>) -> Result<Arc<Judged>> {
        let mut known = self.dynamic.lock();
        if let Some((_, judged)) = known.as_ref().filter(|(of, _)| *of == generation) {
            return Ok(Arc::clone(judged));
        }
        let judged = Arc::new(judge(self.part.as_ref(), self.segment.as_deref(), &self.columns, filter)?);
        *known = Some((generation, Arc::clone(&judged)));
        Ok(judged)
    }

    /// Bounds of a column of the scan, block by block.
    pub(crate) fn bounds(&self, column: usize) -> Option<BlockBounds> {
        bounds(self.part.as_ref(), self.segment.as_deref(), &self.columns[column])
    }

    /// Whether the part stores the column; if not it is NULL, or derived from `attrs`.
    pub(crate) fn stores(&self, reference: &ColumnRef) -> bool {
        match (&self.segment, reference) {
            (Some(segment), ColumnRef::Column(id)) => segment_bounds::has_column(segment, *id),
            // A segment finds any field, in a column of its own or in what is left of `attrs`.
            (Some(_), ColumnRef::Field(_)) => true,
            // A buffered batch fills in what it does not have.
            (None, ColumnRef::Column(_)) => true,
            (None, ColumnRef::Field(_)) => false,
        }
    }

    /// Position of the column among those that the rows are sorted by.
    pub(crate) fn sort_position(&self, reference: &ColumnRef) -> Option<usize> {
        let ColumnRef::Column(id) = reference else { return None };
        self.segment.as_ref()?.schema.sort_by.iter().position(|key| key == id)
    }

    /// The column that the rows are sorted by first.
    pub(crate) fn leading(&self) -> Option<ColumnRef> {
        Some(ColumnRef::Column(*self.segment.as_ref()?.schema.sort_by.first()?))
    }
}

fn judge(part: &dyn Part, segment: Option<&SegmentMeta>, columns: &[ScanColumn], filter: &Arc<Filter>) -> Result<Judged> {
    let rows: UInt64Array = block_rows(part.rows(), BLOCK_ROWS);
    Judged::new(filter, &rows, |column| bounds(part, segment, &columns[column]))
}

fn bounds(part: &dyn Part, segment: Option<&SegmentMeta>, column: &ScanColumn) -> Option<BlockBounds> {
    let segment = segment?;
    match &column.reference {
        ColumnRef::Column(id) if !segment_bounds::has_column(segment, *id) => {
            Some(segment_bounds::all_null(column.field.data_type(), block_rows(part.rows(), BLOCK_ROWS)))
        }
        reference => part.block_bounds(reference).filter(|bounds| {
            bounds.mins.data_type() == column.field.data_type() && bounds.mins.len() == bounds.null_counts.len()
        }),
    }
}
