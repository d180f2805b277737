//! One execution of a scan, shared by its partitions: the parts that are left after pruning, and the chunks that wait for
//! a worker.
//!
//! Partitions do not own chunks. Each takes the next one that nobody has, so that they end at the same time whatever the
//! chunks cost.
//!
//! **Invariant:** every chunk of every part that is not pruned or done is taken by exactly one worker, those of a part in
//! order.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use arrow::datatypes::Schema;
use datafusion::error::Result;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr_common::physical_expr::{snapshot_generation, snapshot_physical_expr};
use parking_lot::Mutex;
use strata_storage::segment::{CHUNK_ROWS, SegmentMeta};
use tokio::sync::OnceCell;

use super::buffered::BufferedPart;
use super::judged::Judged;
use super::metrics::ScanMetrics;
use super::open_part::{Indexes, OpenPart};
use super::plan::ScanPlan;
use super::predicate::Filter;
use super::segment_bounds;
use super::selection::Selection;
use super::unit::Unit;
use crate::topics::BufferedBatch;

/// Segments whose indexes are told at the beginning what they will be asked.
const ANNOUNCED_MAX: usize = 64;

/// A scan that runs.
#[derive(Debug)]
pub(crate) struct Run {
    /// What is read.
    pub(crate) plan: Arc<ScanPlan>,
    /// The parts that may hold rows of the answer.
    pub(crate) parts: Vec<PartSlot>,
    filter: Arc<Filter>,
    dynamic: Mutex<Option<(u64, Arc<Filter>)>>,
    queue: Mutex<VecDeque<ChunkRef>>,
    wanted: Option<AtomicUsize>,
}

/// A chunk of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ChunkRef {
    /// Position in [`Run::parts`].
    pub(crate) part: usize,
    /// Chunk of the part.
    pub(crate) chunk: usize,
}

/// A part that is opened when its first chunk is taken.
#[derive(Debug)]
pub(crate) struct PartSlot {
    kind: PartKind,
    open: OnceCell<Arc<OpenPart>>,
    /// Whether no chunk that still waits can add to the answer.
    is_done: AtomicBool,
}

#[derive(Debug)]
enum PartKind {
    Segment(Arc<SegmentMeta>),
    Buffered(Arc<BufferedBatch>),
}

impl PartSlot {
    fn new(kind: PartKind) -> Self {
        Self { kind, open: OnceCell::new(), is_done: AtomicBool::new(false) }
    }

    /// Its facts, if it is a segment.
    pub(crate) fn segment(&self) -> Option<&Arc<SegmentMeta>> {
        match &self.kind {
            PartKind::Segment(segment) => Some(segment),
            PartKind::Buffered(_) => None,
        }
    }

    #[allow(clippy::cast_possible_truncation, reason = "a segment has fewer than 2^32 rows")]
    fn rows(&self) -> usize {
        match &self.kind {
            PartKind::Segment(segment) => segment.rows as usize,
            PartKind::Buffered(batch) => batch.records.rows(),
        }
    }
}

impl Run {
    /// Compiles the filters and prunes segments by what the catalog knows of them. Counts into `metrics` what it prunes.
    ///
    /// # Errors
    /// When a filter names a column that is not scanned.
    pub(crate) fn new(plan: &Arc<ScanPlan>, metrics: &ScanMetrics) -> Result<Self> {
        let schema = Schema::new(plan.columns.iter().map(|column| Arc::clone(&column.field)).collect::<Vec<_>>());
        let filter = Arc::new(Filter::compile(&plan.filters, &schema)?);
        let mut parts = Vec::with_capacity(plan.snapshot.segments.len() + plan.snapshot.buffer.len());
        for segment in plan.snapshot.segments.iter() {
            metrics.segments_total.add(1);
            match excluded(plan, &filter, segment)? {
                None => parts.push(PartSlot::new(PartKind::Segment(Arc::clone(segment)))),
                Some(Excluded::ByTime) => metrics.segments_pruned_by_time.add(1),
                Some(Excluded::ByBounds) => metrics.segments_pruned_by_bounds.add(1),
            }
        }
        for batch in &plan.snapshot.buffer {
            if batch.records.rows() > 0 {
                parts.push(PartSlot::new(PartKind::Buffered(Arc::clone(batch))));
            }
        }
        if let Some(order) = plan.order {
            // Stable, so that parts of unknown bounds stay in the order of their offsets.
            parts.sort_by_cached_key(|part| {
                let best = part.segment().map(|segment| order.best_of_segment(segment, &plan.columns[order.column]));
                std::cmp::Reverse(best.unwrap_or(i128::MAX))
            });
        }
        let chunks = |(part, slot): (usize, &PartSlot)| {
            (0..slot.rows().div_ceil(CHUNK_ROWS)).map(move |chunk| ChunkRef { part, chunk }).collect::<Vec<_>>()
        };
        let queue = parts.iter().enumerate().flat_map(chunks).collect();
        if plan.use_indexes {
            announce(plan, &filter, &parts);
        }
        Ok(Self {
            plan: Arc::clone(plan),
            parts,
            filter,
            dynamic: Mutex::new(None),
            queue: Mutex::new(queue),
            wanted: plan.fetch.map(AtomicUsize::new),
        })
    }

    /// The next chunk that nobody has taken; `None` when all are, or enough rows were found.
    pub(crate) fn next(&self) -> Option<ChunkRef> {
        if self.wanted.as_ref().is_some_and(|wanted| wanted.load(Ordering::Relaxed) == 0) {
            return None;
        }
        let mut queue = self.queue.lock();
        std::iter::from_fn(|| queue.pop_front()).find(|chunk| !self.parts[chunk.part].is_done.load(Ordering::Relaxed))
    }

