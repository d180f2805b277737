//! The PostgreSQL front end: protocol, types on the wire, COPY formats, SQLSTATEs, `pg_catalog`.
//!
//! ```text
//! server ──▶ startup ──▶ connection ──▶ strata_engine::session::Session
//!                           │ wire/: messages      types/: values      copy/: COPY data
//! catalog/: the extension that gives every session pg_catalog and information_schema
//! ```
//!
//! It speaks for the engine and decides nothing about SQL. A client's bytes are never trusted: every length is checked,
//! every buffer has a bound, and what cannot be read is an error with a SQLSTATE.

pub mod cancel;
pub mod catalog;
mod connection;
pub mod copy;
mod dialect;
pub mod error;
mod functions;
pub mod options;
mod planner_words;
mod response;
mod server;
pub mod sqlstate;
mod startup;
mod stop;
pub mod tls;
pub mod types;
mod wire;

pub use error::{Error, Result};
pub use options::PgOptions;
pub use server::serve;
pub use tls::{Tls, TlsFiles};
