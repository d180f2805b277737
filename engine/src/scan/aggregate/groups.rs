//! The groups of one worker and the states of their functions.
//!
//! Within a chunk a row's group is a number made of its codes; only the numbers that occur are looked up among the groups
//! of the worker, by value.

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::Schema;
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::error::Result;
use hashbrown::HashMap;

use super::function::{Accumulator, Function, Placed};
use super::key::{Codes, Key, KeyValue};

/// Codes are combined by arithmetic while their product is at most this, and by look-up beyond.
const DENSE_MAX: usize = 1 << 16;
/// With more groups than this the worker hands up what it has.
const GROUPS_MAX: usize = 1 << 16;
/// With more bytes than this too.
const BYTES_MAX: usize = 64 << 20;
/// Rough bytes of a group's key and its place in the map.
const GROUP_BYTES: usize = 128;

/// Groups by the values of their keys.
#[derive(Debug)]
pub(super) struct Groups {
    by_key: HashMap<Arc<[KeyValue]>, u32>,
    keys: Vec<Arc<[KeyValue]>>,
    functions: Vec<Accumulator>,
}

/// How a row's number was made of the number so far and the code of one more key.
enum Level {
    /// `number * codes + code`.
    Dense(usize),
    /// The position of `number * codes + code` in a list.
    Listed(Vec<u64>, usize),
}

impl Groups {
    /// No groups.
    pub(super) fn new(functions: &[Function]) -> Self {
        Self { by_key: HashMap::new(), keys: Vec::new(), functions: functions.iter().map(Accumulator::new).collect() }
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Whether they should be handed up.
    pub(super) fn is_full(&self) -> bool {
        self.keys.len() > GROUPS_MAX || self.bytes() > BYTES_MAX
    }

    /// Bytes of memory they hold.
    pub(super) fn bytes(&self) -> usize {
        self.keys.len() * GROUP_BYTES + self.functions.iter().map(Accumulator::bytes).sum::<usize>()
    }

    /// Finds the group of each of `rows` rows by the codes of its keys.
    pub(super) fn place(&mut self, codes: &[Codes], rows: usize) -> Placed {
        let mut local = vec![0u32; rows];
        let (mut size, mut levels) = (1, Vec::with_capacity(codes.len()));
        for key in codes {
            let of_key = key.labels.len();
            if size * of_key <= DENSE_MAX {
                combine(&mut local, &key.rows, of_key);
                size *= of_key;
                levels.push(Level::Dense(of_key));
            } else {
                let listed = list(&mut local, &key.rows, of_key);
                size = listed.len();
                levels.push(Level::Listed(listed, of_key));
            }
        }
        let mut counts = vec![0u32; size];
        for number in &local {
            counts[*number as usize] += 1;
        }
        let groups =
            (0..size).map(|number| if counts[number] == 0 { u32::MAX } else { self.group(codes, &levels, number) }).collect();
        Placed { local, counts, groups }
    }

    fn group(&mut self, codes: &[Codes], levels: &[Level], number: usize) -> u32 {
        let mut number = number as u64;
        let mut key: Vec<KeyValue> = Vec::with_capacity(codes.len());
        for (codes, level) in codes.iter().zip(levels).rev() {
            let (rest, code) = match level {
                Level::Dense(of_key) => (number / *of_key as u64, number % *of_key as u64),
                Level::Listed(listed, of_key) => {
                    let pair = listed[usize::try_from(number).unwrap_or_default()];
                    (pair / *of_key as u64, pair % *of_key as u64)
                }
            };
            key.push(codes.labels.value(usize::try_from(code).unwrap_or_default()));
            number = rest;
        }
        key.reverse();
        if let Some(group) = self.by_key.get(key.as_slice()) {
            return *group;
        }
        let group = u32::try_from(self.keys.len()).unwrap_or(u32::MAX);
        let key: Arc<[KeyValue]> = key.into();
        self.keys.push(Arc::clone(&key));
        self.by_key.insert(key, group);
        group
    }

    /// Adds `rows` rows to the one group that there is without keys, of which every function counts the rows.
    pub(super) fn count(&mut self, rows: u64) {
        if self.keys.is_empty() {
            let key: Arc<[KeyValue]> = Arc::from([]);
            self.keys.push(Arc::clone(&key));
            self.by_key.insert(key, 0);
        }
        self.functions.iter_mut().for_each(|function| function.count(rows));
    }

    /// Adds placed rows to function `at`.
    ///
    /// # Errors
    /// Arrow's, when a column is of another type than planned.
    pub(super) fn update(&mut self, at: usize, placed: &Placed, values: Option<&ArrayRef>) -> Result<()> {
        self.functions[at].update(self.keys.len(), placed, values)
    }

    /// Keys and states, one row a group.
    ///
    /// # Errors
    /// Arrow's, when a value does not fit its type.
    pub(super) fn batch(&self, keys: &[Key], schema: &Arc<Schema>) -> Result<RecordBatch> {
        let mut columns = Vec::with_capacity(schema.fields().len());
        for (at, key) in keys.iter().enumerate() {
            columns.push(key.array(self.keys.iter().map(|values| &values[at]))?);
        }
        for function in &self.functions {
            columns.extend(function.state()?);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(self.keys.len()));
        Ok(RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)?)
    }
}

#[allow(clippy::cast_possible_truncation, reason = "at most DENSE_MAX")]
fn combine(local: &mut [u32], codes: &[u32], of_key: usize) {
    let of_key = of_key as u32;
    for (number, code) in local.iter_mut().zip(codes) {
        *number = *number * of_key + code;
    }
}

#[allow(clippy::cast_possible_truncation, reason = "a chunk has fewer than 2^32 rows, and so fewer pairs")]
fn list(local: &mut [u32], codes: &[u32], of_key: usize) -> Vec<u64> {
    let mut known: HashMap<u64, u32> = HashMap::new();
    let mut listed = Vec::new();
    for (number, code) in local.iter_mut().zip(codes) {
        let pair = u64::from(*number) * of_key as u64 + u64::from(*code);
        *number = *known.entry(pair).or_insert_with(|| {
            listed.push(pair);
            (listed.len() - 1) as u32
        });
    }
    listed
}
