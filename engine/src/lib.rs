//! SQL over topics: sessions, statements, table providers, push-down, procedures, and the way records come in.
//!
//! Front ends (PostgreSQL protocol, HTTP) hold an [`Engine`]. They open a [`session::Session`] to run SQL, or call
//! [`ingest::Ingest`] to append records. The engine never names a front end or a connector, and never speaks a wire
//! format.
//!
//! **Invariant:** a query sees one snapshot of segments and buffers; an index or a statistic may only prune.

pub mod audit;
pub mod builtin;
pub mod config;
pub mod engine;
pub mod error;
pub mod etl;
pub mod extension;
pub mod ingest;
pub mod jsonb;
pub mod lifecycle;
mod moment;
pub mod records;
pub mod scan;
pub mod session;
pub mod system;
pub mod text_search;
pub mod text_type;
pub mod topics;
pub mod users;

pub use config::EngineConfig;
pub use engine::Engine;
pub use error::EngineError;

/// What every fallible function of this crate returns.
pub type Result<T, E = EngineError> = std::result::Result<T, E>;
