//! Rows as plain values, and the segments made of them.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, DictionaryArray, Float64Array, Int32Array, RecordBatch, StringArray, StringViewArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Float64Type, Int32Type, Int64Type, Schema, TimestampMicrosecondType};
use object_store::memory::InMemory;
use proptest::prelude::*;

use super::super::{SealBatch, SealJob, SegmentOptions, SegmentStore};
use crate::ids::{ColumnId, TopicId};
use crate::memory::Memory;
use crate::range_set::RangeSet;
use crate::received::Received;
use crate::schema::{Column, FIELD_ID, TopicSchema, timestamptz};

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Null,
    Int(i64),
    Float(f64),
    Bool(bool),
    Text(String),
}

/// How texts of a column look.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Looks {
    Time,
    Millis,
    Number,
    Float,
    Bool,
    Few,
    Hex,
    Free,
}

impl Looks {
    pub fn data_type(self) -> DataType {
        match self {
            Self::Time | Self::Millis => timestamptz(),
            Self::Number => DataType::Int32,
            Self::Float => DataType::Float64,
            Self::Bool => DataType::Boolean,
            Self::Few | Self::Hex | Self::Free => DataType::Utf8View,
        }
    }

    pub fn value(self) -> BoxedStrategy<Value> {
        let some = match self {
            Self::Time => any::<i64>().prop_map(Value::Int).boxed(),
            Self::Millis => (0_i64..100_000).prop_map(|ms| Value::Int(1_772_323_200_000_000 + ms * 1000)).boxed(),
            Self::Number => any::<i32>().prop_map(|n| Value::Int(n.into())).boxed(),
            Self::Float => prop_oneof![
                any::<f64>().prop_map(Value::Float),
                prop::sample::select(vec![0.0, -0.0, 1.5, f64::NAN, f64::INFINITY]).prop_map(Value::Float),
            ]
            .boxed(),
            Self::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
            Self::Few => {
                prop::sample::select(vec!["", "a", "error", "云梦", "z"]).prop_map(|t| Value::Text(t.to_owned())).boxed()
            }
            Self::Hex => prop::collection::vec(any::<u8>(), 8)
                .prop_map(|bytes| Value::Text(bytes.iter().map(|byte| format!("{byte:02x}")).collect()))
                .boxed(),
            Self::Free => prop_oneof![
                8 => "[a-z 云梦é\u{10ffff}\"\\\\]{0,40}".prop_map(Value::Text),
                1 => (0_usize..100_000).prop_map(|n| Value::Text("长".repeat(n))),
            ]
            .boxed(),
        };
        prop_oneof![1 => Just(Value::Null), 6 => some].boxed()
    }
}

/// A topic's columns and rows in offset order.
#[derive(Debug, Clone)]
pub struct Rows {
    pub looks: Vec<Looks>,
    pub sort_by: Vec<usize>,
    pub rows: Vec<Vec<Value>>,
}

pub fn rows(count: impl Strategy<Value = usize> + 'static) -> impl Strategy<Value = Rows> {
    let kinds = vec![Looks::Time, Looks::Millis, Looks::Number, Looks::Float, Looks::Bool, Looks::Few, Looks::Hex, Looks::Free];
    let looks = prop::collection::vec(prop::sample::select(kinds), 1..6);
    (looks, count).prop_flat_map(|(looks, count)| {
        let row: Vec<_> = looks.iter().map(|looks| looks.value()).collect();
        let rows = prop::collection::vec(row, count..=count);
        let sort_by = prop::sample::subsequence((0..looks.len()).collect::<Vec<_>>(), 0..=looks.len().min(3)).prop_shuffle();
        (Just(looks), sort_by, rows).prop_map(|(looks, sort_by, rows)| Rows { looks, sort_by, rows })
    })
}

impl Rows {
    pub fn schema(&self) -> TopicSchema {
        let column = |(at, looks): (usize, &Looks)| Column {
            id: ColumnId(at as i32 + 1),
            name: format!("c{at}.{looks:?}"),
            data_type: looks.data_type(),
            nullable: true,
            sql_type: None,
        };
        TopicSchema {
            declared: self.looks.iter().enumerate().map(column).collect(),
            time_column: None,
            sort_by: self.sort_by.iter().map(|at| ColumnId(*at as i32 + 1)).collect(),
        }
    }

