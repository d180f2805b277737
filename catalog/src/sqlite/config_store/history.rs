//! The last transactions of the embedded config store, for those who watch.
//!
//! ```text
//!   forgotten    | kept: one after the other, no revision missing  |
//!   ... base - 1, base | base + 1, ...                      current |
//!                                  ^ a watch is somewhere here
//! ```

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::watch;

use crate::etl::config_store::{Change, Changes, Scope, StoreError, StoreRevision};

/// Transactions that are kept.
const TRANSACTIONS_MAX: usize = 4_096;
/// Texts of these transactions together.
const BYTES_MAX: usize = 16 << 20;

/// See the module.
#[derive(Debug)]
pub(super) struct History {
    kept: Mutex<Kept>,
    current: watch::Sender<StoreRevision>,
}

#[derive(Debug)]
struct Kept {
    base: StoreRevision,
    transactions: VecDeque<Arc<Changes>>,
    bytes: usize,
}

impl Kept {
    fn current(&self) -> StoreRevision {
        self.transactions.back().map_or(self.base, |changes| changes.revision)
    }

    fn forget_first(&mut self) {
        if let Some(first) = self.transactions.pop_front() {
            self.base = first.revision;
            self.bytes -= bytes_of(&first);
        }
    }

    fn check(&self, after: StoreRevision) -> Result<(), StoreError> {
        if (self.base..=self.current()).contains(&after) { Ok(()) } else { Err(StoreError::Compacted { after }) }
    }
}

fn bytes_of(changes: &Changes) -> usize {
    let bytes = |change: &Change| match change {
        Change::Put(entry) => entry.value.len(),
        Change::Deleted(_) => 0,
    };
    changes.changes.iter().map(bytes).sum()
}

impl History {
    /// Knows nothing of what was up to `current`.
    pub fn starting_at(current: StoreRevision) -> Self {
        let kept = Kept { base: current, transactions: VecDeque::new(), bytes: 0 };
        Self { kept: Mutex::new(kept), current: watch::Sender::new(current) }
    }

    /// Adds a transaction and wakes whoever waits.
    pub fn push(&self, changes: Changes) {
        let revision = changes.revision;
        let mut kept = self.kept.lock();
        assert_eq!(revision.0, kept.current().0 + 1, "transactions reach the history in their order");
        kept.bytes += bytes_of(&changes);
        kept.transactions.push_back(Arc::new(changes));
        while kept.transactions.len() > TRANSACTIONS_MAX || kept.bytes > BYTES_MAX {
            kept.forget_first();
        }
        self.current.send_replace(revision);
    }

    /// Forgets what was up to `revision`.
    pub fn compact(&self, revision: StoreRevision) {
        let mut kept = self.kept.lock();
        while kept.transactions.front().is_some_and(|first| first.revision <= revision) {
            kept.forget_first();
        }
    }

    /// Whether a watch can go on there.
    pub fn check(&self, after: StoreRevision) -> Result<(), StoreError> {
        self.kept.lock().check(after)
    }

    /// Tells of later transactions.
    pub fn subscribe(&self) -> watch::Receiver<StoreRevision> {
        self.current.subscribe()
    }

    /// The first transaction behind `after` that changed something in `scope`, and the place behind what was looked at.
    pub fn next(&self, scope: &Scope, after: StoreRevision) -> Result<(Option<Changes>, StoreRevision), StoreError> {
        let kept = self.kept.lock();
        kept.check(after)?;
        let seen = usize::try_from(after.0 - kept.base.0).expect("a checked place is not before the base");
        for transaction in kept.transactions.iter().skip(seen) {
            let changes: Vec<Change> = transaction.changes.iter().filter(|change| scope.holds(change.key())).cloned().collect();
            if !changes.is_empty() {
                return Ok((Some(Changes { revision: transaction.revision, changes }), transaction.revision));
            }
        }
        Ok((None, kept.current()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::etl::config_store::{Entry, Key};

    fn put(revision: i64, role: &str, value: &str) -> Changes {
        let (key, revision) = (Key::manifest(role).unwrap(), StoreRevision(revision));
        Changes { revision, changes: vec![Change::Put(Entry { key, value: value.to_owned(), revision, lease: None })] }
    }

    #[test]
    fn a_full_history_forgets_its_beginning_and_says_so() {
        let history = History::starting_at(StoreRevision(5));
        let count = i64::try_from(TRANSACTIONS_MAX).unwrap();
        for revision in 6..=5 + count {
            history.push(put(revision, "web", "x"));
        }
        history.check(StoreRevision(5)).unwrap();
        history.push(put(6 + count, "web", "x"));
        assert_eq!(history.check(StoreRevision(5)), Err(StoreError::Compacted { after: StoreRevision(5) }));
        let (next, _) = history.next(&Scope::Everything, StoreRevision(6)).unwrap();
        assert_eq!(next.unwrap().revision, StoreRevision(7));
        history.push(put(7 + count, "web", &"x".repeat(BYTES_MAX + 1)));
        assert!(history.check(StoreRevision(6 + count)).is_err(), "one that is too long is not kept either");
        history.check(StoreRevision(7 + count)).unwrap();
        assert!(history.check(StoreRevision(8 + count)).is_err(), "a place that was never reached");
    }

    #[test]
    fn what_lies_outside_the_scope_is_passed_over_once() {
        let history = History::starting_at(StoreRevision(0));
        (1..=3).for_each(|revision| history.push(put(revision, "db", "x")));
        history.push(put(4, "web", "x"));
        let web = Scope::Role("web".to_owned());
        let (found, after) = history.next(&web, StoreRevision(0)).unwrap();
        assert_eq!((found.unwrap().revision, after), (StoreRevision(4), StoreRevision(4)));
        history.push(put(5, "db", "x"));
        assert_eq!(history.next(&web, after).unwrap(), (None, StoreRevision(5)));
    }
}
