//! The JSON between a sidecar and its server: what [`super::remote`] asks and the HTTP front end answers.
//!
//! ```text
//! POST /v1/config/list        {"scope": {"role": "web"}}                  -> {"entries": [...], "revision": 7}
//! POST /v1/config/watch       {"scope": {"role": "web"}, "after": 7}      -> lines {"changes": {...}}, empty ones, {"end": {...}}
//! POST /v1/config/commit      {"expectations": [...], "operations": [..]} -> {"revision": 8}
//! POST /v1/config/grant       {"ttl_ms": 15000}                           -> {"lease": 3, "ttl_ms": 15000}
//! POST /v1/config/keep-alive  {"lease": 3}                                -> {"lease": 3, "ttl_ms": 15000}
//! POST /v1/config/revoke      {"lease": 3}                                -> {"found": true}
//! ```
//!
//! Anything but 200 carries a [`Refusal`].

use serde::{Deserialize, Serialize};
use strata_catalog::CatalogError;
use strata_catalog::etl::config_store::{
    Change, Changes, Entry, Expected, Key, LeaseId, Listing, Operation, Scope, StoreError, StoreRevision, Transaction,
};

/// Body of `list`.
#[derive(Debug, Serialize, Deserialize)]
pub struct ListQuestion {
    /// What is listed.
    pub scope: Scope,
}

/// Body of `watch`.
#[derive(Debug, Serialize, Deserialize)]
pub struct WatchQuestion {
    /// What is watched.
    pub scope: Scope,
    /// What is known already.
    pub after: StoreRevision,
}

/// An entry with its key as a text.
#[derive(Debug, Serialize, Deserialize)]
pub struct EntryText {
    key: String,
    value: String,
    revision: StoreRevision,
    lease: Option<LeaseId>,
}

impl From<Entry> for EntryText {
    fn from(entry: Entry) -> Self {
        Self { key: entry.key.to_string(), value: entry.value, revision: entry.revision, lease: entry.lease }
    }
}

impl TryFrom<EntryText> for Entry {
    type Error = StoreError;

    fn try_from(text: EntryText) -> Result<Self, StoreError> {
        Ok(Self { key: key(&text.key)?, value: text.value, revision: text.revision, lease: text.lease })
    }
}

fn key(text: &str) -> Result<Key, StoreError> {
    Key::parse(text).ok_or_else(|| StoreError::Malformed { reason: format!("\"{text}\" is no key") })
}

/// Answer of `list`.
#[derive(Debug, Serialize, Deserialize)]
pub struct ListAnswer {
    entries: Vec<EntryText>,
    revision: StoreRevision,
}

impl From<Listing> for ListAnswer {
    fn from(listing: Listing) -> Self {
        Self { entries: listing.entries.into_iter().map(EntryText::from).collect(), revision: listing.revision }
    }
}

impl TryFrom<ListAnswer> for Listing {
    type Error = StoreError;

    fn try_from(answer: ListAnswer) -> Result<Self, StoreError> {
        let entries = answer.entries.into_iter().map(Entry::try_from).collect::<Result<_, _>>()?;
        Ok(Self { entries, revision: answer.revision })
    }
}

/// Body of `commit`.
#[derive(Debug, Serialize, Deserialize)]
pub struct CommitQuestion {
    /// Key and revision; `null` for a key that is not there.
    expectations: Vec<(String, Option<StoreRevision>)>,
    operations: Vec<OperationText>,
}

/// A put, or without a value a delete.
#[derive(Debug, Serialize, Deserialize)]
struct OperationText {
    key: String,
    value: Option<String>,
    lease: Option<LeaseId>,
}

fn revision_of(expected: Expected) -> Option<StoreRevision> {
    match expected {
        Expected::Absent => None,
        Expected::At(revision) => Some(revision),
    }
}

fn expected(revision: Option<StoreRevision>) -> Expected {
    revision.map_or(Expected::Absent, Expected::At)
}

impl From<&Transaction> for CommitQuestion {
    fn from(transaction: &Transaction) -> Self {
        let operation = |(key, operation): &(Key, Operation)| {
            let (value, lease) = match operation {
                Operation::Put { value, lease } => (Some(value.clone()), *lease),
                Operation::Delete => (None, None),
            };
            OperationText { key: key.to_string(), value, lease }
        };
        let expectations = transaction.expectations().iter();
        Self {
            expectations: expectations.map(|(key, expected)| (key.to_string(), revision_of(*expected))).collect(),
            operations: transaction.operations().iter().map(operation).collect(),
        }
    }
}

impl TryFrom<CommitQuestion> for Transaction {
    type Error = StoreError;

    fn try_from(question: CommitQuestion) -> Result<Self, StoreError> {
        let mut transaction = Transaction::new();
        for (text, revision) in question.expectations {
            transaction = transaction.expect(key(&text)?, expected(revision));
        }
        for operation in question.operations {
            let key = key(&operation.key)?;
            transaction = match (operation.value, operation.lease) {
                (Some(value), Some(lease)) => transaction.put_leased(key, value, lease),
                (Some(value), None) => transaction.put(key, value),
                (None, _) => transaction.delete(key),
            };
        }
        Ok(transaction)
    }
}