    /// Offsets in segment order.
    pub fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.rows.len()).collect();
        order.sort_by(|a, b| {
            let by_column = self.sort_by.iter().map(|at| compare(&self.rows[*a][*at], &self.rows[*b][*at]));
            by_column.fold(std::cmp::Ordering::Equal, |all, next| all.then(next))
        });
        order
    }

    /// Batches of `sizes` rows, texts in the physical type that `physical` picks by batch.
    pub fn job(&self, sizes: &[usize], physical: &[u8], first_offset: i64) -> SealJob {
        let schema = self.schema();
        let (mut batches, mut at) = (Vec::new(), 0);
        for (number, size) in sizes.iter().cycle().enumerate() {
            let end = (at + size).min(self.rows.len());
            let physical = physical[number % physical.len()];
            let array = |column: usize| array(self.looks[column], self.rows[at..end].iter().map(|row| &row[column]), physical);
            let columns: Vec<ArrayRef> = (0..self.looks.len()).map(array).collect();
            let fields = columns.iter().enumerate().map(|(column, array)| {
                let id = [(FIELD_ID.to_owned(), (column + 1).to_string())].into();
                Field::new(format!("x{column}"), array.data_type().clone(), true).with_metadata(id)
            });
            let batch_schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
            batches.push(SealBatch {
                base_offset: first_offset + at as i64,
                records: Received::together(RecordBatch::try_new(batch_schema, columns).unwrap(), 1000 + number as i64),
            });
            at = end;
            if at == self.rows.len() {
                break;
            }
        }
        SealJob {
            topic: TopicId(7),
            schema,
            batches,
            writer: "node 1".to_owned(),
            producers: vec![("p".to_owned(), RangeSet::of(first_offset as u64, first_offset as u64 + 3))],
            topic_definition: "strata.tail \"云\"".to_owned(),
            indexes: Vec::new(),
            created_at_us: 5,
        }
    }
}

fn compare(a: &Value, b: &Value) -> std::cmp::Ordering {
    use std::cmp::Ordering;
    match (a, b) {
        (Value::Null, Value::Null) => Ordering::Equal,
        (Value::Null, _) => Ordering::Greater,
        (_, Value::Null) => Ordering::Less,
        (Value::Int(a), Value::Int(b)) => a.cmp(b),
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Text(a), Value::Text(b)) => a.cmp(b),
        (Value::Float(a), Value::Float(b)) => match (a.is_nan(), b.is_nan()) {
            (false, false) => a.partial_cmp(b).unwrap(),
            (a, b) => a.cmp(&b),
        },
        _ => unreachable!("one column has one type"),
    }
}

fn array<'a>(looks: Looks, values: impl Iterator<Item = &'a Value>, physical: u8) -> ArrayRef {
    let values: Vec<&Value> = values.collect();
    let int = |value: &&Value| if let Value::Int(n) = value { Some(*n) } else { None };
    let text = |value: &&'a Value| if let Value::Text(text) = value { Some(text.as_str()) } else { None };
    match looks {
        Looks::Time | Looks::Millis => {
            Arc::new(values.iter().map(int).collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
        }
        Looks::Number => Arc::new(values.iter().map(|value| int(value).map(|n| n as i32)).collect::<Int32Array>()),
        Looks::Float => {
            let float = |value: &&Value| if let Value::Float(f) = value { Some(*f) } else { None };
            Arc::new(values.iter().map(float).collect::<Float64Array>())
        }
        Looks::Bool => {
            let bool = |value: &&Value| if let Value::Bool(b) = value { Some(*b) } else { None };
            Arc::new(values.iter().map(bool).collect::<BooleanArray>())
        }
        Looks::Few | Looks::Hex | Looks::Free => match physical % 3 {
            0 => Arc::new(values.iter().map(text).collect::<StringArray>()),
            1 => Arc::new(values.iter().map(text).collect::<StringViewArray>()),
            _ => Arc::new(values.iter().map(text).collect::<DictionaryArray<Int32Type>>()),
        },
    }
}

/// The values of an array in a column's logical type.
pub fn values(array: &ArrayRef) -> Vec<Value> {
    let value = |row: usize| {
        if array.is_null(row) {
            return Value::Null;
        }
        match array.data_type() {
            DataType::Null => Value::Null,
            DataType::Int32 => Value::Int(array.as_primitive::<Int32Type>().value(row).into()),
            DataType::Int64 => Value::Int(array.as_primitive::<Int64Type>().value(row)),
            DataType::Float64 => Value::Float(array.as_primitive::<Float64Type>().value(row)),
            DataType::Boolean => Value::Bool(array.as_boolean().value(row)),
            DataType::Timestamp(..) => Value::Int(array.as_primitive::<TimestampMicrosecondType>().value(row)),
            DataType::Utf8View => Value::Text(array.as_string_view().value(row).to_owned()),
            other => panic!("{other} is no logical type"),
        }
    };
    (0..array.len()).map(value).collect()
}

/// Equal down to the bits of floats.
pub fn same(a: &[Value], b: &[Value]) -> bool {
    let same = |(a, b): (&Value, &Value)| match (a, b) {
        (Value::Float(a), Value::Float(b)) => a.to_bits() == b.to_bits(),
        (a, b) => a == b,
    };
    a.len() == b.len() && a.iter().zip(b).all(same)
}

/// An empty store in memory.
pub fn store() -> (SegmentStore, Arc<InMemory>, Memory) {
    let objects = Arc::new(InMemory::new());
    let memory = Memory::with_limit(1 << 30);
    (SegmentStore::new(objects.clone(), None, memory.clone(), SegmentOptions::for_memory(1 << 30)), objects, memory)
}

/// Runs what waits.
pub fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}
