//! The protocol over a real socket: an engine on a temporary folder, a server on a free port, drivers and raw bytes.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod copy;
mod dialect;
mod extended;
mod full_text;
mod life;
mod raw;
mod server;
mod simple;
mod system;