/// Answer of `commit`.
#[derive(Debug, Serialize, Deserialize)]
pub struct CommitAnswer {
    /// Of the changes.
    pub revision: StoreRevision,
}

/// Body of `grant`.
#[derive(Debug, Serialize, Deserialize)]
pub struct GrantQuestion {
    /// How long it is to run.
    pub ttl_ms: u64,
}

/// Body of `keep-alive` and `revoke`.
#[derive(Debug, Serialize, Deserialize)]
pub struct LeaseQuestion {
    /// Which one.
    pub lease: LeaseId,
}

/// Answer of `grant` and `keep-alive`.
#[derive(Debug, Serialize, Deserialize)]
pub struct LeaseAnswer {
    /// Which one.
    pub lease: LeaseId,
    /// How long it runs.
    pub ttl_ms: u64,
}

/// Answer of `revoke`.
#[derive(Debug, Serialize, Deserialize)]
pub struct RevokeAnswer {
    /// It was there.
    pub found: bool,
}

/// A line of `watch`; an empty line says that the server is there.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WatchLine {
    /// A transaction.
    Changes {
        /// Its revision.
        revision: StoreRevision,
        /// Keys with their new entries; `null` for one that went.
        changes: Vec<(String, Option<EntryText>)>,
    },
    /// The last line.
    End(Refusal),
}

impl From<Changes> for WatchLine {
    fn from(changes: Changes) -> Self {
        let change = |change: Change| match change {
            Change::Put(entry) => (entry.key.to_string(), Some(entry.into())),
            Change::Deleted(key) => (key.to_string(), None),
        };
        Self::Changes { revision: changes.revision, changes: changes.changes.into_iter().map(change).collect() }
    }
}

impl WatchLine {
    /// What the line says, to a client of the server at `address`.
    ///
    /// # Errors
    /// Why the watch ended; [`StoreError::Malformed`].
    pub fn changes(self, address: &str) -> Result<Changes, StoreError> {
        match self {
            Self::End(refusal) => Err(refusal.into_error(address)),
            Self::Changes { revision, changes } => {
                let change = |(text, entry): (String, Option<EntryText>)| match entry {
                    Some(entry) => Entry::try_from(entry).map(Change::Put),
                    None => key(&text).map(Change::Deleted),
                };
                Ok(Changes { revision, changes: changes.into_iter().map(change).collect::<Result<_, _>>()? })
            }
        }
    }
}

/// Why something was not done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// A key is not as expected.
    Conflict {
        /// The key.
        key: String,
        /// What was expected; `null` is absent.
        expected: Option<StoreRevision>,
        /// What is there.
        found: Option<StoreRevision>,
    },
    /// List again.
    Compacted {
        /// Where the watch was.
        after: StoreRevision,
    },
    /// The lease has run out.
    NoLease {
        /// Its id.
        lease: LeaseId,
    },
    /// Anything else.
    Error(String),
}

impl From<&CatalogError> for Refusal {
    fn from(error: &CatalogError) -> Self {
        match error {
            CatalogError::Store(StoreError::Conflict { key, expected, found }) => {
                Self::Conflict { key: key.to_string(), expected: revision_of(*expected), found: revision_of(*found) }
            }
            CatalogError::Store(StoreError::Compacted { after }) => Self::Compacted { after: *after },
            CatalogError::Store(StoreError::NoLease { lease }) => Self::NoLease { lease: *lease },
            other => Self::Error(other.to_string()),
        }
    }
}

impl Refusal {
    /// The error that it tells of, to a client of the server at `address`.
    pub fn into_error(self, address: &str) -> StoreError {
        match self {
            Self::Conflict { key: text, expected: wanted, found } => match key(&text) {
                Ok(key) => StoreError::Conflict { key, expected: expected(wanted), found: expected(found) },
                Err(error) => error,
            },
            Self::Compacted { after } => StoreError::Compacted { after },
            Self::NoLease { lease } => StoreError::NoLease { lease },
            Self::Error(reason) => StoreError::Refused { address: address.to_owned(), reason },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transactions_and_refusals_come_through_as_they_were() {
        let key = || Key::instance("we/b", "i 1").unwrap();
        let seen = Expected::At(StoreRevision(4));
        let transaction = Transaction::new()
            .expect(key(), Expected::Absent)
            .expect(key(), seen)
            .put(key(), "a")
            .put_leased(key(), "b", LeaseId(9))
            .delete(key());
        let text = serde_json::to_string(&CommitQuestion::from(&transaction)).unwrap();
        let question: CommitQuestion = serde_json::from_str(&text).unwrap();
        assert_eq!(Transaction::try_from(question), Ok(transaction));
        for error in [
            StoreError::Conflict { key: key(), expected: seen, found: Expected::Absent },
            StoreError::Compacted { after: StoreRevision(1) },
            StoreError::NoLease { lease: LeaseId(2) },
            StoreError::Refused { address: "here".to_owned(), reason: "no".to_owned() },
        ] {
            let text = serde_json::to_string(&Refusal::from(&CatalogError::Store(error.clone()))).unwrap();
            let told = serde_json::from_str::<Refusal>(&text).unwrap().into_error("here");
            match error {
                StoreError::Refused { .. } => assert!(matches!(told, StoreError::Refused { .. })),
                error => assert_eq!(told, error),
            }
        }
    }
}
