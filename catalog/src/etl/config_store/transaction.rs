//! Several changes that happen together, if nobody else was there before.

use super::{Key, LeaseId, Limits, StoreError, StoreRevision};

/// How a key must be for a transaction to go ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// It is not there.
    Absent,
    /// It was last written at this revision.
    At(StoreRevision),
}

impl std::fmt::Display for Expected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Expected::Absent => f.write_str("absent"),
            Expected::At(revision) => write!(f, "at revision {revision}"),
        }
    }
}

/// What happens to a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// It gets a text.
    Put {
        /// The text.
        value: String,
        /// The lease that it vanishes with.
        lease: Option<LeaseId>,
    },
    /// It goes. One that is not there is left so.
    Delete,
}

/// Expectations and operations; see [`super::ConfigStore::commit`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Transaction {
    expectations: Vec<(Key, Expected)>,
    operations: Vec<(Key, Operation)>,
}

impl Transaction {
    /// Nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Only if the key is as it was seen.
    #[must_use]
    pub fn expect(mut self, key: Key, expected: Expected) -> Self {
        self.expectations.push((key, expected));
        self
    }

    /// Gives a key a text.
    #[must_use]
    pub fn put(mut self, key: Key, value: impl Into<String>) -> Self {
        self.operations.push((key, Operation::Put { value: value.into(), lease: None }));
        self
    }

    /// Gives a key a text that vanishes with a lease.
    #[must_use]
    pub fn put_leased(mut self, key: Key, value: impl Into<String>, lease: LeaseId) -> Self {
        self.operations.push((key, Operation::Put { value: value.into(), lease: Some(lease) }));
        self
    }

    /// Removes a key.
    #[must_use]
    pub fn delete(mut self, key: Key) -> Self {
        self.operations.push((key, Operation::Delete));
        self
    }

    /// What must hold.
    pub fn expectations(&self) -> &[(Key, Expected)] {
        &self.expectations
    }

    /// What happens then.
    pub fn operations(&self) -> &[(Key, Operation)] {
        &self.operations
    }

    /// Looks whether a store of these limits can take it.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`]; [`StoreError::Twice`] for a key that two operations change.
    pub fn check(&self, limits: &Limits) -> Result<(), StoreError> {
        let bound = |what, size: usize, max: usize| match size > max {
            true => Err(StoreError::TooLarge { what, size, max }),
            false => Ok(()),
        };
        let keys = self.operations.len().max(self.expectations.len());
        bound("keys of a transaction", keys, limits.transaction_keys_max)?;
        let mut bytes_total = 0;
        let mut seen = std::collections::HashSet::new();
        for (key, operation) in &self.operations {
            if !seen.insert(key) {
                return Err(StoreError::Twice { key: key.clone() });
            }
            bytes_total += key.to_string().len();
            if let Operation::Put { value, .. } = operation {
                bound("bytes of a value", value.len(), limits.value_bytes_max)?;
                bytes_total += value.len();
            }
        }
        bound("bytes of a transaction", bytes_total, limits.transaction_bytes_max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_hold_to_the_byte() {
        let key = || Key::manifest("web").unwrap();
        let fits = Limits { value_bytes_max: 3, transaction_keys_max: 1, transaction_bytes_max: key().to_string().len() + 3 };
        let put = Transaction::new().put(key(), "abc");
        assert_eq!(put.check(&fits), Ok(()));
        let too_large = |limits: Limits| match put.check(&limits) {
            Err(StoreError::TooLarge { what, .. }) => what,
            other => panic!("{other:?}"),
        };
        assert_eq!(too_large(Limits { value_bytes_max: 2, ..fits }), "bytes of a value");
        assert_eq!(too_large(Limits { transaction_keys_max: 0, ..fits }), "keys of a transaction");
        assert_eq!(too_large(Limits { transaction_bytes_max: fits.transaction_bytes_max - 1, ..fits }), "bytes of a transaction");
        let twice = Transaction::new().put(key(), "a").delete(key());
        assert_eq!(twice.check(&Limits { transaction_keys_max: 2, ..fits }), Err(StoreError::Twice { key: key() }));
    }
}
