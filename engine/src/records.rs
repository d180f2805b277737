//! CONTRACT SKELETON: content follows.
