//! What goes in comes out: by chunks, by rows, after a merge.

use std::sync::Arc;

use object_store::memory::InMemory;
use proptest::prelude::*;

use super::super::{CHUNK_ROWS, ColumnRef, MergeJob, SegmentOptions, SegmentReader, SegmentState, SegmentStore, to_logical};
use super::model::{Looks, Rows, Value, rows, run, same, store, values};
use crate::ids::ColumnId;
use crate::memory::{Consumer, Memory};

/// All rows of a column by chunks.
async fn whole(reader: &SegmentReader, column: &ColumnRef, looks: Looks) -> Vec<Value> {
    let mut all = Vec::new();
    for chunk in 0..reader.rows().div_ceil(CHUNK_ROWS) {
        let array = reader.chunk(column, chunk).await.unwrap();
        all.extend(values(&to_logical(&array, &looks.data_type()).unwrap()));
    }
    all
}

async fn check(reader: &SegmentReader, model: &Rows, picks: &[u32], first_offset: i64) {
    let order = model.order();
    let offsets = reader.rows_of(&[ColumnRef::Column(ColumnId::OFFSET)], &(0..order.len() as u32).collect::<Vec<_>>()).await;
    let expected: Vec<Value> = order.iter().map(|at| Value::Int(first_offset + *at as i64)).collect();
    assert_eq!(values(&offsets.unwrap()[0]), expected);
    let columns: Vec<ColumnRef> = (1..=model.looks.len()).map(|id| ColumnRef::Column(ColumnId(id as i32))).collect();
    let picked = reader.rows_of(&columns, picks).await.unwrap();
    for (at, column) in columns.iter().enumerate() {
        let expected: Vec<Value> = order.iter().map(|row| model.rows[*row][at].clone()).collect();
        let few: Vec<Value> = picks.iter().map(|row| expected[*row as usize].clone()).collect();
        assert!(same(&values(&picked[at]), &few), "{:?}: {:?} is not {few:?}", model.looks[at], picked[at]);
        assert!(same(&whole(reader, column, model.looks[at]).await, &expected), "{:?}", model.looks[at]);
        assert_eq!(reader.is_all_null(column), expected.iter().all(|value| *value == Value::Null));
        // From the cache now.
        assert!(reader.is_cached(column, 0));
        let cached = reader.rows_of(std::slice::from_ref(column), picks).await.unwrap();
        assert!(same(&values(&cached[0]), &few));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_segment_reads_back_as_its_sorted_rows(
        model in rows(1_usize..300),
        sizes in prop::collection::vec(1_usize..90, 1..4),
        physical in prop::collection::vec(any::<u8>(), 1..4),
        picks in prop::collection::btree_set(0_u32..300, 0..20),
    ) {
        run(async {
            let (store, _, memory) = store();
            let meta = Arc::new(store.seal(model.job(&sizes, &physical, 40)).await.unwrap());
            assert_eq!(memory.used_by(crate::memory::Consumer::Seal), 0);
            assert_eq!((meta.first_offset, meta.rows), (40, model.rows.len() as u64));
            store.verify(&meta).await.unwrap();
            assert_eq!(store.list().await.unwrap(), [meta.as_ref().clone()]);
            let reader = store.open(&meta).await.unwrap();
            let picks: Vec<u32> = picks.into_iter().filter(|row| (*row as usize) < model.rows.len()).collect();
            check(&reader, &model, &picks, 40).await;
        });
    }

    #[test]
    fn a_merge_reads_back_as_all_rows_sorted(
        model in rows(2_usize..200),
        cuts in prop::collection::btree_set(1_usize..200, 1..4),
        physical in prop::collection::vec(any::<u8>(), 1..4),
        resorted: bool,
    ) {
        run(async {
            let (store, _, _) = store();
            let mut segments = Vec::new();
            let mut at = 0;
            for end in cuts.into_iter().filter(|cut| *cut < model.rows.len()).chain([model.rows.len()]) {
                let mut part = Rows { rows: model.rows[at..end].to_vec(), ..model.clone() };
                if resorted {
                    part.sort_by.reverse();
                }
                segments.push(Arc::new(store.seal(part.job(&[50], &physical, at as i64)).await.unwrap()));
                at = end;
            }
            let job = MergeJob {
                segments,
                schema: model.schema(),
                topic_definition: String::new(),
                indexes: Vec::new(),
                writer: String::new(),
                created_at_us: 9,
            };
            let merged = Arc::new(store.merge(job).await.unwrap());
            assert_eq!((merged.state, merged.producers.len()), (SegmentState::Merged, 1));
            let reader = store.open(&merged).await.unwrap();
            check(&reader, &model, &[0, model.rows.len() as u32 - 1], 0).await;
        });
    }
}

#[test]
fn footers_are_kept_within_their_bound() {
    run(async {
        let memory = Memory::with_limit(1 << 30);
        let options = SegmentOptions { footer_bytes_max: 1, ..SegmentOptions::for_memory(1 << 30) };
        let store = SegmentStore::new(Arc::new(InMemory::new()), None, memory.clone(), options);
        let model = Rows { looks: vec![Looks::Number], sort_by: vec![], rows: vec![vec![Value::Int(1)]] };
        let mut metas = Vec::new();
        for offset in 0..5 {
            metas.push(Arc::new(store.seal(model.job(&[1], &[0], offset)).await.unwrap()));
        }
        let held = store.open(&metas[0]).await.unwrap();
        let one = memory.used_by(Consumer::ReadCache);
        for meta in &metas {
            store.open(meta).await.unwrap();
            assert!(memory.used_by(Consumer::ReadCache) < 3 * one, "the one in use and the newest");
        }
        assert!(Arc::ptr_eq(&held, &store.open(&metas[0]).await.unwrap()));
    });
}
