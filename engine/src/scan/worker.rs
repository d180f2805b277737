//! One partition of a running scan: takes chunk after chunk and gives batches.
//!
//! It can be dropped at any await; chunks that it has taken are then lost to the query, which is being cancelled.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow::compute::concat_batches;
use arrow::record_batch::RecordBatch;
use datafusion::error::Result;
use datafusion::execution::memory_pool::MemoryReservation;
use futures::Stream;
use futures::stream::try_unfold;

use super::metrics::ScanMetrics;
use super::pace::Pace;
use super::reinforcement::Reinforcement;
use super::run::{ChunkRef, Run};
use super::selection::Selection;
use super::top::TopRun;
use super::unit::Unit;

/// Works for one partition.
pub(crate) struct Worker {
    run: Arc<Run>,
    /// The search for the first rows, if that is all, and those who may help with it.
    top: Option<(Arc<TopRun>, Reinforcement<Vec<RecordBatch>>)>,
    metrics: ScanMetrics,
    memory: MemoryReservation,
    batch_rows: usize,
    /// Small batches that wait to become a larger one.
    pending: Vec<RecordBatch>,
    pending_rows: usize,
    ready: VecDeque<RecordBatch>,
    ended: bool,
    pace: Pace,
}

impl Worker {
    /// A worker of `run`; batches have at most `batch_rows` rows, except those without columns.
    pub(crate) fn new(
        run: Arc<Run>,
        top: Option<(Arc<TopRun>, Reinforcement<Vec<RecordBatch>>)>,
        metrics: ScanMetrics,
        memory: MemoryReservation,
        batch_rows: usize,
    ) -> Self {
        let (pending, ready) = (Vec::new(), VecDeque::new());
        Self { run, top, metrics, memory, batch_rows, pending, pending_rows: 0, ready, ended: false, pace: Pace::new() }
    }

    /// Its batches.
    pub(crate) fn into_stream(self) -> impl Stream<Item = Result<RecordBatch>> + Send {
        try_unfold(self, |mut worker| async move { Ok(worker.next().await?.map(|batch| (batch, worker))) })
    }

    async fn next(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            if let Some(batch) = self.ready.pop_front() {
                self.metrics.baseline.record_output(batch.num_rows());
                return Ok(Some(batch));
            }
            if self.ended {
                self.memory.free();
                return Ok(None);
            }
            if let Some((top, mut others)) = self.top.take() {
                let mut batches = top.work(&self.run, &self.metrics, &mut others).await?;
                batches.extend(others.results().await?.into_iter().flatten());
                batches.into_iter().try_for_each(|batch| self.push(batch))?;
                self.ended = true;
                self.flush()?;
                continue;
            }
            match self.run.next() {
                Some(chunk) => self.scan(chunk).await?,
                None => {
                    self.ended = true;
                    self.flush()?;
                }
            }
            self.pace.keep().await;
        }
    }

    async fn scan(&mut self, at: ChunkRef) -> Result<()> {
        let timer = self.metrics.baseline.elapsed_compute().clone();
        let _timer = timer.timer();
        if self.run.is_excluded_now(at.part)? {
            return Ok(());
        }
        let run = Arc::clone(&self.run);
        let open = run.open(at.part, &self.metrics).await?;
        let mut unit = Unit::new(&open, &run.plan.columns, at.chunk, &self.metrics);
        let all = Selection::all(unit.rows());
        let mut rows = run.matching(&open, &mut unit, all).await?;
        let found = rows.count();
        let wanted = run.claim(found);
        if wanted < found {
            rows = Selection::from_ranges(rows.len(), first(&rows, wanted));
        }
        self.metrics.rows_matched.add(wanted);
        if wanted == 0 {
            return Ok(());
        }
        let batch = unit.batch(&rows, &run.plan.output, &run.plan.schema).await?;
        self.push(batch)?;
        if !run.plan.dynamic.is_empty() || run.plan.fetch.is_some() {
            // Whoever sharpens the condition, or waits for the last row, wants to see rows now.
            self.flush()?;
        }
        Ok(())
    }

    /// Cuts large batches, collects small ones.
    fn push(&mut self, batch: RecordBatch) -> Result<()> {
        if batch.num_columns() == 0 {
            self.ready.push_back(batch);
            return Ok(());
        }
        if batch.num_rows() * 2 < self.batch_rows {
            self.pending_rows += batch.num_rows();
            self.pending.push(batch);
            if self.pending_rows >= self.batch_rows {
                self.flush()?;
            }
            return Ok(());
        }
        self.flush()?;
        self.cut(&batch)
    }

    fn flush(&mut self) -> Result<()> {
        let pending = std::mem::take(&mut self.pending);
        self.pending_rows = 0;
        match pending.as_slice() {
            [] => Ok(()),
            [batch] => self.cut(batch),
            many => self.cut(&concat_batches(&self.run.plan.schema, many)?),
        }
    }

    fn cut(&mut self, batch: &RecordBatch) -> Result<()> {
        // What is handed on is the reader's to count; what waits here is ours.
        self.memory.try_resize(batch.get_array_memory_size().min(batch.num_rows() * ROW_BYTES_MAX))?;
        let mut at = 0;
        while at < batch.num_rows() {
            let rows = self.batch_rows.min(batch.num_rows() - at);
            self.ready.push_back(batch.slice(at, rows));
            at += rows;
        }
        Ok(())
    }
}

/// Cached chunks are shared by views and counted by the cache; a row is not charged with more than this.
const ROW_BYTES_MAX: usize = 4096;

fn first(rows: &Selection, wanted: usize) -> Vec<std::ops::Range<usize>> {
    let mut left = wanted;
    let mut kept = Vec::new();
    for range in rows.ranges() {
        let take = range.len().min(left);
        kept.push(range.start..range.start + take);
        left -= take;
        if left == 0 {
            break;
        }
    }
    kept
}
