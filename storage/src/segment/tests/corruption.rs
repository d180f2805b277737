//! A flipped bit or a cut file is an error with the segment's name; never a panic, never a wrong answer.

use std::sync::Arc;

use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use super::super::{ColumnRef, SegmentMeta, SegmentOptions, SegmentStore};
use super::model::{Looks, Rows, Value, run, same, store, values};
use crate::ids::ColumnId;
use crate::memory::Memory;
use crate::{ErrorKind, StorageError};

fn sample() -> Rows {
    let looks = vec![Looks::Millis, Looks::Few, Looks::Hex, Looks::Free, Looks::Float];
    let mut runner = TestRunner::deterministic();
    let row: Vec<_> = looks.iter().map(|looks| looks.value()).collect();
    let rows = proptest::collection::vec(row, 60).new_tree(&mut runner).unwrap().current();
    let short = |value: Value| match value {
        Value::Text(text) => Value::Text(text.chars().take(50).collect()),
        value => value,
    };
    let rows = rows.into_iter().map(|row| row.into_iter().map(short).collect()).collect();
    Rows { looks, sort_by: vec![1, 0], rows }
}

/// Everything a query could read, from a cold start.
async fn read(objects: Arc<dyn ObjectStore>, meta: &Arc<SegmentMeta>, model: &Rows) -> Result<Vec<Vec<Value>>, StorageError> {
    let store = SegmentStore::new(objects, None, Memory::with_limit(1 << 30), SegmentOptions::for_memory(1 << 30));
    let reader = store.open(meta).await?;
    let ids = (1..=model.looks.len() as i32).map(ColumnId).chain([ColumnId::ATTRS, ColumnId::OFFSET, ColumnId::INGESTED_AT]);
    let columns: Vec<ColumnRef> = ids.map(ColumnRef::Column).collect();
    let rows: Vec<u32> = (0..model.rows.len() as u32).collect();
    let few = reader.rows_of(&columns, &rows[10..12]).await?;
    let all = reader.rows_of(&columns, &rows).await?;
    for column in &columns {
        reader.chunk(column, 0).await?;
        reader.block_bounds(column);
    }
    assert_eq!(few[0].len(), 2);
    Ok(all.iter().map(values).collect())
}

#[test]
fn every_flipped_bit_is_noticed() {
    run(async {
        let (store, objects, _) = store();
        let model = sample();
        let meta = Arc::new(store.seal(model.job(&[25], &[0], 0)).await.unwrap());
        let path = Path::from(meta.location.as_str());
        let good = objects.get(&path).await.unwrap().bytes().await.unwrap();
        let expected = read(objects.clone(), &meta, &model).await.unwrap();
        // Nobody here reads the leading magic, nor the pages of a column that the checked footer calls NULL throughout.
        let attrs = meta.columns.iter().find(|summary| summary.id == ColumnId::ATTRS).unwrap();
        let mut unread = 4 + attrs.bytes as usize;
        for at in 0..good.len() {
            let mut bad = good.to_vec();
            bad[at] ^= 1 << (at % 8);
            objects.put(&path, bad.into()).await.unwrap();
            match read(objects.clone(), &meta, &model).await {
                Ok(found) => {
                    unread = unread.checked_sub(1).unwrap_or_else(|| panic!("byte {at} of {} was not noticed", good.len()));
                    assert!(found.iter().zip(&expected).all(|(a, b)| same(a, b)));
                }
                Err(error) => assert_eq!(error.kind(), ErrorKind::Corrupt, "byte {at}: {error}"),
            }
            assert_eq!(store.verify(&meta).await.unwrap_err().kind(), ErrorKind::Corrupt);
        }
    });
}

#[test]
fn a_cut_or_missing_file_is_reported_with_its_name() {
    run(async {
        let (store, objects, _) = store();
        let model = sample();
        let meta = Arc::new(store.seal(model.job(&[25], &[0], 0)).await.unwrap());
        let path = Path::from(meta.location.as_str());
        let good = objects.get(&path).await.unwrap().bytes().await.unwrap();
        for length in (0..good.len()).step_by(97).chain([good.len() - 1]) {
            objects.put(&path, good.slice(..length).into()).await.unwrap();
            assert_eq!(read(objects.clone(), &meta, &model).await.unwrap_err().kind(), ErrorKind::Corrupt);
            let error = store.list().await.unwrap_err().to_string();
            assert!(error.contains(&meta.location), "{error}");
        }
        store.delete(&meta.location).await.unwrap();
        store.delete(&meta.location).await.unwrap();
        assert_eq!(read(objects.clone(), &meta, &model).await.unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(store.list().await.unwrap(), []);
    });
}
