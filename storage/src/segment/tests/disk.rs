//! Segments on a local disk: durable when sealed, and nothing visible when sealing fails.

use std::path::Path;
use std::sync::Arc;

use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use super::super::{ColumnRef, SegmentOptions, SegmentStore};
use super::model::{Looks, Rows, run};
use crate::ErrorKind;
use crate::disk::crash::DiskState;
use crate::disk::{Disk, FaultyDisk, LocalDisk};
use crate::ids::ColumnId;
use crate::memory::Memory;

fn sample() -> Rows {
    let row = vec![Looks::Number.value(), Looks::Few.value()];
    let rows = proptest::collection::vec(row, 100).new_tree(&mut TestRunner::deterministic()).unwrap().current();
    Rows { looks: vec![Looks::Number, Looks::Few], sort_by: vec![1], rows }
}

fn store(disk: Arc<dyn Disk>, objects: Arc<dyn object_store::ObjectStore>) -> SegmentStore {
    SegmentStore::new(objects, Some(disk), Memory::with_limit(1 << 28), SegmentOptions::for_memory(1 << 28))
}

#[test]
fn a_real_folder_holds_what_was_sealed() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let objects = Arc::new(LocalFileSystem::new_with_prefix(folder.path()).unwrap());
        let first = store(Arc::new(LocalDisk::new(folder.path())), objects.clone());
        let job = sample().job(&[30], &[1], 0);
        let meta = first.seal(job.clone()).await.unwrap();
        assert_eq!(first.seal(job).await.unwrap(), meta, "the same job gives the same file");
        let second = store(Arc::new(LocalDisk::new(folder.path())), objects);
        assert_eq!(second.list().await.unwrap(), std::slice::from_ref(&meta));
        second.verify(&meta).await.unwrap();
        let reader = second.open(&Arc::new(meta.clone())).await.unwrap();
        assert_eq!(reader.chunk(&ColumnRef::Column(ColumnId(1)), 0).await.unwrap().len(), 100);
        // Cut behind our back while it is open.
        let file = std::fs::OpenOptions::new().write(true).open(folder.path().join(&meta.location)).unwrap();
        file.set_len(100).unwrap();
        let error = reader.rows_of(&[ColumnRef::Column(ColumnId(2))], &[1]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
        second.delete(&meta.location).await.unwrap();
        assert_eq!(second.list().await.unwrap(), []);
    });
}

#[test]
fn what_a_crash_left_unfinished_is_removed() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let objects = Arc::new(LocalFileSystem::new_with_prefix(folder.path()).unwrap());
        let store = store(Arc::new(LocalDisk::new(folder.path())), objects);
        let meta = store.seal(sample().job(&[30], &[1], 0)).await.unwrap();
        let unfinished = folder.path().join(format!("{}.unfinished", meta.location));
        std::fs::write(&unfinished, b"half").unwrap();
        assert_eq!(store.remove_unfinished().await.unwrap(), 1);
        assert!(!unfinished.exists());
        store.verify(&meta).await.unwrap();
    });
}

#[test]
fn a_sealed_segment_survives_a_power_cut() {
    run(async {
        let disk = FaultyDisk::default();
        let meta = store(Arc::new(disk.clone()), Arc::new(InMemory::new())).seal(sample().job(&[30], &[1], 0)).await.unwrap();
        let mut state = DiskState::default();
        disk.journal().iter().for_each(|op| state.apply(op));
        let mut random = <rand::rngs::StdRng as rand::SeedableRng>::seed_from_u64(7);
        for _ in 0..50 {
            let image = state.after_power_loss(&mut random);
            let file = image.get(Path::new(&meta.location)).expect("the file has its name");
            let mut bytes = vec![0; meta.bytes as usize];
            assert_eq!(file.read(0, &mut bytes), bytes.len());
            assert_eq!(super::super::file::id_of(&blake3::hash(&bytes)), meta.id);
        }
    });
}

#[test]
fn a_full_or_broken_disk_shows_no_segment() {
    run(async {
        for (full, broken_sync) in [(true, false), (false, true)] {
            let disk = FaultyDisk::default();
            if full {
                disk.set_capacity(1000);
            }
            if broken_sync {
                disk.fail_syncs_after(0);
            }
            let store = store(Arc::new(disk.clone()), Arc::new(InMemory::new()));
            let error = store.seal(sample().job(&[30], &[1], 0)).await.unwrap_err();
            assert_eq!(error.kind(), if full { ErrorKind::Full } else { ErrorKind::Io }, "{error}");
            assert_eq!(disk.image().keys().filter(|path| path.extension().is_some_and(|end| end == "parquet")).count(), 0);
        }
    });
}
