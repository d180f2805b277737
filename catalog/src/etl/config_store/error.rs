//! What can go wrong with a config store.

use super::{BadKey, Expected, Key, LeaseId, StoreRevision};
use crate::ErrorKind;

/// An error of a config store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Somebody else changed a key first. Nothing was changed.
    #[error("key {key} is not {expected}: it is {found}")]
    Conflict {
        /// The first key that is not as expected.
        key: Key,
        /// What the caller had seen.
        expected: Expected,
        /// What is there.
        found: Expected,
    },
    /// What came after this revision was forgotten, or never was. List again, and watch from there.
    #[error("the config store does not know any more what came after revision {after}")]
    Compacted {
        /// Where the watch was.
        after: StoreRevision,
    },
    /// The lease has run out, or never was.
    #[error("lease {lease} has run out")]
    NoLease {
        /// Its id.
        lease: LeaseId,
    },
    /// More than the store takes. Nothing was changed.
    #[error("{size} {what} are more than the {max} that the config store takes")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// How large it is.
        size: usize,
        /// How large it may be.
        max: usize,
    },
    /// Two operations of a transaction on one key. Nothing was changed.
    #[error("a transaction changes key {key} twice")]
    Twice {
        /// The key.
        key: Key,
    },
    /// A name that can be no key.
    #[error(transparent)]
    BadKey(#[from] BadKey),
    /// Nobody answers. Nothing was changed.
    #[error("cannot reach the config store at {address}: {reason}")]
    Unreachable {
        /// Where it was looked for.
        address: String,
        /// What happened.
        reason: String,
    },
    /// The store went silent after it was asked; a change may have happened.
    #[error("the config store at {address} did not answer: {reason}")]
    Silent {
        /// Where it is.
        address: String,
        /// What happened.
        reason: String,
    },
    /// The store said no. Nothing was changed.
    #[error("the config store at {address} refused: {reason}")]
    Refused {
        /// Where it is.
        address: String,
        /// Its own words.
        reason: String,
    },
    /// The store's answer, or what a key holds, is not what a config store says.
    #[error("the config store holds or says what it should not: {reason}")]
    Malformed {
        /// What does not fit.
        reason: String,
    },
}

impl StoreError {
    /// What the caller can do.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Silent { .. } => ErrorKind::Unknown,
            Self::Malformed { .. } => ErrorKind::Corrupt,
            Self::Conflict { .. }
            | Self::Compacted { .. }
            | Self::NoLease { .. }
            | Self::TooLarge { .. }
            | Self::Twice { .. }
            | Self::BadKey(_)
            | Self::Unreachable { .. }
            | Self::Refused { .. } => ErrorKind::Failed,
        }
    }

    /// What a person can do, as a sentence.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Conflict { .. } => "Somebody else wrote to the config store; try again.",
            Self::TooLarge { .. } => {
                "Divide the role, or keep its configuration in the embedded store, which takes larger files."
            }
            Self::Unreachable { .. } | Self::Silent { .. } => {
                "Rollouts wait until the config store is back; logs are taken and queried meanwhile."
            }
            _ => return None,
        };
        Some(hint.to_owned())
    }
}
