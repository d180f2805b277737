//! Bounds of a whole segment, from the facts that the catalog keeps: enough to skip it without opening its file.

use arrow::array::{UInt64Array, new_null_array};
use arrow::datatypes::DataType;
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

/// Bounds of one column over the whole segment; `None` if unknown.
pub(crate) fn of(segment: &SegmentMeta, column: &ScanColumn) -> Option<BlockBounds> {
    let data_type = column.field.data_type();
    let ColumnRef::Column(id) = column.reference else { return None };
    if !has_column(segment, id) {
        return Some(all_null(data_type, rows(segment)));
    }
    let micros = |(min, max): (i64, i64)| (int(min, data_type), int(max, data_type));
    let (min, max, nulls) = match id {
        ColumnId::OFFSET => (int(segment.first_offset, data_type), int(segment.last_offset, data_type), 0),
        ColumnId::INGESTED_AT => {
            let (min, max) = micros(segment.ingested_bounds_us);
            (min, max, 0)
        }
        id => {
            let summary = segment.columns.iter().find(|summary| summary.id == id)?;
            if summary.nulls == segment.rows {
                return Some(all_null(data_type, rows(segment)));
            }
            let (min, max) = summary.bounds.as_ref()?;
            (scalar(min, data_type), scalar(max, data_type), summary.nulls)
        }
    };
    single(&min?, &max?, nulls)
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
    match data_type {
        DataType::Boolean
        | DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::Date32
        | DataType::Time64(_)
        | DataType::Timestamp(_, _) => ScalarValue::Int64(Some(value)).cast_to(data_type).ok(),
        _ => None,
    }
}
