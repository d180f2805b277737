//! The one way in for records: COPY, INSERT and HTTP all end here.
//!
//! CONTRACT SKELETON: signatures are agreed with the front ends, bodies follow.

use std::sync::Arc;

use strata_storage::RangeSet;

/// A producer's claim on sequence numbers for one batch: `Strata-Producer`, `Strata-Sequence: first-last`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProducerSpan {
    /// The producer's own name for itself.
    pub producer: Arc<str>,
    /// First sequence number of the batch.
    pub first: u64,
}

/// What became of a batch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Receipt {
    /// Records that are durable and visible now.
    pub accepted: u64,
    /// Records whose sequence numbers were settled before.
    pub duplicates: u64,
    /// Sequence numbers that this batch settled.
    pub settled: RangeSet,
}
