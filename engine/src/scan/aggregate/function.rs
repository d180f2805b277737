//! One aggregate function over groups, and its partial state as DataFusion's final step takes it.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use datafusion::error::{DataFusionError, Result};

use super::digest::{self, Digest};
use super::key::{from_integers, to_integers};

/// A function and the column that it takes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Function {
    /// `count(*)` or `count(column)`.
    Count(Option<usize>),
    /// `sum` of integers.
    Sum(usize),
    /// `min` of integers, dates or times.
    Min(usize, DataType),
    /// `max` of integers, dates or times.
    Max(usize, DataType),
    /// `approx_percentile_cont`; which percentile is the final step's matter.
    Percentile(usize),
}

impl Function {
    /// Position of its column among those of the scan.
    pub(super) fn column(&self) -> Option<usize> {
        match self {
            Self::Count(column) => *column,
            Self::Sum(column) | Self::Min(column, _) | Self::Max(column, _) | Self::Percentile(column) => Some(*column),
        }
    }
}

/// Its values so far, one a group.
#[derive(Debug)]
pub(super) struct Accumulator {
    function: Function,
    values: Values,
}

#[derive(Debug)]
enum Values {
    Counts(Vec<i64>),
    Integers(Vec<Option<i64>>),
    Digests(Vec<Digest>),
}

/// The group of each row of a chunk.
#[derive(Debug)]
pub(super) struct Placed {
    /// One a row: a number that is dense within the chunk.
    pub(super) local: Vec<u32>,
    /// Rows of each local number.
    pub(super) counts: Vec<u32>,
    /// The group of each local number; `u32::MAX` if it has no row.
    pub(super) groups: Vec<u32>,
}

impl Accumulator {
    /// For no group yet.
    pub(super) fn new(function: &Function) -> Self {
        let values = match function {
            Function::Count(_) => Values::Counts(Vec::new()),
            Function::Percentile(_) => Values::Digests(Vec::new()),
            Function::Sum(_) | Function::Min(..) | Function::Max(..) => Values::Integers(Vec::new()),
        };
        Self { function: function.clone(), values }
    }

    /// Adds rows. `given` are the values of its column, one a row.
    ///
    /// # Errors
    /// Arrow's, when the column is of another type than planned.
    pub(super) fn update(&mut self, groups: usize, placed: &Placed, given: Option<&ArrayRef>) -> Result<()> {
        match &mut self.values {
            Values::Counts(counts) => {
                counts.resize(groups, 0);
                count(counts, placed, given);
                Ok(())
            }
            Values::Integers(values) => {
                values.resize(groups, None);
                let given = to_integers(present(given)?)?;
                match self.function {
                    Function::Sum(_) => fold(values, placed, &given, i64::wrapping_add),
                    Function::Min(..) => fold(values, placed, &given, i64::min),
                    _ => fold(values, placed, &given, i64::max),
                }
                Ok(())
            }
            Values::Digests(digests) => {
                digests.resize_with(groups, Digest::default);
                let given = cast(present(given)?, &DataType::Float64)?;
                let given: &Float64Array = given.as_primitive::<Float64Type>();
                // Rows of one group often lie together, because segments are sorted.
                let mut start = 0;
                for run in placed.local.chunk_by(|a, b| a == b) {
                    let digest = &mut digests[at(placed.groups[at(run[0])])];
                    let rows = start..start + run.len();
                    start = rows.end;
                    if given.null_count() == 0 {
                        digest.add(&given.values()[rows]);
                    } else {
                        let valid: Vec<f64> = rows.filter(|row| given.is_valid(*row)).map(|row| given.value(row)).collect();
                        digest.add(&valid);
                    }
                }
                Ok(())
            }
        }
    }

    /// Adds rows to the first group; does nothing for a function that does not count rows.
    pub(super) fn count(&mut self, rows: u64) {
        if let Values::Counts(counts) = &mut self.values {
            counts.resize(counts.len().max(1), 0);
            counts[0] += i64::try_from(rows).unwrap_or(i64::MAX);
        }
    }

    /// The partial state, one array a field of it.
    ///
    /// # Errors
    /// Arrow's, when a value does not fit its type.
    pub(super) fn state(&self) -> Result<Vec<ArrayRef>> {
        match (&self.values, &self.function) {
            (Values::Counts(counts), _) => Ok(vec![Arc::new(Int64Array::from(counts.clone()))]),
            (Values::Integers(values), Function::Min(_, data_type) | Function::Max(_, data_type)) => {
                Ok(vec![from_integers(Arc::new(Int64Array::from(values.clone())), data_type)?])
            }
            (Values::Integers(values), _) => Ok(vec![Arc::new(Int64Array::from(values.clone()))]),
            (Values::Digests(digests), _) => Ok(digest::state(digests)),
        }
    }

    /// Bytes of memory it holds.
    pub(super) fn bytes(&self) -> usize {
        match &self.values {
            Values::Counts(counts) => counts.len() * size_of::<i64>(),
            Values::Integers(values) => values.len() * size_of::<Option<i64>>(),
            Values::Digests(digests) => digests.iter().map(Digest::bytes).sum(),
        }
    }
}

fn present(given: Option<&ArrayRef>) -> Result<&ArrayRef> {
    given.ok_or_else(|| DataFusionError::Internal("the function takes a column".to_owned()))
}

fn at(number: u32) -> usize {
    number as usize
}

fn count(counts: &mut [i64], placed: &Placed, given: Option<&ArrayRef>) {
    match given.and_then(|given| given.logical_nulls()).filter(|nulls| nulls.null_count() > 0) {
        None => {
            for (local, rows) in placed.counts.iter().enumerate().filter(|(_, rows)| **rows > 0) {
                counts[at(placed.groups[local])] += i64::from(*rows);
            }
        }
        Some(nulls) => {
            for (local, valid) in placed.local.iter().zip(nulls.iter()) {
                counts[at(placed.groups[at(*local)])] += i64::from(valid);
            }
        }
    }
}

fn fold(values: &mut [Option<i64>], placed: &Placed, given: &Int64Array, step: impl Fn(i64, i64) -> i64) {
    for (local, value) in placed.local.iter().zip(given.iter()) {
        let Some(value) = value else { continue };
        let known = &mut values[at(placed.groups[at(*local)])];
        *known = Some(known.map_or(value, |known| step(known, value)));
    }
}
