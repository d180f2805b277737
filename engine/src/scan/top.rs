//! The first `n` rows in the order of one column, found best-first.
//!
//! Parts, then their chunks, wait in a heap by the best value that their bounds allow. Workers take the best, keep the `n`
//! best rows seen by all of them as (rank, part, row), and stop when nothing that waits can be better than the worst row
//! kept. Only then are the other columns read, for these rows alone.
//!
//! Ties on the last rank are broken arbitrarily, as SQL allows.
//!
//! **Invariant:** a part or chunk is left out only if `n` rows at least as good are kept.

mod lanes;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef};
use arrow::buffer::BooleanBuffer;
use arrow::record_batch::RecordBatch;
use datafusion::error::{DataFusionError, Result};
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, TryStreamExt};
use parking_lot::Mutex;
use strata_storage::segment::{BLOCK_ROWS, CHUNK_ROWS};
use tokio::sync::Notify;

use super::metrics::ScanMetrics;
use super::open_part::{CHUNK_BLOCKS, OpenPart};
use super::pace::Pace;
use super::plan::ScanOrder;
use super::predicate::sorted;
use super::reinforcement::Reinforcement;
use super::run::Run;
use super::selection::Selection;
use super::unit::Unit;

/// Chunks of which rows are read at once, in the end.
const READS_AT_ONCE: usize = 4;

/// The search, shared by the workers of a run.
#[derive(Debug)]
pub(crate) struct TopRun {
    order: ScanOrder,
    wanted: usize,
    state: Mutex<State>,
    changed: Notify,
    /// The best rank that each block allows, by part, once it was opened.
    ranks: Mutex<HashMap<usize, Arc<[i128]>>>,
}

#[derive(Debug)]
struct State {
    waiting: BinaryHeap<Item>,
    /// Workers that may still add to `waiting` or `best`.
    active: usize,
    /// The best rows, worst on top.
    best: BinaryHeap<Reverse<Candidate>>,
    delivered: bool,
}

/// Something to look into; ordered by the best rank in it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Item {
    rank: i128,
    /// Earlier parts first among equals.
    part: Reverse<usize>,
    /// `None`: the part as a whole, not opened.
    chunk: Option<usize>,
}

/// A row that may be in the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    rank: i128,
    part: usize,
    row: usize,
}

impl TopRun {
    /// The first `wanted` rows of `run` in `order`.
    pub(crate) fn new(run: &Run, order: ScanOrder, wanted: usize) -> Self {
        let column = &run.plan.columns[order.column];
        let rank = |part: usize| run.parts[part].segment().map_or(i128::MAX, |segment| order.best_of_segment(segment, column));
        let waiting = (0..run.parts.len()).map(|part| Item { rank: rank(part), part: Reverse(part), chunk: None }).collect();
        let state = State { waiting, active: 0, best: BinaryHeap::new(), delivered: wanted == 0 };
        Self { order, wanted, state: Mutex::new(state), changed: Notify::new(), ranks: Mutex::default() }
    }

    /// Searches until nothing is left, then, in one of the workers, reads the rows. Calls `others` if it takes long.
    ///
    /// # Errors
    /// Reading, memory, or what an expression raises.
    pub(crate) async fn work(
        self: &Arc<Self>,
        run: &Arc<Run>,
        metrics: &ScanMetrics,
        others: &mut Reinforcement<Vec<RecordBatch>>,
    ) -> Result<Vec<RecordBatch>> {
        let mut pace = Pace::new();
        while let Some((item, active)) = self.take().await {
            self.look(run, &item, metrics).await?;
            drop(active);
            others.call_if_long(|| Arc::clone(self).help(Arc::clone(run), metrics.clone()));
            pace.keep().await;
        }
        let found = {
            let mut state = self.state.lock();
            if std::mem::replace(&mut state.delivered, true) {
                return Ok(Vec::new());
            }
            std::mem::take(&mut state.best)
        };
        read(run, found.into_iter().map(|Reverse(candidate)| candidate).collect(), metrics).await
    }

