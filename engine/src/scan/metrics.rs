//! What a scan counts for `EXPLAIN ANALYZE`.

use super::judged::Judged;
use datafusion::physical_plan::metrics::{BaselineMetrics, Count, ExecutionPlanMetricsSet, MetricBuilder};

/// Counters of one partition.
#[derive(Debug, Clone)]
pub(crate) struct ScanMetrics {
    /// Rows out, and the time it took.
    pub(crate) baseline: BaselineMetrics,
    /// Segments of the snapshot.
    pub(crate) segments_total: Count,
    /// Segments that their time bounds excluded.
    pub(crate) segments_pruned_by_time: Count,
    /// Segments that other bounds excluded.
    pub(crate) segments_pruned_by_bounds: Count,
    /// Blocks of the segments that were opened.
    pub(crate) blocks_total: Count,
    /// Blocks in which rows may match after bounds and indexes.
    pub(crate) blocks_left: Count,
    /// Questions that inverted indexes answered, each for one segment.
    pub(crate) inverted_probes: Count,
    /// Questions that bloom indexes answered.
    pub(crate) bloom_probes: Count,
    /// Segments in which an index found no row that can match.
    pub(crate) segments_pruned_by_index: Count,
    /// Rows in those blocks, and in buffered batches.
    pub(crate) rows_after_bounds: Count,
    /// Rows for which the filters hold.
    pub(crate) rows_matched: Count,
    /// Column chunks that were in the read cache.
    pub(crate) chunks_cached: Count,
    /// Column chunks that had to be read and decoded.
    pub(crate) chunks_decoded: Count,
    /// Blocks of columns that were read without the rest of their chunks.
    pub(crate) blocks_read: Count,
}

impl ScanMetrics {
    /// Counters of `partition` in `set`.
    pub(crate) fn new(set: &ExecutionPlanMetricsSet, partition: usize) -> Self {
        let count = |name: &'static str| MetricBuilder::new(set).counter(name, partition);
        Self {
            baseline: BaselineMetrics::new(set, partition),
            segments_total: count("segments_total"),
            segments_pruned_by_time: count("segments_pruned_by_time"),
            segments_pruned_by_bounds: count("segments_pruned_by_bounds"),
            blocks_total: count("blocks_total"),
            blocks_left: count("blocks_left"),
            inverted_probes: count("inverted_probes"),
            bloom_probes: count("bloom_probes"),
            segments_pruned_by_index: count("segments_pruned_by_index"),
            rows_after_bounds: count("rows_after_bounds"),
            rows_matched: count("rows_matched"),
            chunks_cached: count("chunks_cached"),
            chunks_decoded: count("chunks_decoded"),
            blocks_read: count("blocks_read"),
        }
    }

    /// Counts what indexes said about an opened segment.
    pub(crate) fn count_probes(&self, judged: &Judged) {
        let probed = || judged.probed.iter().flatten();
        let methods = || probed().map(|probed| probed.method).chain(judged.counted.map(|(method, _)| method));
        self.inverted_probes.add(methods().filter(|method| *method == "inverted").count());
        self.bloom_probes.add(methods().filter(|method| *method == "bloom").count());
        let holds_none = judged.is_never() && probed().next().is_some();
        if holds_none || judged.counted.is_some_and(|(_, rows)| rows == 0) {
            self.segments_pruned_by_index.add(1);
        }
    }
}
