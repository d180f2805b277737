//! Bounds never leave a value out.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, StringArray, make_comparator};
use arrow::compute::SortOptions;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use proptest::prelude::*;

use super::super::{BLOCK_ROWS, Bound, CHUNK_ROWS, ColumnRef, SealBatch, SealJob, SegmentReader, to_logical};
use super::model::{rows, run, store};
use crate::ids::{ColumnId, TopicId};
use crate::received::Received;
use crate::schema::{Column, TopicSchema};

/// Compares each value of a column with the bounds of its block.
async fn check(reader: &SegmentReader, column: &ColumnRef, logical: &DataType) -> bool {
    let Some(bounds) = reader.block_bounds(column) else { return false };
    assert_eq!(bounds.mins.data_type(), logical);
    assert_eq!(bounds.mins.len(), reader.rows().div_ceil(BLOCK_ROWS));
    let mut nulls = vec![0; bounds.mins.len()];
    for chunk in 0..reader.rows().div_ceil(CHUNK_ROWS) {
        let array = to_logical(&reader.chunk(column, chunk).await.unwrap(), logical).unwrap();
        let low = make_comparator(&bounds.mins, &array, SortOptions::default()).unwrap();
        let high = make_comparator(&bounds.maxs, &array, SortOptions::default()).unwrap();
        for row in 0..array.len() {
            let block = (chunk * CHUNK_ROWS + row) / BLOCK_ROWS;
            if array.is_null(row) {
                nulls[block] += 1;
                continue;
            }
            assert!(bounds.mins.is_valid(block) && bounds.maxs.is_valid(block));
            assert!(low(block, row).is_le() && high(block, row).is_ge(), "row {row} of {column:?}");
        }
    }
    for (block, nulls) in nulls.into_iter().enumerate() {
        assert!(bounds.null_counts.is_null(block) || bounds.null_counts.value(block) == nulls);
    }
    true
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn no_value_lies_outside(model in rows(1_usize..200)) {
        run(async {
            let (store, _, _) = store();
            let meta = Arc::new(store.seal(model.job(&[64], &[0], 0)).await.unwrap());
            let reader = store.open(&meta).await.unwrap();
            for column in model.schema().columns() {
                check(&reader, &ColumnRef::Column(column.id), &column.data_type).await;
            }
        });
    }
}

fn long_texts() -> (SchemaRef, Vec<ArrayRef>, TopicSchema) {
    let text = |name: &str, id| Column {
        id: ColumnId(id),
        name: name.to_owned(),
        data_type: DataType::Utf8View,
        nullable: true,
        sql_type: None,
    };
    let number = Column { data_type: DataType::Int64, ..text("n", 1) };
    let schema = TopicSchema { declared: vec![number, text("s", 2), text("huge", 3)], time_column: None, sort_by: vec![] };
    let rows = 3 * BLOCK_ROWS + 17;
    let n: Int64Array = (0..rows as i64).map(|n| (n % 5 != 0).then_some(n * 31 % 1009)).collect();
    // Longer than a bound, and with a character at the cut that must not be split.
    let s: StringArray = (0..rows).map(|n| Some(format!("{}{}", n * 7919 % 4001, "é".repeat(40)))).collect();
    // Pages of these hold far less than a block.
    let huge: StringArray = (0..rows).map(|n| n.is_multiple_of(3).then(|| "x".repeat(n % 20_000))).collect();
    let fields = ["1", "2", "3"].map(|id| {
        let field = if id == "1" { Field::new("n", DataType::Int64, true) } else { Field::new(id, DataType::Utf8, true) };
        field.with_metadata([(crate::schema::FIELD_ID.to_owned(), id.to_owned())].into())
    });
    (Arc::new(Schema::new(fields.to_vec())), vec![Arc::new(n), Arc::new(s), Arc::new(huge)], schema)
}

#[test]
fn blocks_of_many_rows_and_pages_of_few_have_bounds() {
    run(async {
        let (store, _, _) = store();
        let (batch_schema, columns, schema) = long_texts();
        let batch = RecordBatch::try_new(batch_schema, columns.clone()).unwrap();
        let job = SealJob {
            topic: TopicId(1),
            schema,
            batches: vec![SealBatch { base_offset: 0, records: Received::together(batch, 3) }],
            writer: String::new(),
            producers: vec![],
            topic_definition: String::new(),
            indexes: Vec::new(),
            created_at_us: 0,
        };
        let meta = Arc::new(store.seal(job).await.unwrap());
        let reader = store.open(&meta).await.unwrap();
        assert!(check(&reader, &ColumnRef::Column(ColumnId(1)), &DataType::Int64).await);
        check(&reader, &ColumnRef::Column(ColumnId(2)), &DataType::Utf8View).await;
        assert!(check(&reader, &ColumnRef::Column(ColumnId::OFFSET), &DataType::Int64).await);
        assert_eq!(meta.columns[0].bounds, Some((Bound::Int(0), Bound::Int(1008))));
        let huge = reader.chunk(&ColumnRef::Column(ColumnId(3)), 0).await.unwrap();
        assert_eq!(huge.as_string::<i32>(), columns[2].as_string::<i32>());
        // Dense here and there, with whole pages between that are not read.
        let picks: Vec<u32> = (0..90).step_by(3).chain([8191, 8192]).chain((20_000..20_080).step_by(2)).chain([24_592]).collect();
        let few = reader.rows_of(&[ColumnRef::Column(ColumnId(3))], &picks).await.unwrap().remove(0);
        for (at, row) in picks.iter().enumerate() {
            let expected = columns[2].as_string::<i32>();
            assert_eq!(few.is_null(at), expected.is_null(*row as usize));
            assert!(few.is_null(at) || few.as_string_view().value(at) == expected.value(*row as usize));
        }
        assert!(!reader.is_cached(&ColumnRef::Column(ColumnId(1)), 1));
    });
}
