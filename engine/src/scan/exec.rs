//! The physical operator that reads a topic.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use datafusion::common::Statistics;
use datafusion::common::tree_node::TreeNode;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::config::ConfigOptions;
use datafusion::error::Result;
use datafusion::execution::memory_pool::MemoryConsumer;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::expressions::{Column, DynamicFilterPhysicalExpr};
use datafusion::physical_expr::utils::collect_columns;
use datafusion::physical_expr::{EquivalenceProperties, Partitioning, PhysicalExpr};
use datafusion::physical_expr_common::sort_expr::PhysicalSortExpr;
use datafusion::physical_plan::coop::make_cooperative;
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType, SchedulingType};
use datafusion::physical_plan::filter_pushdown::{
    ChildPushdownResult, FilterPushdownPhase, FilterPushdownPropagation, PushedDown,
};
use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, ReplaceChildrenOptions, SortOrderPushdownResult, StatisticsArgs,
    apply_expression_roots,
};
use parking_lot::Mutex;

use super::metrics::ScanMetrics;
use super::plan::{ScanOrder, ScanPlan, is_ranked};
use super::projection;
use super::reinforcement::Reinforcement;
use super::run::Run;
use super::statistics;
use super::top::TopRun;
use super::worker::Worker;

/// Reads a topic: prunes, filters, and gives the columns of the answer for the rows that are left.
#[derive(Debug)]
pub struct TopicScanExec {
    plan: Arc<ScanPlan>,
    workers: usize,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
    running: Mutex<Option<Round>>,
}

/// One execution of all partitions. The first partition that is executed a second time begins another.
#[derive(Debug)]
struct Round {
    run: Arc<Run>,
    top: Option<Arc<TopRun>>,
    executed: Vec<bool>,
}

impl TopicScanExec {
    /// Reads `plan` with `workers` workers: a partition each, or all in one where few rows are wanted.
    pub(crate) fn new(plan: ScanPlan, workers: usize) -> Self {
        let workers = workers.max(1);
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&plan.schema)),
            Partitioning::UnknownPartitioning(if plan.top.is_some() { 1 } else { workers }),
            EmissionType::Incremental,
            Boundedness::Bounded,
        )
        .with_scheduling_type(SchedulingType::Cooperative);
        Self {
            plan: Arc::new(plan),
            workers,
            properties: Arc::new(properties),
            metrics: ExecutionPlanMetricsSet::new(),
            running: Mutex::new(None),
        }
    }

    /// What it reads.
    pub(crate) fn plan(&self) -> &Arc<ScanPlan> {
        &self.plan
    }

    /// The same operator with another plan.
    pub(crate) fn with_plan(&self, plan: ScanPlan) -> Self {
        Self::new(plan, self.workers)
    }

    /// How many tasks may work on it.
    pub(crate) fn workers(&self) -> usize {
        self.workers
    }

    fn partitions(&self) -> usize {
        self.properties.partitioning.partition_count()
    }

    /// The order that an expression over the answer asks for, if the scan can visit parts in it.
    pub(crate) fn order_of(&self, sort: &PhysicalSortExpr) -> Option<ScanOrder> {
        let at = *self.plan.output.get(sort.expr.downcast_ref::<Column>()?.index())?;
        let column = &self.plan.columns[at];
        (column.derivation.is_none() && is_ranked(column.field.data_type())).then_some(ScanOrder {
            column: at,
            descending: sort.options.descending,
            nulls_first: sort.options.nulls_first,
        })
    }

    /// The run of the next execution of `partition`, for an operator that takes the chunks itself.
    ///
    /// # Errors
    /// When a filter names a column that is not scanned.
    pub(crate) fn join_run(&self, partition: usize, metrics: &ScanMetrics) -> Result<Arc<Run>> {
        Ok(self.join_round(partition, metrics)?.0)
    }

    fn join_round(&self, partition: usize, metrics: &ScanMetrics) -> Result<(Arc<Run>, Option<Arc<TopRun>>)> {
        let mut running = self.running.lock();
        if let Some(round) = running.as_mut().filter(|round| !round.executed[partition]) {
            round.executed[partition] = true;
            return Ok((Arc::clone(&round.run), round.top.clone()));
        }
        let run = Arc::new(Run::new(&self.plan, metrics)?);
        let top = self.plan.order.zip(self.plan.top).map(|(order, wanted)| Arc::new(TopRun::new(&run, order, wanted)));
        let mut executed = vec![false; self.partitions()];
        executed[partition] = true;
        *running = Some(Round { run: Arc::clone(&run), top: top.clone(), executed });
        Ok((run, top))
    }
}

