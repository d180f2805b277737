//! The conformance suite, and what only the embedded store promises.

use std::sync::Arc;
use std::time::Duration;

use strata_storage::clock::ManualClock;
use tempfile::TempDir;

use crate::etl::config_store::{ConfigStore, Key, Scope, StoreError, StoreRevision, Transaction, conformance};
use crate::{CatalogError, SqliteCatalog};

#[tokio::test(flavor = "multi_thread")]
async fn passes_the_conformance_suite() {
    let folder = TempDir::new().unwrap();
    let store = Arc::new(SqliteCatalog::open(&folder.path().join("catalog.db")).unwrap());
    conformance::check(store).await;
}

fn instance(id: &str) -> Key {
    Key::instance("web", id).unwrap()
}

#[tokio::test]
async fn leases_follow_the_given_clock_and_begin_anew_after_a_restart() {
    let folder = TempDir::new().unwrap();
    let clock = Arc::new(ManualClock::at(1_000));
    let open = || SqliteCatalog::open_with_clock(&folder.path().join("catalog.db"), clock.clone()).unwrap();
    let store = open();
    let lease = store.grant(Duration::from_secs(10)).await.unwrap();
    store.commit(&Transaction::new().put_leased(instance("i1"), "x", lease.id)).await.unwrap();
    clock.advance(9_999_999);
    assert!(store.get(&instance("i1")).await.unwrap().is_some());
    drop(store);

    clock.advance(60_000_000);
    let store = open();
    assert!(store.get(&instance("i1")).await.unwrap().is_some(), "nobody could keep it alive while the server was down");
    clock.advance(9_999_999);
    store.keep_alive(lease.id).await.unwrap();
    clock.advance(9_999_999);
    assert!(store.get(&instance("i1")).await.unwrap().is_some());
    clock.advance(1);
    assert!(matches!(store.keep_alive(lease.id).await, Err(CatalogError::Store(StoreError::NoLease { .. }))));
    assert_eq!(store.get(&instance("i1")).await.unwrap(), None);
    drop(store);
    assert_eq!(open().get(&instance("i1")).await.unwrap(), None);
}

#[tokio::test]
async fn keys_and_revisions_outlive_a_restart_and_the_history_does_not() {
    let folder = TempDir::new().unwrap();
    let open = || SqliteCatalog::open(&folder.path().join("catalog.db")).unwrap();
    let store = open();
    let first = store.commit(&Transaction::new().put(instance("i1"), "1")).await.unwrap();
    let second = store.commit(&Transaction::new().put(instance("i2"), "2")).await.unwrap();
    drop(store);
    let store = open();
    let listing = store.list(&Scope::Everything).await.unwrap();
    assert_eq!((listing.entries.len(), listing.revision), (2, second));
    for place in [first, StoreRevision(second.0 + 1)] {
        let refused = store.watch(&Scope::Everything, place).await.unwrap_err();
        assert!(matches!(refused, CatalogError::Store(StoreError::Compacted { .. })), "{place}: {refused}");
    }
    let mut watch = store.watch(&Scope::Everything, second).await.unwrap();
    let third = store.commit(&Transaction::new().delete(instance("i1"))).await.unwrap();
    assert_eq!(watch.next().await.unwrap().revision, third);
    assert_eq!(third.0, second.0 + 1);
}

#[tokio::test]
async fn a_watch_that_is_given_up_while_it_waits_loses_nothing() {
    let store = SqliteCatalog::in_memory().unwrap();
    let mut watch = store.watch(&Scope::Everything, StoreRevision(0)).await.unwrap();
    for n in 1..20 {
        let waited = tokio::time::timeout(Duration::from_millis(1), watch.next()).await;
        assert!(waited.is_err(), "nothing happened, and it was told {waited:?}");
        store.commit(&Transaction::new().put(instance("i1"), "1")).await.unwrap();
        assert_eq!(watch.next().await.unwrap().revision, StoreRevision(n));
    }
}
