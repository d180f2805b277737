//! Many writers at once, and watches that look at them: whatever happens is one history.
//!
//! Every writer notes what it expected and changed and at which revision that was accepted. Afterwards the notes are laid in
//! the order of their revisions and carried out by an obvious model, which must find every expectation true; every watch
//! must have been told exactly these changes from its beginning on.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::task::JoinSet;

use super::{PATIENCE, file, next, revision, store_error};
use crate::etl::config_store::{
    Change, ConfigStore, Expected, Key, Operation, Scope, StoreError, StoreRevision, Transaction, Watch,
};
use crate::{CatalogError, Result};

const WRITERS: u64 = 8;
const TRANSACTIONS: usize = 40;
const KEYS: u64 = 5;
const ROLES: [&str; 2] = ["history", "history2"];

pub(super) async fn check(store: &Arc<dyn ConfigStore>) {
    one_history(store).await;
    what_was_compacted_is_said(store).await;
}

/// What was accepted.
type Notes = BTreeMap<StoreRevision, Transaction>;

async fn one_history(store: &Arc<dyn ConfigStore>) {
    let begin = revision(store, ROLES[0]).await;
    let scopes = [Scope::Everything, Scope::Role(ROLES[0].to_owned()), Scope::Role(ROLES[1].to_owned())];
    let mut watches = JoinSet::new();
    for scope in scopes.clone() {
        let watch = store.watch(&scope, begin).await.expect("watch");
        watches.spawn(collect(watch, scope, begin));
    }
    let mut writers = JoinSet::new();
    for seed in 0..WRITERS {
        writers.spawn(write(Arc::clone(store), seed));
    }
    // Some watches begin in the middle of it, where a listing ended.
    for scope in scopes {
        let after = store.list(&scope).await.expect("list").revision;
        let watch = store.watch(&scope, after).await.expect("watch");
        watches.spawn(collect(watch, scope, after));
        tokio::task::yield_now().await;
    }
    let mut notes = Notes::new();
    while let Some(written) = writers.join_next().await {
        for (revision, transaction) in written.expect("a writer") {
            assert_eq!(notes.insert(revision, transaction), None, "a revision was given to one transaction only");
        }
    }
    let last = ROLES.iter().fold(Transaction::new(), |all, role| all.put(Key::manifest(role).expect("a key"), "end"));
    notes.insert(store.commit(&last).await.expect("the end"), last);

    assert!(notes.len() > TRANSACTIONS, "only {} transactions were accepted", notes.len());
    let expected = carried_out(&notes);
    let listing = store.list(&Scope::Everything).await.expect("list");
    let found = listing.entries.into_iter().filter(|entry| ROLES.contains(&entry.key.role()));
    assert_eq!(found.map(|entry| (entry.key, (entry.value, entry.revision))).collect::<State>(), expected.0);
    while let Some(told) = watches.join_next().await {
        let (scope, after, told) = told.expect("a watch");
        let all = expected.1.iter().filter(|(revision, _)| *revision > after);
        let wanted: Vec<(StoreRevision, Told)> = all
            .map(|(revision, told)| (*revision, told.iter().filter(|(key, _)| scope.holds(key)).cloned().collect::<Told>()))
            .filter(|(_, told)| !told.is_empty())
            .collect();
        assert_eq!(told, wanted, "{scope:?} after {after}");
    }
}

type State = BTreeMap<Key, (String, StoreRevision)>;
/// Keys in their order with their new text; `None` for one that went.
type Told = Vec<(Key, Option<String>)>;

/// The slow, obvious store.
fn carried_out(notes: &Notes) -> (State, Vec<(StoreRevision, Told)>) {
    let (mut state, mut told) = (State::new(), Vec::new());
    for (revision, transaction) in notes {
        for (key, expected) in transaction.expectations() {
            let found = state.get(key).map_or(Expected::Absent, |(_, written)| Expected::At(*written));
            assert_eq!(found, *expected, "{key} at {revision}");
        }
        let mut changed = Told::new();
        for (key, operation) in transaction.operations() {
            match operation {
                Operation::Put { value, .. } => {
                    state.insert(key.clone(), (value.clone(), *revision));
                    changed.push((key.clone(), Some(value.clone())));
                }
                Operation::Delete if state.remove(key).is_some() => changed.push((key.clone(), None)),
                Operation::Delete => {}
            }
        }
        changed.sort();
        told.push((*revision, changed));
    }
    (state, told)
}

