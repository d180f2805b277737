//! Bounds of a whole segment, from the facts that the catalog keeps: enough to skip it without opening its file.

use std::borrow::Cow;

use arrow::array::{UInt64Array, new_null_array};
use arrow::datatypes::{DataType, TimeUnit};
use datafusion::scalar::ScalarValue;
use strata_storage::ColumnId;
use strata_storage::segment::{BlockBounds, Bound, ColumnRef, SegmentMeta};

use super::bounds::single;
use super::columns::ScanColumn;

/// The segment's rows as one block.
pub(crate) fn rows(segment: &SegmentMeta) -> UInt64Array {
    vec![segment.rows].into()
}

/// Whether the segment has the column at all; one that was added later is NULL in every row.
pub(crate) fn has_column(segment: &SegmentMeta, id: ColumnId) -> bool {
    id.0 < 0 || segment.schema.declared.iter().any(|column| column.id == id)
}

/// What the catalog knows of a column's values in a segment.
enum Facts<'a> {
    AllNull,
    Between { min: Cow<'a, Bound>, max: Cow<'a, Bound>, nulls: u64 },
}

fn facts<'a>(segment: &'a SegmentMeta, column: &ScanColumn) -> Option<Facts<'a>> {
    let ColumnRef::Column(id) = column.reference else { return None };
    if !has_column(segment, id) {
        return Some(Facts::AllNull);
    }
    let numbers = |min, max| Facts::Between { min: Cow::Owned(Bound::Int(min)), max: Cow::Owned(Bound::Int(max)), nulls: 0 };
    Some(match id {
        ColumnId::OFFSET => numbers(segment.first_offset, segment.last_offset),
        ColumnId::INGESTED_AT => {
            let (min, max) = segment.ingested_bounds_us;
            numbers(min, max)
        }
        id => {
            let summary = segment.columns.iter().find(|summary| summary.id == id)?;
            if summary.nulls == segment.rows {
                return Some(Facts::AllNull);
            }
            let (min, max) = summary.bounds.as_ref()?;
            Facts::Between { min: Cow::Borrowed(min), max: Cow::Borrowed(max), nulls: summary.nulls }
        }
    })
}

/// Bounds of one column over the whole segment; `None` if unknown.
pub(crate) fn of(segment: &SegmentMeta, column: &ScanColumn) -> Option<BlockBounds> {
    let data_type = column.field.data_type();
    match facts(segment, column)? {
        Facts::AllNull => Some(all_null(data_type, rows(segment))),
        Facts::Between { min, max, nulls } => single(&scalar(&min, data_type)?, &scalar(&max, data_type)?, nulls),
    }
}

/// Least and greatest value of a column of numbers or times, in its unit, and whether any is NULL; `None` if unknown.
pub(crate) fn integers(segment: &SegmentMeta, column: &ScanColumn) -> Option<(i64, i64, bool)> {
    match facts(segment, column)? {
        Facts::Between { min, max, nulls } => match (min.as_ref(), max.as_ref()) {
            (Bound::Int(min), Bound::Int(max)) => Some((*min, *max, nulls > 0)),
            _ => None,
        },
        Facts::AllNull => None,
    }
}

/// Bounds of blocks that hold nothing but NULL.
pub(crate) fn all_null(data_type: &DataType, rows: UInt64Array) -> BlockBounds {
    let nothing = new_null_array(data_type, rows.len());
    BlockBounds { mins: nothing.clone(), maxs: nothing, null_counts: rows }
}

/// A bound as a value of the column's logical type; `None` for types whose bounds are not used.
pub(crate) fn scalar(bound: &Bound, data_type: &DataType) -> Option<ScalarValue> {
    match (bound, data_type) {
        (Bound::Int(value), _) => int(*value, data_type),
        (Bound::Text(text), DataType::Utf8View) => Some(ScalarValue::Utf8View(Some(text.clone()))),
        _ => None,
    }
}

fn int(value: i64, data_type: &DataType) -> Option<ScalarValue> {
    Some(match data_type {
        DataType::Boolean => ScalarValue::Boolean(Some(value != 0)),
        DataType::Int8 => ScalarValue::Int8(Some(value.try_into().ok()?)),
        DataType::Int16 => ScalarValue::Int16(Some(value.try_into().ok()?)),
        DataType::Int32 => ScalarValue::Int32(Some(value.try_into().ok()?)),
        DataType::Int64 => ScalarValue::Int64(Some(value)),
        DataType::Date32 => ScalarValue::Date32(Some(value.try_into().ok()?)),
        DataType::Time64(TimeUnit::Microsecond) => ScalarValue::Time64Microsecond(Some(value)),
        DataType::Time64(TimeUnit::Nanosecond) => ScalarValue::Time64Nanosecond(Some(value)),
        DataType::Timestamp(unit, zone) => match unit {
            TimeUnit::Second => ScalarValue::TimestampSecond(Some(value), zone.clone()),
            TimeUnit::Millisecond => ScalarValue::TimestampMillisecond(Some(value), zone.clone()),
            TimeUnit::Microsecond => ScalarValue::TimestampMicrosecond(Some(value), zone.clone()),
            TimeUnit::Nanosecond => ScalarValue::TimestampNanosecond(Some(value), zone.clone()),
        },
        _ => return None,
    })
}
