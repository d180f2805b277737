//! Segments in memory for tests, in every physical form that a real one may have, with bounds computed the obvious way.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, DictionaryArray, FixedSizeBinaryArray, RecordBatch, StringArray, UInt16Array, UInt32Array,
    UInt64Array,
};
use arrow::compute::{SortColumn, SortOptions, cast, concat, lexsort_to_indices, take};
use arrow::datatypes::DataType;
use async_trait::async_trait;
use datafusion::error::Result;
use datafusion::functions_aggregate::min_max::{MaxAccumulator, MinAccumulator};
use datafusion::logical_expr::Accumulator;
use datafusion::scalar::ScalarValue;
use strata_storage::StorageError;
use strata_storage::index::Question;
use strata_storage::json::{Path, text_of};
use strata_storage::schema::{TopicSchema, column_id};
use strata_storage::segment::Probed;
use strata_storage::segment::{
    BLOCK_ROWS, BlockBounds, Bound, CHUNK_ROWS, ColumnRef, ColumnSummary, SegmentMeta, SegmentState, to_logical,
};
use strata_storage::{ColumnId, SegmentId, TopicId};

use super::part::{Part, SegmentSource, block_of};

/// Segments by their ids.
#[derive(Debug, Default)]
pub(crate) struct FakeSource {
    segments: HashMap<SegmentId, Arc<FakeSegment>>,
}

#[derive(Debug)]
struct FakeSegment {
    rows: usize,
    columns: Vec<(ColumnId, ArrayRef, DataType, BlockBounds)>,
}

impl FakeSource {
    /// Whether the segment is one of these.
    pub(crate) fn has(&self, segment: &SegmentMeta) -> bool {
        self.segments.contains_key(&segment.id)
    }

    /// Sorts a batch of all visible columns and keeps it as a segment.
    pub(crate) fn add(&mut self, schema: &TopicSchema, visible: &RecordBatch) -> Arc<SegmentMeta> {
        let rows = visible.num_rows();
        let column = |id: ColumnId| {
            let at = visible.schema().fields().iter().position(|field| column_id(field) == Some(id)).unwrap();
            visible.column(at).clone()
        };
        let options = Some(SortOptions { descending: false, nulls_first: false });
        let mut keys: Vec<SortColumn> = schema.sort_by.iter().map(|id| SortColumn { values: column(*id), options }).collect();
        keys.push(SortColumn { values: column(ColumnId::OFFSET), options });
        let order = lexsort_to_indices(&keys, None).unwrap();
        let mut columns = Vec::new();
        let mut summaries = Vec::new();
        for field in visible.schema().fields() {
            let id = column_id(field).unwrap();
            let logical = take(&column(id), &order, None).unwrap();
            let bounds = bounds(&logical, BLOCK_ROWS);
            let whole = self::bounds(&logical, rows.max(1));
            summaries.push(ColumnSummary { id, nulls: logical.null_count() as u64, bytes: 1, bounds: bound(&whole) });
            columns.push((id, physical(&logical, id), field.data_type().clone(), bounds));
        }
        let offsets = column(ColumnId::OFFSET);
        let offsets = offsets.as_primitive::<arrow::datatypes::Int64Type>().values().to_vec();
        let ingested = cast(&column(ColumnId::INGESTED_AT), &DataType::Int64).unwrap();
        let ingested = ingested.as_primitive::<arrow::datatypes::Int64Type>().values().to_vec();
        let mut id = [0; 16];
        id[..8].copy_from_slice(&(self.segments.len() as u64).to_be_bytes());
        let ts = summaries.iter().find(|summary| summary.id == schema.time_column()).and_then(|s| s.bounds.clone());
        let meta = SegmentMeta {
            id: SegmentId(id),
            topic: TopicId(1),
            state: SegmentState::Sealed,
            location: String::new(),
            bytes: 1,
            rows: rows as u64,
            first_offset: *offsets.iter().min().unwrap(),
            last_offset: *offsets.iter().max().unwrap(),
            ts_bounds_us: ts.and_then(|bounds| match bounds {
                (Bound::Int(min), Bound::Int(max)) => Some((min, max)),
                _ => None,
            }),
            ingested_bounds_us: (*ingested.iter().min().unwrap(), *ingested.iter().max().unwrap()),
            created_at_us: 0,
            writer: String::new(),
            schema: schema.clone(),
            columns: summaries,
            fields: Vec::new(),
            producers: Vec::new(),
            topic_definition: String::new(),
        };
        self.segments.insert(SegmentId(id), Arc::new(FakeSegment { rows, columns }));
        Arc::new(meta)
    }
}

fn bound(whole: &BlockBounds) -> Option<(Bound, Bound)> {
    let one = |array: &ArrayRef| {
        let bound = match array.data_type() {
            _ if array.is_null(0) => return None,
            DataType::Utf8View => Bound::Text(array.as_string_view().value(0).to_owned()),
            DataType::Float64 => Bound::Float(array.as_primitive::<arrow::datatypes::Float64Type>().value(0)),
            _ => Bound::Int(cast(array, &DataType::Int64).ok()?.as_primitive::<arrow::datatypes::Int64Type>().value(0)),
        };
        Some(bound)
    };
    one(&whole.mins).zip(one(&whole.maxs))
}

