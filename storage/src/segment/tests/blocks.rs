//! Blocks and rows of segments of several chunks are what whole chunks say, whether the cache has all, some or none of them.

use std::sync::{Arc, LazyLock};

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::compute::concat;
use arrow::datatypes::{DataType, Field, Schema};
use proptest::prelude::*;

use super::super::{
    BLOCK_ROWS, CHUNK_ROWS, ColumnRef, SealBatch, SealJob, SegmentOptions, SegmentReader, SegmentStore, to_logical,
};
use super::model::run;
use crate::ids::{ColumnId, TopicId};
use crate::memory::Memory;
use crate::received::Received;
use crate::schema::{Column, FIELD_ID, TopicSchema};

const ROWS: usize = CHUNK_ROWS + 3 * BLOCK_ROWS + 17;

/// Number, codes, hexadecimal, text, long text of few rows a page, all NULL, `attrs`.
fn columns() -> Vec<(&'static str, DataType, ArrayRef)> {
    let hex = |n: usize| (!n.is_multiple_of(11)).then(|| format!("{:016x}", (n as u64 / 2).wrapping_mul(0x9e37_79b9_7f4a_7c15)));
    let attrs = |n: usize| format!(r#"{{"code": {}, "user": {{"id": "u{}"}}}}"#, n % 7, n % 1009);
    vec![
        (
            "n",
            DataType::Int64,
            Arc::new((0..ROWS as i64).map(|n| (n % 5 != 0).then_some(n * 31 % 100_003)).collect::<Int64Array>()),
        ),
        ("s", DataType::Utf8View, Arc::new((0..ROWS).map(|n| Some(["db", "web", "cron"][n / 900 % 3])).collect::<StringArray>())),
        ("h", DataType::Utf8View, Arc::new((0..ROWS).map(hex).collect::<StringArray>())),
        ("m", DataType::Utf8View, Arc::new((0..ROWS).map(|n| Some(format!("row {n} of many"))).collect::<StringArray>())),
        ("l", DataType::Utf8View, Arc::new((0..ROWS).map(|n| Some("x".repeat(n % 2_000))).collect::<StringArray>())),
        ("z", DataType::Utf8View, Arc::new(StringArray::new_null(ROWS))),
        ("attrs", DataType::Utf8View, Arc::new((0..ROWS).map(|n| Some(attrs(n))).collect::<StringArray>())),
    ]
}

async fn segment(cache_bytes: usize) -> Arc<SegmentReader> {
    let memory = Memory::with_limit(1 << 30);
    let options = SegmentOptions { cache_bytes_max: cache_bytes, ..SegmentOptions::for_memory(1 << 30) };
    let store = SegmentStore::new(Arc::new(object_store::memory::InMemory::new()), None, memory, options);
    let columns = columns();
    let id = |at: usize| if columns[at].0 == "attrs" { ColumnId::ATTRS } else { ColumnId(at as i32 + 1) };
    let field = |(at, (name, data_type, _)): (usize, &(&str, DataType, ArrayRef))| {
        let stored = if *data_type == DataType::Int64 { DataType::Int64 } else { DataType::Utf8 };
        Field::new(*name, stored, true).with_metadata([(FIELD_ID.to_owned(), id(at).0.to_string())].into())
    };
    let schema = Schema::new(columns.iter().enumerate().map(field).collect::<Vec<_>>());
    let declared = columns.iter().enumerate().filter(|(at, _)| id(*at) != ColumnId::ATTRS).map(|(at, (name, data_type, _))| {
        Column { id: id(at), name: (*name).to_owned(), data_type: data_type.clone(), nullable: true, sql_type: None }
    });
    let batch = RecordBatch::try_new(Arc::new(schema), columns.iter().map(|(.., array)| array.clone()).collect()).unwrap();
    let job = SealJob {
        topic: TopicId(1),
        schema: TopicSchema { declared: declared.collect(), time_column: None, sort_by: Vec::new() },
        batches: vec![SealBatch { base_offset: 0, records: Received::together(batch, 0) }],
        writer: String::new(),
        producers: Vec::new(),
        topic_definition: String::new(),
        indexes: Vec::new(),
        created_at_us: 0,
    };
    let meta = Arc::new(store.seal(job).await.unwrap());
    store.open(&meta).await.unwrap()
}

fn references() -> Vec<(ColumnRef, DataType)> {
    let mut all: Vec<(ColumnRef, DataType)> =
        (1..=6).map(|id| (ColumnRef::Column(ColumnId(id)), if id == 1 { DataType::Int64 } else { DataType::Utf8View })).collect();
    all.push((ColumnRef::Column(ColumnId::ATTRS), DataType::Utf8View));
    all.push((ColumnRef::Field(vec!["user".to_owned(), "id".to_owned()]), DataType::Utf8View));
    all.push((ColumnRef::Field(vec!["user".to_owned()]), DataType::Utf8View));
    all
}

/// All columns by chunks, once.
static WHOLE: LazyLock<Vec<ArrayRef>> = LazyLock::new(|| {
    run(async {
        let reader = segment(64 << 20).await;
        let mut columns = Vec::new();
        for (column, data_type) in references() {
            columns.push(whole(&reader, &column, &data_type).await);
        }
        columns
    })
});

/// A column as text or numbers, all of it.
async fn whole(reader: &SegmentReader, column: &ColumnRef, data_type: &DataType) -> ArrayRef {
    let mut chunks = Vec::new();
    for chunk in 0..ROWS.div_ceil(CHUNK_ROWS) {
        chunks.push(to_logical(&reader.chunk(column, chunk).await.unwrap(), data_type).unwrap());
    }
    concat(&chunks.iter().map(AsRef::as_ref).collect::<Vec<_>>()).unwrap()
}

fn same(left: &ArrayRef, right: &ArrayRef) -> bool {
    match (left.as_string_view_opt(), right.as_string_view_opt()) {
        (Some(left), Some(right)) => left.iter().eq(right.iter()),
        _ => left == right,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn blocks_and_rows_are_those_of_the_chunks(
        steps in prop::collection::vec((
            prop::collection::btree_set(0..ROWS.div_ceil(BLOCK_ROWS) as u32, 0..6),
            prop::collection::btree_set(0..ROWS as u32, 0..40),
            any::<bool>(),
        ), 1..4),
        cache_bytes in prop::sample::select(vec![0_usize, 200_000, 64 << 20]),
    ) {
        let wholes = &*WHOLE;
        run(async {
            let asked = segment(cache_bytes).await;
            for (blocks, rows, decodes_a_chunk) in &steps {
                let (blocks, rows) = (blocks.iter().copied().collect::<Vec<_>>(), rows.iter().copied().collect::<Vec<_>>());
                if *decodes_a_chunk {
                    asked.chunk(&references()[2].0, 1).await.unwrap();
                }
                let all: Vec<ColumnRef> = references().into_iter().map(|(column, _)| column).collect();
                let picked = asked.rows_of(&all, &rows).await.unwrap();
                for (at, (column, data_type)) in references().iter().enumerate() {
                    let whole = &wholes[at];
                    for (block, found) in blocks.iter().zip(asked.blocks(column, &blocks).await.unwrap()) {
                        let start = *block as usize * BLOCK_ROWS;
                        let expected = whole.slice(start, BLOCK_ROWS.min(ROWS - start));
                        assert!(same(&to_logical(&found, data_type).unwrap(), &expected), "block {block} of {column:?}");
                    }
                    let places = arrow::array::UInt32Array::from(rows.clone());
                    let expected = arrow::compute::take(whole, &places, None).unwrap();
                    assert!(same(&picked[at], &expected), "rows {rows:?} of {column:?}");
                }
            }
        });
    }
}