    /// The work of another one.
    fn help(self: Arc<Self>, run: Arc<Run>, metrics: ScanMetrics) -> BoxFuture<'static, Result<Vec<RecordBatch>>> {
        async move { self.work(&run, &metrics, &mut Reinforcement::new(1)).await }.boxed()
    }

    /// The best item that waits; `None` when the search has ended.
    async fn take(&self) -> Option<(Item, Active<'_>)> {
        loop {
            let changed = self.changed.notified();
            {
                let mut state = self.state.lock();
                if state.delivered {
                    return None;
                }
                if state.waiting.peek().is_some_and(|item| !state.wants(item.rank, self.wanted)) {
                    state.waiting.clear();
                }
                if let Some(item) = state.waiting.pop() {
                    state.active += 1;
                    return Some((item, Active { of: self }));
                }
                if state.active == 0 {
                    return None;
                }
            }
            changed.await;
        }
    }

    /// The rank that a row must exceed.
    fn threshold(&self) -> Option<i128> {
        let state = self.state.lock();
        (state.best.len() == self.wanted).then(|| state.best.peek().map(|Reverse(worst)| worst.rank)).flatten()
    }

    async fn look(&self, run: &Run, item: &Item, metrics: &ScanMetrics) -> Result<()> {
        let part = item.part.0;
        let open = run.open(part, metrics).await?;
        let ranks = self.block_ranks(part, &open);
        match item.chunk {
            None => {
                let chunks = (0..open.rows().div_ceil(CHUNK_ROWS)).filter_map(|chunk| {
                    let blocks = chunk * CHUNK_BLOCKS..((chunk + 1) * CHUNK_BLOCKS).min(ranks.len());
                    let rank = blocks.filter(|block| open.judged.may.value(*block)).map(|block| ranks[block]).max()?;
                    Some(Item { rank, part: item.part, chunk: Some(chunk) })
                });
                self.state.lock().waiting.extend(chunks);
                Ok(())
            }
            Some(chunk) => self.look_into_chunk(run, &open, part, chunk, &ranks, metrics).await,
        }
    }

    async fn look_into_chunk(
        &self,
        run: &Run,
        open: &OpenPart,
        part: usize,
        chunk: usize,
        ranks: &[i128],
        metrics: &ScanMetrics,
    ) -> Result<()> {
        let threshold = self.threshold();
        let better: BooleanBuffer = ranks.iter().map(|rank| threshold.is_none_or(|threshold| *rank > threshold)).collect();
        let mut unit = Unit::new(open, &run.plan.columns, chunk, metrics);
        let among = unit.rows_of_blocks(&better);
        let rows = run.matching(open, &mut unit, among).await?;
        if rows.is_empty() {
            return Ok(());
        }
        let values = unit.logical(self.order.column, &rows).await?;
        let first_row = unit.first_row();
        metrics.rows_matched.add(rows.count());
        let found = self.best_of(&rows, &values, threshold)?;
        let found = found.into_iter().map(|(rank, row)| Candidate { rank, part, row: first_row + row });
        let mut state = self.state.lock();
        for candidate in found {
            if state.wants(candidate.rank, self.wanted) {
                state.best.push(Reverse(candidate));
                if state.best.len() > self.wanted {
                    state.best.pop();
                }
            }
        }
        Ok(())
    }

    /// The best of the selected rows of a chunk with their ranks, as many as wanted; `values` are those of the rows.
    fn best_of(&self, rows: &Selection, values: &ArrayRef, threshold: Option<i128>) -> Result<Vec<(i128, usize)>> {
        let best = lanes::best(self.order, self.wanted, integers(values)?, values.nulls(), threshold);
        if best.is_empty() {
            return Ok(best);
        }
        let rows = rows.indices();
        Ok(best.into_iter().map(|(rank, at)| (rank, rows[at] as usize)).collect())
    }

    /// The best rank that each block of a part allows.
    fn block_ranks(&self, part: usize, open: &OpenPart) -> Arc<[i128]> {
        if let Some(ranks) = self.ranks.lock().get(&part) {
            return Arc::clone(ranks);
        }
        let blocks = open.rows().div_ceil(BLOCK_ROWS);
        let known = open.bounds(self.order.column).and_then(|bounds| {
            let mins: Vec<Option<i64>> = ranked(&bounds.mins).ok()?.collect();
            let maxs: Vec<Option<i64>> = ranked(&bounds.maxs).ok()?.collect();
            let nulls = &bounds.null_counts;
            let best = |block: usize| self.order.best(mins[block], maxs[block], nulls.is_null(block) || nulls.value(block) > 0);
            Some((0..blocks).map(best).collect())
        });
        let ranks: Arc<[i128]> = known.unwrap_or_else(|| vec![i128::MAX; blocks].into());
        self.ranks.lock().insert(part, Arc::clone(&ranks));
        ranks
    }
}

impl State {
    fn wants(&self, rank: i128, wanted: usize) -> bool {
        self.best.len() < wanted || self.best.peek().is_some_and(|Reverse(worst)| rank > worst.rank)
    }
}

/// A worker that may still find something. Others wait for it.
struct Active<'a> {
    of: &'a TopRun,
}

impl Drop for Active<'_> {
    fn drop(&mut self) {
        self.of.state.lock().active -= 1;
        self.of.changed.notify_waiters();
    }
}

/// Values of a column that [`ScanOrder`] can rank.
fn ranked(array: &ArrayRef) -> Result<impl Iterator<Item = Option<i64>> + '_> {
    let (numbers, nulls) = (integers(array)?, array.nulls());
    Ok(numbers.iter().enumerate().map(move |(at, number)| nulls.is_none_or(|nulls| nulls.is_valid(at)).then_some(*number)))
}

fn integers(array: &ArrayRef) -> Result<&[i64]> {
    let no_rank = || DataFusionError::Internal(format!("no rank for values of type {}", array.data_type()));
    sorted::integers(array).ok_or_else(no_rank)
}

async fn read(run: &Run, mut found: Vec<Candidate>, metrics: &ScanMetrics) -> Result<Vec<RecordBatch>> {
    found.sort_unstable_by(|left, right| right.cmp(left));
    let mut chunks: BTreeMap<(usize, usize), Vec<usize>> = BTreeMap::new();
    for candidate in found {
        chunks.entry((candidate.part, candidate.row / CHUNK_ROWS)).or_default().push(candidate.row % CHUNK_ROWS);
    }
    let batch = async |((part, chunk), mut rows): ((usize, usize), Vec<usize>)| {
        let open: Arc<OpenPart> = run.open(part, metrics).await?;
        let mut unit = Unit::new(&open, &run.plan.columns, chunk, metrics);
        rows.sort_unstable();
        let rows = Selection::from_ranges(unit.rows(), rows.into_iter().map(|row| row..row + 1));
        unit.batch(&rows, &run.plan.output, &run.plan.schema).await
    };
    futures::stream::iter(chunks).map(batch).buffered(READS_AT_ONCE).try_collect().await
}