/// Carries out random transactions on what it has read; those that were accepted.
async fn write(store: Arc<dyn ConfigStore>, seed: u64) -> Vec<(StoreRevision, Transaction)> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut dice = move |sides: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % sides
    };
    let mut accepted = Vec::new();
    for n in 0..TRANSACTIONS {
        let role = ROLES[usize::from(dice(2) == 1)];
        let seen = store.list(&Scope::Role(role.to_owned())).await.expect("list");
        let mut transaction = Transaction::new();
        // A transaction that changes nothing has no revision of its own, so one key is always written.
        let always = dice(KEYS);
        for number in 0..KEYS {
            let key = file(role, &number.to_string());
            let expected = seen.get(&key).map_or(Expected::Absent, |entry| Expected::At(entry.revision));
            match dice(4) {
                _ if number == always => transaction = transaction.expect(key.clone(), expected).put(key, format!("{seed}.{n}")),
                0 => transaction = transaction.put(key, format!("{seed}.{n}")),
                1 if expected != Expected::Absent => transaction = transaction.expect(key.clone(), expected).delete(key),
                _ => {}
            }
        }
        match store.commit(&transaction).await {
            Ok(revision) => accepted.push((revision, transaction)),
            Err(CatalogError::Store(StoreError::Conflict { .. })) => {}
            Err(error) => panic!("{error}"),
        }
    }
    accepted
}

/// Everything that a watch is told of the case's roles, up to the end.
async fn collect(mut watch: Watch, scope: Scope, after: StoreRevision) -> (Scope, StoreRevision, Vec<(StoreRevision, Told)>) {
    let mut all = Vec::new();
    loop {
        let changes = next(&mut watch).await;
        let mut told: Told = changes
            .changes
            .into_iter()
            .filter(|change| ROLES.contains(&change.key().role()))
            .map(|change| match change {
                Change::Put(entry) => {
                    assert_eq!(entry.revision, changes.revision);
                    (entry.key, Some(entry.value))
                }
                Change::Deleted(key) => (key, None),
            })
            .collect();
        told.sort();
        let ended = told.iter().any(|(_, value)| value.as_deref() == Some("end"));
        if !told.is_empty() {
            all.push((changes.revision, told));
        }
        if ended {
            return (scope, after, all);
        }
    }
}

async fn what_was_compacted_is_said(store: &Arc<dyn ConfigStore>) {
    let (key, scope) = (file("compacted", "a"), Scope::Role("compacted".to_owned()));
    let first = store.commit(&Transaction::new().put(key.clone(), "0")).await.expect("put");
    let mut last = first;
    for n in 1..10 {
        last = store.commit(&Transaction::new().put(key.clone(), n.to_string())).await.expect("put");
    }
    store.compact(last).await.expect("compact");
    let refused = store_error(first_of(store, &scope, first).await);
    assert_eq!(refused, StoreError::Compacted { after: first });

    let listing = store.list(&scope).await.expect("list");
    assert_eq!(listing.get(&key).map(|entry| (entry.value.as_str(), entry.revision)), Some(("9", last)));
    let mut watch = store.watch(&scope, listing.revision).await.expect("watch");
    let written = store.commit(&Transaction::new().put(key, "10")).await.expect("put");
    assert_eq!(next(&mut watch).await.revision, written);
}

async fn first_of(store: &Arc<dyn ConfigStore>, scope: &Scope, after: StoreRevision) -> Result<()> {
    let mut watch = store.watch(scope, after).await?;
    tokio::time::timeout(PATIENCE, watch.next()).await.expect("the watch is told").map(drop)
}
