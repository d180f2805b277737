//! How the rows of a chunk for which one condition holds are found: on codes, on bytes, by binary search, by comparing whole
//! arrays, or by evaluating the expression on the rows that are left.
//!
//! **Invariant:** each way gives the rows for which the expression is TRUE.

use std::ops::Range;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, UInt16Type};
use datafusion::error::Result;
use strata_storage::segment::{BLOCK_ROWS, ColumnRef, to_logical};

use super::super::judged::Judged;
use super::super::part::external;
use super::super::predicate::{Search, hex, interval, sorted};
use super::super::selection::{Selection, truth_mask};
use super::Unit;

/// With fewer than one in so many rows of a chunk left, these are gathered before they are compared.
const GATHERED_SHARE: usize = 16;

impl Unit<'_> {
    /// The rows of `among` for which a leaf is TRUE.
    ///
    /// # Errors
    /// Reading, memory, or what the expression raises.
    pub(super) async fn search(&mut self, judged: &Judged, at: usize, among: &Selection) -> Result<Selection> {
        let leaf = &judged.filter.leaves[at];
        if let [column] = leaf.columns.as_slice()
            && self.part.stores(&self.columns[*column].reference)
        {
            let reference = self.columns[*column].reference.clone();
            if let Some(blocks) = self.blocks_to_search(&reference, among) {
                return self.search_blocks(judged, at, among, &blocks).await;
            }
            let array = self.physical(&reference).await?;
            let leading = self.part.sort_position(&reference) == Some(0);
            if let Some(found) = select(judged, at, &array, among, leading)? {
                return Ok(found);
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

    /// The same in blocks that are read alone; the leaf is on one stored column.
    async fn search_blocks(&self, judged: &Judged, at: usize, among: &Selection, blocks: &[usize]) -> Result<Selection> {
        let leaf = &judged.filter.leaves[at];
        let column = &self.columns[leaf.columns[0]];
        let leading = self.part.sort_position(&column.reference) == Some(0);
        let mut pieces = Vec::with_capacity(blocks.len());
        for (block, array) in blocks.iter().zip(self.blocks(&column.reference, blocks).await?) {
            let start = block * BLOCK_ROWS;
            let among = among.within(start..start + array.len());
            let found = match select(judged, at, &array, &among, leading)? {
                Some(found) => found,
                None => {
                    let values = to_logical(&among.gather(&array)?, column.field.data_type()).map_err(external)?;
                    among.pick(&truth_mask(&leaf.evaluate(vec![values], among.count())?))
                }
            };
            pieces.push((start, found));
        }
        Ok(Selection::from_pieces(self.rows, &pieces))
    }

    /// Runs of `among` in which the column ascends; `None` if it does not, or in too many.
    async fn sorted_runs(&mut self, reference: &ColumnRef, among: &Selection) -> Result<Option<Vec<Range<usize>>>> {
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
}

/// The rows of `among` for which a leaf on the column of `array` is TRUE; `None` if there is no shortcut for this type.
/// With `leading` the array is sorted.
fn select(judged: &Judged, at: usize, array: &ArrayRef, among: &Selection, leading: bool) -> Result<Option<Selection>> {
    if let Some(codes) = array.as_dictionary_opt::<UInt16Type>() {
        let worth_it = judged.has_table(at, codes) || among.count() * 4 >= codes.values().len();
        if worth_it && let Some(table) = judged.table(at, codes)? {
            let found = leading.then(|| table.select_sorted(codes, among)).flatten();
            return Ok(Some(found.unwrap_or_else(|| table.select(codes, among))));
        }
    }
    Ok(match (&judged.filter.leaves[at].search, array.data_type()) {
        (Search::Text(search), DataType::Utf8) => Some(search.select(array.as_string::<i32>(), among)),
        (Search::Words(search), DataType::Utf8) => Some(search.select(array.as_string::<i32>(), among)),
        (Search::Values(values), DataType::FixedSizeBinary(_)) => Some(hex::select(array.as_fixed_size_binary(), values, among)),
        _ => None,
    })
}
