//! Users against the real binary: psql, a driver and HTTP, with and without passwords, with and without TLS.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod audit;
mod http;
mod passwords;
mod psql;
mod rights;
mod rules;
mod tls;
