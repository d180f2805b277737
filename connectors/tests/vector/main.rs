//! Vector configurations as real people write them, and as nobody would.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod corpus;
#[path = "../logstash/jsonb.rs"]
mod jsonb;
mod random;
mod roundtrip;
