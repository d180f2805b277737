//! The cache keeps its budget, gives back what it is asked for, and loads a chunk once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::array::{ArrayRef, Int64Array};

use super::{CachedColumn, ChunkKey, ReadCache, chunk_bytes};
use crate::StorageError;
use crate::ids::SegmentId;
use crate::memory::{Consumer, Memory};

fn key(segment: u8, chunk: u32) -> ChunkKey {
    ChunkKey { segment: SegmentId([segment; 16]), column: CachedColumn::Stored(0), chunk }
}

fn array() -> ArrayRef {
    Arc::new(Int64Array::from(vec![1; 1000]))
}

#[test]
fn budget_and_limit_are_kept_and_memory_comes_back() {
    let memory = Memory::with_limit(100_000);
    let cache = ReadCache::new(&memory, 60_000);
    for chunk in 0..50 {
        cache.insert(key(1, chunk), array());
        assert!(cache.stats().bytes <= 60_000);
        assert_eq!(memory.used_by(Consumer::ReadCache) as u64, cache.stats().bytes);
    }
    assert!(cache.stats().evictions > 40 && cache.stats().bytes > 50_000);
    // Somebody else needs the memory: inserting goes on with less.
    assert!(cache.shrink(30_000) >= 30_000);
    let other = memory.try_reserve(Consumer::Query, 70_000).unwrap();
    (50..60).for_each(|chunk| cache.insert(key(1, chunk), array()));
    assert!(memory.used() <= 100_000);
    drop(other);
    cache.forget(SegmentId([1; 16]));
    assert_eq!(memory.used(), 0);
}

#[test]
fn a_scan_does_not_push_out_what_is_used() {
    let memory = Memory::with_limit(1 << 30);
    let cache = ReadCache::new(&memory, 20 * chunk_bytes(&array()));
    (0..5).for_each(|chunk| cache.insert(key(1, chunk), array()));
    for chunk in 0..400 {
        (0..5).for_each(|hot| assert!(cache.get(&key(1, hot)).is_some(), "before {chunk}"));
        cache.insert(key(2, chunk), array());
    }
}

#[test]
fn what_is_too_large_is_not_kept() {
    let memory = Memory::with_limit(1 << 30);
    let cache = ReadCache::new(&memory, 100);
    cache.insert(key(1, 0), array());
    assert_eq!((cache.stats().bytes, cache.stats().evictions), (0, 0));
}

#[test]
fn a_chunk_is_loaded_once_and_again_after_a_failure() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let cache = ReadCache::new(&Memory::with_limit(1 << 20), 1 << 20);
        let loads = AtomicUsize::new(0);
        let load = || async {
            let number = loads.fetch_add(1, Ordering::SeqCst);
            tokio::task::yield_now().await;
            if number == 0 { Err(StorageError::Internal("first".to_owned())) } else { Ok(vec![array()]) }
        };
        let wanted = key(1, 0);
        let joined = futures::future::join_all((0..10).map(|_| cache.flights().join(&wanted, load))).await;
        assert_eq!(joined.iter().filter(|result| result.is_err()).count(), 1);
        assert_eq!(loads.load(Ordering::SeqCst), 2);
        cache.flights().join(&wanted, load).await.unwrap();
        assert_eq!(loads.load(Ordering::SeqCst), 3);
    });
}
