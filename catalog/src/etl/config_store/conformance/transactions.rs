//! Keys, scopes, compare-and-swap and bounds, one caller at a time.

use std::sync::Arc;

use super::{file, store_error};
use crate::etl::config_store::{ConfigStore, Expected, Key, Scope, StoreError, StoreRevision, Transaction};

pub(super) async fn check(store: &Arc<dyn ConfigStore>) {
    what_was_written_is_read(store).await;
    a_scope_ends_where_it_should(store).await;
    all_or_nothing(store).await;
    bounds_are_told(store).await;
}

async fn what_was_written_is_read(store: &Arc<dyn ConfigStore>) {
    let key = file("reading", "conf.d/a b.conf");
    assert_eq!(store.get(&key).await.expect("get"), None);
    let mut before = StoreRevision(0);
    for value in ["one", "", "line 1\nline \"2\" \\ \u{1f600} é\t", "one"] {
        let written = store.commit(&Transaction::new().put(key.clone(), value)).await.expect("put");
        assert!(written > before, "revisions grow");
        before = written;
        let entry = store.get(&key).await.expect("get").expect("an entry");
        assert_eq!((entry.key, entry.value.as_str(), entry.revision, entry.lease), (key.clone(), value, written, None));
    }
    let deleted = store.commit(&Transaction::new().delete(key.clone())).await.expect("delete");
    assert!(deleted > before);
    assert_eq!(store.get(&key).await.expect("get"), None);
    store.commit(&Transaction::new().delete(key)).await.expect("deleting what is not there");
}

async fn a_scope_ends_where_it_should(store: &Arc<dyn ConfigStore>) {
    let keys = [
        file("scope", "a"),
        file("scope", "b/c"),
        Key::instance("scope", "i1").expect("a key"),
        Key::manifest("scope").expect("a key"),
        Key::manifest("scope2").expect("a key"),
        Key::manifest("scop").expect("a key"),
        Key::manifest("scope/x").expect("a key"),
    ];
    let put_all = keys.iter().fold(Transaction::new(), |all, key| all.put(key.clone(), key.to_string()));
    let written = store.commit(&put_all).await.expect("put");
    for (scope, expected) in [
        (Scope::Role("scope".to_owned()), &keys[..4]),
        (Scope::Instances("scope".to_owned()), &keys[2..3]),
        (Scope::Role("scope/x".to_owned()), &keys[6..]),
        (Scope::Role("nobody".to_owned()), &[]),
    ] {
        let listing = store.list(&scope).await.expect("list");
        assert!(listing.revision >= written);
        let found: Vec<Key> = listing.entries.iter().map(|entry| entry.key.clone()).collect();
        assert_eq!(found, expected, "{scope:?}");
        assert!(listing.entries.iter().all(|entry| entry.revision == written && entry.value == entry.key.to_string()));
    }
    let everything = store.list(&Scope::Everything).await.expect("list");
    assert!(keys.iter().all(|key| everything.get(key).is_some()));
    assert!(everything.entries.is_sorted_by(|a, b| a.key < b.key));
}

async fn all_or_nothing(store: &Arc<dyn ConfigStore>) {
    let (a, b) = (file("swap", "a"), file("swap", "b"));
    let first = Transaction::new().expect(a.clone(), Expected::Absent).put(a.clone(), "1").put(b.clone(), "1");
    let written = store.commit(&first).await.expect("nobody was there");
    let refused = store_error(store.commit(&first).await);
    let found = Expected::At(written);
    assert_eq!(refused, StoreError::Conflict { key: a.clone(), expected: Expected::Absent, found });

    let second = |seen| {
        Transaction::new().expect(a.clone(), Expected::At(seen)).expect(b.clone(), Expected::At(written)).delete(b.clone())
    };
    let wrong = StoreRevision(written.0 + 1);
    let refused = store_error(store.commit(&second(wrong)).await);
    assert_eq!(refused, StoreError::Conflict { key: a.clone(), expected: Expected::At(wrong), found });
    assert_eq!(store.get(&b).await.expect("get").expect("still there").value, "1");
    let deleted = store.commit(&second(written)).await.expect("as expected");
    let refused = store_error(store.commit(&second(written)).await);
    assert_eq!(refused, StoreError::Conflict { key: b.clone(), expected: found, found: Expected::Absent });
    assert_eq!(store.get(&a).await.expect("get").expect("not touched").revision, written);
    assert!(store.list(&Scope::Role("swap".to_owned())).await.expect("list").revision >= deleted);
}

async fn bounds_are_told(store: &Arc<dyn ConfigStore>) {
    let limits = store.limits();
    let key = |n: usize| file("bounds", &n.to_string());
    let longest = "x".repeat(limits.value_bytes_max);
    store.commit(&Transaction::new().put(key(0), longest.clone())).await.expect("the longest text");
    assert_eq!(store.get(&key(0)).await.expect("get").expect("there").value, longest);
    let refused = store_error(store.commit(&Transaction::new().put(key(0), longest + "x")).await);
    assert!(matches!(refused, StoreError::TooLarge { what: "bytes of a value", .. }), "{refused}");

    let many =
        |count| (0..count).fold(Transaction::new(), |all, n| all.expect(key(n + 1), Expected::Absent).put(key(n + 1), "x"));
    let written = store.commit(&many(limits.transaction_keys_max)).await.expect("as many keys as can be");
    let refused = store_error(store.commit(&many(limits.transaction_keys_max + 1)).await);
    assert!(matches!(refused, StoreError::TooLarge { what: "keys of a transaction", .. }), "{refused}");
    let listing = store.list(&Scope::Role("bounds".to_owned())).await.expect("list");
    assert_eq!(listing.entries.iter().filter(|entry| entry.revision == written).count(), limits.transaction_keys_max);
    let twice = store_error(store.commit(&Transaction::new().put(key(0), "a").delete(key(0))).await);
    assert_eq!(twice, StoreError::Twice { key: key(0) });
}
