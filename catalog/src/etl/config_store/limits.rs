//! How much a config store takes at once. Every store says its own, and refuses what goes beyond with
//! [`super::StoreError::TooLarge`].

/// Bounds of one store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest text of a key.
    pub value_bytes_max: usize,
    /// Expectations of a transaction, and operations of one.
    pub transaction_keys_max: usize,
    /// Keys and texts of a transaction together.
    pub transaction_bytes_max: usize,
}
