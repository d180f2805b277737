//! Everything that talks to other software. So far: HTTP, the way in for logs of any client, the kinds of components whose
//! configuration is managed, and config stores that are somewhere else.
//!
//! A connector calls the engine and is started by the binary. The engine never names one.

pub mod component;
pub mod config_store;
pub mod http;
pub mod http_client;

pub use http::{HttpOptions, serve};
