//! Partial aggregation on codes: groups are counted by the codes of low-cardinality texts and by time buckets, straight
//! from the decoded columns, without making a text or a batch for every row.
//!
//! ```text
//! AggregateExec(Final)                    AggregateExec(Final)
//!   AggregateExec(Partial)       ──>        TopicAggregateExec: the same partial states, in fewer steps
//!     TopicScanExec
//! ```
//!
//! An aggregation without groups is one partition, which calls others for help if it takes long.
//!
//! What it gives are the partial states that DataFusion's own operator would give, so everything above stays as it is. A
//! group may be given more than once: when there are too many for memory, what is there is handed up and forgotten.

mod digest;
mod function;
mod groups;
mod key;
mod rule;

use std::fmt;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::Result;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::coop::make_cooperative;
use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, ReplaceChildrenOptions};
use futures::future::{BoxFuture, FutureExt};
use futures::stream::try_unfold;

use super::exec::TopicScanExec;
use super::metrics::ScanMetrics;
use super::pace::Pace;
use super::reinforcement::Reinforcement;
use super::run::Run;
use super::selection::Selection;
use super::unit::Unit;
use function::Function;
use groups::Groups;
use key::Key;

pub use rule::AggregateOnCodes;

/// Gives the partial states of an aggregation over a topic.
#[derive(Debug)]
pub struct TopicAggregateExec {
    scan: Arc<TopicScanExec>,
    aggregation: Arc<Aggregation>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

/// What is grouped and computed. Columns are positions among those of the scan.
#[derive(Debug)]
struct Aggregation {
    keys: Vec<Key>,
    functions: Vec<Function>,
    /// Keys, then the states of the functions.
    schema: SchemaRef,
    /// For `EXPLAIN`.
    shown: String,
}

impl Aggregation {
    /// Whether nothing but the number of rows is asked for.
    fn only_counts(&self) -> bool {
        self.keys.is_empty() && self.functions.iter().all(|function| *function == Function::Count(None))
    }
}

impl DisplayAs for TopicAggregateExec {
    fn fmt_as(&self, _format: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TopicAggregateExec: {}, {}", self.aggregation.shown, self.scan.plan())
    }
}

impl ExecutionPlan for TopicAggregateExec {
    fn name(&self) -> &'static str {
        "TopicAggregateExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn replace_children(
        self: Arc<Self>,
        _children: Vec<Arc<dyn ExecutionPlan>>,
        _options: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn with_new_children(self: Arc<Self>, _children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn reset_state(self: Arc<Self>) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(Arc::new(Self {
            scan: Arc::new(self.scan.with_plan(self.scan.plan().as_ref().clone())),
            aggregation: Arc::clone(&self.aggregation),
            properties: Arc::clone(&self.properties),
            metrics: ExecutionPlanMetricsSet::new(),
        }))
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        self.scan.apply_expressions(f)
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let metrics = ScanMetrics::new(&self.metrics, partition);
        let run = self.scan.join_run(partition, &metrics)?;
        let memory = MemoryConsumer::new(format!("TopicAggregate[{partition}]")).register(context.memory_pool());
        let mut worker = Worker::new(run, Arc::clone(&self.aggregation), metrics, memory);
        if self.aggregation.keys.is_empty() {
            worker.others = Some(Reinforcement::new(self.scan.workers()));
        }
        let stream = try_unfold(worker, |mut worker| async move { Ok(worker.next().await?.map(|batch| (batch, worker))) });
        Ok(make_cooperative(Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.aggregation.schema), stream))))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}

/// One partition: chunk after chunk into its own groups.
struct Worker {
    run: Arc<Run>,
    aggregation: Arc<Aggregation>,
    metrics: ScanMetrics,
    memory: MemoryReservation,
    /// Those who may help, where the partition is the only one.
    others: Option<Reinforcement<Option<RecordBatch>>>,
    /// What they had.
    ready: Vec<RecordBatch>,
    ended: bool,
}

impl Worker {
    fn new(run: Arc<Run>, aggregation: Arc<Aggregation>, metrics: ScanMetrics, memory: MemoryReservation) -> Self {
        Self { run, aggregation, metrics, memory, others: None, ready: Vec::new(), ended: false }
    }

    /// The work of another on the same run. Without groups all of it is one row.
    fn help(&self) -> BoxFuture<'static, Result<Option<RecordBatch>>> {
        let (run, aggregation) = (Arc::clone(&self.run), Arc::clone(&self.aggregation));
        let mut worker = Self::new(run, aggregation, self.metrics.clone(), self.memory.new_empty());
        async move { worker.next().await }.boxed()
    }

    async fn next(&mut self) -> Result<Option<RecordBatch>> {
        if self.ended {
            return Ok(self.ready.pop());
        }
        let mut groups = Groups::new(&self.aggregation.functions);
        let mut pace = Pace::new();
        while let Some(at) = self.run.next() {
            if !self.run.is_excluded_now(at.part)? {
                self.add(at.part, at.chunk, &mut groups).await?;
                self.memory.try_resize(groups.bytes())?;
            }
            if groups.is_full() {
                return self.give(&groups).map(Some);
            }
            if let Some(mut others) = self.others.take() {
                others.call_if_long(|| self.help());
                self.others = Some(others);
            }
            pace.keep().await;
        }
        self.ended = true;
        if let Some(others) = self.others.take() {
            self.ready = others.results().await?.into_iter().flatten().collect();
        }
        if groups.is_empty() {
            return Ok(self.ready.pop());
        }
        self.give(&groups).map(Some)
    }

    fn give(&mut self, groups: &Groups) -> Result<RecordBatch> {
        let batch = groups.batch(&self.aggregation.keys, &self.aggregation.schema)?;
        self.memory.free();
        self.metrics.baseline.record_output(batch.num_rows());
        Ok(batch)
    }

    async fn add(&self, part: usize, chunk: usize, groups: &mut Groups) -> Result<()> {
        let timer = self.metrics.baseline.elapsed_compute().clone();
        let _timer = timer.timer();
        let open = self.run.open(part, &self.metrics).await?;
        if self.aggregation.only_counts()
            && self.run.plan.dynamic.is_empty()
            && let Some(count) = open.judged.exact_count()
        {
            // The index knows the part as a whole; it is counted with its first chunk, which is always taken first.
            self.run.skip_rest(part);
            if chunk == 0 {
                groups.count(count);
            }
            return Ok(());
        }
        let mut unit = Unit::new(&open, &self.run.plan.columns, chunk, &self.metrics);
        let all = Selection::all(unit.rows());
        let rows = self.run.matching(&open, &mut unit, all).await?;
        let count = rows.count();
        self.metrics.rows_matched.add(count);
        if count == 0 {
            return Ok(());
        }
        if self.aggregation.only_counts() {
            groups.count(count as u64);
            return Ok(());
        }
        let mut codes = Vec::with_capacity(self.aggregation.keys.len());
        for key in &self.aggregation.keys {
            codes.push(key.codes(&mut unit, &rows).await?);
        }
        let placed = groups.place(&codes, count);
        for at in 0..self.aggregation.functions.len() {
            let values = match self.aggregation.functions[at].column() {
                Some(column) => Some(unit.logical(column, &rows).await?),
                None => None,
            };
            groups.update(at, &placed, values.as_ref())?;
        }
        Ok(())
    }
}
