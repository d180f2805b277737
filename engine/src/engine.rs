//! The engine: one a process, shared by all front ends.
//!
//! CONTRACT SKELETON: bodies follow.

/// Everything that sessions and front ends share.
#[derive(Debug)]
pub struct Engine {}
