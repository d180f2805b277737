//! A filter as the bounds of one part judge it, with what was learnt about the part's dictionaries.

use std::sync::Arc;

use arrow::array::{DictionaryArray, UInt64Array};
use arrow::buffer::BooleanBuffer;
use arrow::datatypes::UInt16Type;
use datafusion::error::Result;
use parking_lot::Mutex;
use strata_storage::segment::{BlockBounds, Probed};

use super::bounds::Verdict;
use super::columns::ScanColumn;
use super::part::Part;
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
    /// What indexes said, one entry a leaf.
    pub(crate) probed: Vec<Vec<Probed>>,
    /// How many rows match, and the method of the index that says so, where nothing else was asked.
    pub(crate) counted: Option<(&'static str, u64)>,
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
        let probed = filter.leaves.iter().map(|_| Vec::new()).collect();
        Ok(Self { filter: Arc::clone(filter), verdicts, may, probed, counted: None, tables })
    }

    /// Asks the indexes of `part` about every leaf that bounds leave open. True if one of them had something to say.
    pub(crate) async fn ask_indexes(&mut self, part: &dyn Part, columns: &[ScanColumn]) -> bool {
        let blocks = self.may.len();
        let filter = Arc::clone(&self.filter);
        for (at, leaf) in filter.leaves.iter().enumerate() {
            let [column] = leaf.columns.as_slice() else { continue };
            if self.verdicts[at].may.count_set_bits() == 0 {
                continue;
            }
            for question in &leaf.questions {
                for probed in part.probe(&columns[*column].reference, question).await {
                    self.verdicts[at].may = &self.verdicts[at].may & &probed.answer.rows.blocks(blocks);
                    self.probed[at].push(probed);
                }
            }
        }
        self.may = combine(&filter.root, &self.verdicts, blocks).may;
        self.probed.iter().any(|probed| !probed.is_empty())
    }

    /// Asks the indexes of `part` for nothing but the number of rows that match. True if one of them knows it.
    pub(crate) async fn count_by_indexes(&mut self, part: &dyn Part, columns: &[ScanColumn]) -> bool {
        let filter = Arc::clone(&self.filter);
        let Some(leaf) = self.only_leaf().map(|at| &filter.leaves[at]) else { return false };
        let [column] = leaf.columns.as_slice() else { return false };
        for question in &leaf.questions {
            self.counted = part.count(&columns[*column].reference, question).await;
            if self.counted.is_some() {
                return true;
            }
        }
        false
    }

    /// The leaf of a filter that is one condition.
    fn only_leaf(&self) -> Option<usize> {
        match &self.filter.root {
            Node::Leaf(at) => Some(*at),
            Node::And(parts) | Node::Or(parts) => match parts.as_slice() {
                [Node::Leaf(at)] => Some(*at),
                _ => None,
            },
        }
    }

    /// How many rows match, if the filter is one condition that an index knows all about.
    pub(crate) fn exact_count(&self) -> Option<u64> {
        if let Some((_, rows)) = self.counted {
            return Some(rows);
        }
        let at = self.only_leaf()?;
        self.probed[at].iter().find_map(|probed| probed.answer.count.filter(|_| probed.answer.is_exact))
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
