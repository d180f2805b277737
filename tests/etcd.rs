//! The config store on a real etcd, which the tests start themselves. Where no etcd is installed they say so and skip.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use strata_catalog::CatalogError;
use strata_catalog::etl::config_store::{ConfigStore, Key, Scope, StoreError, Transaction, conformance};
use strata_connectors::config_store::etcd::EtcdStore;
use strata_harness::Etcd;
use tempfile::TempDir;

/// One that runs; `None`, and a line that says so, where no etcd is installed.
fn started(folder: &Path) -> Option<Etcd> {
    let mut member = Etcd::installed(folder)?;
    member.start().unwrap();
    Some(member)
}

fn store(members: &[&Etcd]) -> EtcdStore {
    EtcdStore::new(&members.iter().map(|member| member.address()).collect::<Vec<_>>()).unwrap()
}

fn put(n: usize) -> Transaction {
    Transaction::new().put(Key::manifest("web").unwrap(), n.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn passes_the_conformance_suite() {
    let folder = TempDir::new().unwrap();
    let Some(member) = started(folder.path()) else { return };
    conformance::check(Arc::new(store(&[&member]))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_outlives_a_killed_etcd_and_misses_nothing() {
    let folder = TempDir::new().unwrap();
    let Some(mut member) = started(folder.path()) else { return };
    let store = store(&[&member]);
    let first = store.commit(&put(0)).await.unwrap();
    let mut watch = store.watch(&Scope::Everything, first).await.unwrap();
    let mut written = Vec::new();
    for n in 1..=30 {
        if n % 10 == 0 {
            member.kill().unwrap();
            let refused = store.commit(&put(n)).await.unwrap_err();
            assert!(matches!(refused, CatalogError::Store(StoreError::Unreachable { .. })), "{refused}");
            assert!(refused.to_string().starts_with("cannot reach the config store at 127.0.0.1:"), "{refused}");
            assert!(refused.hint().is_some());
            member.start().unwrap();
        }
        written.push(store.commit(&put(n)).await.unwrap());
    }
    let begun = Instant::now();
    for revision in written {
        let told = tokio::time::timeout(Duration::from_secs(60), watch.next()).await.unwrap().unwrap();
        assert_eq!((told.revision, told.changes.len()), (revision, 1));
    }
    println!("caught up after three kills in {:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_that_was_cut_off_while_etcd_compacted_is_told_to_list_again() {
    let folder = TempDir::new().unwrap();
    let Some(mut member) = started(folder.path()) else { return };
    let store = store(&[&member]);
    let first = store.commit(&put(0)).await.unwrap();
    let mut watch = store.watch(&Scope::Everything, first).await.unwrap();
    let mut last = store.commit(&put(1)).await.unwrap();
    assert_eq!(watch.next().await.unwrap().revision, last);
    // The watch is not asked while all this happens, and its connection dies.
    member.kill().unwrap();
    member.start().unwrap();
    for n in 2..10 {
        last = store.commit(&put(n)).await.unwrap();
    }
    store.compact(last).await.unwrap();
    let told = tokio::time::timeout(Duration::from_secs(60), watch.next()).await.unwrap();
    assert!(matches!(told, Err(CatalogError::Store(StoreError::Compacted { .. }))), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_etcd_that_begins_anew_is_not_taken_for_the_old_one() {
    let folder = TempDir::new().unwrap();
    let Some(mut member) = started(folder.path()) else { return };
    let store = store(&[&member]);
    for n in 0..20 {
        store.commit(&put(n)).await.unwrap();
    }
    let after = store.list(&Scope::Everything).await.unwrap().revision;
    let mut watch = store.watch(&Scope::Everything, after).await.unwrap();
    store.commit(&put(21)).await.unwrap();
    watch.next().await.unwrap();
    member.kill().unwrap();
    member.wipe().unwrap();
    member.start().unwrap();
    let told = tokio::time::timeout(Duration::from_secs(60), watch.next()).await.unwrap();
    assert!(matches!(told, Err(CatalogError::Store(StoreError::Compacted { .. }))), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_member_is_asked_when_one_cannot_be_reached() {
    let folders = [TempDir::new().unwrap(), TempDir::new().unwrap()];
    let (Some(mut dead), Some(member)) = (started(folders[0].path()), started(folders[1].path())) else { return };
    dead.kill().unwrap();
    let store = store(&[&dead, &member]);
    let written = store.commit(&put(1)).await.unwrap();
    assert_eq!(store.get(&Key::manifest("web").unwrap()).await.unwrap().unwrap().revision, written);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_others_are_not_read() {
    let folder = TempDir::new().unwrap();
    let Some(member) = started(folder.path()) else { return };
    let store = store(&[&member]);
    let client = strata_connectors::http_client::HttpClient::new(&member.address()).unwrap();
    // /strata/roles/x = y and /strata/roles/web/files/../x = y.
    for key in ["L3N0cmF0YS9yb2xlcy94", "L3N0cmF0YS9yb2xlcy93ZWIvZmlsZXMvLi4veA=="] {
        let question = format!("{{\"key\": \"{key}\", \"value\": \"eQ==\"}}");
        let (status, _) = client.post("/v3/kv/put", question.into()).await.unwrap();
        assert!(status.is_success());
    }
    store.commit(&put(1)).await.unwrap();
    let listing = store.list(&Scope::Everything).await.unwrap();
    assert_eq!(listing.entries.iter().map(|entry| entry.key.clone()).collect::<Vec<_>>(), [Key::manifest("web").unwrap()]);
}
