//! What a scan reads: the description that planning builds up, before anything runs.

use std::fmt;
use std::sync::Arc;

use arrow::datatypes::{DataType, SchemaRef, TimeUnit};
use datafusion::error::Result;
use datafusion::physical_expr::PhysicalExpr;
use strata_storage::segment::{ColumnRef, SegmentMeta};

use super::columns::ScanColumn;
use super::open_part::Indexes;
use super::part::SegmentSource;
use super::segment_bounds;
use crate::topics::TopicSnapshot;

/// A scan of one topic.
#[derive(Debug, Clone)]
pub(crate) struct ScanPlan {
    /// Opens segments.
    pub(crate) source: Arc<dyn SegmentSource>,
    /// The topic as the query sees it.
    pub(crate) snapshot: TopicSnapshot,
    /// Every column that is read; filters and `output` refer to their positions.
    pub(crate) columns: Arc<[ScanColumn]>,
    /// Columns of the answer.
    pub(crate) output: Vec<usize>,
    /// Fields of the answer.
    pub(crate) schema: SchemaRef,
    /// Conditions that hold for every row of the answer.
    pub(crate) filters: Vec<Arc<dyn PhysicalExpr>>,
    /// Conditions that other operators sharpen while the query runs.
    pub(crate) dynamic: Vec<Arc<dyn PhysicalExpr>>,
    /// Rows after which the scan may stop.
    pub(crate) fetch: Option<usize>,
    /// The order in which rows are wanted first.
    pub(crate) order: Option<ScanOrder>,
    /// Only the first rows in `order` are wanted, by somebody who sorts them.
    pub(crate) top: Option<usize>,
    /// Whether indexes are asked: the setting `enable_indexscan`.
    pub(crate) use_indexes: bool,
    /// Whether nothing but the number of rows is wanted, by an operator that takes it from [`super::judged::Judged`].
    pub(crate) only_counts: bool,
}

impl ScanPlan {
    /// What indexes are asked for. Conditions that change while the query runs are no part of what an index counts.
    pub(crate) fn indexes(&self) -> Indexes {
        match (self.use_indexes, self.only_counts && self.dynamic.is_empty()) {
            (false, _) => Indexes::Unasked,
            (true, false) => Indexes::Rows,
            (true, true) => Indexes::Counting,
        }
    }
}

/// One column and a direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ScanOrder {
    /// Position among the columns of the scan.
    pub(crate) column: usize,
    /// Largest first.
    pub(crate) descending: bool,
    /// NULL before all values.
    pub(crate) nulls_first: bool,
}

impl ScanOrder {
    /// A rank that is larger for what comes earlier.
    pub(crate) fn rank(self, value: Option<i64>) -> i128 {
        match value {
            Some(value) if self.descending => i128::from(value),
            Some(value) => -i128::from(value),
            None if self.nulls_first => i128::MAX,
            None => i128::MIN,
        }
    }

    /// The best rank among values within bounds.
    pub(crate) fn best(self, min: Option<i64>, max: Option<i64>, nulls: bool) -> i128 {
        if nulls && self.nulls_first {
            return i128::MAX;
        }
        match if self.descending { max } else { min } {
            Some(value) => self.rank(Some(value)),
            // Unknown, so it may be anything.
            None => i128::MAX,
        }
    }

    /// The best rank in a whole segment.
    pub(crate) fn best_of_segment(self, segment: &SegmentMeta, column: &ScanColumn) -> i128 {
        let Some((min, max, nulls)) = segment_bounds::integers(segment, column) else { return i128::MAX };
        self.best(Some(min), Some(max), nulls)
    }
}

/// Whether [`ScanOrder`] can rank values of this type.
pub(crate) fn is_ranked(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Int64 | DataType::Timestamp(TimeUnit::Microsecond, _))
}

impl ScanPlan {
    /// Name of the topic with its schema.
    pub(crate) fn topic_name(&self) -> String {
        format!("{}.{}", self.snapshot.topic.schema, self.snapshot.topic.name)
    }

    /// Rows of the snapshot.
    pub(crate) fn rows(&self) -> u64 {
        let sealed: u64 = self.snapshot.segments.iter().map(|segment| segment.rows).sum();
        sealed + self.snapshot.buffer.iter().map(|batch| batch.records.rows() as u64).sum::<u64>()
    }

    /// Position of the time column among those that are read.
    pub(crate) fn time_column(&self) -> Option<usize> {
        let time = ColumnRef::Column(self.snapshot.topic.columns.time_column());
        self.columns.iter().position(|column| column.reference == time)
    }

    /// Adds conditions over the answer's columns; `dynamic` ones change while the query runs.
    ///
    /// # Errors
    /// When a condition names a column that is not in the answer.
    pub(crate) fn with_conditions(&self, conditions: Vec<Arc<dyn PhysicalExpr>>, dynamic: bool) -> Result<Self> {
        let input: Vec<ScanColumn> = self.output.iter().map(|at| self.columns[*at].clone()).collect();
        let mut columns = super::columns::ScanColumns::from_columns(&self.columns);
        let resolved = conditions.iter().map(|condition| columns.resolve(condition, &input)).collect::<Result<Vec<_>>>()?;
        let mut plan = self.clone();
        plan.columns = columns.as_slice().into();
        if dynamic {
            plan.dynamic.extend(resolved);
        } else {
            plan.filters.extend(resolved);
        }
        Ok(plan)
    }

    /// Whether every row of the snapshot is in the answer.
    pub(crate) fn is_whole(&self) -> bool {
        self.filters.is_empty() && self.dynamic.is_empty() && self.fetch.is_none() && self.top.is_none()
    }
}

impl fmt::Display for ScanPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.output.iter().map(|at| self.columns[*at].field.name().as_str()).collect();
        write!(f, "topic={}, columns=[{}]", self.topic_name(), names.join(", "))?;
        for (label, conditions) in [("filters", &self.filters), ("dynamic", &self.dynamic)] {
            if !conditions.is_empty() {
                let shown: Vec<String> = conditions.iter().map(ToString::to_string).collect();
                write!(f, ", {label}=[{}]", shown.join(" AND "))?;
            }
        }
        if let Some(order) = self.order {
            let direction = if order.descending { "DESC" } else { "ASC" };
            write!(f, ", first=[{} {direction}]", self.columns[order.column].field.name())?;
        }
        if let Some(top) = self.top {
            write!(f, ", top={top}")?;
        }
        if let Some(fetch) = self.fetch {
            write!(f, ", fetch={fetch}")?;
        }
        write!(f, ", segments={}, buffered_batches={}", self.snapshot.segments.len(), self.snapshot.buffer.len())
    }
}
