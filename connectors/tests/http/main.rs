//! The HTTP front end from outside: sockets on one side, the engine on the other.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod bad_input;
mod exactly_once;
mod limits;
mod records;
mod server;
mod vanishing;
