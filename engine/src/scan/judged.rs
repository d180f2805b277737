//! A filter as the bounds of one part judge it, with what was learnt about the part's dictionaries.

use std::sync::Arc;

use arrow::array::{DictionaryArray, UInt64Array};
use arrow::buffer::BooleanBuffer;
use arrow::datatypes::UInt16Type;
use datafusion::error::Result;
use parking_lot::Mutex;
use strata_storage::segment::BlockBounds;

use super::bounds::Verdict;
use super::predicate::codes::CodeTable;
use super::predicate::{Filter, Leaf, Node};

/// A filter over one part.
#[derive(Debug)]
pub(crate) struct Judged {
    /// The filter.
    pub(crate) filter: Arc<Filter>,
    /// One a leaf.
    pub(crate) verdicts: Vec<Verdict>,
    /// Blocks in which the whole filter may hold for a row.
    pub(crate) may: BooleanBuffer,
    tables: Vec<Mutex<Option<Arc<CodeTable>>>>,
}

impl Judged {
    /// Judges blocks of `rows` rows each by the bounds that `bounds_of` knows for a column of the scan.
    ///
    /// # Errors
    /// Arrow's, when bounds are of another type than their column.
    pub(crate) fn new(
        filter: &Arc<Filter>,
        rows: &UInt64Array,
        mut bounds_of: impl FnMut(usize) -> Option<BlockBounds>,
    ) -> Result<Self> {
        let judge = |leaf: &Leaf| match leaf.columns.as_slice() {
            [column] => match bounds_of(*column) {
                Some(bounds) => leaf.shape.judge(&bounds, rows),
                None => Ok(Verdict::unknown(rows.len())),
            },
            _ => Ok(Verdict::unknown(rows.len())),
        };
        let verdicts = filter.leaves.iter().map(judge).collect::<Result<Vec<_>, _>>()?;
        let may = combine(&filter.root, &verdicts, rows.len()).may;
        let tables = filter.leaves.iter().map(|_| Mutex::new(None)).collect();
        Ok(Self { filter: Arc::clone(filter), verdicts, may, tables })
    }

    /// Whether no row of the part can match.
    pub(crate) fn is_never(&self) -> bool {
        self.may.count_set_bits() == 0
    }

    /// The table of leaf `at` for the dictionary of `codes`; `None` if the leaf cannot be evaluated on all its values.
    ///
    /// # Errors
    /// Arrow's, when the dictionary is of no text.
    pub(crate) fn table(&self, at: usize, codes: &DictionaryArray<UInt16Type>) -> Result<Option<Arc<CodeTable>>> {
        let mut known = self.tables[at].lock();
        if let Some(table) = known.as_ref().filter(|table| table.is_for(codes)) {
            return Ok(Some(Arc::clone(table)));
        }
        let table = CodeTable::new(&self.filter.leaves[at], codes.values())?.map(Arc::new);
        known.clone_from(&table);
        Ok(table)
    }

    /// Whether [`Self::table`] is there already.
    pub(crate) fn has_table(&self, at: usize, codes: &DictionaryArray<UInt16Type>) -> bool {
        self.tables[at].lock().as_ref().is_some_and(|table| table.is_for(codes))
    }
}

fn combine(node: &Node, verdicts: &[Verdict], blocks: usize) -> Verdict {
    match node {
        Node::Leaf(at) => verdicts[*at].clone(),
        Node::And(parts) => parts.iter().fold(Verdict::always(blocks), |all, part| all.and(&combine(part, verdicts, blocks))),
        Node::Or(parts) => parts.iter().fold(Verdict::never(blocks), |any, part| any.or(&combine(part, verdicts, blocks))),
    }
}