    /// Leaves out the chunks of `part` that nobody has taken: they add nothing to the answer.
    pub(crate) fn skip_rest(&self, part: usize) {
        self.parts[part].is_done.store(true, Ordering::Relaxed);
    }

    /// How many of `rows` rows found are still wanted; counts them as delivered.
    pub(crate) fn claim(&self, rows: usize) -> usize {
        let Some(wanted) = &self.wanted else { return rows };
        let before = wanted.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| Some(left.saturating_sub(rows)));
        rows.min(before.unwrap_or_default())
    }

    /// Opens a part, or waits for the one who does.
    ///
    /// # Errors
    /// Reading.
    pub(crate) async fn open(&self, part: usize, metrics: &ScanMetrics) -> Result<Arc<OpenPart>> {
        let slot = &self.parts[part];
        let open = slot.open.get_or_try_init(|| async {
            let columns = Arc::clone(&self.plan.columns);
            let open = match &slot.kind {
                PartKind::Segment(segment) => {
                    let part = self.plan.source.open(segment).await?;
                    OpenPart::new(part, Some(Arc::clone(segment)), columns, &self.filter, self.plan.indexes()).await?
                }
                PartKind::Buffered(batch) => {
                    let known = self.plan.snapshot.topic.columns.columns().map(|column| (column.id, column.data_type));
                    let part = Arc::new(BufferedPart::new(Arc::clone(batch), known.collect()));
                    OpenPart::new(part, None, columns, &self.filter, Indexes::Unasked).await?
                }
            };
            if slot.segment().is_some() {
                metrics.blocks_total.add(open.judged.may.len());
                if open.judged.counted.is_none() {
                    metrics.blocks_left.add(open.judged.may.count_set_bits());
                }
                metrics.count_probes(&open.judged);
            }
            Ok::<_, datafusion::error::DataFusionError>(Arc::new(open))
        });
        let open = open.await?;
        if open.judged.is_never() {
            self.skip_rest(part);
        }
        Ok(Arc::clone(open))
    }

    /// The dynamic conditions as they are now; `None` if there are none.
    ///
    /// # Errors
    /// When a condition names a column that is not scanned.
    pub(crate) fn dynamic(&self) -> Result<Option<(u64, Arc<Filter>)>> {
        let conditions = &self.plan.dynamic;
        if conditions.is_empty() {
            return Ok(None);
        }
        let generation = conditions.iter().fold(0u64, |sum, condition| sum.wrapping_add(snapshot_generation(condition)));
        let mut known = self.dynamic.lock();
        if let Some((_, filter)) = known.as_ref().filter(|(of, _)| *of == generation) {
            return Ok(Some((generation, Arc::clone(filter))));
        }
        let now: Vec<Arc<dyn PhysicalExpr>> =
            conditions.iter().map(|condition| snapshot_physical_expr(Arc::clone(condition))).collect::<Result<_>>()?;
        let schema = Schema::new(self.plan.columns.iter().map(|column| Arc::clone(&column.field)).collect::<Vec<_>>());
        let filter = Arc::new(Filter::compile(&now, &schema)?);
        *known = Some((generation, Arc::clone(&filter)));
        Ok(Some((generation, filter)))
    }

    /// Whether the dynamic conditions exclude the whole part by what the catalog knows.
    ///
    /// # Errors
    /// When a condition names a column that is not scanned.
    pub(crate) fn is_excluded_now(&self, part: usize) -> Result<bool> {
        let (Some((_, filter)), Some(segment)) = (self.dynamic()?, self.parts[part].segment()) else { return Ok(false) };
        Ok(excluded(&self.plan, &filter, segment)?.is_some())
    }

    /// The rows of `among` in a chunk that are in the answer.
    ///
    /// # Errors
    /// Reading, memory, or what an expression raises.
    pub(crate) async fn matching(&self, open: &OpenPart, unit: &mut Unit<'_>, among: Selection) -> Result<Selection> {
        let mut rows = unit.filter(&open.judged, among).await?;
        if let Some((generation, filter)) = self.dynamic()?
            && !filter.is_true()
            && !rows.is_empty()
        {
            let judged = open.judge_dynamic(generation, &filter)?;
            rows = unit.filter_further(&judged, rows).await?;
        }
        Ok(rows)
    }
}

/// Tells the first segments what their indexes will be asked, so that what they read is read at once and not one by one.
fn announce(plan: &ScanPlan, filter: &Filter, parts: &[PartSlot]) {
    for segment in parts.iter().filter_map(PartSlot::segment).take(ANNOUNCED_MAX) {
        for leaf in &filter.leaves {
            let [column] = leaf.columns.as_slice() else { continue };
            for question in &leaf.questions {
                plan.source.will_probe(segment, &plan.columns[*column].reference, question);
            }
        }
    }
}

/// Why a segment needs no look.
enum Excluded {
    ByTime,
    ByBounds,
}

fn excluded(plan: &ScanPlan, filter: &Arc<Filter>, segment: &SegmentMeta) -> Result<Option<Excluded>> {
    if filter.is_true() {
        return Ok(None);
    }
    let rows = segment_bounds::rows(segment);
    let judged = Judged::new(filter, &rows, |column| segment_bounds::of(segment, &plan.columns[column]))?;
    if !judged.is_never() {
        return Ok(None);
    }
    let time = plan.time_column();
    let by_time = Judged::new(filter, &rows, |column| {
        Some(column).filter(|column| Some(*column) == time).and_then(|column| segment_bounds::of(segment, &plan.columns[column]))
    })?;
    Ok(Some(if by_time.is_never() { Excluded::ByTime } else { Excluded::ByBounds }))
}
