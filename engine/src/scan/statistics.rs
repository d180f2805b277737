//! What is known of an answer before it is read: rows, and bounds of columns, from the facts of the segments and a look
//! at the buffer. `count(*)`, `min` and `max` without a condition need no more than this.
//!
//! **Invariant:** what is called exact is exact. Bounds of texts are cut and those of floating-point numbers leave out
//! NaN, so they are not.

use arrow::array::{Array, AsArray};
use arrow::compute::{max as array_max, min as array_min};
use arrow::datatypes::{DataType, Int64Type, TimestampMicrosecondType};
use datafusion::common::stats::Precision;
use datafusion::common::{ColumnStatistics, Statistics};
use datafusion::scalar::ScalarValue;
use strata_storage::ColumnId;
use strata_storage::schema::column_by_id;
use strata_storage::segment::{ColumnRef, SegmentMeta};

use super::columns::ScanColumn;
use super::plan::ScanPlan;
use super::segment_bounds;
use crate::topics::BufferedBatch;

/// Statistics of the answer of a scan.
pub(crate) fn of_scan(plan: &ScanPlan) -> Statistics {
    let rows = usize::try_from(plan.rows()).unwrap_or(usize::MAX);
    if !plan.is_whole() {
        let mut unknown = Statistics::new_unknown(&plan.schema);
        let most = plan.fetch.map_or(rows, |fetch| fetch.min(rows));
        unknown.num_rows = Precision::Inexact(most);
        return unknown;
    }
    let columns = plan.output.iter().map(|at| of_column(plan, &plan.columns[*at], rows)).collect();
    Statistics { num_rows: Precision::Exact(rows), total_byte_size: Precision::Absent, column_statistics: columns }
}

fn of_column(plan: &ScanPlan, column: &ScanColumn, rows: usize) -> ColumnStatistics {
    let mut known = Known::default();
    for segment in plan.snapshot.segments.iter() {
        known.add(of_segment(segment, column));
    }
    for batch in &plan.snapshot.buffer {
        known.add(of_batch(batch, column));
    }
    let mut statistics = ColumnStatistics::new_unknown();
    if let Some(nulls) = known.nulls.filter(|_| rows > 0) {
        statistics.null_count = Precision::Exact(nulls);
        if let (Some((min, max)), true) = (known.bounds, known.bounds_known) {
            statistics.min_value = Precision::Exact(min);
            statistics.max_value = Precision::Exact(max);
        }
    }
    statistics
}

/// Facts of a column over some rows, merged part by part.
struct Known {
    nulls: Option<usize>,
    /// Over the values that are not NULL; `None` before the first.
    bounds: Option<(ScalarValue, ScalarValue)>,
    bounds_known: bool,
}

impl Default for Known {
    fn default() -> Self {
        Self { nulls: Some(0), bounds: None, bounds_known: true }
    }
}

impl Known {
    fn unknown() -> Self {
        Self { nulls: None, bounds: None, bounds_known: false }
    }

    fn add(&mut self, other: Self) {
        self.nulls = self.nulls.zip(other.nulls).map(|(left, right)| left + right);
        self.bounds_known &= other.bounds_known;
        let Some((min, max)) = other.bounds else { return };
        self.bounds = Some(match self.bounds.take() {
            None => (min, max),
            Some((low, high)) => (if min < low { min } else { low }, if max > high { max } else { high }),
        });
    }
}

fn is_exact(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Int16 | DataType::Int32 | DataType::Int64 | DataType::Date32 | DataType::Timestamp(_, _))
}

fn of_segment(segment: &SegmentMeta, column: &ScanColumn) -> Known {
    let Some(bounds) = segment_bounds::of(segment, column) else { return nulls_of_segment(segment, column) };
    let nulls = usize::try_from(bounds.null_counts.value(0)).ok();
    if bounds.null_counts.value(0) == segment.rows {
        return Known { nulls, bounds: None, bounds_known: true };
    }
    let min = ScalarValue::try_from_array(&bounds.mins, 0).ok();
    let max = ScalarValue::try_from_array(&bounds.maxs, 0).ok();
    let bounds = min.zip(max).filter(|_| is_exact(column.field.data_type()));
    Known { nulls, bounds_known: bounds.is_some(), bounds }
}

fn nulls_of_segment(segment: &SegmentMeta, column: &ScanColumn) -> Known {
    let ColumnRef::Column(id) = column.reference else { return Known::unknown() };
    let summary = segment.columns.iter().find(|summary| summary.id == id);
    Known { nulls: summary.and_then(|summary| usize::try_from(summary.nulls).ok()), ..Known::unknown() }
}

fn of_batch(batch: &BufferedBatch, column: &ScanColumn) -> Known {
    let ColumnRef::Column(id) = column.reference else { return Known::unknown() };
    let rows = batch.records.rows();
    let data_type = column.field.data_type();
    let of = |value: i64| ScalarValue::Int64(Some(value)).cast_to(data_type).ok();
    let pair = |min: i64, max: i64| of(min).zip(of(max));
    let known = |nulls: usize, bounds: Option<(ScalarValue, ScalarValue)>| Known {
        nulls: Some(nulls),
        bounds_known: bounds.is_some() || nulls == rows,
        bounds,
    };
    match id {
        _ if rows == 0 => Known::default(),
        ColumnId::OFFSET => known(0, pair(batch.base_offset, batch.base_offset + i64::try_from(rows).unwrap_or(i64::MAX) - 1)),
        ColumnId::INGESTED_AT => {
            let (min, max) = batch.records.bounds_us();
            known(0, pair(min, max))
        }
        id => {
            let Some((_, array)) = column_by_id(batch.records.batch(), id) else { return known(rows, None) };
            let bounds = match (array.data_type(), data_type) {
                (DataType::Int64, DataType::Int64) => {
                    let array = array.as_primitive::<Int64Type>();
                    array_min(array).zip(array_max(array)).and_then(|(min, max)| pair(min, max))
                }
                (have, DataType::Timestamp(_, _)) if have == data_type => {
                    let array = array.as_primitive::<TimestampMicrosecondType>();
                    array_min(array).zip(array_max(array)).and_then(|(min, max)| pair(min, max))
                }
                _ => None,
            };
            known(array.logical_null_count(), bounds)
        }
    }
}