impl DisplayAs for TopicScanExec {
    fn fmt_as(&self, _format: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TopicScanExec: {}", self.plan)
    }
}

impl ExecutionPlan for TopicScanExec {
    fn name(&self) -> &'static str {
        "TopicScanExec"
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
        Ok(Arc::new(self.with_plan(self.plan.as_ref().clone())))
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        apply_expression_roots(self.plan.filters.iter().chain(&self.plan.dynamic), f)
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let metrics = ScanMetrics::new(&self.metrics, partition);
        let (run, top) = self.join_round(partition, &metrics)?;
        let memory = MemoryConsumer::new(format!("TopicScan[{partition}]")).register(context.memory_pool());
        let top = top.map(|top| (top, Reinforcement::new(self.workers)));
        let worker = Worker::new(run, top, metrics, memory, context.session_config().batch_size());
        let stream = RecordBatchStreamAdapter::new(Arc::clone(&self.plan.schema), worker.into_stream());
        Ok(make_cooperative(Box::pin(stream)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }

    fn statistics_from_inputs(&self, _inputs: &[Arc<Statistics>], args: &StatisticsArgs) -> Result<Arc<Statistics>> {
        Ok(Arc::new(match args.partition() {
            // Who takes which chunk is not known before the end.
            Some(_) if self.partitions() > 1 => Statistics::new_unknown(&self.plan.schema),
            _ => statistics::of_scan(&self.plan),
        }))
    }

    fn supports_limit_pushdown(&self) -> bool {
        false
    }

    fn with_fetch(&self, limit: Option<usize>) -> Option<Arc<dyn ExecutionPlan>> {
        let mut plan = self.plan.as_ref().clone();
        plan.fetch = limit;
        Some(Arc::new(self.with_plan(plan)))
    }

    fn fetch(&self) -> Option<usize> {
        self.plan.fetch
    }

    fn try_swapping_with_projection(&self, projection: &ProjectionExec) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        projection::absorb(self, projection)
    }

    fn handle_child_pushdown_result(
        &self,
        _phase: FilterPushdownPhase,
        child: ChildPushdownResult,
        _config: &ConfigOptions,
    ) -> Result<FilterPushdownPropagation<Arc<dyn ExecutionPlan>>> {
        // A limit that is already part of the scan comes before these conditions.
        if child.parent_filters.is_empty() || self.plan.fetch.is_some() || self.plan.top.is_some() {
            let none = vec![PushedDown::No; child.parent_filters.len()];
            return Ok(FilterPushdownPropagation::with_parent_pushdown_result(none));
        }
        let mut plan = self.plan.as_ref().clone();
        let mut taken = Vec::with_capacity(child.parent_filters.len());
        for condition in child.parent_filters.into_iter().map(|parent| parent.filter) {
            let known = collect_columns(&condition).iter().all(|column| column.index() < plan.output.len());
            if !known || condition.is_volatile_node() {
                taken.push(PushedDown::No);
                continue;
            }
            let dynamic = is_dynamic(&condition);
            plan = plan.with_conditions(vec![condition], dynamic)?;
            taken.push(PushedDown::Yes);
        }
        Ok(FilterPushdownPropagation::with_parent_pushdown_result(taken).with_updated_node(Arc::new(self.with_plan(plan))))
    }

    fn try_pushdown_sort(&self, order: &[PhysicalSortExpr]) -> Result<SortOrderPushdownResult<Arc<dyn ExecutionPlan>>> {
        let Some(order) = order.first().and_then(|first| self.order_of(first)) else {
            return Ok(SortOrderPushdownResult::Unsupported);
        };
        if self.plan.order == Some(order) {
            return Ok(SortOrderPushdownResult::Unsupported);
        }
        let mut plan = self.plan.as_ref().clone();
        plan.order = Some(order);
        Ok(SortOrderPushdownResult::Inexact { inner: Arc::new(self.with_plan(plan)) })
    }

    fn with_new_state(&self, _state: Arc<dyn Any + Send + Sync>) -> Option<Arc<dyn ExecutionPlan>> {
        None
    }
}

fn is_dynamic(expr: &Arc<dyn PhysicalExpr>) -> bool {
    expr.exists(|node| Ok(node.downcast_ref::<DynamicFilterPhysicalExpr>().is_some())).unwrap_or(true)
}
