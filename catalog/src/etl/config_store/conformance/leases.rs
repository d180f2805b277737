//! Leases, by the time of the store.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{next, revision, store_error};
use crate::etl::config_store::{Change, ConfigStore, Key, LeaseId, Scope, StoreError, Transaction};

/// As short as any store allows; a store may make it longer.
const TTL: Duration = Duration::from_secs(1);

pub(super) async fn check(store: &Arc<dyn ConfigStore>) {
    silence_deletes(store).await;
    revoking_deletes_at_once(store).await;
    what_is_written_without_a_lease_stays(store).await;
}

fn instance(id: &str) -> Key {
    Key::instance("leases", id).expect("a key")
}

async fn silence_deletes(store: &Arc<dyn ConfigStore>) {
    let lease = store.grant(TTL).await.expect("grant");
    assert!(lease.ttl >= TTL, "{lease:?}");
    let put = Transaction::new().put_leased(instance("kept"), "here", lease.id);
    let written = store.commit(&put).await.expect("put");
    assert_eq!(store.get(&instance("kept")).await.expect("get").expect("there").lease, Some(lease.id));

    let begun = Instant::now();
    while begun.elapsed() < lease.ttl * 2 {
        tokio::time::sleep(lease.ttl / 4).await;
        assert_eq!(store.keep_alive(lease.id).await.expect("kept alive"), lease.ttl);
        assert!(store.get(&instance("kept")).await.expect("get").is_some());
    }
    let mut watch = store.watch(&Scope::Instances("leases".to_owned()), written).await.expect("watch");
    let silent = Instant::now();
    assert_eq!(next(&mut watch).await.changes, [Change::Deleted(instance("kept"))]);
    assert!(silent.elapsed() >= lease.ttl / 2, "gone after {:?} of {:?}", silent.elapsed(), lease.ttl);
    assert_eq!(store.get(&instance("kept")).await.expect("get"), None);
    assert_eq!(store_error(store.keep_alive(lease.id).await), StoreError::NoLease { lease: lease.id });
    assert_eq!(store_error(store.commit(&put).await), StoreError::NoLease { lease: lease.id });
    assert!(!store.revoke(lease.id).await.expect("revoke"), "it was gone");
}

async fn revoking_deletes_at_once(store: &Arc<dyn ConfigStore>) {
    let [one, other] = [store.grant(Duration::from_secs(600)).await, store.grant(Duration::from_secs(600)).await];
    let (one, other) = (one.expect("grant").id, other.expect("grant").id);
    assert_ne!(one, other);
    let put = Transaction::new().put_leased(instance("a"), "1", one).put_leased(instance("b"), "1", one).put_leased(
        instance("c"),
        "1",
        other,
    );
    store.commit(&put).await.expect("put");
    assert!(store.revoke(one).await.expect("revoke"));
    let left = store.list(&Scope::Instances("leases".to_owned())).await.expect("list");
    assert_eq!(left.entries.iter().map(|entry| entry.key.clone()).collect::<Vec<_>>(), [instance("c")]);
    assert!(store.revoke(other).await.expect("revoke"));
    assert!(!store.revoke(LeaseId(i64::MAX - 7)).await.expect("revoke"), "there never was such a lease");
}

async fn what_is_written_without_a_lease_stays(store: &Arc<dyn ConfigStore>) {
    let lease = store.grant(Duration::from_secs(600)).await.expect("grant").id;
    store.commit(&Transaction::new().put_leased(instance("stays"), "1", lease)).await.expect("put");
    let before = revision(store, "leases").await;
    store.commit(&Transaction::new().put(instance("stays"), "2")).await.expect("put");
    assert!(store.revoke(lease).await.expect("revoke"));
    let entry = store.get(&instance("stays")).await.expect("get").expect("it is bound to nothing any more");
    assert!((entry.value.as_str(), entry.lease) == ("2", None) && entry.revision > before);
    store.commit(&Transaction::new().delete(instance("stays"))).await.expect("delete");
}
