//! The protocol over a real socket: an engine on a temporary folder, a server on a free port, drivers and raw bytes.

mod copy;
mod extended;
mod life;
mod raw;
mod server;
mod simple;
mod system;
