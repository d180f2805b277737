//! Clients that mean harm, or are broken, against the real binary: it answers everybody else, keeps its memory, and lives.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod crowds;
mod malformed;
mod wire;