fn bounds(logical: &ArrayRef, block: usize) -> BlockBounds {
    let (mut mins, mut maxs, mut nulls) = (Vec::new(), Vec::new(), Vec::new());
    for start in (0..logical.len()).step_by(block) {
        let values = logical.slice(start, block.min(logical.len() - start));
        let mut min = MinAccumulator::try_new(values.data_type()).unwrap();
        let mut max = MaxAccumulator::try_new(values.data_type()).unwrap();
        min.update_batch(std::slice::from_ref(&values)).unwrap();
        max.update_batch(std::slice::from_ref(&values)).unwrap();
        mins.push(min.evaluate().unwrap());
        maxs.push(max.evaluate().unwrap());
        nulls.push(values.null_count() as u64);
    }
    BlockBounds {
        mins: ScalarValue::iter_to_array(mins).unwrap(),
        maxs: ScalarValue::iter_to_array(maxs).unwrap(),
        null_counts: UInt64Array::from(nulls),
    }
}

/// Text as codes, bytes of hexadecimal digits, or plain, as its values allow; plain for half of the columns anyway.
fn physical(logical: &ArrayRef, id: ColumnId) -> ArrayRef {
    if *logical.data_type() != DataType::Utf8View {
        return logical.clone();
    }
    let texts = cast(logical, &DataType::Utf8).unwrap();
    let texts = texts.as_string::<i32>();
    let is_hex = |text: &str| text.len() == 4 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    if texts.len() > texts.null_count() && texts.iter().flatten().all(is_hex) {
        let byte = |pair: &str| u8::from_str_radix(pair, 16).unwrap();
        let values = texts.iter().map(|text| text.map(|text| [byte(&text[..2]), byte(&text[2..])]));
        return Arc::new(FixedSizeBinaryArray::try_from_sparse_iter_with_size(values, 2).unwrap());
    }
    if id.0 % 4 == 0 {
        return Arc::new(texts.clone());
    }
    let mut values: Vec<&str> = texts.iter().flatten().collect();
    values.sort_unstable();
    values.dedup();
    let code = |text: &str| u16::try_from(values.binary_search(&text).unwrap()).unwrap();
    let keys: UInt16Array = texts.iter().map(|text| text.map(code)).collect();
    Arc::new(DictionaryArray::new(keys, Arc::new(StringArray::from(values))))
}

#[async_trait]
impl SegmentSource for FakeSource {
    async fn open(&self, segment: &Arc<SegmentMeta>) -> Result<Arc<dyn Part>> {
        Ok(self.segments[&segment.id].clone())
    }
}

impl FakeSegment {
    fn column(&self, column: &ColumnRef) -> (ArrayRef, DataType, Option<BlockBounds>) {
        let of = |id: ColumnId| self.columns.iter().find(|(known, ..)| *known == id).unwrap();
        match column {
            ColumnRef::Column(id) => {
                let (_, array, data_type, bounds) = of(*id);
                (array.clone(), data_type.clone(), Some(bounds.clone()))
            }
            ColumnRef::Field(path) => {
                let attrs = to_logical(&of(ColumnId::ATTRS).1, &DataType::Utf8View).unwrap();
                let path = Path::of(path);
                let text = |attrs: &str| path.find(attrs).and_then(text_of).map(|text| text.to_string());
                let texts: StringArray = attrs.as_string_view().iter().map(|attrs| attrs.and_then(text)).collect();
                (Arc::new(texts), DataType::Utf8View, None)
            }
        }
    }
}

#[async_trait]
impl Part for FakeSegment {
    fn rows(&self) -> usize {
        self.rows
    }

    fn block_bounds(&self, column: &ColumnRef) -> Option<BlockBounds> {
        self.column(column).2
    }

    async fn chunk(&self, column: &ColumnRef, chunk: usize) -> Result<ArrayRef> {
        let start = chunk * CHUNK_ROWS;
        Ok(self.column(column).0.slice(start, CHUNK_ROWS.min(self.rows - start)))
    }

    fn is_wide(&self, column: &ColumnRef) -> bool {
        matches!(column, ColumnRef::Column(id) if id.0 % 3 == 0)
    }

    async fn blocks(&self, column: &ColumnRef, blocks: &[u32]) -> Result<Vec<ArrayRef>> {
        let column = self.column(column).0;
        Ok(blocks.iter().map(|block| block_of(&column, *block)).collect())
    }

    async fn rows_of(&self, columns: &[ColumnRef], rows: &[u32]) -> Result<Vec<ArrayRef>> {
        let rows = UInt32Array::from(rows.to_vec());
        let of = |column: &ColumnRef| {
            let (array, data_type, _) = self.column(column);
            to_logical(&take(&array, &rows, None)?, &data_type).map_err(super::part::external)
        };
        columns.iter().map(of).collect()
    }

    fn is_cached(&self, column: &ColumnRef, _chunk: usize) -> bool {
        matches!(column, ColumnRef::Column(id) if id.0 % 2 == 0)
    }

    async fn probe(&self, _column: &ColumnRef, _question: &Question) -> Vec<Probed> {
        Vec::new()
    }

    fn blame_indexes(&self, _column: &ColumnRef, _error: &StorageError) {}
}

/// Batches of one schema as one.
pub(crate) fn joined(batches: &[RecordBatch]) -> RecordBatch {
    let schema = batches[0].schema();
    let columns = (0..schema.fields().len())
        .map(|at| concat(&batches.iter().map(|batch| batch.column(at).as_ref()).collect::<Vec<_>>()).unwrap())
        .collect();
    RecordBatch::try_new(schema, columns).unwrap()
}
